"""What the evidence allows one to say about a test, and what it takes to say it."""

from dataclasses import dataclass
from enum import StrEnum

from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.json_record import JsonRecord

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
    interesting_drop_suite: float = 0.04
    """The drop of a suite that sample sizes are given for. It is above `min_drop`: a true loss of
    just that much is found half of the time, however many samples there are."""
    confirm: int = 0
    """Fresh samples that a test gets whose first ones look different; 0 where none does."""
    asks_old_model: bool = True
    """Whether the old model is asked again there, unless it cannot be."""

    @property
    def half(self) -> float:
        """What the suite's test is held against, and what the tests' adjusted p-values are."""
        return self.alpha / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TestVerdict(JsonRecord):
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
    """Samples a side that find the declared drop 80 % of the time, where it is the only test and
    all samples are recorded at once; None elsewhere: the number depends on the other tests."""
    quarantine: str = ""
    """Why it does not gate; empty where it does."""
    quarantined_traits: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    """What all fresh samples show and no sample of the baseline did."""
    untested: tuple[str, ...] = ()
    """What fails it as a difference that was observed once: its baseline shows no noise."""
    unconfirmed: tuple[str, ...] = ()
    """New values that came too rarely to say more."""
    control: tuple[str, ...] = ()
    """What the old model, asked again, does now, a sentence an event."""
    text: str = ""
    """The verdict in words, a statement a line."""
