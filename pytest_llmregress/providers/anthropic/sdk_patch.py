"""The seams of the anthropic SDK that no recording of HTTP can do without.

Three things happen above the wire, where interception does not see them: a client without a key
refuses to send, the model has to change before a request is signed, and a custom transport goes
past every patch. All three are reached through `BaseClient._build_request`, `_validate_headers`
and `custom_auth`, which every supported SDK has (`process/installed_versions.py`).
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from pytest_llmregress.process.attribute_patch import AttributePatch
from pytest_llmregress.process.shared_tls import parse_no_certificates
from pytest_llmregress.providers import aws_credentials
from pytest_llmregress.providers.protocol import RequestRewriter
from pytest_llmregress.recording.judge_flag import is_judging

_NO_KEY = "replayed-without-a-key"
KEYLESS_ENVIRONMENT = {
    "ANTHROPIC_API_KEY": _NO_KEY,
    "AWS_ACCESS_KEY_ID": _NO_KEY,
    "AWS_SECRET_ACCESS_KEY": _NO_KEY,
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",  # the one of the two that botocore reads
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What a replay sets where it is not set, so that clients made in the test ask nobody for it."""

_MODEL_IN_URL = re.compile(
    r"(?<=/model/)[^/]+(?=/invoke)"  # Bedrock
    r"|(?<=/models/)(?!count-tokens:)[^/:]+(?=:(?:rawP|streamRawP)redict)"  # Vertex
)


class SentRequests:
    """The requests that the SDK has built since the seams were opened."""

    def __init__(self) -> None:
        self._built: list[tuple[str, str]] = []

    def add(self, method: str, url: str) -> None:
        """Note a request. Called from any thread; appending to a list is atomic."""
        self._built.append((method, url))

    def missing_from(
        self, seen: Sequence[tuple[str, str]], *, redact: Callable[[str], str]
    ) -> tuple[str, ...]:
        """Return "POST /v1/messages" for each request that is not among the seen ones.

        Parameters: `seen`, method and URL of each, with or without its secrets; `redact`, which
        takes the secrets out of a URL: both sides go through it, and so does what is returned.
        """
        built, found = (
            Counter((method.upper(), urlsplit(redact(url)).path) for method, url in requests)
            for requests in (self._built, seen)
        )
        return tuple(f"{method} {path}" for method, path in (built - found).elements())


@contextmanager
def patch_sdk(
    *,
    replaying: bool,
    rename: Callable[[str], str] | None,
    rewrite: RequestRewriter | None = None,
) -> Iterator[SentRequests]:
    """Open the seams for as long as the context lasts; for clients made before it as well.

    Parameters: `replaying`, whether no key is needed and no credential may be looked up;
    `rename`, from the model that the code asks for to the one that the wire shall ask for;
    `rewrite`, from the body of a call as the code has it to the one that is sent.
    """
    import anthropic  # noqa: PLC0415 - a second of start-up, paid by runs that use it
    from anthropic._base_client import BaseClient  # noqa: PLC0415

    sent = SentRequests()
    build = BaseClient._build_request  # noqa: SLF001

    def build_request(client: Any, options: Any, **kwargs: Any) -> Any:
        if rename is not None and not is_judging():  # a candidate does not judge itself
            _rename_model(options, rename)
        if rewrite is not None and not is_judging() and _is_call(options.json_data):
            options.json_data = rewrite(options.json_data, retry=kwargs.get("retries_taken", 0) > 0)
        request = build(client, options, **kwargs)
        if not replaying:
            # What comes back compressed by a codec that another machine lacks cannot be stored.
            request.headers["accept-encoding"] = "gzip, deflate"
        sent.add(request.method, str(request.url))
        return request

    replaced, environment = AttributePatch(), _Environment()
    try:
        replaced.replace(BaseClient, "_build_request", build_request)
        if replaying:
            for client in (anthropic.Anthropic, anthropic.AsyncAnthropic):
                replaced.replace(client, "_validate_headers", _accept_any_headers)
                replaced.replace(client, "custom_auth", None)
            environment.fill()
            aws_credentials.look_for_no_credentials(replaced, placeholder=_NO_KEY)
            _look_for_no_credentials(replaced)
            parse_no_certificates(replaced)
        yield sent
    finally:
        environment.restore()
        replaced.restore()


def _accept_any_headers(*_: object, **__: object) -> None:
    """Accept a request without a key: nobody will see it."""


class _Environment:
    """What a replay puts into the environment of the process, and takes out of it again."""

    def __init__(self) -> None:
        self._before: dict[str, str | None] = {}

    def fill(self) -> None:
        """Set what is not set."""
        for name, value in KEYLESS_ENVIRONMENT.items():
            before = os.environ.get(name)
            if not before:
                self._before[name] = before
                os.environ[name] = value

    def restore(self) -> None:
        """Take out what was set, unless somebody has put something else in its place."""
        for name, before in self._before.items():
            if os.environ.get(name) != KEYLESS_ENVIRONMENT[name]:
                continue
            if before is None:
                del os.environ[name]
            else:
                os.environ[name] = before


def _look_for_no_credentials(replaced: AttributePatch) -> None:
    """With a key in place the SDK still looks for files, only to warn that it ignores them."""
    from anthropic import _client  # noqa: PLC0415 - the SDK is imported by now

    looks = "_has_auto_discoverable_credentials"
    if hasattr(_client, looks):
        replaced.replace(_client, looks, _find_nothing)


def _find_nothing(*_: object, **__: object) -> bool:
    return False


def _rename_model(options: Any, rename: Callable[[str], str]) -> None:
    """Change the model in a request that is about to be built. A second time changes nothing."""
    options.json_data = _renamed_in(options.json_data, rename)
    options.extra_json = _renamed_in(options.extra_json, rename)
    options.url = _renamed_in_url(options.url, rename)


def _is_call(body: Any) -> bool:
    return isinstance(body, Mapping) and "model" in body and "messages" in body


def _renamed_in(body: Any, rename: Callable[[str], str]) -> Any:
    if not isinstance(body, Mapping):
        return body
    if isinstance(body.get("model"), str):
        return {**body, "model": rename(body["model"])}
    if isinstance(body.get("requests"), list):  # a batch
        return {**body, "requests": [_renamed_in_batch(r, rename) for r in body["requests"]]}
    return body


def _renamed_in_batch(request: Any, rename: Callable[[str], str]) -> Any:
    if not isinstance(request, Mapping):
        return request
    return {**request, "params": _renamed_in(request.get("params"), rename)}


def _renamed_in_url(url: str, rename: Callable[[str], str]) -> str:
    return _MODEL_IN_URL.sub(lambda match: quote(rename(unquote(match[0])), safe=":;@"), url)
