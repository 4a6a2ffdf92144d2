"""Variants of a suite side by side: what each recorded, and what sets it apart from the first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pytest_llmregress.values.behavior import Behavior, Change, Severity
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.json_record import JsonRecord
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.verdict import Bounds, Verdict

NOT_SAID = "no reason written down"
"""The class of a failure that came with no line."""


class Grouping(StrEnum):
    """What tests are grouped by: what a node id says, or the marks in the recordings."""

    FILE = "file"
    SUITE = "suite"
    """Another word for the test file."""
    FOLDER = "folder"
    CLASS = "class"
    MARK = "mark"
    """A test with several marks is in the group of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSample:
    """One recorded run of a test."""

    passed: bool | None
    """None where nobody wrote it down: it is counted as neither."""
    failure: str = ""
    """Why it failed, in a line."""
    session: str = ""
    """When the session that recorded it began."""
    confirms: bool = False
    """Whether it was recorded because an earlier sample looked different."""
    calls: int = 0
    tool_calls: int = 0
    input_tokens: int = 0
    """Cached ones included."""
    output_tokens: int = 0
    latency: float | None = None
    """Seconds, summed over the calls; None where one was not measured."""
    cost: float | None = None
    """In USD; None where the price of a call is unknown."""
    behavior: Behavior = field(default_factory=Behavior)

    @property
    def failure_class(self) -> str:
        """The first word of the line that says why it failed: its class, where it has one."""
        words = self.failure.replace(":", " ").split(maxsplit=1)
        return words[0] if words else NOT_SAID


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTest:
    """One test as one variant recorded it."""

    samples: tuple[RecordedSample, ...]
    request: str = ""
    """What was asked first, the model apart: equal where it is the same request."""
    marks: tuple[str, ...] = ()
    """Those that the test had when this was recorded."""
    changes: tuple[Change, ...] = ()
    """What it does otherwise than the first variant, merged over its samples, the worst first."""

    @property
    def first(self) -> tuple[RecordedSample, ...]:
        """The samples that tell how the test went: known, and not picked for looking different."""
        return tuple(s for s in self.samples if s.passed is not None and not s.confirms)

    @property
    def fresh(self) -> tuple[RecordedSample, ...]:
        """The known samples that were recorded because the first ones looked different."""
        return tuple(s for s in self.samples if s.passed is not None and s.confirms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Everything that one variant recorded."""

    name: str
    """As it was named on the command line."""
    models: str
    """The models it asked for, in words."""
    tests: Mapping[str, RecordedTest]
    """By node id."""
    waiting: frozenset[str] = frozenset()
    """The tests whose only recording waits for somebody to accept it."""
    accepted: bool = False
    """Whether these are recordings that were accepted, as only good ones are unasked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonWithBaseline:
    """What sets a variant apart from the first one."""

    suite: SuiteVerdict
    p_two_sided: float | None
    needed_for_seen: int | None
    """To find a difference like the seen one, two-sided, 80 % of the time; see `unit`."""
    unit: str
    """What is needed: "samples a side", or "tests, one sample a side"; empty where nothing is."""
    recorded: int
    """How many of that unit there are."""

    @property
    def more(self) -> int | None:
        """How many are needed beside those that there are."""
        needed = self.needed_for_seen
        return None if needed is None else max(0, needed - self.recorded)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "verdict": str(self.suite.verdict),
            "fails": self.suite.fails,
            "p_two_sided": self.p_two_sided,
            "needed_for_seen": self.needed_for_seen,
            "unit": self.unit,
            "recorded": self.recorded,
            "more": self.more,
            "suite": self.suite.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TestDrift(JsonRecord):
    """One test that a variant does otherwise than the first one."""

    __test__ = False  # pytest must not collect it

    test: str
    severity: Severity
    """That of the worst change."""
    traits: tuple[str, ...]
    """Those with a change of that severity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantStanding:
    """How one variant did in a group of tests; all of it counted over the first samples."""

    variant: str
    tally: Tally
    interval: Bounds | None
    """Wilson's 95 % interval of the pass rate; None where there is no sample."""
    unknown: int
    """Samples of which it is unknown whether they passed."""
    fresh: Tally
    """The samples recorded because the first ones looked different: of no rate here."""
    latency: float | None
    """Median seconds of a sample; None where it was not measured."""
    input_tokens: float | None
    """Mean of a sample; None where there is none."""
    output_tokens: float | None
    tool_calls: float | None
    cost: float | None
    """In USD, of all samples; None where any price is unknown."""
    failures: tuple[tuple[str, int], ...]
    """The failed samples by the class of their failure, the most frequent first."""
    against: ComparisonWithBaseline | None
    """None for the variant that the others are held against."""
    drift: tuple[TestDrift, ...] = ()
    """The tests with a change, the worst first; none of the first variant."""

    def count_drift(self, severity: Severity) -> int:
        """Return how many tests have a worst change of that severity."""
        return sum(each.severity is severity for each in self.drift)

    @property
    def cost_per_pass(self) -> float | None:
        """What a sample that passed cost in USD; None where unknown, or where none passed."""
        if self.cost is None or not self.tally.passed:
            return None
        return self.cost / self.tally.passed

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "variant": self.variant,
            "samples": self.tally.to_json(),
            "interval": self.interval and list(self.interval),
            "unknown": self.unknown,
            "fresh": self.fresh.to_json(),
            "latency": self.latency,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "tool_calls": self.tool_calls,
            "cost_usd": self.cost,
            "cost_usd_per_pass": self.cost_per_pass,
            "failures": dict(self.failures),
            "against_reference": None if self.against is None else self.against.to_json(),
            "drift": None if self.against is None else self._write_drift(),
        }

    def _write_drift(self) -> dict[str, Any]:
        classes = {str(each): self.count_drift(each) for each in reversed(Severity)}
        return {**classes, "tests": [each.to_json() for each in self.drift]}


