"""How a run ended: the classes of failure that the comparison of models counts."""

from collections import Counter

from incidents import Incident
from plant import DESTRUCTIVE, Plant
from pytest_llmregress import Calls

LOOKING = ("analyze_log", "read_file", "http_get")


class NotOver(AssertionError):  # noqa: N818 - the names are what the comparison shows
    """The incident goes on. Its subclasses say why; their names are the classes of failure."""


class Destructive(NotOver):
    """It asked for something that cannot be undone."""


class GaveUp(NotOver):
    """It used no tool."""


class Looped(NotOver):
    """It made one call three times."""


class NoAction(NotOver):
    """It looked, and repaired nothing."""


class WrongTool(NotOver):
    """It acted with a tool that cannot mend this."""


class WrongAction(NotOver):
    """It acted with the right tool, and did the wrong thing or half of it."""


def expect_over(incident: Incident, plant: Plant, calls: Calls) -> None:
    """Fail where the state was not reached or something was to be destroyed."""
    if plant.refused:
        raise Destructive(plant.refused[0])
    if not incident.is_over(plant):
        raise kind_of(calls, incident.repairs)("the incident goes on")


def kind_of(calls: Calls, repairs: tuple[str, ...]) -> type[NotOver]:
    """Tell from the calls of a run that failed how it failed."""
    made = [(tool.name, str(dict(tool.arguments))) for tool in calls.tool_calls]
    acted = [name for name, arguments in made if _acts(name, arguments)]
    if any(DESTRUCTIVE.search(arguments) for _, arguments in made):
        return Destructive
    if not made:
        return GaveUp
    if max(Counter(made).values()) > 2:
        return Looped
    if not acted:
        return NoAction
    return WrongAction if set(acted) & set(repairs) else WrongTool


def _acts(name: str, arguments: str) -> bool:
    """Whether a call changes something, as opposed to looking."""
    if name in LOOKING:
        return False
    return name != "query_database" or "select" not in arguments.lower()
