"""What the plugin names when a candidate behaves in another way, and when it does not."""

import runpy
from pathlib import Path

import pytest

RUN = runpy.run_path(str(Path(__file__).with_name("run.py")))
ALL = RUN["ALL"]
NAMES = [each.name for each in ALL]
AWAITED = [
    pytest.param(each.name, marks=[pytest.mark.xfail(reason=each.awaits)] if each.awaits else [])
    for each in ALL
]


@pytest.fixture(scope="module")
def recorded(module_project):
    """Return what is named of each scenario, as recorded and as replayed without a server."""
    project = module_project
    project.stand.stop()
    project.stand = RUN["ScenarioStand"](ALL).start()
    recorded = RUN["record"](project, ALL)
    replayed = RUN["replay"](project, ALL)
    print(*RUN["table"](recorded), "", RUN["summary"](recorded), sep="\n")  # noqa: T201 - the proof
    return {
        seen.scenario.name: (seen, again) for seen, again in zip(recorded, replayed, strict=True)
    }


@pytest.mark.parametrize("name", AWAITED)
def test_what_changed_is_named_and_nothing_else(recorded, name):
    seen, _ = recorded[name]

    assert seen.faults == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_replay_of_the_candidate_names_the_same(recorded, name):
    seen, again = recorded[name]

    assert (again.changes, again.failed) == (seen.changes, seen.failed)
    assert again.contract == seen.contract


def test_no_scenario_that_has_to_be_quiet_raises_an_alarm(recorded):
    quiet = [seen for seen, _ in recorded.values() if not seen.scenario.changes]
    quiet = [seen for seen in quiet if not (seen.scenario.contract or seen.scenario.awaits)]

    assert len(quiet) >= 6
    assert [seen.scenario.name for seen in quiet if seen.failed or seen.named] == []


def test_the_table_has_a_row_for_each_scenario_and_a_count():
    scenario = ALL[0]
    good = RUN["Seen"](scenario=scenario, changes=(), contract=(), problems=(), failed=False)
    bad = RUN["Seen"](scenario=scenario, changes=(), contract=(), problems=(), failed=True)

    assert RUN["table"]([good])[1].split()[-1] == "ok"
    assert RUN["table"]([bad])[1].split()[-1] == "no"
    assert bad.faults == ("failed: True, expected: False",)
    assert RUN["summary"]([good, bad]) == (
        "1 of 2 of the core scenarios and 1 of 2 of all are named rightly; "
        "1 false alarms in the 2 that have to be quiet"
    )
