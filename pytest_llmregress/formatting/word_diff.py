"""How two texts differ, word by word."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pytest_llmregress.formatting.one_line_diff import common_ends

MAX_PAIRS = 150_000
"""Pairs of equal words up to which two texts are aligned; above, their middles are just two."""

_SPACED = "\u3040-\u30ff\u3400-\u9fff"
"""Characters of scripts that put no space between words: each counts as a word."""
_TOKEN = re.compile(rf"\s*(?:[{_SPACED}]|[^\W{_SPACED}]+|[^\w\s])\s*|\s+")
_SHORT = 3
"""Characters: a single ASCII word this short counts as changed between two changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffSegment:
    """A stretch of two texts: joined, all pieces are the two texts again."""

    before: str
    after: str
    same: bool
    """Whether the words are the same; their white space may differ."""


def diff_words(before: str, after: str) -> tuple[DiffSegment, ...]:
    """Return two texts in pieces that are the same and pieces that differ, in turn."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    old_words, new_words = [t.strip() for t in old], [t.strip() for t in new]
    start, tail = common_ends(old_words, new_words)
    a, b = old_words[start : len(old) - tail], new_words[start : len(new) - tail]
    runs = [(0, 0, start)]
    runs += [(start + i, start + j, size) for i, j, size in _runs(a, b)]
    runs.append((len(old) - tail, len(new) - tail, tail))
    pieces: list[DiffSegment] = []
    i = j = 0
    for at, to, size in runs:
        _add(pieces, old[i:at], new[j:to], same=False)
        _add(pieces, old[at : at + size], new[to : to + size], same=True)
        i, j = at + size, to + size
    return tuple(pieces)


def _runs(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int, int]]:
    """Return where words are the same in both, without those too small to be read as such."""
    in_a, in_b = Counter(a), Counter(b)
    pairs = sum(number * in_b[word] for word, number in in_a.items())
    if not 0 < pairs <= MAX_PAIRS:
        return []
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    return [(i, j, size) for i, j, size in blocks if size and _is_readable(a[i : i + size])]


def _is_readable(run: Sequence[str]) -> bool:
    words = [word for word in run if any(map(str.isalnum, word))]
    return len(words) > 1 or any(len(word) > _SHORT or not word.isascii() for word in words)


def _add(pieces: list[DiffSegment], old: Sequence[str], new: Sequence[str], *, same: bool) -> None:
    if old or new:
        pieces.append(DiffSegment(before="".join(old), after="".join(new), same=same))
