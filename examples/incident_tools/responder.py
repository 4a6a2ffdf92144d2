"""The on-call assistant: it gets an alert and five tools, and puts the plant in order."""

import inspect
import os
from collections.abc import Callable
from typing import Any

import anthropic
from anthropic import beta_tool
from anthropic.lib.tools import ToolError

from plant import FILES, SERVICES, Plant, RefusedError

MODEL = os.environ.get("INCIDENT_MODEL", "qwen2.5-coder-0.5b")
MAX_TURNS = 4

# A server of a small model may fail to read what it wrote as a tool call; the SDK asks again.
client = anthropic.Anthropic(max_retries=8)

SYSTEM = (
    "You are on call. Look for the cause once, repair it with another tool, "
    "then say that it is done."
)


def one_text(name: str, *allowed: str) -> dict[str, Any]:
    """Describe an argument, in fewer words than the SDK: small models repeat its words."""
    text = {"type": "string", "enum": list(allowed)} if allowed else {"type": "string"}
    return {"type": "object", "properties": {name: text}, "required": [name]}


def tools_of(plant: Plant) -> list[Any]:
    """Return the five tools, at work on a plant."""

    @beta_tool(input_schema=one_text("service", *SERVICES))
    def analyze_log(service: str, **_extra: object) -> str:
        """Find the cause in the log of a service."""
        return _do(plant.analyze, service)

    @beta_tool(input_schema=one_text("name", *FILES))
    def read_file(name: str, **_extra: object) -> str:
        """Read a file."""
        return _do(plant.read, name)

    @beta_tool(input_schema=one_text("url"))
    def http_get(url: str, **_extra: object) -> str:
        """Request a URL, such as http://api/health."""
        return _do(plant.get, url)

    @beta_tool(input_schema=one_text("sql"))
    def query_database(sql: str, **_extra: object) -> str:
        """Run one SQL statement on the table jobs(id, name, status)."""
        return _do(plant.query, sql)

    @beta_tool(input_schema=one_text("command"))
    def run_command(command: str, **_extra: object) -> str:
        """Run df, clean-logs, renew-certificate, set KEY VALUE or restart SERVICE."""
        return _do(plant.run, command)

    return [analyze_log, read_file, http_get, query_database, run_command]


def respond(plant: Plant, alert: str, is_over: Callable[[Plant], bool]) -> None:
    """Handle an incident, until the alarm is over or the assistant has nothing left to do."""
    run_tools = client.beta.messages.tool_runner
    # Each request holds the whole conversation; before anthropic 2.2 there was no other way.
    knows_threads = "thread" in inspect.signature(run_tools).parameters
    runner = run_tools(
        model=MODEL,
        max_tokens=60,
        max_iterations=MAX_TURNS,
        **({"thread": False} if knows_threads else {}),
        system=SYSTEM,
        tools=tools_of(plant),
        messages=[{"role": "user", "content": alert}],
    )
    for _ in runner:
        runner.generate_tool_call_response()  # the tools run now, and not before the next turn
        if is_over(plant):
            return


def _do(act: Callable[[str], str], argument: str) -> str:
    """Run a tool; what the plant refuses is the model's own fault, so the model is told."""
    try:
        return act(argument)
    except RefusedError as error:
        raise ToolError(str(error)) from None
