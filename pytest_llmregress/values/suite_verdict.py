"""What the evidence allows one to say about a whole suite, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.verdict import (
    Bounds,
    TestVerdict,
    Verdict,
    bounds_from_json,
    bounds_to_json,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberVerdict:
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

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "name": self.name,
            "tests": self.tests,
            "ratio": self.ratio,
            "interval": bounds_to_json(self.interval),
            "p": self.p,
            "p_adjusted": self.p_adjusted,
            "limit": self.limit,
            "material": self.material,
            "advisory": self.advisory,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**{**data, "interval": bounds_from_json(data["interval"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitVerdict:
    """What can be said about one trait over the whole suite; it never fails a run."""

    name: str
    tests: int
    """The tests that have it, with two samples of the baseline or more."""
    p: float
    """Of labels exchanged within each test: whether the values differ at all."""
    p_adjusted: float
    """The same after Holm over the traits of this run."""
    drifts: bool
    """Whether the adjusted p is at most alpha/2."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "name": self.name,
            "tests": self.tests,
            "p": self.p,
            "p_adjusted": self.p_adjusted,
            "drifts": self.drifts,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteVerdict:
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
    """Samples a side and test that detect the declared drop of the suite 80 % of the time."""
    baseline_disagrees: str = ""
    """How the baseline's own sessions differ; drift is then told and fails nothing."""
    numbers: tuple[NumberVerdict, ...] = ()
    traits: tuple[TraitVerdict, ...] = ()
    tests: tuple[TestVerdict, ...] = ()
    """In the order of the evidence."""
    lines: tuple[str, ...] = ()
    """The verdict in sentences, the most important first."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "verdict": str(self.verdict),
            "fails": self.fails,
            "method": self.method,
            "baseline": self.baseline.to_json(),
            "candidate": self.candidate.to_json(),
            "family": self.family,
            "confirms": self.confirms,
            "p": self.p,
            "drop": self.drop,
            "interval": bounds_to_json(self.interval),
            "failing": list(self.failing),
            "otherwise": list(self.otherwise),
            "culprits": list(self.culprits),
            "also_suspicious": list(self.also_suspicious),
            "negative_flips": list(self.negative_flips),
            "positive_flips": list(self.positive_flips),
            "quarantined": list(self.quarantined),
            "untestable": list(self.untestable),
            "smallest_p": self.smallest_p,
            "needed": self.needed,
            "baseline_disagrees": self.baseline_disagrees,
            "numbers": [number.to_json() for number in self.numbers],
            "traits": [trait.to_json() for trait in self.traits],
            "tests": [test.to_json() for test in self.tests],
            "lines": list(self.lines),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            verdict=Verdict(data["verdict"]),
            fails=data["fails"],
            method=data["method"],
            baseline=Tally.from_json(data["baseline"]),
            candidate=Tally.from_json(data["candidate"]),
            family=data["family"],
            confirms=data["confirms"],
            p=data["p"],
            drop=data["drop"],
            interval=bounds_from_json(data["interval"]),
            failing=tuple(data["failing"]),
            otherwise=tuple(data["otherwise"]),
            culprits=tuple(data["culprits"]),
            also_suspicious=tuple(data["also_suspicious"]),
            negative_flips=tuple(data["negative_flips"]),
            positive_flips=tuple(data["positive_flips"]),
            quarantined=tuple(data["quarantined"]),
            untestable=tuple(data["untestable"]),
            smallest_p=data["smallest_p"],
            needed=data["needed"],
            baseline_disagrees=data["baseline_disagrees"],
            numbers=tuple(NumberVerdict.from_json(number) for number in data["numbers"]),
            traits=tuple(TraitVerdict.from_json(trait) for trait in data["traits"]),
            tests=tuple(TestVerdict.from_json(test) for test in data["tests"]),
            lines=tuple(data["lines"]),
        )
