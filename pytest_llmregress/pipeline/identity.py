"""Which test it is: what its runner knows of it before anything is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """One `@pytest.mark.llm` of a test."""

    args: tuple[Any, ...] = ()
    """What was given without a keyword: nothing is allowed there."""
    kwargs: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestIdentity:
    """One marked test."""

    __test__ = False  # pytest must not collect it

    node_id: str
    path: Path
    """Its file."""
    markers: tuple[Marker, ...] = ()
    """The closest first."""
