"""The built-in providers, traits and reporters, through the hooks that everybody uses."""

from collections.abc import Sequence

import pytest

from pytest_llmregress.providers.protocol import Provider, Reporter
from pytest_llmregress.values.behavior import Trait
from pytest_llmregress.values.call import Call, Calls

_BUILT_INS = "llmregress-built-ins"


class BuiltIns:
    """A plugin like any other, asked last."""

    @pytest.hookimpl(trylast=True)
    def pytest_llmregress_providers(self) -> Sequence[Provider]:
        """Return the reader of Anthropic's wire format."""
        from pytest_llmregress.providers.registry import (  # noqa: PLC0415 - on use
            built_in_providers,
        )

        return built_in_providers()

    @pytest.hookimpl(trylast=True)
    def pytest_llmregress_traits(self, calls: Calls) -> Sequence[Trait]:
        """Return the traits that every marked test has."""
        from pytest_llmregress.behavior.traits import extract_traits  # noqa: PLC0415 - on use

        return extract_traits(calls)

    @pytest.hookimpl(trylast=True)
    def pytest_llmregress_price(self, call: Call) -> float | None:
        """Return the price by the table of genai-prices, where it is installed."""
        from pytest_llmregress.providers.prices import price  # noqa: PLC0415 - on use

        return price(call)

    @pytest.hookimpl(trylast=True)
    def pytest_llmregress_reporters(self) -> Sequence[Reporter]:
        """Return the writers of HTML, JSON, Markdown and JUnit XML."""
        from pytest_llmregress.reports.reporters import BUILT_IN  # noqa: PLC0415 - on use

        return [reporter() for reporter in BUILT_IN.values()]


def register_built_ins(config: pytest.Config) -> None:
    """Have the built-in parts called with the hooks of this run; once."""
    if not config.pluginmanager.hasplugin(_BUILT_INS):
        config.pluginmanager.register(BuiltIns(), _BUILT_INS)
