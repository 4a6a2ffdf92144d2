"""The replies of several samples of a test side by side, for whoever counts them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_llmregress.comparison.conversation_pairs import (
    Conversation,
    have_several,
    read_conversations,
)
from pytest_llmregress.values.behavior import Behavior
from pytest_llmregress.values.canonical_json import dump_canonical_json

_Fits = Callable[[Conversation, Conversation], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedReplies:
    """The conversations of each sample, those that belong together at the same place."""

    rows: tuple[Mapping[int, Conversation], ...]
    """Of each sample its conversations by their place; a place that one lacks is not there."""
    groups: tuple[tuple[int, ...], ...]
    """The places of each first request: of several any one may stand for any other."""

    def values(self, name: str) -> list[list[Any]]:
        """Return the value of a trait in each reply of each sample; None for one without it."""
        return [[value for group in self._read(row, name) for value in group] for row in self.rows]

    def _read(self, row: Mapping[int, Conversation], name: str) -> Iterable[list[Any]]:
        for places in self.groups:
            found = [row[at].values.get(name) if at in row else None for at in places]
            yield sorted(found, key=dump_canonical_json) if len(found) > 1 else found


def align_replies(samples: Sequence[Behavior]) -> AlignedReplies | None:
    """Put the conversations of all samples side by side, in the order of the first sample.

    Conversations with the same first request belong together, then those where the user asked the
    same, then the rest in order. What only later samples have comes last. Return None where each
    sample has one conversation, or one has none that an extractor has told.
    """
    if not have_several(samples):
        return None
    places: list[Conversation] = []
    rows = tuple(_place(read_conversations(sample), places) for sample in samples)
    groups: dict[str | int, list[int]] = {}
    for at, each in enumerate(places):
        groups.setdefault(each.request or at, []).append(at)
    return AlignedReplies(rows=rows, groups=tuple(map(tuple, groups.values())))


def _place(
    conversations: Iterable[Conversation], places: list[Conversation]
) -> Mapping[int, Conversation]:
    """Return the place of each conversation of a sample; add those that no sample had before."""
    row: dict[int, Conversation] = {}
    rest = list(conversations)
    for fits in _FITTING:
        rest = [each for each in rest if not _take(each, row, places, fits)]
    row.update(enumerate(rest, len(places)))
    places += rest
    return row


def _take(
    conversation: Conversation,
    row: dict[int, Conversation],
    places: Sequence[Conversation],
    fits: _Fits,
) -> bool:
    for at, place in enumerate(places):
        if at not in row and fits(place, conversation):
            row[at] = conversation
            return True
    return False


_FITTING: tuple[_Fits, ...] = (
    lambda place, each: place.request == each.request != "",
    lambda place, each: place.asked == each.asked,
    lambda _place, _each: True,
)
