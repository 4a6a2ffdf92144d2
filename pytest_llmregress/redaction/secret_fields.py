"""Secrets that are known by the name of their field, in JSON, forms and queries."""

import re
from collections.abc import Iterator
from functools import cache

from pytest_llmregress.redaction.secret_patterns import SecretSpan

_NAMES = (
    rb"authorization[_-]?token|access[_-]?token|refresh[_-]?token|tunnel[_-]?token"
    rb"|fallback[_-]?credit[_-]?token|client[_-]?secret|signing[_-]?secret|secret[_-]?value"
    rb"|secret[_-]?access[_-]?key|api[_-]?key|x-api-key|password|passwd"
)
"""Names that only a secret has, however short its value is."""

_NAMES_OF_LONG = rb"assertion|secret|token|session[_-]?token|authorization|proxy-authorization"
"""Names that other things have as well: a statement, an answer, a part of a word."""

_LONG = rb"(?:(?:Bearer|Basic) )?[A-Za-z0-9+/=_.~:-]{32,}+"
"""What a value of such a name looks like if it is a secret: long, and not a sentence."""

_FIELD = re.compile(rb"(?i)(?:" + _NAMES + rb"|" + _NAMES_OF_LONG + rb")")

_DEPTH = 3
"""How deep JSON that stands as a text in JSON is looked into: a tool result that quotes a file."""

_QUERY = re.compile(
    rb"(?i)[?&](?:(?:" + _NAMES + rb")=(?P<secret>[^&#\s\">]+)"
    rb"|(?:" + _NAMES_OF_LONG + rb"|key|code|sig|signature|x-amz-signature|x-amz-security-token)"
    rb"=(?P<long>[^&#\s\">]{20,}))"
)
_FORM = re.compile(rb"(?i)(?:^|&)(?:" + _NAMES + rb"|assertion)=(?P<secret>[^&\s]+)")
_PART = re.compile(
    rb"(?i)\bname=\"(?:" + _NAMES + rb")\"(?:[^\r\n]*\r\n[^\r\n]+){0,5}?[^\r\n]*\r\n\r\n"
    rb"(?P<secret>[^\r\n]+)"
)


def is_secret_field(name: str) -> bool:
    """Whether a field of that name is redacted by its name; of some, only where it is long."""
    return _FIELD.fullmatch(name.encode("utf-8", "surrogatepass")) is not None


def spans_in_json(data: bytes) -> Iterator[SecretSpan]:
    """Yield the values of secret fields: texts only, so that a schema's "password" stays.

    JSON that is itself a text in JSON, and so escaped, is looked into as well. A text that is cut
    off is taken to its end: of a damaged stream the first half of a password is a secret too.
    """
    for depth in range(_DEPTH):
        if _quote(depth) not in data:
            return
        for pattern in _patterns(depth):
            yield from _spans(pattern, data)


def spans_in_query(url: bytes) -> Iterator[SecretSpan]:
    """Yield the secret parameters of a URL."""
    return _spans(_QUERY, url)


def spans_in_form(body: bytes, content_type: str) -> Iterator[SecretSpan]:
    """Yield the secret fields of a body that is a form; none for any other."""
    if content_type.startswith("application/x-www-form-urlencoded"):
        yield from _spans(_FORM, body)
    elif content_type.startswith("multipart/"):
        yield from _spans(_PART, body)


def _spans(pattern: re.Pattern[bytes], data: bytes) -> Iterator[SecretSpan]:
    for match in pattern.finditer(data):
        group = match.lastgroup or "secret"
        start, end = match.span(group)
        yield SecretSpan(start, end, "secret field")


def _quote(depth: int) -> bytes:
    """Return the quote around a text in JSON that has been escaped so many times.

    Each escaping doubles the backslashes, and adds one before a quote.
    """
    return b"\\" * ((1 << depth) - 1) + b'"'


@cache
def _patterns(depth: int) -> tuple[re.Pattern[bytes], ...]:
    """Return the patterns of JSON that has been escaped so many times.

    The quote comes first, and what may not be before it after it, since `re` looks for a literal
    first much faster. Within a text backslashes come in groups of 2^(depth + 1), and a quote that
    does not end it has one backslash less than such a group before it.
    """
    parts = {
        b"quote": re.escape(_quote(depth)),
        b"group": 2 ** (depth + 1),
        b"within": 2 ** (depth + 1) - 1,
        b"outside": 2**depth - 1,
        b"names": _NAMES,
        b"names_of_long": _NAMES_OF_LONG,
    }
    content = (
        rb"(?:[^\"\\\r\n]|\\{%(group)d}|\\{%(within)d}\"|\\{1,%(within)d}(?![\\\"]))++" % parts
    )
    opening = rb"%(quote)s(?<!\\%(quote)s)" % parts
    colon = rb"%(quote)s\s*+:\s*+" % parts
    end = rb"(?=\\{0,%(outside)d}\"|[\r\n]|\Z)" % parts  # or that of a text around it
    credit = opening + b"fallback_credit_token" + colon + rb"\{[^{}]{0,400}?%(quote)stoken" % parts
    return tuple(
        re.compile(field + colon + b"%(quote)s(?P<secret>" % parts + value + b")" + end)
        for field, value in (
            (opening + b"(?i:%(names)s)" % parts, content),
            (opening + b"(?i:%(names_of_long)s)" % parts, _LONG),
            (credit, content),
        )
    )
