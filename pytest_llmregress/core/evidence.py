"""What was seen of each test on both sides: tallies, traits and numbers, before any verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pytest_llmregress.core.behavior import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many of a test's samples ended well."""

    passed: int
    n: int

    @property
    def rate(self) -> float:
        """The share that ended well; 0.0 where there is no sample."""
        return self.passed / self.n if self.n else 0.0

    @property
    def failed(self) -> int:
        """The samples on which the test failed."""
        return self.n - self.passed

    def __str__(self) -> str:
        return f"{self.passed}/{self.n}"

    def to_json(self) -> dict[str, int]:
        """Return plain JSON."""
        return {"passed": self.passed, "n": self.n}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(passed=data["passed"], n=data["n"])


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitEvidence:
    """One trait of a test (a category, a set, a text's hash), a canonical value a sample."""

    name: str
    severity: Severity
    """How bad a value is that the baseline never showed."""
    baseline: tuple[str, ...]
    screen: tuple[str, ...]
    """Of the candidate's first samples: all of them in a run without confirmation."""
    fresh: tuple[str, ...] = ()
    """Of the samples that were recorded because the first ones looked different."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "name": self.name,
            "severity": str(self.severity),
            "baseline": list(self.baseline),
            "screen": list(self.screen),
            "fresh": list(self.fresh),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            name=data["name"],
            severity=Severity(data["severity"]),
            baseline=tuple(data["baseline"]),
            screen=tuple(data["screen"]),
            fresh=tuple(data["fresh"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberEvidence:
    """One number of a test, such as its output tokens, a value a sample."""

    name: str
    """A trait's name, or "latency" in seconds."""
    baseline: tuple[float, ...]
    candidate: tuple[float, ...]
    """Of the first samples alone: fresh ones come from tests that looked different."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "name": self.name,
            "baseline": list(self.baseline),
            "candidate": list(self.candidate),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            name=data["name"],
            baseline=tuple(data["baseline"]),
            candidate=tuple(data["candidate"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TestEvidence:
    """Everything that a verdict on one test may use."""

    __test__ = False  # pytest must not collect it

    test: str
    """The node id."""
    slice: tuple[str, ...] = ()
    """What it is grouped by: its marks and parameters."""
    baseline: Tally
    screen: Tally
    """The candidate's first samples: all of them in a run without confirmation."""
    fresh: Tally | None = None
    """The samples recorded because the first ones looked different; None where there are none."""
    sessions: tuple[Tally, ...] = ()
    """The baseline's samples by the session that recorded them, in the same order for all tests."""
    traits: tuple[TraitEvidence, ...] = ()
    numbers: tuple[NumberEvidence, ...] = ()
    broken: tuple[str, ...] = ()
    """The violations of the test's contract, each in words."""
    not_comparable: str = ""
    """Why the two sides did not answer the same request; empty where they did."""
    quarantine: str = ""
    """The reason somebody wrote down for it not to gate; empty without one."""
    cached: str = ""
    """Why the samples may not be independent: "10 byte-identical answers at temperature > 0"."""

    @property
    def candidate(self) -> Tally:
        """The samples the candidate is judged by: the fresh ones where there are any."""
        return self.screen if self.fresh is None or not self.fresh.n else self.fresh

    @property
    def is_confirmed(self) -> bool:
        """Whether fresh samples were recorded."""
        return self.fresh is not None and self.fresh.n > 0

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "test": self.test,
            "slice": list(self.slice),
            "baseline": self.baseline.to_json(),
            "screen": self.screen.to_json(),
            "fresh": None if self.fresh is None else self.fresh.to_json(),
            "sessions": [tally.to_json() for tally in self.sessions],
            "traits": [trait.to_json() for trait in self.traits],
            "numbers": [number.to_json() for number in self.numbers],
            "broken": list(self.broken),
            "not_comparable": self.not_comparable,
            "quarantine": self.quarantine,
            "cached": self.cached,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            test=data["test"],
            slice=tuple(data["slice"]),
            baseline=Tally.from_json(data["baseline"]),
            screen=Tally.from_json(data["screen"]),
            fresh=None if data["fresh"] is None else Tally.from_json(data["fresh"]),
            sessions=tuple(Tally.from_json(tally) for tally in data["sessions"]),
            traits=tuple(TraitEvidence.from_json(trait) for trait in data["traits"]),
            numbers=tuple(NumberEvidence.from_json(number) for number in data["numbers"]),
            broken=tuple(data["broken"]),
            not_comparable=data["not_comparable"],
            quarantine=data["quarantine"],
            cached=data["cached"],
        )
