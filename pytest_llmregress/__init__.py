"""Tell in CI what the next model version would change in the behavior of your software."""

from pytest_llmregress.core.behavior import Behavior, Change, Drift, Severity, Trait, TraitKind
from pytest_llmregress.core.call import Call, Calls, Outcome, ToolCall, Usage
from pytest_llmregress.core.http import Interaction, Request, Response

__all__ = [
    "Behavior",
    "Call",
    "Calls",
    "Change",
    "Drift",
    "Interaction",
    "Outcome",
    "Request",
    "Response",
    "Severity",
    "ToolCall",
    "Trait",
    "TraitKind",
    "Usage",
]
