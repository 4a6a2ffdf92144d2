"""What the evidence allows one to say about a test, and what it takes to say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from pytest_llmregress.values.evidence import Tally

Bounds = tuple[float, float]
"""The lower and the upper end of a 95 % interval."""


class Verdict(StrEnum):
    """What can be said."""

    BROKEN = "broken"
    """A rule that was written down is violated: no p-value is needed."""
    REGRESSED = "regressed"
    IMPROVED = "improved"
    DRIFTED = "drifted"
    """It behaves differently, and nobody said which way is better."""
    EQUIVALENT = "equivalent"
    """The whole interval lies inside a margin that was declared."""
    NO_EVIDENCE = "no_evidence"
    """Nothing was shown, which is not the same as: there is nothing."""
    NOT_COMPARABLE = "not_comparable"
    """The request changed."""
    NO_BASELINE = "no_baseline"
    """Too few samples on one of the two sides to compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """What it takes to fail a run."""

    alpha: float = 0.05
    """Chance of a false alarm a run: one half for the suite, the other for all tests together."""
    min_drop: float = 0.02
    """What a suite has to lose beside that, as a share."""
    margin: float | None = None
    """The difference that nobody minds, as a share; None where none was declared."""
    interesting_drop_test: float = 0.20
    """The drop of one test that sample sizes are given for."""
    interesting_drop_suite: float = 0.02
    confirm: int = 0
    """Fresh samples that a test gets whose first ones look different; 0 where none does."""

    @property
    def half(self) -> float:
        """What the suite's test is held against, and what the tests' adjusted p-values are."""
        return self.alpha / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TestVerdict:
    """What can be said about one test."""

    __test__ = False  # pytest must not collect it

    test: str
    verdict: Verdict
    fails: bool
    """Whether it fails the run: never where the test is quarantined."""
    baseline: Tally
    candidate: Tally
    """The fresh samples where there are any: then the first one is not counted."""
    p: float | None = None
    """Of Fisher's exact test, one-sided towards what was seen; worse where nothing differs."""
    p_two_sided: float | None = None
    p_adjusted: float | None = None
    """The same one-sided p after discrete Holm; None where the test is in no family."""
    family: int = 0
    """How many tests it was adjusted for."""
    interval: Bounds | None = None
    """Newcombe's 95 % interval of candidate minus baseline."""
    smallest_p: float | None = None
    """The smallest p possible, if all samples of the candidate failed."""
    needed: int | None = None
    """Samples a side that detect the declared drop, one-sided, 80 % of the time."""
    needed_for_seen: int | None = None
    """Samples a side that detect a difference as large as the seen one, two-sided, 80 %."""
    better: float | None = None
    """Probability that the candidate is the better one, from uniform priors; never gates."""
    quarantine: str = ""
    """Why it does not gate; empty where it does."""
    quarantined_traits: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    """What all fresh samples show and no sample of the baseline did."""
    untested: tuple[str, ...] = ()
    """What fails it as a difference that was observed once: its baseline shows no noise."""
    unconfirmed: tuple[str, ...] = ()
    """New values that came too rarely to say more."""
    text: str = ""
    """The verdict in words, a statement a line."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "test": self.test,
            "verdict": str(self.verdict),
            "fails": self.fails,
            "baseline": self.baseline.to_json(),
            "candidate": self.candidate.to_json(),
            "p": self.p,
            "p_two_sided": self.p_two_sided,
            "p_adjusted": self.p_adjusted,
            "family": self.family,
            "interval": bounds_to_json(self.interval),
            "smallest_p": self.smallest_p,
            "needed": self.needed,
            "needed_for_seen": self.needed_for_seen,
            "better": self.better,
            "quarantine": self.quarantine,
            "quarantined_traits": list(self.quarantined_traits),
            "confirmed": list(self.confirmed),
            "untested": list(self.untested),
            "unconfirmed": list(self.unconfirmed),
            "text": self.text,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            test=data["test"],
            verdict=Verdict(data["verdict"]),
            fails=data["fails"],
            baseline=Tally.from_json(data["baseline"]),
            candidate=Tally.from_json(data["candidate"]),
            p=data["p"],
            p_two_sided=data["p_two_sided"],
            p_adjusted=data["p_adjusted"],
            family=data["family"],
            interval=bounds_from_json(data["interval"]),
            smallest_p=data["smallest_p"],
            needed=data["needed"],
            needed_for_seen=data["needed_for_seen"],
            better=data["better"],
            quarantine=data["quarantine"],
            quarantined_traits=tuple(data["quarantined_traits"]),
            confirmed=tuple(data["confirmed"]),
            untested=tuple(data["untested"]),
            unconfirmed=tuple(data["unconfirmed"]),
            text=data["text"],
        )


def bounds_to_json(bounds: Bounds | None) -> list[float] | None:
    """Return an interval as plain JSON."""
    return None if bounds is None else list(bounds)


def bounds_from_json(data: Any) -> Bounds | None:
    """Read what `bounds_to_json` wrote."""
    return None if data is None else (data[0], data[1])
