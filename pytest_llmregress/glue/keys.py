"""The key under which a marked test finds its run."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmregress.glue.testrun import TestRun

TEST_RUN: "pytest.StashKey[TestRun]" = pytest.StashKey()
"""On an item: its run, from before its first set-up to after its last tear-down."""
