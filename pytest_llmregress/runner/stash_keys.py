"""Where a marked test, and what is set up for it, find its run."""

from contextvars import ContextVar
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmregress.runner.item_runner import TestRun

TEST_RUN: "pytest.StashKey[TestRun]" = pytest.StashKey()
"""On an item: its run, from before its first set-up to after its last tear-down."""

SETTING_UP: "ContextVar[TestRun]" = ContextVar("llmregress_setting_up")
"""The run of the test that is being set up."""
