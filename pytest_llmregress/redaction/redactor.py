"""What never reaches a file: headers that are not known to be harmless, secrets, credentials."""

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from pytest_llmregress.process.decompression import DecompressionError, decompress
from pytest_llmregress.redaction.kept_headers import (
    REQUEST_HEADERS,
    find_faults,
    is_listed,
    may_be_kept,
)
from pytest_llmregress.redaction.personal_data import NAMES, PREFIX
from pytest_llmregress.redaction.secret_fields import spans_in_form, spans_in_json, spans_in_query
from pytest_llmregress.redaction.secret_names import MIN_SECRET, secret_values
from pytest_llmregress.redaction.secret_patterns import (
    PLACEHOLDER,
    KnownSecrets,
    SecretFinding,
    SecretSpan,
    find_secret_spans,
    merge,
    replace_spans,
)
from pytest_llmregress.redaction.stream_redaction import clean_events, clean_frames
from pytest_llmregress.values.http import Interaction, Request, Response, first_value

_CREDENTIAL_PATHS = re.compile(
    r"/oauth2?(?:/v[\d.]+)?/token$|/latest/(?:api/token|meta-data)(?:/|$)"
)
_CREDENTIAL_HOSTS = re.compile(
    r"169\.254\.169\.254|169\.254\.170\.23?|metadata\.google\.internal|oauth2\.googleapis\.com"
    r"|login\.microsoftonline\.com"
    r"|(?:sts(?:-fips)?|oidc|portal\.sso)(?:\.[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?"
)
_AUTHORITY = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*://)(?:[^/?#]*@)?([^/?#]*)")
_ZIPPED = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redactor:
    """Takes secrets out of requests and responses. Built once a run.

    Four kinds: values of the environment, in every form in which they may be written; keys of a
    known form; the values of fields with a telling name; and what rules of the project add.

    A replay asks with a request that went through the same redaction. It finds its answer in an
    environment with other secrets, or with none, wherever the form or the field's name tells. It
    cannot where only the value told: a password in the words of a prompt, and a variable that
    has another value now. A rule of the project (`with_rules`) helps there.
    """

    known: KnownSecrets = field(default_factory=KnownSecrets)
    keep_headers: tuple[str, ...] = ()
    """Globs of response headers that are kept beside those of `RESPONSE_HEADERS`."""

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> "Redactor":
        """Know the secrets among the values of variables: see `secret_names` for which they are."""
        found = secret_values(environment)
        names = {form: name for value, name in found.items() for form in _forms([value])}
        return cls(known=KnownSecrets(values=_longest_first(names), names=names))

    def with_rules(
        self,
        *,
        patterns: Iterable[str] = (),
        values: Iterable[str] = (),
        keep_headers: Iterable[str] = (),
    ) -> "Redactor":
        """Return a redactor that takes out more, and keeps further response headers.

        Parameters: `patterns`, regular expressions of Python, matched against the bytes of bodies,
        URLs and headers; a group named "secret" is what is replaced, or else the whole match.
        Among them may be names of presets for personal data (`personal_data.NAMES`).
        `values`, secrets, of any length. `keep_headers`, globs of names in any case; a header of
        cookies or credentials stays out whatever they say. Raises ValueError with all that is
        wrong with them.
        """
        patterns = tuple(patterns)
        presets = tuple(each for each in patterns if each.startswith(PREFIX))
        compiled, faults = _compile(each for each in patterns if each not in presets)
        faults += [
            f"redaction pattern {each!r}: no such preset; {', '.join(NAMES)} are allowed"
            for each in presets
            if each not in NAMES
        ]
        values, kept = tuple(values), tuple(keep_headers)
        if "" in values:
            faults.append('redaction value "": it is empty; a secret of one character or more')
        faults += find_faults(kept)
        if faults:
            raise ValueError("\n".join(faults))
        known = KnownSecrets(
            values=_longest_first((*self.known.values, *_forms(values))),
            patterns=(*self.known.patterns, *compiled),
            names=self.known.names,
            presets=tuple(dict.fromkeys((*self.known.presets, *presets))),
        )
        kept = (*self.keep_headers, *(glob.lower() for glob in kept))
        return replace(self, known=known, keep_headers=kept)

    def request(self, request: Request) -> Request:
        """Return a request that may be written to a file."""
        return replace(
            request,
            url=self.url(request.url),
            headers=self._keep(request.headers, REQUEST_HEADERS.__contains__),
            body=self._clean_body(_decompressed(request), request.headers),
        )

    def interaction(self, interaction: Interaction) -> Interaction:
        """Return an interaction that may be written to a file."""
        return replace(
            interaction,
            request=self.request(interaction.request),
            response=self.response(interaction.response),
        )

    def response(self, response: Response) -> Response:
        """Return a response that may be written to a file."""
        headers = self._keep(response.headers, self._is_kept)
        size = response.headers.get("content-length", ("0",))
        if not response.body and size != ("0",):  # the answer to HEAD
            headers["content-length"] = size
        archive = _unzipped(response.body)
        body = self._clean_body(archive, response.headers)
        if body == archive:
            body = response.body
        elif archive is not response.body:
            body = gzip.compress(body, mtime=0)
        return replace(response, headers=headers, body=body)

    def url(self, url: str) -> str:
        """Return a URL that may be written to a file."""
        data = url.encode("utf-8", "surrogateescape")
        authority = _AUTHORITY.match(data)
        if authority is None:
            return self._clean_query(data).decode("utf-8", "surrogateescape")
        # Brackets are no part of a host, and a URL that cannot be read would match nothing.
        host = self._clean(authority[2]).replace(PLACEHOLDER.encode(), b"redacted")
        end = authority.end()
        spans = merge((*self.known.spans(data), *spans_in_query(data)))
        after = [s._replace(start=s.start - end, end=s.end - end) for s in spans if s.start >= end]
        rest = self._clean_query(replace_spans(data[end:], after))
        return (authority[1] + host + rest).decode("utf-8", "surrogateescape")

    def value(self, value: Any) -> Any:
        """Return a JSON value that may be written to a file; itself where it holds no secret."""
        data = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
        spans = self._spans(data)
        if spans:
            value = json.loads(replace_spans(data, spans).decode("utf-8", "surrogatepass"))
        return self._clean_texts(value) if b"=" in data else value

    def text(self, text: str) -> str:
        """Return a text that may be shown and written, such as what an exception says of a URL."""
        return self._clean_query(self._clean(text.encode("utf-8", "surrogatepass"))).decode(
            "utf-8", "surrogatepass"
        )

    def _clean_texts(self, value: Any) -> Any:
        """Return a JSON value whose texts quote no secret parameter of a URL."""
        match value:
            case str():
                return self.text(value)
            case list():
                return [self._clean_texts(each) for each in value]
            case dict():
                return {key: self._clean_texts(each) for key, each in value.items()}
            case _:
                return value

    def _keep(
        self, headers: Mapping[str, tuple[str, ...]], is_kept: Callable[[str], bool]
    ) -> dict[str, tuple[str, ...]]:
        return {
            name: tuple(self._clean_header(value) for value in values)
            for name, values in sorted(headers.items())
            if is_kept(name)
        }

    def _is_kept(self, name: str) -> bool:
        if is_listed(name):
            return True
        return any(fnmatchcase(name, glob) for glob in self.keep_headers) and may_be_kept(name)

    def _clean_query(self, data: bytes) -> bytes:
        return replace_spans(data, merge((*self.known.spans(data), *spans_in_query(data))))

    def _clean_header(self, value: str) -> str:
        data = value.encode("utf-8", "surrogateescape")
        if _AUTHORITY.match(data):
            return self.url(value)
        spans = merge((*self._spans(data), *spans_in_query(data)))
        return replace_spans(data, spans).decode("utf-8", "surrogateescape")

    def _clean_body(self, body: bytes, headers: Mapping[str, tuple[str, ...]]) -> bytes:
        content_type = (first_value(headers, "content-type") or "").lower()
        if content_type.startswith("application/vnd.amazon.eventstream"):
            return clean_frames(body, self._clean_events)
        if body.startswith((b"event:", b"data:")) or content_type.startswith("text/event-stream"):
            return self._clean_events(body)
        form = spans_in_form(body, content_type)
        return replace_spans(body, merge((*self._spans(body), *form)))

    def _clean_events(self, body: bytes) -> bytes:
        """Clean split secrets first: the end of a key is not recognised once its start is gone."""
        return self._clean(clean_events(body, self._spans))

    def _clean(self, data: bytes) -> bytes:
        return replace_spans(data, self._spans(data))

    def _spans(self, data: bytes) -> list[SecretSpan]:
        return merge((*self.known.spans(data), *spans_in_json(data)))


