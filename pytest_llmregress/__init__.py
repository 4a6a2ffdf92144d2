"""Tell in CI what the next model version would change in the behavior of your software."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmregress.core import ready_rules as rules
    from pytest_llmregress.core.behavior import Behavior, Change, Drift, Severity, Trait, TraitKind
    from pytest_llmregress.core.call import Call, Calls, Outcome, ToolCall, Usage
    from pytest_llmregress.core.http import Interaction, Request, Response
    from pytest_llmregress.core.protocols import Provider, Reporter
    from pytest_llmregress.core.report import RunReport, TestRecord
    from pytest_llmregress.glue.fixtures import SnapshotAssertion

__all__ = [
    "Behavior",
    "Call",
    "Calls",
    "Change",
    "Drift",
    "Interaction",
    "Outcome",
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
    "core.behavior": ("Behavior", "Change", "Drift", "Severity", "Trait", "TraitKind"),
    "core.call": ("Call", "Calls", "Outcome", "ToolCall", "Usage"),
    "core.http": ("Interaction", "Request", "Response"),
    "core.protocols": ("Provider", "Reporter"),
    "core.report": ("RunReport", "TestRecord"),
    "glue.fixtures": ("SnapshotAssertion",),
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for: pytest loads this package in every run."""
    if name == "rules":
        return import_module(f"{__name__}.core.ready_rules")
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
