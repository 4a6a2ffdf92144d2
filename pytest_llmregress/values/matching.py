"""Keys of requests: two requests with one key are answered by the same recording."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.http import FEATURE_HEADERS, Request

_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)


class MatchingError(ValueError):
    """Rules of matching that cannot be; one line a problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMatcher:
    """What makes two requests the same, beyond what is the same anyway."""

    ignore: tuple[str, ...] = ()
    """Places in a JSON body that do not count: "metadata.user_id", "messages[*].id"."""
    replace: tuple[tuple[re.Pattern[str], str], ...] = ()
    """What an app puts into its texts anew each time, such as a date, and what to read instead."""
    drop_texts: tuple[re.Pattern[str], ...] = ()
    """Which blocks of text of a message do not count, by how they begin."""
    sort_results_by: str = ""
    """The key by which blocks that stand side by side, and have it, are brought in order."""
    sort_texts_by: re.Pattern[str] | None = None
    """The same for blocks of text in which it is found, by its first group."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Read `match_ignore` and `match_replace`; MatchingError with all problems at once."""
        problems: list[str] = []
        paths = config.get("match_ignore", ())
        paths = (paths,) if isinstance(paths, str) else tuple(paths)
        problems += [
            f"match_ignore: {path!r} is no path; keys and indices, as in metadata.user_id, "
            "messages[0].content or tools[*].name"
            for path in paths
            if not isinstance(path, str) or not _PATH.fullmatch(path)
        ]
        replace: list[tuple[re.Pattern[str], str]] = []
        for pattern, instead in dict(config.get("match_replace", {})).items():
            try:
                replace.append((re.compile(pattern), str(instead)))
            except re.error as error:
                problems.append(f"match_replace: {pattern!r} is no regular expression: {error}")
        if problems:
            raise MatchingError("\n".join(problems))
        return cls(ignore=paths, replace=tuple(replace))

    def joined(self, other: "RequestMatcher") -> "RequestMatcher":
        """Return what leaves out what either of two leaves out."""
        return RequestMatcher(
            ignore=(*self.ignore, *other.ignore),
            replace=(*self.replace, *other.replace),
            drop_texts=(*self.drop_texts, *other.drop_texts),
            sort_results_by=self.sort_results_by or other.sort_results_by,
            sort_texts_by=self.sort_texts_by or other.sort_texts_by,
        )

    def settled(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a JSON body without what does not count."""
        value: Any = dict(body)
        try:
            for place in self.ignore:
                value = _without(value, _STEP.findall(place))
            value = self._replaced(value)
        except RecursionError:
            return dict(body)
        return value if isinstance(value, dict) else {}

    def key_of(self, request: Request) -> str:
        """Return the key of a request: SHA-256, hexadecimal.

        In it: method, path, query, the headers that turn on features (`FEATURE_HEADERS`), and the
        canonical JSON body, in which 1.0 is 1. Not in it: host and scheme (so that what a proxy
        recorded replays without it), every other header, the order of a JSON object's keys, and
        the boundary of a multipart body, which is random.
        """
        path, query = path_of(request), query_of(request)
        head = dump_canonical_json([request.method.upper(), path, query, betas_of(request)])
        key = hashlib.sha256(head.encode("utf-8", "surrogatepass"))
        key.update(b"\n")
        try:
            body = json.loads(request.body, parse_float=_read_number)
            for place in self.ignore:
                body = _without(body, _STEP.findall(place))
            key.update(dump_canonical_json(self._replaced(body)).encode("utf-8", "surrogatepass"))
        except (ValueError, RecursionError):
            key.update(body_of(request))
        return key.hexdigest()

    def _replaced(self, value: Any) -> Any:
        if not (self.replace or self.drop_texts or self.sort_results_by):
            return value
        match value:
            case str():
                for pattern, instead in self.replace:
                    value = pattern.sub(instead, value)
                return value
            case list():
                return [self._replaced(item) for item in self._arranged(value)]
            case dict():
                return {key: self._replaced(item) for key, item in value.items()}
            case _:
                return value

    def _arranged(self, items: list[Any]) -> list[Any]:
        """Return blocks without those that do not count, results of tools in one order."""
        kept = [item for item in items if not self._is_dropped(item)]
        for key_of in (self._result_key, self._text_key):
            keys = [key_of(item) for item in kept]
            places = [n for n, key in enumerate(keys) if key is not None]
            ordered = sorted(places, key=lambda n: str(keys[n]))
            moved = [kept[n] for n in ordered]
            for place, item in zip(places, moved, strict=True):
                kept[place] = item
        return kept

    def _result_key(self, item: Any) -> str | None:
        key = self.sort_results_by
        return str(item[key]) if key and isinstance(item, dict) and key in item else None

    def _text_key(self, item: Any) -> str | None:
        text = item.get("text") if self.sort_texts_by and isinstance(item, dict) else None
        if self.sort_texts_by is None or not isinstance(text, str):
            return None
        found = self.sort_texts_by.search(text)
        return found[1] if found else None

    def _is_dropped(self, item: Any) -> bool:
        text = item.get("text") if isinstance(item, dict) else None
        return isinstance(text, str) and any(each.match(text) for each in self.drop_texts)


def _read_number(text: str) -> int | float:
    """Return a number that JSON writes with a fraction; 1.0 is 1, as for whoever is asked."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


_EXACT = 2**53
"""The first whole number that a float may stand for together with another one."""
_PATH = re.compile(r"[^\[\].]+(?:\[(?:\*|\d+)\])*(?:\.[^\[\].]+(?:\[(?:\*|\d+)\])*)*")
_STEP = re.compile(r"\[(?:\*|\d+)\]|[^\[\].]+")


def _without(value: Any, steps: Sequence[str]) -> Any:
    """Return a JSON value without what lies at the end of a path."""
    step, rest = steps[0], steps[1:]
    if step.startswith("[") and isinstance(value, list):
        chosen = range(len(value)) if step == "[*]" else [int(step[1:-1])]
        if not rest:
            return [item for index, item in enumerate(value) if index not in chosen]
        return [
            _without(item, rest) if index in chosen else item for index, item in enumerate(value)
        ]
    if isinstance(value, dict) and step in value:
        if not rest:
            return {key: item for key, item in value.items() if key != step}
        return {**value, step: _without(value[step], rest)}
    return value


def compute_request_key(request: Request) -> str:
    """Return the key of a request where a test has no rules of its own."""
    return RequestMatcher().key_of(request)


def path_of(request: Request) -> str:
    """Return the path of a request's URL; the whole text where it is not a URL."""
    try:
        return urlsplit(request.url).path
    except ValueError:
        return request.url


def query_of(request: Request) -> list[tuple[str, str]]:
    """Return the query of a request as sorted pairs.

    "beta=true" is not among them: before 2.1 the SDK sent it beside the header of that meaning.
    """
    try:
        pairs = parse_qsl(urlsplit(request.url).query)
    except ValueError:
        return []
    return sorted(pair for pair in pairs if pair != ("beta", "true"))


def betas_of(request: Request) -> list[str]:
    """Return the beta features that a request asks for, sorted.

    "oauth-…" is not among them: the SDK adds it where a login takes the place of a key.
    """
    values = ",".join(v for name in FEATURE_HEADERS for v in request.headers.get(name, ()))
    betas = {beta.strip() for beta in values.split(",")}
    return sorted(beta for beta in betas if beta and not beta.startswith("oauth-"))


def body_of(request: Request) -> bytes:
    """Return the body of a request, the random boundary of a multipart one replaced."""
    boundary = _BOUNDARY.search(request.header("content-type") or "")
    if boundary is None:
        return request.body
    return request.body.replace(boundary[1].encode("utf-8", "replace"), b"boundary")
