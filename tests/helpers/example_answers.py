"""What real models answered in the recordings of the examples."""

from functools import cache
from pathlib import Path

from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.storage.cassette_file import read_cassette

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@cache
def answers(suite: str) -> tuple[tuple[str | None, str], ...]:
    """Return (model, text) of each answer in a suite's recordings that holds a text."""
    read = AnthropicProvider().read
    calls = (
        read(interaction)
        for path in sorted((EXAMPLES / suite).rglob("*.cassette.yaml"))
        for interaction in read_cassette(path).interactions
    )
    return tuple((call.served_model, call.text) for call in calls if call and call.text)
