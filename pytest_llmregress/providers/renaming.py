"""Where a request names its model, and how another one is put there."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

from pytest_llmregress.providers.json_access import parse
from pytest_llmregress.values.http import Request

_SIGNED = re.compile(r"AWS4-", re.IGNORECASE)


def is_signed(request: Request) -> bool:
    """Whether a signature covers path and body: after it nothing may be changed."""
    return _SIGNED.match(request.header("authorization") or "") is not None


def rename_in_url(
    request: Request, model: re.Pattern[str], rename: Callable[[str], str], *, safe: str = ":;@"
) -> Request:
    """Rename what a pattern finds in the path of a request; it may be percent-encoded.

    :param safe: what the clients of this API leave as it is, unless this one has encoded a colon.
    """

    def put(found: re.Match[str]) -> str:
        kept = "" if "%3a" in found[0].lower() else safe
        return quote(rename(unquote(found[0])), safe=kept)

    path, mark, rest = request.url.partition("?")
    path = model.sub(put, path)
    url = f"{path}{mark}{rest}"
    return request if url == request.url else replace(request, url=url)


def change_body(
    request: Request, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Request:
    """Return a request with another JSON object as its body; the same one where nothing changes."""
    body = parse(request.body)
    if not isinstance(body, dict):
        return request
    changed = change(body)
    return request if changed == body else replace(request, body=_dump(changed))


def rename_in_object(body: Mapping[str, Any], rename: Callable[[str], str]) -> Mapping[str, Any]:
    """Rename the model of a call, and the models that may answer in its place."""
    changed = dict(body)
    if isinstance(body.get("model"), str):
        changed["model"] = rename(body["model"])
    several = body.get("models")
    if isinstance(several, list):
        renamed = [rename(each) if isinstance(each, str) else each for each in several]
        changed["models"] = [each for at, each in enumerate(renamed) if each not in renamed[:at]]
    return changed


def _dump(body: Mapping[str, Any]) -> bytes:
    """Return JSON as HTTP clients write it."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(body, separators=(",", ":")).encode()
