"""One agent of a run, as a report shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_llmregress.values.json_record import JsonRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSummary(JsonRecord):
    """One session or sub-agent of a run. Each stands behind the one that has started it."""

    name: str
    """ "session 1 'Mend the tests'", "sub-agent 2 'Read the log'"."""
    depth: int
    """0 for a session, 1 for what it has started, and so on."""
    started_by: int | None
    """The number of the call that has asked for it; None where nobody has, or it is not known."""
    calls: tuple[int, ...]
    """The numbers of its calls."""
    tools: Mapping[str, int] = field(default_factory=dict)
    """How often it has called each tool."""
    input_tokens: int = 0
    output_tokens: int = 0
