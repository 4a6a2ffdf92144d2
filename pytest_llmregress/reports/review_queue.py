"""A review as a value: the queue of what is pending, the classes of drift, what was decided."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum
from typing import NamedTuple

from pytest_llmregress.formatting.word_diff import diff_words
from pytest_llmregress.values.behavior import Change, Severity
from pytest_llmregress.values.snapshot import PendingReason

MAX_COMPARED = 400
"""Lines of a side from which on frequent ones are no anchors: that would take quadratic time."""


class ReviewChoice(StrEnum):
    """What is done with something pending."""

    ACCEPT = "accept"
    REJECT = "reject"
    SKIP = "skip"


class ReviewState(StrEnum):
    """What became of something pending in this review."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    FAILED = "failed"
    """It could not be decided on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftClass:
    """Drifts that are decided on together: the same traits changed, as badly, for one reason."""

    why: PendingReason | None
    traits: frozenset[tuple[str, Severity]]

    def __str__(self) -> str:
        order = sorted(self.traits, key=lambda each: (-each[1].rank, each[0]))
        names = (f"{trait} ({severity})" for trait, severity in order)
        return ", ".join(names) or "no change of a trait"


def classify_drift(changes: Iterable[Change], why: PendingReason | None) -> DriftClass:
    """Return the class of a drift: which traits changed, and how bad that is; not to what."""
    return DriftClass(
        why=why, traits=frozenset((change.trait, change.severity) for change in changes)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """One thing that is pending, in the queue."""

    test: str
    """Which test it is of: only one of its variants can become the baseline."""
    drift: DriftClass
    fate: ReviewState = ReviewState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewQueue:
    """What is pending, in the order in which it is shown."""

    entries: tuple[QueueEntry, ...]

    @property
    def current(self) -> int | None:
        """The index of the first one that nothing has become of yet; None at the end."""
        indices = (n for n, entry in enumerate(self.entries) if entry.fate is ReviewState.OPEN)
        return next(indices, None)

    @property
    def remaining(self) -> int:
        """How many still wait for a decision, skipped ones included."""
        decided = {ReviewState.ACCEPTED, ReviewState.REJECTED}
        return sum(entry.fate not in decided for entry in self.entries)

    def count(self, fate: ReviewState) -> int:
        """Return how many have come to this."""
        return sum(entry.fate is fate for entry in self.entries)

    def has_accepted(self, test: str) -> bool:
        """Say whether a variant of a test was accepted already."""
        return any(e.test == test and e.fate is ReviewState.ACCEPTED for e in self.entries)

    def rest_of_class(self, choice: ReviewChoice) -> tuple[int, ...]:
        """Return the indices of all open ones in the class of the current one.

        Of a test with several variants only one is accepted: the first, and none where another
        variant was accepted before.
        """
        if self.current is None:
            return ()
        drift = self.entries[self.current].drift
        found: list[int] = []
        tests = {entry.test for entry in self.entries if entry.fate is ReviewState.ACCEPTED}
        for n, entry in enumerate(self.entries):
            if entry.fate is not ReviewState.OPEN or entry.drift != drift:
                continue
            if choice is ReviewChoice.ACCEPT and entry.test in tests:
                continue
            found.append(n)
            tests.add(entry.test)
        return tuple(found)

    def mark(self, indices: Collection[int], fate: ReviewState) -> "ReviewQueue":
        """Return the queue with what has become of some."""
        return replace(
            self,
            entries=tuple(
                replace(entry, fate=fate) if n in indices else entry
                for n, entry in enumerate(self.entries)
            ),
        )


class MarkedText(NamedTuple):
    """A part of a line that is the same on both sides, or is not."""

    text: str
    changed: bool


Pieces = tuple[MarkedText, ...]


class ChangedLines(NamedTuple):
    """Two lines that stand beside each other; None where a side has none."""

    old: Pieces | None
    new: Pieces | None

    @property
    def same(self) -> bool:
        """Whether both sides say the same."""
        return self.old is not None and self.old == self.new


def pair_lines(old: Sequence[str], new: Sequence[str]) -> tuple[ChangedLines, ...]:
    """Return the lines of two texts side by side, what differs in them marked word by word."""
    pairs: list[ChangedLines] = []
    frequent = max(len(old), len(new)) > MAX_COMPARED
    matcher = SequenceMatcher(None, old, new, autojunk=frequent)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pairs += [ChangedLines(_whole(line), _whole(line)) for line in old[a:b]]
            continue
        common = min(b - a, d - c)
        pairs += [ChangedLines(*mark_words(old[a + n], new[c + n])) for n in range(common)]
        pairs += [
            ChangedLines((MarkedText(line, changed=True),), None) for line in old[a + common : b]
        ]
        pairs += [
            ChangedLines(None, (MarkedText(line, changed=True),)) for line in new[c + common : d]
        ]
    return tuple(pairs)


def mark_words(old: str, new: str) -> tuple[Pieces, Pieces]:
    """Return two lines in pieces, the words that differ marked."""
    pieces = diff_words(old, new)
    left = tuple(MarkedText(piece.before, not piece.same) for piece in pieces if piece.before)
    right = tuple(MarkedText(piece.after, not piece.same) for piece in pieces if piece.after)
    return left, right


def _whole(line: str) -> Pieces:
    return (MarkedText(line, changed=False),)
