"""Secrets that are known by their form, by the name of their field, or by their value."""

import base64
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from pytest_llmregress.redaction.personal_data import find_personal_data
from pytest_llmregress.redaction.secret_forms import FORMS, Form

PLACEHOLDER = "[redacted]"

_RUN = re.compile(rb"[A-Za-z0-9_.~+/=:@%-]{14,}")
"""What a key is made of, and so long as the shortest."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{28,}={0,2}")
_PART = re.compile(rb"[A-Za-z0-9+_-]{28,}={0,2}")
"""The same, of a text that is one part of a path."""
_MIN_BASE64 = 28
_LONG = 2048
"""Bytes; no key is as long, and half of it is as many as base64 can be cut after."""
_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")

_Prefixes = tuple[tuple[bytes, Form], ...]
_SPREAD = tuple((prefix, form) for form in FORMS if form.is_spread for prefix in form.prefixes)
_IN_A_RUN = tuple(
    (prefix, form) for form in FORMS if not form.is_spread for prefix in form.prefixes
)

_SHOWN = 4
"""Characters of a secret that a finding shows, at most; of a short one a quarter."""


class SecretSpan(NamedTuple):
    """Where a secret stands in some bytes."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretFinding:
    """A secret in a text."""

    line: int
    """From 1; the line on which it begins."""
    kind: str
    excerpt: str
    """Its first characters and an ellipsis: never the secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSecrets:
    """What is known to be secret, beyond the forms that everybody's keys have."""

    values: tuple[bytes, ...] = field(default=(), repr=False)
    """Secrets in every way in which they may be written."""
    names: Mapping[bytes, str] = field(default_factory=dict, repr=False)
    """What holds each of the values, such as "value of DB_PASSWORD", where that is known."""
    patterns: tuple[re.Pattern[bytes], ...] = ()
    """Further forms; a group "secret" is what is taken for the secret, or all is."""
    presets: tuple[str, ...] = ()
    """Kinds of personal data, as `personal_data.NAMES` has them."""

    def spans(self, data: bytes) -> list[SecretSpan]:
        """Return where secrets stand, in order, those that overlap as one."""
        return merge((*self._find(data), *self._find_escaped(data)))

    def _find(self, data: bytes) -> Iterator[SecretSpan]:
        yield from self._values_in(data)
        yield from self._patterns_in(data)
        yield from _forms_in(data)
        for name in self.presets:
            for start, end in find_personal_data(name, data):
                yield SecretSpan(start, end, name)

    def _find_escaped(self, data: bytes) -> Iterator[SecretSpan]:
        """Yield what is found only once the escapes of a URL or a form are undone."""
        escapes = [match.start() for match in _ESCAPE.finditer(data)]
        if escapes:
            at = [start - 2 * number for number, start in enumerate(escapes)]
            for start, end, kind in self._find(unquote_to_bytes(data)):
                first, last = (place + 2 * bisect_left(at, place) for place in (start, end))
                yield SecretSpan(first, last, kind)

    def _values_in(self, data: bytes) -> Iterator[SecretSpan]:
        for value in self.values:
            start = data.find(value)
            while start >= 0:
                kind = self.names.get(value, "known secret")
                yield SecretSpan(start, start + len(value), kind)
                start = data.find(value, start + len(value))

    def _patterns_in(self, data: bytes) -> Iterator[SecretSpan]:
        for pattern in self.patterns:
            yield from _matches(pattern, data, f"rule {pattern.pattern.decode()}")


def find_secret_spans(text: str, known: KnownSecrets) -> tuple[SecretFinding, ...]:
    """Return the secrets in a text, in order, without those that are redacted already."""
    data = text.encode("utf-8", "surrogatepass")
    findings: list[SecretFinding] = []
    line, counted = 1, 0
    for start, end, kind in known.spans(data):
        secret = data[start:end].decode("utf-8", "replace")
        if secret == PLACEHOLDER:
            continue
        line += data.count(b"\n", counted, start)
        counted = start
        shown = secret[: min(_SHOWN, len(secret) // 4)]
        findings.append(SecretFinding(line=line, kind=kind, excerpt=f"{shown}…"))
    return tuple(findings)


def merge(spans: Iterable[SecretSpan]) -> list[SecretSpan]:
    """Return spans in order, those that overlap as one of the kind that begins first."""
    merged: list[SecretSpan] = []
    for span in sorted(spans):
        if merged and span.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, span.end))
        elif span.start < span.end:
            merged.append(span)
    return merged


