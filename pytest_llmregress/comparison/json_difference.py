"""One place where two JSON values differ, and whether that is more than another wording."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest
from typing import Any, Final

from pytest_llmregress.behavior.text.text_facts import words
from pytest_llmregress.formatting.value_text import excerpts, truncate
from pytest_llmregress.values.canonical_json import dump_canonical_json

MAX_SHOWN = 60
"""Characters of one value."""


class MissingValue(Enum):
    """Stands where one of the two values has nothing."""

    ABSENT = "not given"


ABSENT: Final = MissingValue.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place where two JSON values differ."""

    path: tuple[str | int, ...]
    """Keys and indices from the root on."""
    before: Any
    """What stood there; ABSENT where nothing did."""
    after: Any
    told: str = ""
    """The difference in the finder's own words; empty where it has none."""


Differ = Callable[[Any, Any], Sequence[Difference]]
"""From two JSON values to the places where they differ; none where they are the same."""


def differing_leaves(before: Any, after: Any) -> tuple[Difference, ...]:
    """Return the smallest parts that differ, keys sorted; a list of another length is one part."""
    return tuple(_walk(before, after, ()))


def is_same(before: Any, after: Any) -> bool:
    """Say whether two JSON values are the same: 1 and 1.0 are, 1 and true are not."""
    if isinstance(before, str) or isinstance(after, str):
        return bool(before == after)
    if _is_number(before) and _is_number(after):
        return bool(before == after)
    if isinstance(before, MissingValue) or isinstance(after, MissingValue):
        return before is after
    if before != after:
        return False
    return dump_canonical_json(before) == dump_canonical_json(after)


def is_one_of(value: Any, others: Sequence[Any]) -> bool:
    """Say whether any of other JSON values is the same."""
    # What is the same is equal, and equal ones are found many times as fast.
    return value in others and any(is_same(other, value) for other in others)


def value_at(value: Any, path: Sequence[str | int]) -> Any:
    """Return what stands at a place, ABSENT where a value does not reach so far."""
    for part in path:
        match value, part:
            case dict(), str() if part in value:
                value = value[part]
            case list(), int() if part < len(value):
                value = value[part]
            case _:
                return ABSENT
    return value


def format_json_path(path: Sequence[str | int], *, any_index: bool = False) -> str:
    """Return a path in words: "lines[0].price"; with `any_index` the path of keys: "lines[]"."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += "[]" if any_index else f"[{part}]"
        else:
            name = part if _SIMPLE_KEY.fullmatch(part) else dump_canonical_json(part)
            text += f".{name}" if text else name
    return text or "root"


def format_one_line(difference: Difference) -> str:
    """Return a difference in words: the finder's own, or else its place and values."""
    if difference.told:
        return difference.told
    before, after = format_difference(difference)
    return f"{format_json_path(difference.path)}: {before} → {after}"


def format_difference(difference: Difference) -> tuple[str, str]:
    """Return both values of a difference as short JSON, texts around their first difference."""
    before, after = difference.before, difference.after
    if isinstance(before, str) and isinstance(after, str):
        old, new = excerpts(before, after)
        return f"'{old}'", f"'{new}'"
    return _shown(before), _shown(after)


def is_alike(before: Any, after: Any) -> bool:
    """Say whether two JSON values are of one type."""
    return type(before) is type(after) or (_is_number(before) and _is_number(after))


def is_sentence(value: Any) -> bool:
    """Say whether a value reads like words of a model rather than like one of a few choices."""
    if not isinstance(value, str):
        return False
    # Of Chinese and Japanese each character is a word, and about two make one.
    return len(value.split()) + words(value) > 6  # noqa: PLR2004 - twice "needs a human"


def is_rewording(before: Any, after: Any) -> bool:
    """Say whether a difference is one sentence instead of another."""
    return isinstance(before, str) and is_sentence(after) and words(before) > 1


_SIMPLE_KEY = re.compile(r"[\w-]+")


def _walk(before: Any, after: Any, path: tuple[str | int, ...]) -> Iterator[Difference]:
    match before, after:
        case dict(), dict():
            for key in sorted({**before, **after}):
                yield from _walk(before.get(key, ABSENT), after.get(key, ABSENT), (*path, key))
        case list(), list() if len(before) == len(after):
            for index, (old, new) in enumerate(zip_longest(before, after)):
                yield from _walk(old, new, (*path, index))
        case _:
            if not is_same(before, after):
                yield Difference(path=path, before=before, after=after)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if isinstance(value, MissingValue):
        return value.value
    return truncate(
        f"'{value}'" if isinstance(value, str) else dump_canonical_json(value), MAX_SHOWN
    )
