"""One TLS context for all clients of a recording: each would parse the system's authorities."""

import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from httpx2._transports import default

from pytest_llmregress.process.attribute_patch import AttributePatch


@contextmanager
def share_tls_contexts() -> Iterator[None]:
    """Give clients that are made while this lasts the same default context.

    Making one takes 20 ms, and a suite whose tests make clients of their own makes one a test.
    A context of the caller's own, or with a certificate, is made as ever.
    """
    with ExitStack() as stack:
        for library in ("httpx2", "httpx"):
            module = sys.modules.get(f"{library}._transports.default")
            real = getattr(module, "create_ssl_context", None)
            if module is not None and real is not None:  # a private name
                replacement = _remember(real)
                patch = mock.patch.object(module, "create_ssl_context", replacement)
                stack.enter_context(patch)
        yield


def _remember(real: Callable[..., ssl.SSLContext]) -> Callable[..., ssl.SSLContext]:
    made: dict[bool, ssl.SSLContext] = {}

    def create_ssl_context(*args: Any, **options: Any) -> ssl.SSLContext:
        is_default = options.get("verify", True) is True and options.get("cert") is None
        if args or not is_default or options.keys() - {"verify", "cert", "trust_env"}:
            return real(*args, **options)
        trusts = bool(options.get("trust_env", True))
        if trusts not in made:
            made[trusts] = real(**options)
        return made[trusts]

    return create_ssl_context


@contextmanager
def skip_tls_contexts() -> Iterator[None]:
    """Parse no certificates for clients that are made while the context lasts."""
    replaced = AttributePatch()
    try:
        parse_no_certificates(replaced)
        yield
    finally:
        replaced.restore()


def parse_no_certificates(replaced: AttributePatch) -> None:
    """Parse no certificates for clients that are made now: their first connection would.

    Reading the system's authorities takes 20 ms a client, fifteen times what a replayed call
    takes. httpcore2 makes a default context by itself where it was given none.
    """
    real = getattr(default, "create_ssl_context", None)
    if real is None:  # a private name: where it is gone, clients are slow again and no less right
        return

    def create_ssl_context(**options: Any) -> ssl.SSLContext | None:
        if options.get("verify", True) is True and options.get("cert") is None:
            return None
        context: ssl.SSLContext = real(**options)
        return context

    replaced.replace(default, "create_ssl_context", create_ssl_context)
