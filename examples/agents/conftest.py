"""Lets the tests import what stands here, and gives each its own copy of the repository."""

import shutil
import sys
from pathlib import Path

import pytest

from pytest_llmregress import rules

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


@pytest.fixture(scope="session")
def llm_config():
    return {"normalize": ["claude-code"], "rules": {"no upsell": rules.no_upsell}}


@pytest.fixture
def repository(tmp_path):
    """Return a folder that the agent may do anything to."""
    return Path(shutil.copytree(HERE / "repository", tmp_path / "repository"))
