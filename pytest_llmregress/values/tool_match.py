"""How strictly the tools of two runs of a test are held together."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum


class ToolMatch(StrEnum):
    """How the tools that a candidate calls relate to those of the baseline; agentevals' words."""

    STRICT = "strict"
    """The same tools, in the same order."""
    UNORDERED = "unordered"
    """The same tools as often, in any order."""
    SUBSET = "subset"
    """Nothing that the baseline does not call, and no more often."""
    SUPERSET = "superset"
    """All that the baseline calls, and at least as often."""

    def allows(self, before: Sequence[str], after: Sequence[str]) -> bool:
        """Say whether a candidate's tools stand in this relation to the baseline's."""
        relation = tool_relation(before, after)
        return relation is not None and self in _IMPLIED[relation]


_IMPLIED = {
    ToolMatch.STRICT: frozenset(ToolMatch),
    ToolMatch.UNORDERED: frozenset(ToolMatch) - {ToolMatch.STRICT},
    ToolMatch.SUBSET: frozenset({ToolMatch.SUBSET}),
    ToolMatch.SUPERSET: frozenset({ToolMatch.SUPERSET}),
}
"""The relations that hold where the closest one does."""


def tool_relation(before: Sequence[str], after: Sequence[str]) -> ToolMatch | None:
    """Return the closest relation between the names of two trajectories; None where none holds."""
    if list(before) == list(after):
        return ToolMatch.STRICT
    old, new = Counter(before), Counter(after)
    if old == new:
        return ToolMatch.UNORDERED
    if new <= old:
        return ToolMatch.SUBSET
    return ToolMatch.SUPERSET if old <= new else None