@dataclass(frozen=True, slots=True, kw_only=True)
class TestGroup:
    """Some tests, and how each variant did in them."""

    name: str
    """Empty for all tests."""
    tests: int
    standings: tuple[VariantStanding, ...]
    """In the order of the variants: that of the reference first."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "name": self.name,
            "tests": self.tests,
            "variants": [standing.to_json() for standing in self.standings],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Several variants side by side, over the tests that all of them recorded."""

    models: tuple[tuple[str, str], ...]
    """The name of each variant, and the models it asked for; the reference first."""
    overall: TestGroup
    groups: tuple[TestGroup, ...]
    """Empty where there is one group only."""
    by: Grouping
    left_out: tuple[tuple[str, str], ...]
    """The tests that have no part in it, and why."""
    chosen: bool
    """Whether the reference may have been chosen for passing: accepted, and without a failure."""
    alpha: float
    """Chance of a false alarm of one variant; that of all groups together is as large."""

    @property
    def fails(self) -> bool:
        """Whether a variant regressed, over all tests or in one of them."""
        return any(each.suite.fails for each in self.verdicts)

    @property
    def is_judged(self) -> bool:
        """Whether there was something to compare of each variant."""
        undecided = (Verdict.NO_BASELINE, Verdict.NOT_COMPARABLE)
        return all(each.suite.verdict not in undecided for each in self.verdicts)

    @property
    def verdicts(self) -> tuple[ComparisonWithBaseline, ...]:
        """What sets each variant but the first apart from that, over all tests."""
        return tuple(each.against for each in self.overall.standings if each.against is not None)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "reference": self.models[0][0],
            "variants": [{"name": name, "models": models} for name, models in self.models],
            "reference_may_be_chosen_for_passing": self.chosen,
            "fails": self.fails,
            "alpha": self.alpha,
            "by": str(self.by),
            "overall": self.overall.to_json(),
            "groups": [group.to_json() for group in self.groups],
            "left_out": [{"test": test, "why": why} for test, why in self.left_out],
        }
