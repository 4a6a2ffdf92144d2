"""What a run found, as plain values: one record a test, and all of them together."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self, TypeVar, cast

from pytest_llmregress.values.behavior import Drift, Severity
from pytest_llmregress.values.evidence import TestEvidence
from pytest_llmregress.values.json_record import JsonRecord, read_fields
from pytest_llmregress.values.rule_result import RuleResult
from pytest_llmregress.values.side_by_side import CallSummary
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.verdict import TestVerdict

_T = TypeVar("_T", bound=Hashable)

FORMAT = 1
"""Number of the report's format; grows when a reader would have to change."""


class ReportError(ValueError):
    """Something that is no report of a run, or one that this version cannot read."""


class AnswerSource(StrEnum):
    """Where the answers of a test came from."""

    REPLAYED = "replayed"
    RECORDED = "recorded"
    MIXED = "mixed"
    """Some replayed, some recorded: record mode new_episodes."""
    IDLE = "idle"
    """It asked for nothing."""


BAD_HOOK = "bad_hook"
"""The code of the problem that a test has, where a hook that has a say on it fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem(JsonRecord):
    """Something that failed a test, or kept its recording from being accepted."""

    code: str
    """For programs: "no_match", "cassette_not_found", "no_calls", "bypassed", …"""
    message: str
    """For people, whole."""
    way_out: str = ""
    """Of a miss, what resolves it: "pending", "candidate", "renamed", "each_time" or "record"."""
    command: str = ""
    """The command, or the setting, that does; empty where nothing is known to."""


REMARKS = frozenset({"no_snapshot", "program_changed", "rejected", "too_few_samples"})
"""Codes of problems that fail no test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRecord(JsonRecord):
    """What happened to one marked test. Rides on its report as JSON, from a worker too."""

    __test__ = False  # pytest must not collect it

    test: str
    """The node id."""
    mode: AnswerSource
    passed: bool
    """Whether the test's own body passed; drift and contracts apart."""
    candidate: str | None
    """The candidate model that this run was against; None for a run of the baseline."""
    cassette: str
    """Path of the cassette, relative to the root directory, "/" between folders."""
    calls: int
    requested_models: tuple[str, ...]
    served_models: tuple[str, ...]
    input_tokens: int
    output_tokens: int
    unplayed: int
    """Recorded interactions that this run did not ask for."""
    problems: tuple[Problem, ...]
    carried: int
    """Answers taken over from a recording of this test that was interrupted."""
    drift: Drift | None
    """None where nothing was compared: a replay of the baseline, or a first recording."""
    pending: str | None
    """Path of the pending snapshot, if something waits for a decision."""
    accepted: bool
    """Whether this run wrote an accepted recording."""
    samples: int = 1
    """Independent runs of it in this session, replayed ones included."""
    passes: int = 0
    """Of those, how many passed and kept their contract."""
    obsolete: tuple[str, ...] = ()
    """Accepted snapshot values that this passing, complete run compared nothing with."""
    failed: bool = False
    """Whether pytest was told that it failed, on whichever ground."""
    unconfirmed: bool = False
    """Whether something was seen that its samples do not bear out; it does not fail the test."""
    evidence: TestEvidence | None = None
    """What its samples say about a change; None where nothing was compared."""
    rules: tuple[RuleResult, ...] = ()
    """How often each standing rule was kept, a sample after another."""
    rules_before: tuple[RuleResult, ...] = ()
    """The same of one sample of the baseline, where this run was held against it."""
    cost_usd: float | None = None
    """What this run's recording cost; None where nothing was recorded, or a price is unknown."""
    before: CallSummary | None = None
    """The first sample of what is accepted, where something was compared with it."""
    after: CallSummary | None = None
    """The first new sample that differs from it, or the first one where none does."""
    verdict: TestVerdict | None = None
    """What that evidence allows one to say about this test alone."""
    not_understood: tuple[str, ...] = ()
    """Requests to a model that no provider reads: "POST URL", each once; all where none is read."""
    not_compared: tuple[str, ...] = ()
    """Traits that only one side has, and which of them: "NAME: not in the baseline"."""
    new_traits: tuple[str, ...] = ()
    """Names of built-in traits that this version has, and the one of the baseline had not."""

    @property
    def faults(self) -> tuple[Problem, ...]:
        """The problems that fail it."""
        return find_faults(self.problems, self.evidence)

    @property
    def ground(self) -> str:
        """Why it failed where its evidence does not say so, in words."""
        if self.faults:
            return f"a problem ({self.faults[0].code})"
        return "an assert of its own" if not self.passed else "what its samples came to"

    @property
    def severity(self) -> Severity | None:
        """The worst change of the drift, or None."""
        return None if self.drift is None else self.drift.severity

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; equal values of many tests are held once."""
        given = read_fields(cls, data)
        before, after, evidence = given["before"], given["after"], given["evidence"]
        if before is not None and after is not None and before.prompt == after.prompt:
            given["after"] = replace(after, prompt=before.prompt)
        if evidence is not None:
            given["evidence"] = replace(evidence, traits=tuple(map(_share, evidence.traits)))
        for name in ("requested_models", "served_models"):
            given[name] = _share(given[name])
        return cls(**given)


def find_faults(problems: Iterable[Problem], evidence: TestEvidence | None) -> tuple[Problem, ...]:
    """Return the problems that fail a test: no remark, and no contract of one in quarantine."""
    is_spared = evidence is not None and bool(evidence.quarantine)
    return tuple(
        problem
        for problem in problems
        if problem.code not in REMARKS and not (is_spared and problem.code == "contract")
    )


@lru_cache(maxsize=1024)
def _one_of_equals(value: Hashable) -> Hashable:
    return value


def _share(value: _T) -> _T:
    """Return one and the same object for equal ones: of a suite, most tests have the same."""
    return cast("_T", _one_of_equals(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport(JsonRecord):
    """A whole run."""

    created: str
    """When, as ISO 8601 in UTC."""
    versions: Mapping[str, str]
    """Of pytest-llmregress, pytest, anthropic, vcrpy and Python."""
    candidate: str | None
    fail_on: str
    tests: tuple[TestRecord, ...]
    """In order of the node ids."""
    orphans: tuple[str, ...] = ()
    """Recordings that belong to no test, where the whole suite was collected."""
    verdict: SuiteVerdict | None = None
    """What can be said about all tests together; None where no candidate was compared."""
    exit_status: int | None = None
    """What pytest ends with, as far as that is known when the report is written: by this run's
    tests and all others. None where no run has written it."""
    headline: str = ""
    """The first sentence of every report: what becomes of the build, and why."""

    @property
    def drifted(self) -> tuple[TestRecord, ...]:
        """The tests with at least one change, the worst first."""
        changed = [test for test in self.tests if test.severity is not None]
        return tuple(
            sorted(changed, key=lambda t: (-(t.severity.rank if t.severity else 0), t.test))
        )

    def count(self, severity: Severity) -> int:
        """Return how many tests have this as their worst change."""
        return sum(test.severity is severity for test in self.tests)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, the counts first."""
        return {**self.head_to_json(), "tests": [test.to_json() for test in self.tests]}

    def head_to_json(self) -> dict[str, Any]:
        """Return plain JSON of all but the tests."""
        return {
            "llmregress_report": FORMAT,
            "headline": self.headline,
            "exit_status": self.exit_status,
            "created": self.created,
            "versions": dict(self.versions),
            "candidate": self.candidate,
            "fail_on": self.fail_on,
            "counts": {
                "tests": len(self.tests),
                **{
                    str(mode): sum(test.mode is mode for test in self.tests)
                    for mode in AnswerSource
                },
                **{str(severity): self.count(severity) for severity in reversed(Severity)},
                "problems": sum(bool(test.problems) for test in self.tests),
                "pending": sum(test.pending is not None for test in self.tests),
            },
            "verdict": None if self.verdict is None else self.verdict.to_json(),
            "orphans": list(self.orphans),
        }

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read what `to_json` wrote; ReportError with what is wrong, and what to do about it."""
        _check_format(data)
        try:
            return cls(**read_fields(cls, data))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise ReportError(
                f"it is damaged: {type(error).__name__}: {error}; write it again: "
                "pytest --llmregress-report RUN.json"
            ) from None


def _check_format(data: Any) -> None:
    number = data.get("llmregress_report") if isinstance(data, dict) else None
    if type(number) is not int or number < 1:
        raise ReportError(
            "it is no report of pytest-llmregress; a file that was written by "
            "pytest --llmregress-report RUN.json"
        )
    if number > FORMAT:
        versions = data.get("versions")
        writer = versions.get("pytest-llmregress") if isinstance(versions, dict) else None
        name = f"pytest-llmregress {writer}" if isinstance(writer, str) else "a newer version"
        raise ReportError(
            f"it was written by {name} (report format {number}), and this one reads up to "
            f"{FORMAT}; upgrade: python -m pip install -U pytest-llmregress"
        )
