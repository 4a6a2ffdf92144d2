"""The judgement on one run of one test: what it did, held against what was accepted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llmregress.formatting.value_text import format_value
from pytest_llmregress.pipeline.config import MarkerOptions
from pytest_llmregress.values.behavior import Behavior, Change, Severity, worst_first
from pytest_llmregress.values.run_report import AnswerSource
from pytest_llmregress.values.snapshot import SampleSnapshot, Snapshot

if TYPE_CHECKING:  # what compares is imported where something is to be compared
    from pytest_llmregress.comparison.compare_behavior import Classify
    from pytest_llmregress.pipeline.state import ObservedBaseline


@dataclass(slots=True, kw_only=True)
class ValueRecorder:
    """Collects, while a test runs, what its snapshots were compared with; then compares all."""

    accepted: Snapshot | None
    """What was accepted before this run; None where nothing was."""
    observed: "Callable[[], ObservedBaseline | None]" = lambda: None
    """Returns the same with the behavior that today's extractors find; asked where that counts."""
    exact: bool
    """Whether this run replays the very recording that was accepted."""
    is_own: bool = False
    """Whether what was accepted is of the very cassette that it replays."""
    repeats: bool = False
    """Whether it has made the very calls of that cassette: its behavior is the accepted one."""
    sample: int = 1
    """Which sample of its test this run is, from 1."""
    accept: bool
    """Whether whatever this run finds is to be accepted."""
    terms: MarkerOptions = field(default_factory=MarkerOptions)
    """What the test says about severities and tools."""
    classify: "Classify | None" = None
    clean: Callable[[Any], Any] = lambda value: value
    """Takes secrets out of a JSON value: a test has what the model said, not what is recorded."""
    values: dict[str, Any] = field(default_factory=dict)
    """What `llm_snapshot` was compared with in this run, by name."""
    value_changes: list[Change] = field(default_factory=list)
    """What those comparisons found to differ."""
    _found: tuple[Behavior, tuple[Change, ...]] | None = None
    """What a replay was found to do differently, with the behavior that this was asked about."""

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
        only a missing fact of the test's own; the rest becomes part of the drift, where a value
        that is no prose has to be equal.
        """
        from pytest_llmregress.behavior.normalize import normalize
        from pytest_llmregress.comparison import deepdiff_adapter
        from pytest_llmregress.comparison.compare_values import (
            compare_samples,
            missing_facts,
        )

        name = self._unique(name)
        value = self.values[name] = self.clean(normalize(actual))
        missing = missing_facts(value, facts)
        deepdiff_adapter.diff_values(value, value, options=options)  # refuses what it does not know
        known = self._accepted_values(name)
        first = not known
        if self.exact:
            lines = () if first else deepdiff_adapter.diff_values(known[0], value, options=options)
            if lines or first:
                self.value_changes.append(
                    Change(
                        trait=f"snapshot.{name}",
                        severity=Severity.NOTABLE,
                        before="nothing accepted yet" if first else "the accepted value",
                        after=format_value(value) if first else lines[0],
                        detail=f"and {len(lines) - 1} more" if len(lines) > 1 else "",
                    )
                )
            return (*missing, *(() if self.accept else lines))
        if not first:
            self.value_changes.extend(
                compare_samples(
                    name,
                    known,
                    value,
                    differ=partial(deepdiff_adapter.locate_differences, options=options),
                    severities=self.terms.severity,
                    classify=self.classify,
                    is_plain=isinstance(actual, Enum),
                )
            )
        return missing

    def note_answers(
        self, source: AnswerSource, *, is_accepted: bool, is_as_recorded: bool
    ) -> None:
        """Take notice of where the answers came from, once the body is over.

        :param is_accepted: whether what was accepted is of the cassette that is replayed.
        :param is_as_recorded: whether all of it was played, and nothing else.
        """
        if source in {AnswerSource.RECORDED, AnswerSource.MIXED}:
            self.exact = False
        self.is_own = self.exact and is_accepted
        self.repeats = self.is_own and is_as_recorded

    @property
    def compares(self) -> bool:
        """Whether this run is a new recording that there is something to compare with."""
        return self.accepted is not None and not self.exact

    @property
    def lost(self) -> bool:
        """Whether it replays a sample that passed when it was accepted."""
        own = self._own_sample()
        return self.exact and own is not None and own.passed

    def find_in_replay(self, behavior: Behavior) -> tuple[Change, ...]:
        """Return everything that the accepted recording had otherwise, the worst first.

        :param behavior: not looked at where the very calls were made again.
        """
        own, found = self._own_sample(), self._found
        if own is None or self.repeats:
            return self._rank(())
        if found is None or found[0] is not behavior:
            found = self._found = behavior, self._differs(own.behavior, behavior)
        return self._rank(found[1])

    def _rank(self, found: Sequence[Change]) -> tuple[Change, ...]:
        """Return changes with those of compared values, the worst first."""
        if self.accepted is None:
            return ()
        return worst_first((*found, *self.value_changes))

    def _differs(self, accepted: Behavior, behavior: Behavior) -> tuple[Change, ...]:
        """Hold a replay against what it was accepted with, then against what is said of it today.

        A snapshot of an older version has said of the same calls what no extractor says now.
        """
        from pytest_llmregress.comparison.compare_behavior import diff_traits

        found = diff_traits(accepted, behavior)
        observed = self.observed() if found and self.is_own else None
        today = None if observed is None else observed.snapshot.sample(self.sample)
        return found if today is None else diff_traits(today.behavior, behavior)

    def _own_sample(self) -> SampleSnapshot | None:
        """Return the accepted sample of the same number, or None."""
        return None if self.accepted is None else self.accepted.sample(self.sample)

    def _accepted_values(self, name: str) -> tuple[Any, ...]:
        """Return the accepted values of that name: of all samples, or of the one replayed."""
        if self.accepted is None:
            return ()
        own = self._own_sample()
        samples = ((own,) if own else ()) if self.exact else self.accepted.samples
        return tuple(sample.values[name] for sample in samples if name in sample.values)

    def _unique(self, name: str | None) -> str:
        """Name the second comparison of one name after its number."""
        stem = name or "value"
        if stem not in self.values:
            return stem
        number = 2
        while f"{stem} {number}" in self.values:
            number += 1
        return f"{stem} {number}"