def replace_spans(data: bytes, spans: Sequence[SecretSpan]) -> bytes:
    """Return data with a placeholder for each of the spans, which do not overlap."""
    parts: list[bytes] = []
    end_of_last = 0
    for start, end, _ in spans:
        parts += (data[end_of_last:start], PLACEHOLDER.encode())
        end_of_last = end
    return b"".join((*parts, data[end_of_last:])) if spans else data


def _forms_in(data: bytes) -> Iterator[SecretSpan]:
    """Yield what has the form of a secret, also within base64.

    All but a few forms are runs of the characters that keys are made of. Ordinary text has hardly
    any run as long as a key: most prefixes are looked for in these alone, and not in all of it.
    """
    runs = [run for run in _RUN.findall(data) if not _is_binary(run)]
    for prefix, form in (*_begun_in(data, _SPREAD), *_begun_in_runs(b" ".join(runs))):
        yield from _of_form(form, prefix, data)
    if any(len(run) >= _MIN_BASE64 for run in runs):
        yield from _in_base64(data)


def _begun_in(data: bytes, prefixes: _Prefixes) -> _Prefixes:
    return tuple(each for each in prefixes if each[0] in data)


def _begun_in_runs(runs: bytes) -> _Prefixes:
    """Return the forms whose prefix is in the runs of a text: few, and the same again and again."""
    if not runs:
        return ()
    return _begun_in(runs, _IN_A_RUN) if len(runs) > _LONG else _begun_in_short(runs)


@lru_cache(maxsize=256)
def _begun_in_short(runs: bytes) -> _Prefixes:
    return _begun_in(runs, _IN_A_RUN)


def _of_form(form: Form, prefix: bytes, data: bytes) -> Iterator[SecretSpan]:
    for start, end, kind in _matches(_pattern(form, prefix), data, form.kind):
        if form.is_secret(data[start:end]):
            yield SecretSpan(start - form.lead[0], end, kind)


def _in_base64(data: bytes) -> Iterator[SecretSpan]:
    """Yield the parts of base64 that say a secret of a known form once they are decoded.

    A part begins and ends where four characters do: what is left of a text can still be decoded.
    """
    for run in _BASE64.finditer(data):
        if _is_binary(run[0]):
            continue
        found = list(_in_run(run[0]))
        if not found and b"/" in run[0]:  # it may be parts of a path
            for part in _PART.finditer(run[0]):
                found += [
                    span._replace(start=part.start() + span.start, end=part.start() + span.end)
                    for span in _in_run(part[0])
                ]
        for start, end, kind in found:
            yield SecretSpan(run.start() + start, run.start() + end, kind)


def _is_binary(run: bytes) -> bool:
    """Tell whether a long run is base64 of no text, such as a picture: nobody's key is in it."""
    if len(run) < _LONG or _BASE64.fullmatch(run) is None:
        return False
    return not base64.b64decode(run[: _LONG // 2].translate(_TO_STANDARD)).isascii()


def _in_run(run: bytes) -> Iterator[SecretSpan]:
    text = run.translate(_TO_STANDARD).rstrip(b"=")
    decoded = base64.b64decode(text + b"=" * (-len(text) % 4)) if len(text) % 4 != 1 else b""
    if decoded.isascii() and _RUN.search(decoded):
        for start, end, kind in merge(_forms_in(decoded)):
            yield SecretSpan(start // 3 * 4, min(-(-end // 3) * 4, len(run)), kind)


def _matches(pattern: re.Pattern[bytes], data: bytes, kind: str) -> Iterator[SecretSpan]:
    group: int | str = "secret" if "secret" in pattern.groupindex else 0
    for match in pattern.finditer(data):
        start, end = match.span(group)
        yield SecretSpan(start, end, kind)


@cache
def _pattern(form: Form, prefix: bytes) -> re.Pattern[bytes]:
    r"""Return the pattern of a form with one of its prefixes.

    The prefix stands first, and what may be before it in look-behinds after it, since `re` looks
    for a literal first much faster. A key may follow on an escape: "\n", "\u003d", "%3D".
    """
    first = re.escape(prefix)
    bounds = b""
    if form.apart:
        bounds = (
            rb"(?:(?<![%(apart)s]%(first)s)|(?<=\\[A-Za-z]%(first)s)"
            rb"|(?<=\\u[0-9a-fA-F]{4}%(first)s)|(?<=%%[0-9a-fA-F]{2}%(first)s))"
        ) % {b"apart": form.apart, b"first": first}
    elif form.lead[0]:
        bounds = rb"(?<=%s%s)" % (form.lead[1], first)
    return re.compile(first + bounds + form.rest)
