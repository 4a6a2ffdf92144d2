"""The judgement on one run of one test: what it did, held against what was accepted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_llmregress.adapters import deepdiff
from pytest_llmregress.core.behavior import Behavior, Change, Drift, Severity
from pytest_llmregress.core.compare import compare, differences
from pytest_llmregress.core.normalize import normalize
from pytest_llmregress.core.snapshot import Snapshot
from pytest_llmregress.core.values import compare_values, missing_facts
from pytest_llmregress.core.words import in_words

_NOTHING = object()


@dataclass(slots=True, kw_only=True)
class Judgement:
    """Collects, while a test runs, what its snapshots were compared with; then compares all."""

    accepted: Snapshot | None
    """What was accepted before this run; None where nothing was."""
    exact: bool
    """Whether this run replays the very recording that was accepted."""
    accept: bool
    """Whether whatever this run finds is to be accepted."""
    clean: Callable[[Any], Any] = lambda value: value
    """Takes secrets out of a JSON value: a test has what the model said, not what is recorded."""
    values: dict[str, Any] = field(default_factory=dict)
    """What `llm_snapshot` was compared with in this run, by name."""
    value_changes: list[Change] = field(default_factory=list)

    def compare_value(
        self,
        name: str | None,
        actual: object,
        *,
        facts: Sequence[Any],
        options: Mapping[str, Any],
    ) -> tuple[str, ...]:
        """Hold a value against the accepted one; return what is wrong, a line each.

        In a replay, everything that differs; a value that is new fails the test at its end, so
        that the others are seen as well. In a new recording, whose words always differ,
        only a missing fact of the test's own; the rest becomes part of the drift.
        """
        name = self._unique(name)
        value = self.values[name] = self.clean(normalize(actual))
        missing = missing_facts(value, facts)
        deepdiff.differences(value, value, options=options)  # refuses what it does not know
        before = _NOTHING if self.accepted is None else self.accepted.values.get(name, _NOTHING)
        first = before is _NOTHING
        if self.exact:
            lines = () if first else deepdiff.differences(before, value, options=options)
            if lines or first:
                self.value_changes.append(
                    Change(
                        trait=f"snapshot.{name}",
                        severity=Severity.NOTABLE,
                        before="nothing accepted yet" if first else "the accepted value",
                        after=in_words(value) if first else lines[0],
                        detail=f"and {len(lines) - 1} more" if len(lines) > 1 else "",
                    )
                )
            return (*missing, *(() if self.accept else lines))
        if not first:
            told = deepdiff.differences(before, value, options=options)
            self.value_changes.extend(compare_values(name, before, value, differences=told))
        return missing

    def changes(self, behavior: Behavior, *, passed: bool) -> tuple[Change, ...]:
        """Return everything that differs from what was accepted, the worst first."""
        if self.accepted is None:
            return ()
        if self.exact:
            found = differences(self.accepted.behavior, behavior)
        else:
            found = compare(self.accepted.behavior, behavior)
        if not passed:
            found = (
                Change(
                    trait="test",
                    severity=Severity.BREAKING,
                    before="passed",
                    after="failed",
                ),
                *found,
            )
        return tuple(sorted((*found, *self.value_changes), key=lambda c: -c.severity.rank))

    def drift(self, behavior: Behavior, *, models: str, passed: bool) -> Drift | None:
        """Return the drift of a new recording, or None where there is nothing to compare with."""
        if self.accepted is None or self.exact:
            return None
        return Drift(
            baseline=self.accepted.models,
            candidate=models,
            changes=self.changes(behavior, passed=passed),
        )

    def _unique(self, name: str | None) -> str:
        """Name the second comparison of one name after its number."""
        stem = name or "value"
        if stem not in self.values:
            return stem
        number = 2
        while f"{stem} {number}" in self.values:
            number += 1
        return f"{stem} {number}"
