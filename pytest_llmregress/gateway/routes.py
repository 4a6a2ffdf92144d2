"""The addresses of the gateway: each stands for an API, and for the child that has it."""

import secrets
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace

from pytest_llmregress.gateway.tenant import FormerTenant, Tenant

_PREFIX = "llm"
_NONE = "-"
_PARTS = 5
"""Parts of a path that are the gateway's own, the empty one before the first slash included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """Who asks."""

    owner: Tenant | FormerTenant | None
    """Whose child it is; None where the test that runs then is asked for."""
    words: str
    """The child in words, with the line that has started it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What a path stands for."""

    child: Child
    upstream: str
    """The base URL of an API; empty where each request says its whole URL."""
    rest: str
    """What follows the base URL, with the query."""


class Routes:
    """The children that were given an address, for as long as the gateway is there."""

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._numbers: dict[Child, int] = {}
        self._lock = threading.Lock()
        self._token = secrets.token_urlsafe(12)
        self._inherited: int | None = None

    def number_of(self, child: Child) -> int:
        """Return the number of a child; in a fork, that of the fork."""
        if self._inherited is not None:
            return self._inherited
        with self._lock:
            if child not in self._numbers:
                self._numbers[child] = len(self._children)
                self._children.append(child)
            return self._numbers[child]

    def leave(self, tenant: Tenant) -> None:
        """Keep no more of a tenant than that it is over."""
        with self._lock:
            for number, child in enumerate(self._children):
                if child.owner is tenant:
                    self._children[number] = replace(child, owner=tenant.end())
                    del self._numbers[child]

    def inherit(self, number: int) -> None:
        """Give no other number from here on: the parent of a fork hears nothing of new ones."""
        self._inherited = number

    def path_of(self, number: int, upstream: str) -> str:
        """Return the path by which a child reaches an API. No other machine can guess it."""
        coded = urlsafe_b64encode(upstream.rstrip("/").encode()).decode().rstrip("=") or _NONE
        return f"/{_PREFIX}/{self._token}/{number}/{coded}"

    def sign_in(self, number: int) -> str:
        """Return name and password by which a child is known that comes by the way of a proxy."""
        return f"{number}:{self._token}"

    def find_child(self, signed_in: str) -> Child | None:
        """Return the child of a name and a password; None where it is nobody."""
        number, _, token = signed_in.partition(":")
        if token != self._token or not number.isdecimal():
            return None
        return self._children[int(number)] if int(number) < len(self._children) else None

    def has(self, url: str) -> bool:
        """Whether a URL is one of its own already."""
        return f"/{_PREFIX}/{self._token}/" in url

    def find(self, path: str) -> Route | None:
        """Return what a path stands for; None where it stands for nothing."""
        place, mark, query = path.partition("?")
        parts = place.split("/", _PARTS)
        if parts[:3] != ["", _PREFIX, self._token] or len(parts) < _PARTS:
            return None
        number, coded, tail = parts[3], parts[4], parts[_PARTS:]
        if not number.isdecimal() or int(number) >= len(self._children):
            return None
        try:
            upstream = "" if coded == _NONE else urlsafe_b64decode(f"{coded}===").decode()
        except ValueError:
            return None
        rest = f"/{tail[0]}" if tail else ""
        return Route(
            child=self._children[int(number)], upstream=upstream, rest=f"{rest}{mark}{query}"
        )
