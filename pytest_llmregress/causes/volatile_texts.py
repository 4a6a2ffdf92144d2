"""What a program puts into a request anew each time: ids, times, dates, numbers."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pytest_llmregress.values.http import Request
from pytest_llmregress.values.matching import RequestMatcher

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?"


class _Form(NamedTuple):
    """How a text looks that is another one each time."""

    name: str
    pattern: str
    is_telling: bool = True
    """Whether nothing else looks so: a form that says little counts where nothing else differs."""


_FORMS = (
    _Form("uuid", r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"),
    _Form("time", rf"\b\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?:Z|[+-]\d\d:?\d\d)?"),
    _Form("date", r"\b\d{4}[-/.]\d\d[-/.]\d\d\b"),
    _Form("date", r"\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b", is_telling=False),
    _Form("date", rf"\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b"),
    _Form("date", rf"\b\d{{1,2}}(?:st|nd|rd|th)?\.? {_MONTH}\.? \d{{4}}\b"),
    _Form(
        "weekday",
        r"\b(?:Mon|Tue|Tues|Wed|Wednes|Thu|Thurs|Fri|Sat|Satur|Sun)(?:day)?\b",
        is_telling=False,
    ),
    _Form("time", rf"\b{_CLOCK}(?: ?[AaPp][Mm]\b)?"),
    _Form("id", r"\b[0-9A-HJKMNP-TV-Z]{26}\b"),
    _Form("address", r"\b0x[0-9a-fA-F]{6,}\b"),
    _Form("number", r"\b\d{5,}(?:\.\d+)?\b", is_telling=False),
    _Form("id", r"\b(?=[a-fA-F]*\d)[0-9a-fA-F]{8,}\b", is_telling=False),
    _Form("id", r"\b(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{8,}\b", is_telling=False),
)
"""The first that fits a text is the one that is told."""


def find_volatile(
    asked: Request, recorded: Sequence[Request], nearest: int, matcher: RequestMatcher
) -> dict[str, str]:
    """Return what `match_replace` would need for a recorded request to answer the asked one.

    :param nearest: index of the recorded request that is told where none is the same but for it.
    :returns: regular expressions, and the text to read in the place of what they match; empty
        where nothing of a known form differs.
    """
    for each in (*recorded, recorded[nearest]):
        rules = _differing(_texts(each, matcher), _texts(asked, matcher))
        wider = _widen(matcher, {pattern: text for pattern, (text, _) in rules.items()})
        if rules and wider.key_of(each) == wider.key_of(asked):
            return {pattern: text for pattern, (text, _) in rules.items()}
    return {pattern: text for pattern, (text, is_telling) in rules.items() if is_telling}


def _widen(matcher: RequestMatcher, rules: Mapping[str, str]) -> RequestMatcher:
    added = tuple((re.compile(pattern), text) for pattern, text in rules.items())
    return replace(matcher, replace=(*matcher.replace, *added))


def _texts(request: Request, matcher: RequestMatcher) -> list[str]:
    """Return the texts of a JSON body that count in matching, but for the name of the model."""
    try:
        body = json.loads(request.body)
        return list(_walk({**matcher.settled(body), "model": None}))
    except (ValueError, TypeError, RecursionError):
        return []


def _walk(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _walk(item)
        case dict():
            for _, item in sorted(value.items()):
                yield from _walk(item)


def _differing(old: Sequence[str], new: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Return the forms that are there as often on both sides, with other texts."""
    rules: dict[str, tuple[str, bool]] = {}
    for form in _FORMS:
        before, after = (re.findall(form.pattern, "\n".join(texts)) for texts in (old, new))
        if before == after or len(before) != len(after):
            continue
        changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
        pattern = form.pattern if form.is_telling else _narrow(form.pattern, changed)
        text = f"<{form.name}>"
        rules[pattern] = text, form.is_telling
        old, new = ([re.sub(pattern, text, each) for each in texts] for texts in (old, new))
    return rules


def _narrow(pattern: str, changed: Sequence[tuple[str, str]]) -> str:
    """Return the pattern behind the prefix that all texts share, as in "req_8f3k2h9d"."""
    first, *others = [text for pair in changed for text in pair]
    end = max(first.rfind("_"), first.rfind("-")) + 1
    prefix = first[:end]
    if not prefix or not all(text.startswith(prefix) for text in others):
        return pattern
    return rf"\b{re.escape(prefix)}[A-Za-z0-9]+\b"
