"""One TLS context for all clients of a recording: each would parse the system's authorities."""

import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock


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
