"""How often a standing rule was kept by the calls of a test."""

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_llmregress.values.json_record import JsonRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult(JsonRecord):
    """How often one rule was kept by the calls of one test."""

    name: str
    kept: int
    of: int
    """Calls that the rule applies to."""
    broken: tuple[str, ...] = ()
    """One for each call that broke it: its number, and the place in its text or what was wrong."""

    @property
    def violations(self) -> tuple[str, ...]:
        """Say what was broken, one line for each call."""
        return tuple(f"rules: {self.name!r} is broken by {where}" for where in self.broken)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTally(JsonRecord):
    """How often one rule was kept in a whole run, and in its baseline."""

    name: str
    kept: int
    of: int
    kept_before: int | None = None
    """None where the baseline does not know the rule."""
    of_before: int | None = None

    @property
    def in_words(self) -> str:
        """Say it in one line: "no_upsell: kept 40/40 → 31/40"."""
        now = f"{self.kept}/{self.of}" if self.of else "applied to no call"
        if self.kept_before is None or self.of_before is None:
            return f"{self.name}: kept {now}" if self.of else f"{self.name}: {now}"
        if not self.of_before and not self.of:
            return f"{self.name}: {now}, before and now"
        kept = f"{self.kept_before}/{self.of_before}" if self.of_before else "(no call before)"
        return f"{self.name}: kept {kept} → {now}"


def tally(
    results: Iterable[RuleResult], *, baseline: Iterable[RuleResult] = ()
) -> tuple[RuleTally, ...]:
    """Sum the results of all tests up by rule, beside those of the baseline's recordings."""
    now, before = _sums(results), _sums(baseline)
    return tuple(
        RuleTally(
            name=name,
            kept=kept,
            of=of,
            kept_before=before[name][0] if name in before else None,
            of_before=before[name][1] if name in before else None,
        )
        for name, (kept, of) in now.items()
    )


def _sums(results: Iterable[RuleResult]) -> dict[str, tuple[int, int]]:
    sums: dict[str, tuple[int, int]] = {}
    for result in results:
        kept, of = sums.get(result.name, (0, 0))
        sums[result.name] = (kept + result.kept, of + result.of)
    return sums
