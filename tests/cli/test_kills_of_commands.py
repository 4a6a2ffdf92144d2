"""Commands that write, killed between two of their steps, lose nothing; see the long form."""

import os

import pytest

kills = pytest.importorskip("kills_of_commands", reason="kills in a terminal: POSIX only")

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="kills a forked process: POSIX only"
)


@pytest.mark.parametrize("name", kills.COMMANDS)
def test_a_killed_command_loses_nothing_and_is_finished_by_itself(name, tmp_path):
    assert kills.run(2, seed=7, folder=tmp_path, names=(name,)) == 2
