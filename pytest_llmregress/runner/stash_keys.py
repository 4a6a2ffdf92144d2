"""Where a marked test, and what is set up for it, find its run."""

from contextvars import ContextVar
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmregress.runner.hook_calls import Hooks
    from pytest_llmregress.runner.item_runner import TestRun

TEST_RUN: "pytest.StashKey[TestRun]" = pytest.StashKey()
"""On an item: its run, from before its first set-up to after its last tear-down."""

HOOKS: "pytest.StashKey[Hooks]" = pytest.StashKey()
"""On the configuration: the hooks of this plugin, from the start of a session with marked tests."""

SETTING_UP: "ContextVar[TestRun]" = ContextVar("llmregress_setting_up")
"""The run of the test that is being set up."""