def find_secrets(text: str, *, redactor: Redactor) -> tuple[SecretFinding, ...]:
    """Return the secrets in a text that is about to be written; usually there are none.

    It knows forms, values and rules, and no fields: text in a file is no longer the JSON that it
    was, and a "password: " in what a model said is no reason to refuse a recording.
    """
    return find_secret_spans(text, redactor.known)


def carries_credentials(request: Request) -> bool:
    """Whether a request asks for credentials: its answer is neither recorded nor replayed."""
    return _leads_to_credentials(request.url)


@lru_cache(maxsize=64)
def _leads_to_credentials(url: str) -> bool:
    parts = urlsplit(url)
    host = _CREDENTIAL_HOSTS.fullmatch(parts.hostname or "")
    return host is not None or _CREDENTIAL_PATHS.search(parts.path) is not None


def _compile(patterns: Iterable[str]) -> tuple[list[re.Pattern[bytes]], list[str]]:
    """Return the patterns that can be used, and what is wrong with the others."""
    compiled: list[re.Pattern[bytes]] = []
    faults: list[str] = []
    for pattern in patterns:
        where = f"redaction pattern {pattern!r}"
        try:
            rule = re.compile(pattern.encode())
        except re.error as error:
            faults.append(f"{where}: {error}; a regular expression of Python is allowed")
            continue
        if rule.search(b"") is None:
            compiled.append(rule)
        else:
            faults.append(f"{where}: it matches the empty text; one character or more is allowed")
    return compiled, faults


