"""What the fixture `llm_gateway` gives to tests: the gateway, for whom no environment tells it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import pytest

from pytest_llmregress.gateway.child_environment import fill_environment
from pytest_llmregress.gateway.server import Gateway
from pytest_llmregress.providers.child_environment import CHILD_ENVIRONMENT, MAIN_ADDRESS
from pytest_llmregress.runner import output
from pytest_llmregress.runner.context_factory import CONTEXT

_WORDS = "what was told llm_gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmGateway:
    """The gateway as it is told by hand: to a container, a phone, a process that is up already.

    It listens on loopback, from its first use on. What comes by one of its addresses belongs to
    the marked test that runs then.
    """

    _gateway: Gateway
    _host: str = ""
    _name: str = ""

    @property
    def env(self) -> Mapping[str, str]:
        """The variables that a process needs to be recorded, and replayed."""
        known = CHILD_ENVIRONMENT
        filled = fill_environment(
            os.environ,
            known,
            address_of=self.url_for,
            is_replay=not self._gateway.is_open,
        )
        told = {*known.addresses, *known.keys, *known.programs, "no_proxy", "NO_PROXY"}
        return {name: value for name, value in filled.items() if name in told}

    @property
    def url(self) -> str:
        """What a client takes for the base URL of the API of `MAIN_ADDRESS`."""
        return self.env[MAIN_ADDRESS]

    def url_for(self, base_url: str) -> str:
        """Return what a client takes for the base URL of another API."""
        number = self._gateway.register(_WORDS, shared=True)
        return self._gateway.address_of(base_url, number=number, host=self._host, name=self._name)

    def listen(self, host: str, *, name: str = "") -> Self:
        """Return the gateway at another address of this machine, such as "0.0.0.0".

        Each address holds a token that nobody can guess.

        :param name: what whoever asks calls this machine, such as "host.docker.internal";
            the name of this machine where it is empty.
        """
        return replace(self, _host=host, _name=name)


def build_llm_gateway(request: pytest.FixtureRequest) -> LlmGateway:
    """Return the gateway of the run; fails the set-up where nothing is marked."""
    context = request.config.stash.get(CONTEXT, None)
    if context is None:
        output.fail(
            "llm_gateway is for runs with a test that is marked with @pytest.mark.llm; "
            "mark one, or take the fixture out"
        )
    return LlmGateway(_gateway=context.gateway)
