"""How bad it is that one argument of a tool has another value than in the baseline."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from pytest_llmregress.comparison import free_text
from pytest_llmregress.comparison.argument_fields import is_closed, is_estimate, is_free, is_search
from pytest_llmregress.comparison.baseline_variance import QUARANTINE
from pytest_llmregress.comparison.compare_answers import rate_by_agreement
from pytest_llmregress.comparison.json_difference import (
    ABSENT,
    Difference,
    MissingValue,
    is_same,
    value_at,
)
from pytest_llmregress.comparison.value_forms import read_form
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.comparison_rules import ArgumentMatch

MAX_LINES = 5
"""Lines of a command or a program that can be expected to come again; a longer one is written
anew each time."""
_exactly = dump_canonical_json
_IN_FREE_TEXT = frozenset({"date", "url", "mailbox", "cron", "path", "digits", "sql", "identifier"})
"""The forms that count where a name promises free text: others look like a search for words."""
_EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentRating:
    """How bad a difference is."""

    severity: Severity
    noisy: bool = False
    """Whether the baseline's samples have so many values that another one is expected."""


_COSMETIC = ArgumentRating(severity=Severity.COSMETIC)
_NOTABLE = ArgumentRating(severity=Severity.NOTABLE)
_BREAKING = ArgumentRating(severity=Severity.BREAKING)
_NOISE = ArgumentRating(severity=Severity.COSMETIC, noisy=True)


def find_argument_differences(
    before: Any, after: Any, path: tuple[str | int, ...] = ()
) -> Iterator[Difference]:
    """Yield the smallest parts that differ, keys sorted; a list of plain values is one part."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({**before, **after}):
            yield from find_argument_differences(
                before.get(key, ABSENT), after.get(key, ABSENT), (*path, key)
            )
    elif _are_records(before) and _are_records(after) and len(before) == len(after):
        for index, (old, new) in enumerate(zip_longest(before, after)):
            yield from find_argument_differences(old, new, (*path, index))
    elif not is_same(before, after):
        yield Difference(path=path, before=before, after=after)


def rate_argument(
    difference: Difference,
    samples: Sequence[Any],
    *,
    match: ArgumentMatch | None = None,
    is_listed: bool = False,
) -> ArgumentRating | None:
    """Return how bad a difference is; None where it is none, or the baseline shows it, too.

    :param samples: the arguments of the same call in each sample of the baseline.
    :param match: what the test says about this argument.
    :param is_listed: whether the tool's schema lists the values that may stand there.
    """
    seen = [value_at(sample, difference.path) for sample in samples]
    if match is ArgumentMatch.IGNORE or any(is_same(value, difference.after) for value in seen):
        return None
    if match is ArgumentMatch.SUPERSET:
        return None if _holds(difference.after, difference.before) else _BREAKING
    if match is ArgumentMatch.EXACT:
        return _BREAKING
    field = _field(difference.path)
    is_free_here = match is ArgumentMatch.FACTS
    if is_free_here and all(isinstance(v, str) for v in (difference.before, difference.after)):
        return _rate_free_text(field, difference.before, difference.after, seen)
    return _rate(field, difference.before, difference.after, seen, is_listed=is_listed)


def _rate(
    field: str, before: Any, after: Any, seen: Sequence[Any], *, is_listed: bool
) -> ArgumentRating | None:
    """Rate by the types of both values; a value in quotation marks is the same value, noted."""
    if any(value is ABSENT or value in _EMPTY for value in (before, after)):
        return _rate_nothing(before, after)
    if isinstance(before, str) and isinstance(after, str):
        return _rate_text(field, before, after, seen, is_listed=is_listed)
    if isinstance(before, list) and isinstance(after, list):
        return _rate_lists(before, after, seen, is_listed=is_listed)
    if _is_number(before) and _is_number(after):
        return _rate_numbers(field, after, seen)
    if _unquoted(before) == _unquoted(after):
        return _NOTABLE
    return _rate_closed(_exactly, seen)


def _rate_nothing(before: Any, after: Any) -> ArgumentRating:
    """Take a switch that is not given for one that is off, and nothing for nothing."""
    if ABSENT not in (before, after):
        return _NOTABLE
    given = after if isinstance(before, MissingValue) else before
    if given is True:
        return _BREAKING
    return _COSMETIC if given is False or given in _EMPTY else _NOTABLE


def _rate_numbers(field: str, after: float, seen: Sequence[Any]) -> ArgumentRating | None:
    """Take a fraction between two others for none: a whole number may be another order's."""
    numbers = [value for value in seen if _is_number(value)]
    has_fractions = any(isinstance(each, float) for each in (after, *numbers))
    if has_fractions and len(numbers) > 1 and min(numbers) < after < max(numbers):
        return None
    rating = _rate_closed(_exactly, seen)
    is_worst = rating.severity is Severity.BREAKING
    return _NOTABLE if is_estimate(field) and is_worst else rating


