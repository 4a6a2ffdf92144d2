"""Tell in CI what the next model version would change in the behavior of your software."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmregress.contracts import builtin_rules as rules
    from pytest_llmregress.providers.protocol import Provider, Reporter
    from pytest_llmregress.runner.fixtures import SnapshotAssertion
    from pytest_llmregress.values.behavior import (
        Behavior,
        Change,
        Drift,
        Severity,
        Trait,
        TraitKind,
    )
    from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall, Usage
    from pytest_llmregress.values.http import Interaction, Request, Response
    from pytest_llmregress.values.prompt import Prompt
    from pytest_llmregress.values.run_report import RunReport, TestRecord

__all__ = [
    "Behavior",
    "Call",
    "Calls",
    "Change",
    "Drift",
    "Interaction",
    "Outcome",
    "Prompt",
    "Provider",
    "Reporter",
    "Request",
    "Response",
    "RunReport",
    "Severity",
    "SnapshotAssertion",
    "TestRecord",
    "ToolCall",
    "Trait",
    "TraitKind",
    "Usage",
    "rules",
]

_HOMES = {
    "values.behavior": ("Behavior", "Change", "Drift", "Severity", "Trait", "TraitKind"),
    "values.call": ("Call", "Calls", "Outcome", "ToolCall", "Usage"),
    "values.http": ("Interaction", "Request", "Response"),
    "values.prompt": ("Prompt",),
    "providers.protocol": ("Provider", "Reporter"),
    "values.run_report": ("RunReport", "TestRecord"),
    "runner.fixtures": ("SnapshotAssertion",),
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for: pytest loads this package in every run."""
    if name == "rules":
        return import_module(f"{__name__}.contracts.builtin_rules")
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
