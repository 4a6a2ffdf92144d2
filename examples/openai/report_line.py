"""The report line of a town: what residents write is sorted, read, acted on and answered."""

import os
from collections.abc import Iterator
from typing import Any

if os.environ.get("REPORT_API") == "anthropic":
    import on_anthropic as api
else:
    import on_openai as api

SORT = "Is the report about light, road or waste? Answer with one word."
READ = "Extract where something is broken, and what."
ACT = "You work for a town. Use the tool where a report names something to repair."
ANSWER = "The bins of Harbour Street are emptied on Tuesday. Answer the resident in one sentence."

PLACE = {
    "type": "object",
    "properties": {
        "street": {"type": "string"},
        "number": {"type": "integer"},
        "kind": {"type": "string", "enum": ["lighting", "road", "waste"]},
    },
    "required": ["street", "number", "kind"],
    "additionalProperties": False,
}
ORDER = {
    "type": "object",
    "properties": {
        "crew": {"type": "string", "enum": ["electricians", "road crew", "cleaners"]},
        "street": {"type": "string"},
    },
    "required": ["crew", "street"],
}


def sort_report(report: str) -> str:
    """Return the one word under which a report is filed."""
    return api.ask(SORT, report).strip().lower()


def read_report(report: str) -> dict[str, Any]:
    """Return where something is broken, and what. The schema alone says in which form."""
    return api.fill(READ, report, PLACE)


def act_on(report: str) -> list[dict[str, Any]]:
    """Return the work orders that a report leads to."""
    return api.use_tool(ACT, report, "order_work", "Send a crew to a street.", ORDER)


def stream_answer(question: str) -> Iterator[str]:
    """Answer a resident, piece by piece, for the page that they wait at."""
    return api.stream(ANSWER, question)
