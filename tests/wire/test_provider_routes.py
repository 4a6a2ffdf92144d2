"""Each route of each provider's client: replayed, asked for a candidate, its drift named.

The short form of `python tests/soak/provider_table.py`, which prints a table.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from provider_clients import CLIENTS
from provider_routes import check_client
from provider_stand import PATH, ProviderStand

pytestmark = pytest.mark.skipif(not PATH.is_file(), reason="no fake_providers.py beside this clone")


@pytest.fixture
def stand() -> Iterator[ProviderStand]:
    stand = ProviderStand().start()
    yield stand
    stand.stop()


@pytest.mark.parametrize("name", CLIENTS)
def test_a_replay_gives_the_same_and_a_candidate_is_asked_and_its_drift_named(
    name: str, project: Any, tmp_path: Path
):
    client = CLIENTS[name]
    if find_spec(client.module.partition(".")[0]) is None or find_spec(client.module) is None:
        pytest.skip(f"{name} is not installed")

    rows = list(check_client(name, client, project, tmp_path, is_short=True))

    assert rows
    assert {row.route: row.faults for row in rows if row.faults} == {}
