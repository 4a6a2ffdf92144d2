"""Which requests of a test are recorded, and which pass: DNS and sockets are the guard's."""

from collections.abc import Callable, Sequence

from pytest_llmregress.gateway.server import Gateway
from pytest_llmregress.pipeline.config import TestConfig
from pytest_llmregress.providers.asked_models import asked_models
from pytest_llmregress.recording.loopback import (
    is_listed,
    is_loopback,
    leads_to_own_server,
    place_of,
)
from pytest_llmregress.values.http import Request

_SHORT = 16_384
"""Bytes of a body that are read in less time than the system needs to tell who listens where."""


class Boundary:
    """What one sample sends past its cassette, on purpose.

    Parameters: `requested_model`, the model of a request by the first provider that knows it.
    """

    def __init__(
        self, gateway: Gateway, *, requested_model: Callable[[Request], str | None]
    ) -> None:
        self._gateway = gateway
        self._requested_model = requested_model
        self._by_gateway: list[tuple[str, str]] = []
        self._passed: Sequence[str] = ()
        self._recorded: Sequence[str] = ()

    def configure(self, rules: TestConfig) -> None:
        """Take what `llm_config` says of hosts."""
        self._passed, self._recorded = rules.pass_hosts, rules.record_hosts

    @property
    def sent_to_gateway(self) -> tuple[tuple[str, str], ...]:
        """Method and URL of what this process has asked the gateway, which records it itself."""
        return tuple(self._by_gateway)

    def passes(self, request: Request) -> bool:
        """Whether a request is nothing to record: it goes out in a replay as well.

        So do `pass_hosts`, and applications of the user's own which this process or a child of
        it serves; a call of a model is recorded wherever the model is.
        """
        if self._gateway.has(request.url):
            self._by_gateway.append((request.method, request.url))
            return True
        host, port = place_of(request.url)
        if is_listed(host, port, self._recorded):
            return False
        is_short = len(request.body) < _SHORT
        if is_short and is_loopback(host) and self._requested_model(request) is not None:
            return False
        may_pass = is_listed(host, port, self._passed) or leads_to_own_server(request.url)
        return may_pass and not self._asks_model(request)  # which reads the whole body

    def _asks_model(self, request: Request) -> bool:
        return self._requested_model(request) is not None or bool(asked_models(request))
