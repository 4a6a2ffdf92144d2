"""What the evidence allows one to say about a whole suite, as values."""

from dataclasses import dataclass

from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.history import HistoryVerdict
from pytest_llmregress.values.json_record import JsonRecord
from pytest_llmregress.values.verdict import Bounds, TestVerdict, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberVerdict(JsonRecord):
    """What can be said about one number over the whole suite; it never fails a run."""

    name: str
    tests: int
    """The tests that have it on both sides."""
    ratio: float
    """Median over the tests of candidate by baseline."""
    interval: Bounds | None
    """The 95 % interval of the ratio, over the tests; None below 30 of them."""
    p: float
    """Of the sign-flip test over the tests' log ratios, two-sided."""
    p_adjusted: float
    """The same after Holm over the numbers of this run."""
    limit: float
    """By what share the ratio has to be off to matter."""
    material: bool
    """Whether it is off by more than that, and the adjusted p at most alpha."""
    advisory: bool
    """Whether it depends on the day and the machine, as latency does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventVerdict(JsonRecord):
    """What can be said over the whole suite about one thing that is bad in itself."""

    name: str
    """In words that follow a number of samples, such as "refused in words"."""
    trait: str
    """The trait that shows it; "test" for the test's own outcome."""
    tests: int
    """The tests that have the trait on both sides."""
    baseline: Tally
    """All samples of these tests; those without the event count as passed. Of a test with several
    independent calls each reply counts."""
    candidate: Tally
    """The same of the candidate's first samples."""
    rise: float
    """By what share of the samples it became more frequent, on average over the tests."""
    p: float
    """Of labels exchanged within each test, one-sided."""
    p_adjusted: float
    """The same after discrete Holm over the events of this run."""
    rises: bool
    """Whether the adjusted p and the rise are what it takes."""
    fails: bool
    """Whether it rises, and may fail the run."""
    of_each_reply: bool = False
    """Whether a test has several independent calls, so that replies are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitVerdict(JsonRecord):
    """What can be said about one trait over the whole suite, whichever way is better."""

    name: str
    tests: int
    """The tests that have it, with two samples of the baseline or more."""
    p: float
    """Of labels exchanged within each test: whether the values differ at all."""
    p_adjusted: float
    """The same after Holm over the traits of this run."""
    drifts: bool
    """Whether the adjusted p is at most alpha/2, and the trait is not cosmetic everywhere."""
    fails: bool = False
    """Whether it drifts, and notable changes may fail the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteVerdict(JsonRecord):
    """What can be said about all tests together."""

    verdict: Verdict
    fails: bool
    method: str = ""
    """The name of the exact test over the suite; empty where nothing was compared."""
    baseline: Tally
    """All samples of the tests that were compared."""
    candidate: Tally
    """Their first samples: fresh ones come from tests that looked different."""
    family: int = 0
    """How many tests the adjusted p-values of the tests were adjusted for."""
    confirms: bool = False
    """Whether these are the tests that looked different, each with fresh samples."""
    p: float | None = None
    """Of the exact test over the suite, one-sided towards what was seen."""
    drop: float | None = None
    """What the tests lost on average, as a share; below zero where they gained."""
    interval: Bounds | None = None
    """The 95 % interval of candidate minus baseline, over the tests."""
    failing: tuple[str, ...] = ()
    """Tests that fail the run by their evidence, in the order of the evidence."""
    otherwise: tuple[str, ...] = ()
    """Tests beside them that failed on another ground, such as an assert of their own."""
    culprits: tuple[str, ...] = ()
    """Tests that regressed or drifted by themselves and are not quarantined."""
    also_suspicious: tuple[str, ...] = ()
    """What discrete Benjamini-Hochberg names beside them: a list to read, not a verdict."""
    negative_flips: tuple[str, ...] = ()
    """Tests that went well for most of the baseline, and not for most of the first samples."""
    positive_flips: tuple[str, ...] = ()
    quarantined: tuple[str, ...] = ()
    untestable: tuple[str, ...] = ()
    """Tests that these sample sizes could not show to be worse, whatever the candidate did."""
    smallest_p: float | None = None
    """What the suite's p could be at best."""
    needed: int | None = None
    """Samples a side and test with which the gate finds the declared drop in 80 % of the runs."""
    baseline_disagrees: str = ""
    """How the baseline's own sessions differ; drift is then told and fails nothing."""
    suspects: tuple[str, ...] = ()
    """The events and traits that call for fresh samples of both models, by name."""
    spared: tuple[str, ...] = ()
    """Those of them that nobody can confirm, and that fail nothing: a baseline that was recorded
    again until it passed would hide as much."""
    history: HistoryVerdict | None = None
    """The nights of a canary; None for a run that is judged by itself."""
    events: tuple[EventVerdict, ...] = ()
    """What is bad in itself and occurred, the failed samples first."""
    numbers: tuple[NumberVerdict, ...] = ()
    traits: tuple[TraitVerdict, ...] = ()
    tests: tuple[TestVerdict, ...] = ()
    """In the order of the evidence."""
    lines: tuple[str, ...] = ()
    """The verdict in sentences, the most important first."""
