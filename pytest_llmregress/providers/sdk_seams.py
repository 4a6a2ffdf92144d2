"""The seams of SDKs: what happens above the wire, where interception does not see it.

A client without a key refuses to send or even to be made, a request is signed once it is built,
and a custom transport goes past every patch. A provider says in an `SdkSupport` what its SDK needs.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from pytest_llmregress.process.attribute_patch import AttributePatch
from pytest_llmregress.process.import_watch import ImportWatch
from pytest_llmregress.process.shared_tls import parse_no_certificates
from pytest_llmregress.values.http import Request

NO_KEY = "replayed-without-a-key"
"""Stands in a replay where a key would be; it is never sent anywhere."""

Seam = Callable[["OpenSeams"], None]
"""Patches a module that is imported by now, by `OpenSeams.replaced` alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkSupport:
    """What the SDK of a provider needs to build and send its requests in a test."""

    package: str = ""
    """Its distribution, whose version a recording of such calls names; empty for none."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What a replay sets where it is not set, so that clients made in the test ask nobody for it:
    for a replay of this provider's requests, and where nothing is recorded."""
    seams: Mapping[str, Seam] = field(default_factory=dict)
    """By the name of a module: called once it is imported, before whoever imports it goes on."""


class SentRequests:
    """The requests that SDKs have built since the seams were opened."""

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
        as_built, as_seen = Counter(self._built), Counter(seen)
        built, found = (  # what is the same on both sides is the same without its secrets
            Counter(
                (method.upper(), urlsplit(redact(url)).path)
                for method, url in (requests - others).elements()
            )
            for requests, others in ((as_built, as_seen), (as_seen, as_built))
        )
        return tuple(f"{method} {path}" for method, path in (built - found).elements())


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSeams:
    """What a seam is given to do its work with, for as long as one sample of a test runs."""

    replaying: bool
    """Whether no key is needed, and no credential may be looked up."""
    rewrite: Callable[[Request], Request] | None
    """What a request is changed to before it is sent, and before it is signed; None: it stays."""
    replaced: AttributePatch = field(default_factory=AttributePatch)
    """Replaces attributes, and puts them back when the sample is over."""
    sent: SentRequests = field(default_factory=SentRequests)
    """Takes the requests that an SDK builds: one that no boundary sees fails the test."""


@contextmanager
def open_seams(
    supports: Iterable[SdkSupport],
    *,
    replaying: bool,
    environment: Mapping[str, str],
    rewrite: Callable[[Request], Request] | None,
) -> Iterator[SentRequests]:
    """Open the seams for as long as the context lasts; for clients made before it as well.

    :param environment: what a replay sets where it is not set.
    """
    seams = OpenSeams(replaying=replaying, rewrite=rewrite)
    calls: dict[str, Callable[[], None]] = {}
    for support in supports:
        for module, seam in support.seams.items():
            calls[module] = partial(_call_all, (seam, seams), calls.get(module))
    placeholders = _Placeholders(environment if replaying else {})
    try:
        placeholders.fill()
        if replaying:
            parse_no_certificates(seams.replaced)
        with ImportWatch(calls):
            yield seams.sent
    finally:
        placeholders.restore()
        seams.replaced.restore()


def _call_all(last: tuple[Seam, OpenSeams], before: Callable[[], None] | None) -> None:
    if before is not None:
        before()
    seam, seams = last
    seam(seams)


class _Placeholders:
    """What a replay puts into the environment of the process, and takes out of it again."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._before: dict[str, str | None] = {}

    def fill(self) -> None:
        """Set what is not set."""
        for name, value in self._values.items():
            before = os.environ.get(name)
            if not before:
                self._before[name] = before
                os.environ[name] = value

    def restore(self) -> None:
        """Take out what was set, unless somebody has put something else in its place."""
        for name, before in self._before.items():
            if os.environ.get(name) != self._values[name]:
                continue
            if before is None:
                del os.environ[name]
            else:
                os.environ[name] = before
