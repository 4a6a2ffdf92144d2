"""A killed recording: the short form of the soak that tests/soak/kills.py runs by command."""

from pathlib import Path

import pytest

from forked_pytest import is_available
from kills import run

pytestmark = pytest.mark.skipif(not is_available(), reason="kills a forked process: POSIX only")


def test_a_killed_recording_loses_at_most_the_request_in_flight(tmp_path: Path):
    tally = run(4, seed=11, folder=tmp_path)

    assert tally.kills == 4
    assert tally.most_lost <= 1
