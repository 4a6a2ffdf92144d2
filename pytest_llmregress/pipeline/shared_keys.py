"""Which keys a replay sets for a child that serves more than one test, such as an application."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pytest_llmregress.providers.protocol import Provider
from pytest_llmregress.providers.registry import replay_environment
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.values.http import Interaction


def find_shared_keys(cassettes: Iterable[Path], providers: Sequence[Provider]) -> Mapping[str, str]:
    """Return what stands for the keys that the recordings of all these tests were made with.

    The test that a child is started in tells of its own provider alone, and a later test may ask
    another one. A recording that is missing or broken tells of none: its own test says so.
    """
    found: dict[str, Interaction] = {}
    for path in cassettes:
        try:
            recorded = read_cassette(path).interactions
        except (OSError, ValueError):
            continue
        found |= {each.request.url: each for each in recorded}
    return replay_environment(providers, found.values())
