"""What was seen of each test on both sides: tallies, traits and numbers, before any verdict."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.json_record import JsonRecord

OUTCOME = "test"
"""The name that the test's own outcome goes by among its changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally(JsonRecord):
    """How many of a test's samples passed."""

    passed: int
    n: int

    @classmethod
    def of(cls, outcomes: Iterable[bool]) -> Self:
        """Count how many of them are true."""
        counted = list(outcomes)
        return cls(passed=sum(counted), n=len(counted))

    @property
    def rate(self) -> float:
        """The share that passed, 0 to 1; 0.0 without samples."""
        return self.passed / self.n if self.n else 0.0

    @property
    def failed(self) -> int:
        """The samples on which the test failed."""
        return self.n - self.passed

    def __str__(self) -> str:
        return f"{self.passed}/{self.n}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitEvidence(JsonRecord):
    """One trait of a test (a category or a set), a canonical value a sample that has it.

    The values are what was extracted, whatever the comparison makes of them.
    """

    name: str
    severity: Severity
    """How bad another value is, by the trait and the project, before anything was seen."""
    baseline: tuple[str, ...]
    screen: tuple[str, ...]
    """Of the candidate's first samples: all of them in a run without confirmation."""
    fresh: tuple[str, ...] = ()
    """Of the samples that were recorded because the first ones looked different."""
    of_each_reply: bool = False
    """Whether a value is a list of what each reply of a sample has: the replies of all samples are
    in the same order, and null stands for one that is missing."""

    def split(self, value: str) -> tuple[str | None, ...]:
        """Return the canonical value of each reply of a sample; None for one that is missing."""
        return _split_replies(value) if self.of_each_reply else (value,)


@lru_cache(maxsize=4096)
def _split_replies(value: str) -> tuple[str | None, ...]:
    return tuple(None if each is None else dump_canonical_json(each) for each in json.loads(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEvidence(JsonRecord):
    """What no sample of the baseline shows of one trait or snapshot value, and how often it came.

    Unlike `TraitEvidence` it holds what is to be said and what gates, after all severities that a
    project gives: any kind of trait, noise left out.
    """

    name: str
    """The trait's, or "snapshot.NAME"; `OUTCOME` for the test's own outcome."""
    screen: tuple[Severity | None, ...]
    """How bad it is in each of the candidate's first samples; None where one does not show it."""
    fresh: tuple[Severity | None, ...] = ()
    """The same of the samples that were recorded because the first ones looked different."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberEvidence(JsonRecord):
    """One number of a test, such as its output tokens, a value a sample."""

    name: str
    """A trait's name, or "latency" in seconds."""
    baseline: tuple[float, ...]
    candidate: tuple[float, ...]
    """Of the first samples alone: fresh ones come from tests that looked different."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlledEvent(JsonRecord):
    """What the candidate's first samples showed and should not, counted in fresh samples alone."""

    name: str
    """The trait's, or "snapshot.NAME"; `OUTCOME` for a failed test."""
    candidate: int = 0
    """How many fresh samples of the candidate show it."""
    control: int = 0
    """How many samples of the old model, asked again, show it; in a canary of the baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlEvidence(JsonRecord):
    """What the old model, asked again where the candidate looked different, does now."""

    events: tuple[ControlledEvent, ...]
    """Fixed before any fresh sample is drawn."""
    tests: int = 1
    """The tests of the run, which have equal parts of alpha."""
    nights: int = 1
    """The nights that share alpha beside that. With more than one the candidate is the model of
    the baseline, and what was recorded of that is the control."""
    planned: int
    """Samples of the old model that are to be drawn, unless all events are given up."""
    candidate: int = 0
    """Fresh samples of the candidate."""
    control: int = 0
    """Samples of the old model that were drawn."""
    unasked: str = ""
    """Why the old model could not be asked; empty where it was, and where nobody has to ask it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshEvidence(JsonRecord):
    """Fresh samples of both models, of a test in a suite that looked worse as a whole."""

    control: Tally
    """Of the old model, asked again."""
    candidate: Tally
    traits: tuple[TraitEvidence, ...] = ()
    """Those of the old model stand as the baseline, those of the candidate as first samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestEvidence(JsonRecord):
    """Everything that a verdict on one test may use."""

    __test__ = False  # pytest must not collect it

    test: str
    """The node id."""
    accepted: str = ""
    """The digest of the accepted recording."""
    slice: tuple[str, ...] = ()
    """What it is grouped by: its marks and parameters."""
    baseline: Tally
    screen: Tally
    """The candidate's first samples: all of them in a run without confirmation."""
    fresh: Tally | None = None
    """The samples recorded because the first ones looked different; None without such samples."""
    sessions: tuple[Tally, ...] = ()
    """The baseline's samples by the session that recorded them, in the same order for all tests."""
    traits: tuple[TraitEvidence, ...] = ()
    """What the suite's statistics count."""
    changes: tuple[ChangeEvidence, ...] = ()
    """What the test by itself is judged by."""
    fails_from: Severity | None = Severity.BREAKING
    """From which severity on a change fails this test; None where no change does."""
    numbers: tuple[NumberEvidence, ...] = ()
    broken: tuple[str, ...] = ()
    """The violations of the test's contract, each in words."""
    not_comparable: str = ""
    """Why the two sides did not answer the same request; empty where they did."""
    quarantine: str = ""
    """The reason somebody wrote down for it not to gate; empty without one."""
    cached: str = ""
    """Why the samples may not be independent: "10 byte-identical answers at temperature > 0"."""
    traits_compared: int = 0
    """How many traits both sides have."""
    is_same: bool = False
    """Whether every trait of every call of each sample was compared and is equal."""
    control: ControlEvidence | None = None
    """What the old model does now; None where no control belongs to these samples."""
    again: FreshEvidence | None = None
    """Of both models, where the suite as a whole looked worse; None where nobody asked for them."""

    @property
    def candidate(self) -> Tally:
        """The samples the candidate is judged by: the fresh ones where there are any."""
        return self.screen if self.fresh is None or not self.fresh.n else self.fresh

    @property
    def is_confirmed(self) -> bool:
        """Whether fresh samples were recorded."""
        return self.fresh is not None and self.fresh.n > 0
