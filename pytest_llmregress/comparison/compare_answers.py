"""What differs between two answers: a closed answer, values of JSON, facts of a text."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pytest_llmregress.behavior.registry import JSON_VALUES
from pytest_llmregress.behavior.text.closed_answer import (
    OPEN,
    is_same_answer,
    is_same_number,
    is_token,
    normalize_answer,
)
from pytest_llmregress.behavior.text.facts import extract_dates, extract_urls
from pytest_llmregress.behavior.text.names import is_name
from pytest_llmregress.behavior.trait_record import members
from pytest_llmregress.comparison.baseline_variance import (
    QUARANTINE,
    is_between,
    rank_by_frequency,
)
from pytest_llmregress.comparison.json_difference import (
    ABSENT,
    Difference,
    format_difference,
    format_json_path,
    is_alike,
    is_one_of,
    is_rewording,
    is_same,
)
from pytest_llmregress.comparison.keep_by_identity import keep_by_identity
from pytest_llmregress.comparison.trait_rules import MAX_DETAIL, build_change
from pytest_llmregress.formatting.value_text import truncate
from pytest_llmregress.values.behavior import Change, Severity, Trait
from pytest_llmregress.values.canonical_json import identify

MAX_SHORT = 80
"""Characters of a text that may be another way to write a label or a date."""
_Path = tuple[str | int, ...]
_POLARITIES = frozenset({f"yes{OPEN}", f"no{OPEN}"})
_ENOUGH_FOR_FACTS = 3
"""With this many samples, a fact that all of them state is not there by chance."""
_FEW_FACTS = 3
"""A text with at most so many facts of a kind says another one instead of one it has lost."""
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?")
_TIME = re.compile(r"(\d{1,2})(:\d\d(?::\d\d)?)")
_HOURS = 12
_MAGNITUDES = tuple(Decimal(10) ** power for power in (3, 6, 9))


def compare_facts(olds: Sequence[Trait], new: Trait) -> Change | None:
    """Find the facts that every sample states and the new recording does not.

    One or two samples cannot tell which facts are there by chance: losing one is cosmetic. Where
    the samples agree on a few facts, and another one stands for one that is lost, it is notable.
    """
    stable, now = frozenset.intersection(*map(members, olds)), members(new)
    lost = {fact for fact in stable - now if not any(_is_same(fact, each) for each in now)}
    if not lost:
        return None
    known = frozenset.union(*map(members, olds))
    gained = {fact for fact in now - known if not any(_is_same(fact, each) for each in known)}
    has_few = known == stable and max(len(known), len(now)) <= _FEW_FACTS
    is_replaced = bool(gained) and has_few
    is_bad = is_replaced or len(olds) >= _ENOUGH_FOR_FACTS
    kept = now if is_replaced else now & stable
    change = build_change(
        replace(olds[0], value=sorted(stable)),
        replace(new, value=sorted(kept)),
        severity=Severity.NOTABLE if is_bad else Severity.COSMETIC,
    )
    return replace(change, parts=tuple(sorted(lost)))


def _is_same(one: str, other: str) -> bool:
    """Say whether two facts are one: a number rounded or in millions, a time of twelve hours."""
    times = _TIME.fullmatch(one), _TIME.fullmatch(other)
    if times[0] and times[1]:
        hours = abs(int(times[0][1]) - int(times[1][1]))
        return times[0][2] == times[1][2] and hours in {0, _HOURS}
    if not (_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)):
        return False
    small, large = sorted((Decimal(one), Decimal(other)), key=abs)
    return is_same_number(small, large) or _is_magnitude(small, large)


def _is_magnitude(small: Decimal, large: Decimal) -> bool:
    """Say whether a number is another one in thousands, millions or billions: 2.1 is 2,102,650."""
    unit = Decimal(1).scaleb(int(small.as_tuple().exponent))
    return any(abs(large - small * factor) * 2 <= unit * factor for factor in _MAGNITUDES)


def compare_answers(olds: Sequence[Trait], new: Trait) -> Change | None:
    """Return the change of a closed answer; None where any sample of the baseline gives it, too.

    Another one is breaking where all samples agree, notable where they do not, and cosmetic
    where they give three or more themselves. Of open answers only a yes that becomes a no counts,
    and a name in the place of another one is notable.
    """
    ranked = rank_by_frequency(olds)
    now = str(new.value)
    if any(is_same_answer(str(old.value).casefold(), now.casefold()) for old, _ in ranked):
        return None
    old = next((old for old, _ in ranked if str(old.value)), None)
    if old is None or not now:
        return None
    was = str(old.value)
    if was.endswith(OPEN) and not {was, now} <= _POLARITIES:
        return None
    is_open = was.endswith(OPEN) or (is_name(was) and is_name(now))
    worst = Severity.NOTABLE if is_open else Severity.BREAKING
    distinct = len({str(each.value).casefold() for each, _ in ranked})
    severity, noisy = rate_by_agreement(worst, distinct)
    shown = ", ".join(f"{each.value or 'another text'} x{count}" for each, count in ranked)
    detail = f"baseline: {shown}" if len(ranked) > 1 else ""
    change = build_change(old, new, severity=severity, detail=truncate(detail, MAX_DETAIL))
    return replace(change, noisy=noisy)


def rate_by_agreement(severity: Severity, distinct: int) -> tuple[Severity, bool]:
    """Return how bad another value is where the samples show so many, and whether it is noise.

    :param severity: how bad it is where all samples agree.
    """
    if distinct >= QUARANTINE:
        return Severity.COSMETIC, True
    at_most = Severity.NOTABLE if distinct > 1 else Severity.BREAKING
    return min(severity, at_most, key=lambda each: each.rank), False


# --- JSON ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedDifference:
    """One value of a structure that differs, and how bad that is."""

    difference: Difference
    severity: Severity
    noisy: bool = False


def compare_json_values(olds: Sequence[Trait], new: Trait) -> Change | None:
    """Return how the values of a JSON answer differ from the baseline's; None where they do not.

    Each value is held against those of all samples at the same place. A closed one (a truth
    value, a word or id without white space, one that the schema lists) is breaking where they
    agree; a number, a date, an address, null, what is empty and items of a list are notable, and
    another wording is cosmetic. The order of a list is no difference. Keys have their own trait.
    """
    known = [old.value for old in olds if isinstance(old.value, dict) and "json" in old.value]
    if not known or not isinstance(new.value, dict) or "json" not in new.value:
        return None
    closed = {str(place) for value in (*known, new.value) for place in value.get("closed", ())}
    rated = list(_walk((), [value["json"] for value in known], new.value["json"], closed))
    if not rated:
        return None
    rated.sort(key=lambda each: (-each.severity.rank, each.noisy))
    worst = rated[0]
    before, after = format_difference(worst.difference)
    others = [" → ".join(format_difference(each.difference)) for each in rated[1:]]
    return Change(
        trait=JSON_VALUES,
        severity=worst.severity,
        before=f"{_place(worst)}: {before}",
        after=after,
        detail=truncate(
            f"and {len(others)} more: {'; '.join(others)}" if others else "", MAX_DETAIL
        ),
        parts=tuple(
            _place(each)
            for each in rated
            if (each.severity, each.noisy) == (worst.severity, worst.noisy)
        ),
        noisy=worst.noisy,
    )


def _place(rated: RatedDifference) -> str:
    return format_json_path(rated.difference.path)


def _walk(
    path: _Path, olds: Sequence[Any], new: Any, closed: set[str]
) -> Iterator[RatedDifference]:
    """Yield what differs at a place and below, held against what each sample has there."""
    if is_one_of(new, olds):
        return
    kind = type(new)
    alike = [old for old in olds if type(old) is kind] if new and kind in _NESTED else []
    if not any(alike):
        yield from _rate(path, [old for old in olds if old is not ABSENT], new, closed)
    elif kind is dict:
        for key in sorted({key for each in (*alike, new) for key in each}):
            values = [each.get(key, ABSENT) for each in alike]
            yield from _walk((*path, key), values, new.get(key, ABSENT), closed)
    else:
        yield from _walk_list(path, [old for old in alike if old], new, closed)


_NESTED = frozenset({dict, list})


def _walk_list(
    path: _Path, olds: Sequence[list[Any]], new: list[Any], closed: set[str]
) -> Iterator[RatedDifference]:
    """Hold each item against the one that stands for it in each sample; order does not count."""
    pairs = [_pair(old, new) for old in olds]
    for index, item in enumerate(new):
        known = [pair[index] for pair in pairs if index in pair]
        yield from _walk((*path, index), known, item, closed) if known else ()
    lengths = {len(old) for old in olds}
    if len(new) < min(lengths) or len(new) > max(lengths):
        old = min(olds, key=lambda each: abs(len(each) - len(new)))
        severity, noisy = rate_by_agreement(Severity.NOTABLE, len(lengths))
        difference = Difference(path=path, before=old, after=new)
        yield RatedDifference(difference=difference, severity=severity, noisy=noisy)


@keep_by_identity(64)
def _identify_items(items: list[Any]) -> list[str]:
    return list(map(identify, items))


def _pair(old: list[Any], new: list[Any]) -> dict[int, Any]:
    """Return the item of an old list for each index of a new one: an equal one, else in order."""
    texts = _identify_items(old)
    unused = Counter(texts)
    pairs: dict[int, Any] = {}
    for index, (item, text) in enumerate(zip(new, _identify_items(new), strict=True)):
        if unused[text]:
            unused[text] -= 1
            pairs[index] = item
    rest = []
    for text, item in zip(reversed(texts), reversed(old), strict=True):
        if unused[text]:
            unused[text] -= 1
            rest.append(item)
    others = [index for index in range(len(new)) if index not in pairs]
    return pairs | dict(zip(others, reversed(rest), strict=False))


def _rate(
    path: _Path, olds: Sequence[Any], new: Any, closed: set[str]
) -> Iterator[RatedDifference]:
    """Yield one value that differs; nothing where its key is lost, gained or of another type."""
    if new is ABSENT or not olds or any(_is_equal(old, new) for old in olds):
        return
    if is_between(new, olds):
        return
    texts = list(map(identify, olds))
    counts = Counter(texts)
    old = olds[texts.index(counts.most_common(1)[0][0])]
    severity = _rate_pair(path, old, new, closed)
    if severity is not None:
        severity, noisy = rate_by_agreement(severity, len(counts))
        difference = Difference(path=path, before=old, after=new)
        yield RatedDifference(difference=difference, severity=severity, noisy=noisy)


def _rate_pair(path: _Path, old: Any, new: Any, closed: set[str]) -> Severity | None:
    """Return how bad another value is where the samples agree."""
    if _is_empty(old) or _is_empty(new):
        return Severity.NOTABLE
    if not is_alike(old, new):
        return None  # "text.json_keys" tells another type
    place = format_json_path(path, any_index=True)
    is_item = bool(path) and isinstance(path[-1], int)
    if isinstance(old, bool) or place in closed:
        return Severity.BREAKING
    if not isinstance(old, str):
        return Severity.NOTABLE
    if is_token(old) and not is_item and not _is_fact(old):
        return Severity.BREAKING
    return Severity.COSMETIC if is_rewording(old, new) else Severity.NOTABLE


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _is_fact(text: str) -> bool:
    return bool(extract_dates(text) or extract_urls(text))


def _is_equal(old: Any, new: Any) -> bool:
    """Say whether two values are one, perhaps rounded or written in another way."""
    if isinstance(old, str) and isinstance(new, str):
        return _is_equal_text(old, new)
    if isinstance(old, bool) or isinstance(new, bool):
        return is_same(old, new)
    if isinstance(old, int | float) and isinstance(new, int | float):
        return is_same_number(Decimal(repr(old)), Decimal(repr(new)))
    return is_same(old, new)


def _is_equal_text(old: str, new: str) -> bool:
    """Say whether two short texts differ in letter case, quotes or the writing of a date alone."""
    if max(len(old), len(new)) > MAX_SHORT:
        return False
    if is_token(old) and not _is_fact(old):
        return old.casefold() == new.casefold()
    return is_same_answer(normalize_answer(old), normalize_answer(new))
