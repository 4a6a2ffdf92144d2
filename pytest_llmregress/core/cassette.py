"""A cassette as a value: the recorded HTTP of one test under one variant."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_llmregress.core.http import Interaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Cassette:
    """The recorded HTTP of one test: of its baseline, or of one candidate."""

    test: str
    """The node id of the test; a renamed test is recognised by it."""
    candidate: str | None = None
    """The candidate model as it was named on the command line; None for the baseline."""
    requested_models: tuple[str, ...] = ()
    """As they went over the wire, in order of first use, without repetitions."""
    served_models: tuple[str, ...] = ()
    recorded_at: str = ""
    """When the recording ended, as ISO 8601 in UTC, to the second."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the packages that recorded: "anthropic", "pytest-llmregress", "vcrpy"."""
    interactions: tuple[Interaction, ...] = ()
    """In the order in which the requests were sent."""
