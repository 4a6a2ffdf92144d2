"""A snapshot as a value: the accepted behavior of a test, and what waits to replace it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pytest_llmregress.values.behavior import Behavior, Change

BUILT_IN = "pytest-llmregress"
"""The name that the built-in traits go by among the extractors of a behavior."""


class PendingReason(StrEnum):
    """Why something is pending."""

    DRIFTED = "drifted"
    """A new recording behaves differently from what is accepted."""
    CHANGED = "changed"
    """The recording is the accepted one; the test's own code makes something else of it."""
    FAILED = "failed"
    """The recording is whole, but the test failed on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingState:
    """What a snapshot that waits for a decision says beyond an accepted one."""

    why: PendingReason
    candidate: str | None
    """The candidate model that it was recorded with; None for the baseline."""
    baseline: str
    """The models of what is accepted now; empty where nothing is."""
    changes: tuple[Change, ...] = ()
    against: str = ""
    """The digest of the accepted recording that these are changes from; empty where there was
    none, and where an earlier version has written it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who decided on what was pending, when, and why."""

    by: str
    at: str
    """As ISO 8601 in UTC, to the second."""
    reason: str = ""
    """In the words of who decided; empty where nothing was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSnapshot:
    """How one independent run of a test behaved."""

    behavior: Behavior = field(default_factory=Behavior)
    values: Mapping[str, Any] = field(default_factory=dict)
    """What `llm_snapshot` was compared with, by its name: JSON values."""
    passed: bool = True
    """Whether the test passed in this run."""
    session: str = ""
    """When the session that recorded it began; empty where it is the only sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How a test behaved, accepted or pending."""

    test: str
    """The node id."""
    cassette: str
    """The digest of the cassette that it was taken from."""
    requested_models: tuple[str, ...] = ()
    served_models: tuple[str, ...] = ()
    recorded_at: str = ""
    """When that cassette was recorded, as ISO 8601 in UTC."""
    samples: tuple[SampleSnapshot, ...] = (SampleSnapshot(),)
    """At least one, in the order of the cassette."""
    pending: PendingState | None = None
    """None once it is accepted."""
    decision: Decision | None = None
    """How it came to be accepted; None where it was as it was recorded, or is pending."""
    extractors: tuple[str, ...] = field(default=(), compare=False)
    """`name=version` of everything that had a say on its behavior, the built-in traits first; a
    version that nobody knows is "?". Empty where nobody wrote it down, or the file was edited."""

    @property
    def models(self) -> str:
        """The requested models in words: "claude-opus-5", or two with a comma between them."""
        return ", ".join(self.requested_models)

    @property
    def traits_version(self) -> int | None:
        """The version of the built-in traits that it has; None where nobody wrote it down."""
        versions = (each.removeprefix(f"{BUILT_IN}=") for each in self.extractors)
        return next((int(each) for each in versions if each.isdecimal()), None)

    @property
    def behaviors(self) -> tuple[Behavior, ...]:
        """The behavior of each sample."""
        return tuple(sample.behavior for sample in self.samples)

    def sample(self, number: int) -> SampleSnapshot | None:
        """Return the sample of that number, counted from 1, or None."""
        return self.samples[number - 1] if number <= len(self.samples) else None

    @property
    def value_names(self) -> tuple[str, ...]:
        """The names under which values were compared, in any sample."""
        return tuple(dict.fromkeys(name for sample in self.samples for name in sample.values))
