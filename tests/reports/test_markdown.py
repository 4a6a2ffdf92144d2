"""The report of a run as Markdown."""

import re

import pytest

from pytest_llmregress.reports.markdown import MAX_CHARACTERS, MAX_ROWS, MarkdownReporter
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import Tally, TestEvidence
from pytest_llmregress.values.run_report import Problem
from reports import record
from run_reports import HOSTILE, drift_of, regressed, report_of


def render(*tests, **fields) -> str:
    return MarkdownReporter().render(report_of(*tests, **fields))


def outside_of_fences(text: str) -> str:
    """Return what is read as Markdown."""
    kept, fence = [], ""
    for line in text.splitlines():
        opened = re.match(r"`{3,}", line)
        if not fence and opened:
            fence = opened[0]
        elif fence and line.strip() == fence:
            fence = ""
        elif not fence:
            kept.append(line)
    assert not fence, "a block is left open"
    return "\n".join(kept)


def test_the_first_line_is_a_hidden_marker_that_names_the_candidate():
    lines = [render().splitlines()[0], render(candidate="Opus 5 --> x").splitlines()[0]]

    assert lines[0] == "<!-- pytest-llmregress -->"
    assert re.fullmatch(r"<!-- pytest-llmregress opus-5-x-[0-9a-f]{8} -->", lines[1])


def test_a_replay_in_which_all_is_well_claims_no_drift():
    assert render(record("t.py::test_a")) == (
        "<!-- pytest-llmregress -->\n"
        "### Passes: 1 test replayed\n"
        "\n"
        "<code>1 test: 1 replayed; replay: deterministic, no drift claim</code>\n"
    )


def test_what_failed_by_its_own_assert_is_told_as_that():
    text = render(record("t.py::test_a", passed=False), record("t.py::test_b"))

    assert "### Fails: 1 of 2 tests failed on an assert or error of their own\n" in text


def test_the_worst_tests_come_first_and_what_fails_is_bold():
    text = render(
        record("t.py::test_cosmetic", drift=drift_of(Severity.COSMETIC)),
        record("t.py::test_notable", drift=drift_of(Severity.NOTABLE)),
        record("t.py::test_breaking", drift=drift_of(Severity.BREAKING, Severity.NOTABLE)),
        record("t.py::test_missed", problems=(Problem(code="no_match", message="no answer"),)),
        record("t.py::test_same"),
    )

    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert [row.split(" | ")[:2] for row in rows] == [
        ["| **problem**", "<code>t.py::test_missed</code>"],
        ["| **breaking**", "<code>t.py::test_breaking</code>"],
        ["| notable", "<code>t.py::test_notable</code>"],
        ["| cosmetic", "<code>t.py::test_cosmetic</code>"],
    ]
    assert rows[1].endswith("| <code>trait.0: a → words; also trait.1</code> |")
    assert "### Fails: 1 of 5 tests changed" in text
    assert "1 asked for what is not recorded: another request (1)" in text


def test_a_verdict_is_the_first_thing_that_is_said():
    text = render(record("t.py::test_a"), verdict=regressed(), candidate="claude-opus-5-5")

    assert text.splitlines()[1] == "### Fails: the suite as a whole is worse"
    assert "exact McNemar test" in text


def test_a_verdict_fails_nothing_where_nothing_is_to_fail():
    text = render(record("t.py::test_a"), verdict=regressed(), fail_on="never")

    assert text.splitlines()[1] == "### Passes: the suite as a whole is worse"
    assert "which fails nothing here: " in text.splitlines()[3]


@pytest.mark.parametrize("place", ["drift", "problem", "test", "candidate"])
def test_nothing_that_others_say_is_obeyed(place):
    breaking = drift_of(Severity.BREAKING, text=HOSTILE if place == "drift" else "b")
    said = HOSTILE + "\n" + "`" * 12 + "\n</details>" if place == "problem" else "p"
    name = f"t.py::test_a[{HOSTILE}]" if place == "test" else "t.py::test_a"
    text = render(
        record(name, drift=breaking, problems=(Problem(code="contract", message=said),)),
        record(f"{name}x", drift=breaking),
        candidate=HOSTILE if place == "candidate" else "m",
    )

    read = outside_of_fences(text)
    text.encode()  # no lone surrogate is in it
    assert set(re.findall(r"</?[a-z]+", read)) <= {
        "<br",
        "<code",
        "</code",
        "<details",
        "</details",
        "<summary",
        "</summary",
    }
    assert len(re.findall("<details>", read)) == len(re.findall("</details>", read))
    assert not re.search(r"[@`\[\]#\x00\x1b]", re.sub(r"(?m)&#\d+;|^### ", "", read))
    assert "://" not in read
    assert "www." not in read
    assert all(line.count("|") == 5 for line in read.splitlines() if line.startswith("|"))


def test_a_report_of_many_tests_has_bounds_and_counts_the_rest():
    long = drift_of(*[Severity.BREAKING] * 6, text=HOSTILE * 40)
    problem = Problem(code="contract", message=HOSTILE * 100)
    text = render(
        *(record(f"t.py::test_{'x' * 500}{n}", drift=long, problems=(problem,)) for n in range(99)),
        verdict=regressed(300),
        candidate="m" * 5_000,
    )

    outside_of_fences(text)
    assert len(text) <= MAX_CHARACTERS
    assert len([line for line in text.splitlines() if line.startswith("| **")]) == MAX_ROWS
    assert f"And {99 - MAX_ROWS} more tests." in text
    assert "of details did not fit in here" in text


def test_what_waits_comes_with_the_commands_to_decide():
    waiting = record("t.py::test_a", drift=drift_of(Severity.NOTABLE), pending="a.new.yaml")
    text = render(waiting, candidate="a b; rm -rf ~")

    assert "pytest --llmregress-candidate 'a b; rm -rf ~'\npytest-llmregress status" in text


def test_one_drifted_test_with_five_samples_has_no_note_on_single_recordings():
    def note(*tests) -> bool:
        return "1 recording against 1" in render(*tests).partition("<details>")[0]

    drift = drift_of(Severity.NOTABLE)
    one, five = record("t.py::test_a", drift=drift), record("t.py::test_b", drift=drift, samples=5)

    assert note(one)
    assert note(one, record("t.py::test_c", samples=5))  # which did not drift
    assert not note(five)
    assert not note(one, five)


def test_one_sample_against_five_of_the_baseline_is_not_one_recording_against_one():
    many = TestEvidence(
        test="t.py::test_a", baseline=Tally(passed=5, n=5), screen=Tally(passed=1, n=1)
    )

    text = render(record("t.py::test_a", drift=drift_of(Severity.NOTABLE), evidence=many))

    assert "1 recording against 1" not in text.partition("<details>")[0]