def _forms(values: Iterable[str]) -> tuple[bytes, ...]:
    """Return each secret as it is and as JSON, a URL or base64 would hold it, longest first."""
    forms = {form for value in set(values) for form in _forms_of(value)}
    return _longest_first(form for form in forms if form not in PLACEHOLDER.encode())


def _longest_first(forms: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(sorted(set(forms), key=lambda form: (-len(form), form)))


def _forms_of(value: str) -> Iterator[bytes]:
    texts = _in_json({value}) | _in_json(_in_json({value}))  # a tool's result quotes JSON in JSON
    texts |= {text.replace("/", "\\/") for text in texts}  # as PHP writes JSON
    texts |= {text.replace("&", r"\u0026") for text in texts}  # as Go does
    for to_url in (quote, quote_plus):
        quoted = to_url(value, safe="", errors="surrogateescape")
        texts |= {quoted, re.sub("%..", lambda escape: escape[0].lower(), quoted)}
    yield from (text.encode("utf-8", "surrogateescape") for text in texts | {value})
    data = value.encode("utf-8", "surrogateescape")
    if len(data) >= MIN_SECRET:
        yield from _in_base64(data)


def _in_json(texts: Iterable[str]) -> set[str]:
    ways = (json.dumps, partial(json.dumps, ensure_ascii=False))
    return {write(text)[1:-1] for text in texts for write in ways}


def _in_base64(data: bytes) -> Iterator[bytes]:
    """Yield what of the base64 of some longer text is a secret's alone, wherever it stands there.

    Base64 writes three bytes as four characters, so there are three ways to begin. A character
    that a neighbour has a part in is left out: at most the half of the secret's first and last.
    """
    for before in range(3):
        text = base64.b64encode(bytes(before) + data)
        core = text[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        yield core
        yield core.replace(b"+", b"-").replace(b"/", b"_")


def _decompressed(request: Request) -> bytes:
    """Return the body of a request without compression: nobody reads it but a matcher."""
    try:
        body = decompress(request.body, request.headers.get("content-encoding", ()))
    except DecompressionError:
        body = request.body
    return _unzipped(body)


def _unzipped(body: bytes) -> bytes:
    """Return what a file of gzip holds: the very body where it is none, or is damaged."""
    if not body.startswith(_ZIPPED):
        return body
    try:
        return decompress(body, ["gzip"])
    except DecompressionError:
        return body
