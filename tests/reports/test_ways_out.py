"""Misses of one kind come to one command at the end of a run."""

import pytest

from pytest_llmregress.reports.ways_out import render_ways_out
from pytest_llmregress.values.run_report import Problem
from reports import record

OPTION = " --llmregress-record rewrite"


def missed(number: int, way: str, command: str):
    problem = Problem(code="no_match", message="…", way_out=way, command=command)
    return record(f"t.py::test_{number}", problems=(problem,))


def to_record(number: int, option: str = OPTION):
    return missed(number, "record", f"pytest t.py::test_{number}{option}")


def test_few_tests_are_recorded_by_their_names_and_many_as_those_that_failed():
    few = [to_record(number) for number in range(3)]
    many = [to_record(number) for number in range(12)]
    assert render_ways_out(few) == (
        "  3 tests: no recording answers",
        f"    pytest t.py::test_0 t.py::test_1 t.py::test_2{OPTION}",
    )
    assert render_ways_out(many) == (
        "  12 tests: no recording answers",
        f"    pytest --lf{OPTION}",
    )


def test_a_new_recording_and_one_that_is_made_again_take_a_command_each():
    tests = [to_record(1), to_record(2), to_record(3, " --llmregress-record once")]
    assert render_ways_out(tests)[1:] == (
        f"    pytest t.py::test_1 t.py::test_2{OPTION}",
        "    pytest t.py::test_3 --llmregress-record once",
    )


@pytest.mark.parametrize(
    ("way", "commands", "told"),
    [
        ("pending", ("accept a", "accept b"), ["pytest-llmregress review"]),
        ("candidate", ("accept --all --candidate m",) * 2, ["accept --all --candidate m"]),
        ("renamed", ("move a.py b/a.py",) * 2, ["move a.py b/a.py"]),
        ("renamed", ("move a b", "move c d"), ["move a b", "move c d"]),
        ("each_time", ('{"match_replace": {}}',) * 2, ['{"match_replace": {}}']),
    ],
)
def test_what_resolves_all_of_a_kind_is_told_once(way: str, commands, told):
    tests = [missed(number, way, command) for number, command in enumerate(commands)]
    _, *lines = render_ways_out(tests)
    assert lines == [f"    {line}" for line in told]


def test_the_kinds_are_told_in_the_order_in_which_they_help():
    ways = ["record", "each_time", "renamed", "candidate", "pending"]
    tests = [missed(number, way, way) for number, way in enumerate(ways)]
    heads = [line for line in render_ways_out(tests) if not line.startswith("    ")]
    assert [line.partition(": ")[2].split()[0] for line in heads] == ["a", "a", "a", "the", "no"]
    assert "waits" in heads[0]
    assert "candidate" in heads[1]


def test_one_miss_and_a_run_without_any_say_nothing_more():
    assert render_ways_out([to_record(1), record()]) == ()
    assert render_ways_out([record()]) == ()
