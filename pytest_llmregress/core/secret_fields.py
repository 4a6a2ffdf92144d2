"""Secrets that are known by the name of their field, in JSON, forms and queries."""

import re
from collections.abc import Iterator
from functools import cache

from pytest_llmregress.core.secrets import Span

_NAMES = (
    rb"authorization[_-]?token|access[_-]?token|refresh[_-]?token|tunnel[_-]?token"
    rb"|fallback[_-]?credit[_-]?token|client[_-]?secret|signing[_-]?secret|secret[_-]?value"
    rb"|secret[_-]?access[_-]?key|api[_-]?key|x-api-key|password|passwd"
)
"""What only a secret is called, however short it is."""

_NAMES_OF_LONG = rb"assertion|secret|token|session[_-]?token|authorization|proxy-authorization"
"""What other things are called too: a statement, a riddle's answer, a piece of a word."""

_LONG = rb"(?:(?:Bearer|Basic) )?[A-Za-z0-9+/=_.~:-]{32,}+"
"""What a value of such a name looks like if it is a secret: long, and not a sentence."""

_DEPTH = 3
"""How deep JSON that stands as a text in JSON is looked into: a tool result that quotes a file."""

_QUERY = re.compile(
    rb"(?i)[?&](?:(?:" + _NAMES + rb")=(?P<secret>[^&#\s\"]+)"
    rb"|(?:" + _NAMES_OF_LONG + rb"|key|code|sig|signature|x-amz-signature|x-amz-security-token)"
    rb"=(?P<long>[^&#\s\"]{20,}))"
)
_FORM = re.compile(rb"(?i)(?:^|&)(?:" + _NAMES + rb"|assertion)=(?P<secret>[^&\s]+)")
_PART = re.compile(
    rb"(?i)\bname=\"(?:" + _NAMES + rb")\"(?:[^\r\n]*\r\n[^\r\n]+){0,5}?[^\r\n]*\r\n\r\n"
    rb"(?P<secret>[^\r\n]+)"
)


def spans_in_json(data: bytes) -> Iterator[Span]:
    """Yield the values of secret fields: texts only, so that a schema's "password" stays.

    JSON that is itself a text in JSON, and so escaped, is looked into as well. A text that is cut
    off is taken to its end: of a damaged stream the first half of a password is a secret too.
    """
    for depth in range(_DEPTH):
        if depth and b'\\"' not in data:
            return
        for pattern in _patterns(depth):
            yield from _spans(pattern, data)


def spans_in_query(url: bytes) -> Iterator[Span]:
    """Yield the secret parameters of a URL."""
    return _spans(_QUERY, url)


def spans_in_form(body: bytes, content_type: str) -> Iterator[Span]:
    """Yield the secret fields of a body that is a form; none for any other."""
    if content_type.startswith("application/x-www-form-urlencoded"):
        yield from _spans(_FORM, body)
    elif content_type.startswith("multipart/"):
        yield from _spans(_PART, body)


def _spans(pattern: re.Pattern[bytes], data: bytes) -> Iterator[Span]:
    for match in pattern.finditer(data):
        group = match.lastgroup or "secret"
        start, end = match.span(group)
        yield Span(start, end, "secret field")


@cache
def _patterns(depth: int) -> tuple[re.Pattern[bytes], ...]:
    """Return the patterns of JSON that has been escaped so many times.

    Each escaping doubles the backslashes and adds one before a quote: the quote around a text is
    written with 2^depth - 1 backslashes, and one within it with 2^(depth + 1) - 1.
    """
    whole = 2 ** (depth + 1)
    quote = rb"\\{%d}\"" % (whole // 2 - 1) if depth else b'"'
    content = (rb"(?:[^\"\\]|\\{%(whole)d}|\\{%(within)d}\"|\\{1,%(within)d}(?![\\\"]))++") % {
        b"whole": whole,
        b"within": whole - 1,
    }
    key = rb"(?i)(?<!\\)%(quote)s(?:%(names)s)%(quote)s\s*+:\s*+%(quote)s"
    end = rb"(?=%s|\Z)" % quote
    inside = rb"(?i)(?<!\\)%(quote)sfallback_credit_token%(quote)s\s*+:\s*+\{[^{}]{0,400}?"
    return tuple(
        re.compile(start % {b"quote": quote, b"names": names} + b"(?P<secret>" + value + b")" + end)
        for start, names, value in (
            (key, _NAMES, content),
            (key, _NAMES_OF_LONG, _LONG),
            (inside + rb"%(quote)stoken%(quote)s\s*+:\s*+%(quote)s", b"", content),
        )
    )
