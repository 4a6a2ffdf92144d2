"""A marked test that runs, as pytest's hooks and the fixtures see it."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

import pytest

from pytest_llmregress.runner.open_sample import OpenSample


class RunningTest(Protocol):
    """A test of which samples are run: to be judged, or to learn what it asks for."""

    @property
    def current(self) -> OpenSample:
        """The sample that runs now, or ran last."""

    def begin(self) -> OpenSample:
        """Begin the next sample."""

    def configure(self, config: Mapping[str, Any]) -> None:
        """Give the sample that is being set up the test's `llm_config`."""


TEST_RUN: pytest.StashKey[RunningTest] = pytest.StashKey()
"""On an item: its run, from before its first set-up to after its last tear-down."""

DRY_SECTIONS: pytest.StashKey[Sequence[tuple[str, str]]] = pytest.StashKey()
"""On an item: what its dry runs have printed, with which pytest begins each later report."""

SETTING_UP: ContextVar[RunningTest] = ContextVar("llmregress_setting_up")
"""The run of the test that is being set up."""
