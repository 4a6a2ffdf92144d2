"""The nights in which the model of a baseline was recorded again, as values."""

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.json_record import JsonRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class TestNight:
    """The first samples of one test in one night."""

    __test__ = False  # pytest must not collect it

    accepted: str
    """The digest of the accepted recording that they were held against."""
    passed: Tally
    traits: Mapping[str, tuple[str, ...]]
    """By name, a canonical value a sample that has the trait: those that tell an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What one run has recorded of the baseline's model."""

    at: str
    """When, as ISO 8601 in UTC: nights are in the order of that."""
    candidate: str
    """The model, as it was named."""
    fails: bool = False
    """Whether the run failed by its verdict."""
    tests: Mapping[str, TestNight]
    """By node id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The nights that a run is judged with."""

    nights: tuple[Night, ...]
    """Of its candidate, the oldest first, tonight included."""
    is_recorded: bool
    """Whether tonight is one of them: a replay adds none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTally(JsonRecord):
    """How many samples are free of one thing that is bad in itself."""

    name: str
    free: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class NightTally(JsonRecord):
    """What the samples of one night came to, or of several together."""

    first: str
    """The day of the first night, as "2026-11-30"."""
    nights: int
    failing: int
    """How many of them failed."""
    events: tuple[EventTally, ...]
    """The failed samples first; those that the baseline or any night shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryVerdict(JsonRecord):
    """What a run knows of the nights before it."""

    since: str
    """When the first night was recorded that is held against what is accepted now; "" for none."""
    nights: int
    """How many there are since, tonight included."""
    pooled: int
    """How many of the last ones the suite is judged by."""
    is_recorded: bool
    """Whether tonight is one of them: a replay adds none."""
    spent: float
    """The part of alpha that they have spent."""
    left: float
    """What is left of it until it takes another baseline; never below zero."""
    baseline: tuple[EventTally, ...] = ()
    """The same events in the baseline, in the order of those of the nights."""
    by_night: tuple[NightTally, ...] = ()
    """The last nights one by one, and those before in groups, the oldest first."""
