"""Reads the event out of a press release, on pydantic-ai."""

from pydantic import BaseModel
from pydantic_ai import Agent


class Event(BaseModel):
    """What the calendar needs to know."""

    city: str
    day: str
    visitors: int


reader = Agent(
    "anthropic:qwen2.5-coder-1.5b",
    output_type=Event,
    instructions="Extract the event from the press release.",
    model_settings={"max_tokens": 60},
    defer_model_check=True,  # otherwise pydantic-ai wants a key as soon as this is imported
)


async def read_event(press_release: str) -> Event:
    """Return the event that a press release is about."""
    return (await reader.run(press_release)).output