def _rate_lists(
    before: list[Any], after: list[Any], seen: Sequence[Any], *, is_listed: bool
) -> ArgumentRating:
    """Rate another order as notable; other items as closed where they are no words of a model."""
    old, new = (sorted(map(dump_canonical_json, items)) for items in (before, after))
    rating = _rate_closed(_exactly, seen)
    texts = [item for item in (*before, *after) if isinstance(item, str) and _form(item) is None]
    is_open = len(texts) == len(before) + len(after) and not is_listed
    return _no_worse_than_notable(rating) if old == new or is_open else rating


def _rate_text(
    field: str, before: str, after: str, seen: Sequence[Any], *, is_listed: bool
) -> ArgumentRating | None:
    nested = _read_container(before), _read_container(after)
    if all(each is not None for each in nested):
        return _rate_nested(*nested, seen)
    if not is_listed and is_free(field) and _form(before) not in _IN_FREE_TEXT:
        return _rate_free_text(field, before, after, seen)
    canonical = _exactly if is_listed else _closed_reader(field, before)
    if canonical is None:
        return _rate_open_text(field, before, after, seen)
    if any(isinstance(v, str) and canonical(v) == canonical(after) for v in seen):
        return _COSMETIC
    rating = _rate_closed(canonical, seen)
    is_long = max(before.count("\n"), after.count("\n")) >= MAX_LINES
    is_detail = _form(before) is None and not is_listed and _is_part(before, after)
    return _no_worse_than_notable(rating) if is_long or is_detail else rating


def _is_part(before: str, after: str) -> bool:
    """Say whether a label is another one with more words: "Oslo" and "Oslo, Norway"."""
    old, new = (set(re.findall(r"\w+", text.casefold())) for text in (before, after))
    return old <= new or new <= old


def _closed_reader(field: str, text: str) -> Callable[[Any], str] | None:
    """Return what makes a closed value of a text; None where the text is open."""
    if read_form(text) is not None:
        return lambda value: (read_form(str(value)) or ("", str(value)))[1]
    is_word = len(text.split()) == 1 and len(text) <= _MAX_WORD
    if is_word or (is_closed(field) and len(text.split()) <= _MAX_CHOICE):
        return lambda value: " ".join(str(value).casefold().split())
    return None


_MAX_WORD = 30
"""Characters; a longer text without a space is one in a script that has none."""
_MAX_CHOICE = 10
"""Words of a text that may be a choice of many."""


def _rate_open_text(
    field: str, before: str, after: str, seen: Sequence[Any]
) -> ArgumentRating | None:
    """Rate a name by its words, and prose by its facts."""
    if free_text.is_phrase(before):
        if free_text.is_same_content(before, after):
            return _COSMETIC
        return _no_worse_than_notable(_rate_closed(_exactly, seen))
    return _rate_free_text(field, before, after, seen)


def _rate_free_text(field: str, before: str, after: str, seen: Sequence[Any]) -> ArgumentRating:
    texts = [value for value in seen if isinstance(value, str)] or [before]
    if free_text.find_lost_facts(texts, after):
        return _NOTABLE
    varies = len(set(texts)) >= QUARANTINE
    is_other = free_text.is_other_search if is_search(field) else free_text.is_denial
    if not varies and all(is_other(text, after) for text in texts):
        return _NOTABLE
    return _NOISE if varies else _COSMETIC


def _rate_nested(before: Any, after: Any, seen: Sequence[Any]) -> ArgumentRating | None:
    """Rate JSON within a text by the worst of its parts."""
    samples = [each for value in seen if (each := _read_container(value)) is not None]
    ratings = (
        rate_argument(difference, samples)
        for difference in find_argument_differences(before, after)
    )
    worst = sorted(filter(None, ratings), key=lambda each: (-each.severity.rank, each.noisy))
    return worst[0] if worst else _COSMETIC


def _rate_closed(canonical: Callable[[Any], str], seen: Sequence[Any]) -> ArgumentRating:
    """Rate a value that no sample has, by how far the samples agree with each other."""
    distinct = {None if value is ABSENT else canonical(value) for value in seen}
    severity, noisy = rate_by_agreement(Severity.BREAKING, len(distinct))
    return ArgumentRating(severity=severity, noisy=noisy)


def _no_worse_than_notable(rating: ArgumentRating) -> ArgumentRating:
    is_worse = rating.severity is Severity.BREAKING
    return replace(rating, severity=Severity.NOTABLE) if is_worse else rating


def _holds(value: Any, part: Any) -> bool:
    """Say whether a value has all that another one has; what was not given is in any value."""
    if isinstance(part, MissingValue):
        return True
    if isinstance(value, list) and isinstance(part, list):
        left = list(map(dump_canonical_json, value))
        for item in map(dump_canonical_json, part):
            if item not in left:
                return False
            left.remove(item)
        return True
    return is_same(value, part)


def _field(path: Sequence[str | int]) -> str:
    """Return the name that is closest to a place."""
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _are_records(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _form(text: str) -> str | None:
    form = read_form(text)
    return None if form is None else form[0]


def _unquoted(value: Any) -> str:
    """Return a value as JSON, a text as what it says."""
    if isinstance(value, str):
        nested = _read_container(value)
        return value.strip() if nested is None else dump_canonical_json(nested)
    return dump_canonical_json(value)


def _read_container(value: Any) -> Any:
    """Return the object or list that a text holds as JSON; None where it holds none."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None
