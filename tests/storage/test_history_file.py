"""The history of a canary: whole lines, in any order, whatever has happened to the file."""

import json
import random

import pytest

from pytest_llmregress.storage.errors import UnreadableFileError
from pytest_llmregress.storage.history_file import append_night, read_history
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.history import Night, TestNight


def night(day: int, candidate: str = "m", tests: int = 2) -> Night:
    return Night(
        at=f"2026-11-{day:02}T03:17:00+00:00",
        candidate=candidate,
        fails=day % 2 == 0,
        tests={
            f"test_it.py::test_é{number}": TestNight(
                accepted="a1b2",
                passed=Tally(passed=1, n=2),
                traits={"text.language": ('"de"', '"fr"'), "deflection": ("[]", '["upsell"]')},
            )
            for number in range(tests)
        },
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "nights" / "llm.jsonl"


def test_nights_come_back_as_they_were_in_their_order(path):
    nights = [night(day) for day in range(1, 6)]
    for each in reversed(nights):
        append_night(path, each)

    assert read_history(path) == tuple(nights)


def test_there_is_no_night_without_a_file(path):
    assert read_history(path) == ()


def test_a_name_that_is_no_text_of_this_machine_costs_no_night(path):
    odd = night(1, candidate="m\udcff")  # as Python has an argument that is no UTF-8
    append_night(path, odd)

    assert read_history(path) == (odd,)


def test_what_tests_show_alike_stands_in_a_line_once(path):
    append_night(path, night(1, tests=50))

    entry = json.loads(path.read_text(encoding="utf-8"))

    assert len(entry["shown"]) == 1
    assert {each["shown"] for each in entry["tests"].values()} == {0}
    assert next(iter(entry)) == "llmregress"


def test_two_histories_are_merged_by_their_lines(path):
    nights = [night(day) for day in range(1, 8)]
    ours, theirs = path.with_name("ours"), path.with_name("theirs")
    for file, part in ((ours, nights[:5]), (theirs, nights[3:])):
        for each in part:
            append_night(file, each)
    lines = [
        line for file in (ours, theirs) for line in file.read_bytes().splitlines(keepends=True)
    ]
    random.Random(1).shuffle(lines)
    lines.append(lines[0].replace(b"\n", b"\r\n"))  # as a checkout of Windows has it
    path.write_bytes(b"".join(lines))

    assert read_history(path) == tuple(nights)


def test_a_line_that_a_kill_has_torn_at_any_byte_costs_that_night_alone(path):
    append_night(path, night(1))
    whole = path.read_bytes()
    append_night(path, night(2))
    both = path.read_bytes()
    for end in range(len(whole), len(both)):
        path.write_bytes(both[:end])
        is_there = end == len(both) - 1  # the line break alone is missing
        kept = (night(1), night(2)) if is_there else (night(1),)

        assert read_history(path) == kept
        append_night(path, night(3))
        assert read_history(path) == (*kept, night(3))


@pytest.mark.parametrize(
    "text",
    [
        "<<<<<<< HEAD\n",
        "hello\n",
        '{"llmregress": 1, "kind": "journal", "test": "t"}\n',
        "[1]\n",
        '{"llmregress":1,"kind":"night","at":"a","candidate":"m","fails":true,"shown":[],"tests":[]}\n',
        (
            '{"llmregress":1,"kind":"night","at":"a","candidate":"m","fails":true,"shown":[],'
            '"tests":{"t":{"accepted":"a","passed":1,"of":1,"shown":0}}}\n'
        ),
        (
            '{"llmregress":1,"kind":"night","at":"a","candidate":"m","fails":true,"shown":[{}],'
            '"tests":{"t":{"accepted":"a","passed":1e999,"of":1,"shown":0}}}\n'
        ),
    ],
)
def test_what_is_no_night_is_refused_by_its_line(path, text):
    append_night(path, night(1))
    with path.open("a", encoding="utf-8") as file:
        file.write(text)

    with pytest.raises(UnreadableFileError, match=r"llm\.jsonl:2: it is no night of a history; "):
        read_history(path)


def test_a_night_of_a_newer_version_says_how_to_upgrade(path):
    append_night(path, night(1))
    path.write_text(path.read_text().replace('"llmregress":1', '"llmregress":2'), encoding="utf-8")

    with pytest.raises(UnreadableFileError, match=r"of format 2.*upgrade: python -m pip"):
        read_history(path)
