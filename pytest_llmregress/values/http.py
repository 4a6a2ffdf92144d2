"""One HTTP exchange as a value: what was asked, what came back, how long it took."""

from collections.abc import Mapping
from dataclasses import dataclass, field

FEATURE_HEADERS = ("anthropic-beta", "openai-beta")
"""Headers by which a client turns features of an API on: a part of what it asks."""
SESSION_HEADERS = ("x-claude-code-session-id",)
"""Headers by which an agent's program tells which of its sessions asks."""
AGENT_HEADERS = ("x-claude-code-agent-id",)
"""Headers by which such a program tells which sub-agent of the session asks."""
RETRY_COUNT = "x-stainless-retry-count"
"""The header in which an SDK counts its attempts at a request, from 0."""
_REDIRECTS = (301, 302, 303, 307, 308)
_PASSING = frozenset({408, 409, 429})
_FIRST_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it went over the wire."""

    method: str
    url: str
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Lower-case names; every value of a repeated header."""
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        return first_value(self.headers, name)

    @property
    def is_retry(self) -> bool:
        """Whether the client says that it is a further attempt at an earlier request."""
        if "amz-sdk-request" in self.headers:  # botocore counts from 1: "attempt=2; max=3"
            return self.headers["amz-sdk-request"][0].partition(";")[0] != "attempt=1"
        return self.headers.get(RETRY_COUNT, ("0",)) != ("0",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response as the client saw it, its body decoded from any transfer compression."""

    status: int
    reason: str = ""
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Lower-case names; every value of a repeated header."""
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        return first_value(self.headers, name)

    @property
    def is_redirect(self) -> bool:
        """Whether it sends the client on: the answer to the request is another response."""
        return self.status in _REDIRECTS and "location" in self.headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A request and its response."""

    request: Request
    response: Response
    latency: float | None = None
    """Seconds from the request to the end of the response's body; None where nobody measured."""
    judge: bool = False
    """Whether it is a judgement of the test, and so no behavior of the software under test."""


def is_passing(status: int) -> bool:
    """Tell whether a status is an error of the moment: an SDK sends the request again."""
    return status in _PASSING or status >= _FIRST_SERVER_ERROR


def first_value(headers: Mapping[str, tuple[str, ...]], name: str) -> str | None:
    """Return the first value of a header by its lower-case name, or None."""
    values = headers.get(name)
    return values[0] if values else None
