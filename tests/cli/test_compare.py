"""The command `compare`: variants side by side, from cassettes on disk."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette
from pytest_llmregress.values.cassette import SampleHeader

OLD, NEW = "claude-opus-5", "claude-opus-5-5"
SESSION = "2026-01-02T03:04:05Z"
FAILED = "AssertionError: no refund"


def record(
    project,
    test: str,
    outcomes: Sequence[bool | None],
    *,
    candidate: str | None = None,
    model: str | None = None,
    failure: str = FAILED,
    fresh: int = 0,
    marks: tuple[str, ...] = (),
    text: str = "On its way.",
):
    """Write a cassette whose samples went as said, the last few of them fresh ones."""
    paths = project.paths(test, candidate)
    model = model or candidate or OLD
    cassette = project.cassette(test, model=model, candidate=candidate, text=text)
    notes = tuple(
        SampleHeader(
            calls=1,
            passed=passed,
            failure=failure if passed is False else "",
            session=SESSION,
            confirms=number >= len(outcomes) - fresh,
        )
        for number, passed in enumerate(outcomes)
    )
    several = cassette.interactions * len(outcomes)
    recorded = replace(cassette, interactions=several, samples=notes, marks=marks)
    write_cassette(paths.cassette, recorded)
    return paths


def outcomes(passed: int, n: int) -> list[bool]:
    return [number < passed for number in range(n)]


def as_one_test(project, n: int, before: int, after: int) -> None:
    """Record one test with many samples of either side."""
    record(project, "tests/test_a.py::test_x", outcomes(before, n))
    record(project, "tests/test_a.py::test_x", outcomes(after, n), candidate=NEW)


def as_many_tests(project, n: int, before: int, after: int, down: int) -> None:
    """Record many tests with one sample of either side; `down` of them fail on the second only."""
    up = after - before + down
    for number in range(n):
        test = f"tests/test_a.py::test_x[{number:02}]"
        was = number < before
        now = number >= down if was else number < before + up
        record(project, test, [was])
        record(project, test, [now], candidate=NEW)


def compared(project, *arguments: str):
    """Compare as JSON: the exit status, and the row of the variant that was named last."""
    run = project.run("compare", *arguments, "--json")
    found = json.loads("\n".join(run.out))
    return run.status, found, found["overall"]["variants"]


def in_points(interval: list[float]) -> tuple[float, ...]:
    return tuple(round(100 * each, 1) for each in interval)


def text_of(run) -> str:
    """Return what was said as one line, so that no sentence is broken."""
    return re.sub(r"\s+", " ", " ".join(run.out))


# --- the figures of a table that claimed too much ---------------------------------------------


class Figures(NamedTuple):
    """What honest statistics make of two pass rates of so many samples."""

    n: int
    before: int
    after: int
    rates: tuple[tuple[float, float], tuple[float, float]]
    """Wilson's intervals, in percent."""
    change: tuple[float, float]
    """Newcombe's interval of the difference, in points."""
    p: float
    """Of Fisher's exact test, one-sided in the direction that was seen."""
    two_sided: float
    needed: int | None


@pytest.mark.parametrize(
    "seen",
    [
        Figures(25, 18, 19, ((52.4, 85.7), (56.6, 88.5)), (-19.8, 27.2), 0.50, 1.00, 1937),
        Figures(10, 5, 8, ((23.7, 76.3), (49.0, 94.3)), (-10.7, 60.0), 0.175, 0.350, 45),
        Figures(5, 4, 4, ((37.6, 96.4), (37.6, 96.4)), (-45.5, 45.5), 0.778, 1.00, None),
    ],
)
def test_a_small_difference_of_one_test_is_told_with_all_that_it_does_not_show(project, seen):
    as_one_test(project, seen.n, seen.before, seen.after)

    status, found, (first, second) = compared(project, "baseline", NEW)
    against = second["against_reference"]
    suite = against["suite"]

    assert (status, found["fails"], against["verdict"]) == (0, False, "no_evidence")
    assert first["samples"] == {"passed": seen.before, "n": seen.n}
    assert second["samples"] == {"passed": seen.after, "n": seen.n}
    assert (in_points(first["interval"]), in_points(second["interval"])) == seen.rates
    assert in_points(suite["interval"]) == seen.change
    assert in_points(suite["tests"][0]["interval"]) == seen.change
    assert suite["p"] == pytest.approx(seen.p, abs=0.005)
    assert against["p_two_sided"] == pytest.approx(seen.two_sided, abs=0.0005)
    assert against["needed_for_seen"] == seen.needed
    assert against["more"] == (None if seen.needed is None else seen.needed - seen.n)


class Pairs(NamedTuple):
    """The same, where each sample is one of a test of its own."""

    n: int
    before: int
    after: int
    down: int
    """Tests that failed on the second side only."""
    two_sided: float
    """Of McNemar's exact test."""
    change: tuple[float, float] | None = None
    needed: int | None = None


@pytest.mark.parametrize(
    "seen",
    [
        Pairs(25, 18, 19, 0, 1.0, change=(-19.8, 27.2)),
        Pairs(25, 18, 19, 2, 1.0, needed=979),
        Pairs(25, 18, 19, 5, 1.0),
        Pairs(10, 5, 8, 0, 0.25),
        Pairs(10, 5, 8, 1, 0.375),
        Pairs(10, 5, 8, 2, 0.453),
        Pairs(5, 4, 4, 0, 1.0, change=(-45.5, 45.5)),
        Pairs(5, 4, 4, 1, 1.0),
    ],
)
def test_the_same_figures_over_tests_of_one_sample_are_compared_test_by_test(project, seen):
    as_many_tests(project, seen.n, seen.before, seen.after, seen.down)

    status, found, (_, second) = compared(project, "baseline", NEW)
    against = second["against_reference"]
    suite = against["suite"]
    up = seen.after - seen.before + seen.down

    assert (status, found["fails"], against["verdict"]) == (0, False, "no_evidence")
    assert suite["method"] == "exact McNemar test"
    assert (len(suite["negative_flips"]), len(suite["positive_flips"])) == (seen.down, up)
    assert against["p_two_sided"] == pytest.approx(seen.two_sided, abs=0.0005)
    assert seen.change in {None, in_points(suite["interval"])}
    assert suite["interval"][0] < (seen.after - seen.before) / seen.n < suite["interval"][1]
    assert seen.needed in {None, against["needed_for_seen"]}
    assert against["unit"] == ("tests, one sample a side" if up != seen.down else "")


def test_one_test_of_25_samples_is_told_in_these_words(project):
    as_one_test(project, 25, 18, 19)

    said = text_of(project.run("compare", "baseline", NEW))

    for words in (
        "no evidence of a change: 1 test, 18/25 (72 %) → 19/25 (76 %) of all samples",
        "+4.0 points with each test counted once (95 % interval -19.8 to +27.2)",
        "Fisher's exact test: p = 1.00 two-sided",
        "p = 0.50 one-sided (better), 1.00 two-sided",
        "with 80 % power takes 1,937 samples a side: 1,912 more than the 25 recorded",
    ):
        assert words in said
    assert not re.search(r"\bstable\b|no change|unchanged|confident|significant", said)


def test_no_difference_is_told_with_the_drop_that_it_does_not_exclude(project):
    as_one_test(project, 5, 4, 4)

    said = text_of(project.run("compare", "baseline", NEW))

    assert "(95 % interval -45.5 to +45.5)" in said
    assert "no difference was seen, and a drop of 45.5 points is not excluded" in said


# --- verdicts, and the exit status ------------------------------------------------------------


def test_a_regressed_variant_ends_with_status_1(project):
    as_many_tests(project, 20, 20, 8, 12)

    run = project.run("compare", "baseline", NEW)
    said = text_of(run)

    assert run.status == 1
    assert "regressed: 20 tests, 20/20 (100 %) → 8/20 (40 %)" in said
    assert "-12 +0" in said


def test_an_improved_variant_ends_with_status_0(project):
    as_many_tests(project, 20, 8, 20, 0)

    status, _, (_, second) = compared(project, "baseline", NEW)

    assert (status, second["against_reference"]["verdict"]) == (0, "improved")


def test_the_first_variant_is_what_the_others_are_held_against(project):
    as_many_tests(project, 20, 20, 8, 12)

    status, found, (first, second) = compared(project, NEW, "baseline")

    assert (status, found["reference"]) == (0, NEW)
    assert first["against_reference"] is None
    assert second["against_reference"]["verdict"] == "improved"


def test_each_of_several_candidates_is_held_against_the_first(project):
    for number in range(12):
        test = f"tests/test_a.py::test_{number}"
        record(project, test, [True])
        record(project, test, [True], candidate=NEW)
        record(project, test, [False], candidate="tiny")

    run = project.run("compare", "baseline", NEW, "tiny")
    _, _, rows = compared(project, "baseline", NEW, "tiny")

    assert run.status == 1
    assert [row["against_reference"]["verdict"] for row in rows[1:]] == ["no_evidence", "regressed"]
    assert "the chance of a false alarm adds up" in text_of(run)


def test_fresh_samples_judge_their_test_and_are_in_no_rate(project):
    test = "tests/test_a.py::test_x"
    record(project, test, outcomes(10, 10))
    record(project, test, [True, *[False] * 5], candidate=NEW, fresh=5)

    status, _, (_, second) = compared(project, "baseline", NEW)

    assert status == 1
    assert second["samples"] == {"passed": 1, "n": 1}
    assert second["fresh"] == {"passed": 0, "n": 5}
    assert second["against_reference"]["suite"]["culprits"] == [test]


# --- what is counted --------------------------------------------------------------------------


def test_a_sample_that_nobody_wrote_anything_about_is_unknown_and_never_counted_as_passed(project):
    test = "tests/test_a.py::test_x"
    record(project, test, [True, None, True])
    record(project, test, [None, False, None], candidate=NEW)

    run = project.run("compare", "baseline", NEW)
    _, _, (first, second) = compared(project, "baseline", NEW)

    assert (first["samples"], first["unknown"]) == ({"passed": 2, "n": 2}, 1)
    assert (second["samples"], second["unknown"]) == ({"passed": 0, "n": 1}, 2)
    assert f"unknown of {NEW}: whether 2 samples passed was not written down" in text_of(run)


def test_a_test_that_is_unknown_or_missing_on_a_side_has_no_part_in_it(project):
    for name in ("here", "gone", "unknown"):
        record(project, f"tests/test_a.py::test_{name}", [True, True])
    record(project, "tests/test_a.py::test_here", [True], candidate=NEW)
    record(project, "tests/test_a.py::test_unknown", [None], candidate=NEW)

    status, found, (first, _) = compared(project, "baseline", NEW)

    assert status == 0
    assert first["samples"] == {"passed": 2, "n": 2}
    assert {each["test"]: each["why"] for each in found["left_out"]} == {
        "tests/test_a.py::test_gone": f"no recording of {NEW}",
        "tests/test_a.py::test_unknown": (
            f"whether it passed is unknown of {NEW}: nobody wrote it down"
        ),
    }


def test_where_nothing_is_known_nothing_is_judged(project):
    record(project, "tests/test_a.py::test_x", [None])
    record(project, "tests/test_a.py::test_x", [None], candidate=NEW)

    run = project.run("compare", "baseline", NEW)

    assert run.status == 2
    assert run.err[0].startswith("pytest-llmregress: compare: nothing could be judged, 1 test left")
    assert "left out: 1 test, whether it passed is unknown of" in text_of(run)


def test_a_recording_that_waits_to_be_accepted_is_missed_aloud(project):
    """A first recording that failed waits; without it the baseline is chosen for passing."""
    for name in ("a", "b"):
        record(project, f"test_a.py::test_{name}", [name == "a"])
        record(project, f"test_a.py::test_{name}", [True], candidate=NEW)
    paths = project.paths("test_a.py::test_b")
    paths.cassette.rename(paths.pending_cassette)

    said = text_of(project.run("compare", "baseline", NEW))

    assert "left out: 1 test, the only recording of baseline waits to be accepted" in said
    assert "the reference is chosen for passing. pytest-llmregress accept" in said


@pytest.mark.parametrize(("reference", "told"), [("baseline", True), ("tiny", False)])
def test_a_baseline_without_a_failure_may_have_been_chosen_for_that(project, reference, told):
    for number in range(4):
        test = f"test_a.py::test_{number}"
        record(project, test, [True])
        record(project, test, [True], candidate="tiny")
        record(project, test, [number > 0], candidate=NEW)

    run = project.run("compare", reference, NEW)

    assert ("no sample of baseline failed: where a recording was accepted" in text_of(run)) is told


def _asking(paths, old: str, new: str) -> None:
    """Change what a recording asked."""
    cassette = read_cassette(paths.cassette)
    changed = tuple(
        replace(
            each, request=replace(each.request, body=each.request.body.replace(*_bytes(old, new)))
        )
        for each in cassette.interactions
    )
    assert changed != cassette.interactions
    write_cassette(paths.cassette, replace(cassette, interactions=changed))


def _bytes(old: str, new: str) -> tuple[bytes, bytes]:
    return old.encode(), new.encode()


def test_answers_to_another_request_are_not_compared(project):
    record(project, "tests/test_a.py::test_x", [True, True])
    paths = record(project, "tests/test_a.py::test_x", [True], candidate=NEW)
    _asking(paths, "my refund", "my order")

    run = project.run("compare", "baseline", NEW)

    assert run.status == 2
    assert f"not comparable: {NEW} was sent another request" in text_of(run)


def test_a_date_in_the_request_makes_it_no_other_one(project):
    before = record(project, "tests/test_a.py::test_x", [True, True])
    after = record(project, "tests/test_a.py::test_x", [True], candidate=NEW)
    _asking(before, "my refund", "my refund of 2026-01-02T03:04:05Z")
    _asking(after, "my refund", "my refund of 2026-02-03")

    assert project.run("compare", "baseline", NEW).status == 0


def test_what_a_model_costs_that_nobody_knows_is_unknown_and_not_free(project):
    record(project, "tests/test_a.py::test_x", [True, True])
    record(project, "tests/test_a.py::test_x", [True], candidate="my-own-model")

    run = project.run("compare", "baseline", "my-own-model")
    _, _, (_, second) = compared(project, "baseline", "my-own-model")
    row = next(line for line in run.out if line.startswith("my-own-model  "))

    assert (second["cost_usd"], second["cost_usd_per_pass"]) == (None, None)
    assert row.endswith("unknown")
    assert "$0" not in row
    assert "an unknown price does not count as 0" in run.out


def test_failures_are_counted_by_their_class(project):
    test = "tests/test_a.py::test_x"
    record(project, test, outcomes(8, 10))
    record(project, test, outcomes(7, 10), candidate=NEW, failure="contract")

    run = project.run("compare", "baseline", NEW)

    assert "failures of baseline: 2 AssertionError" in run.out
    assert f"failures of {NEW}: 3 contract" in run.out


# --- which variants, which tests --------------------------------------------------------------


def test_a_variant_goes_by_the_model_that_it_asked_for_where_only_one_did(project):
    record(project, "tests/test_a.py::test_x", [True, True])
    record(project, "tests/test_a.py::test_x", [True], candidate=f"{OLD}={NEW}", model=NEW)

    _, found, _ = compared(project, OLD, NEW)

    assert [each["name"] for each in found["variants"]] == ["baseline", f"{OLD}={NEW}"]


def test_a_model_that_two_variants_asked_for_has_to_be_named_otherwise(project):
    record(project, "tests/test_a.py::test_x", [True, True])
    for candidate in ("a=tiny", "b=tiny"):
        record(project, "tests/test_a.py::test_x", [True], candidate=candidate, model="tiny")

    run = project.run("compare", "baseline", "tiny")

    assert (run.status, run.out) == (2, [])
    assert "\n".join(run.err) == (
        "pytest-llmregress: tiny: a=tiny, b=tiny asked for that model; name one of them. "
        "pytest-llmregress compare --help"
    )


def test_a_variant_that_is_not_there_is_told_with_those_that_are(project):
    record(project, "tests/test_a.py::test_x", [True, True])
    record(project, "tests/test_a.py::test_x", [True], candidate=NEW)

    run = project.run("compare", "baseline", "opus", "mini")

    assert (run.status, run.out) == (2, [])
    assert run.err == [
        (
            f"pytest-llmregress: {name}: there is no such variant; there are: baseline, {NEW}. "
            "pytest-llmregress status"
        )
        for name in ("opus", "mini")
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["baseline"], f"baseline: nothing to compare it with; there are: baseline, {NEW}."),
        (["baseline", OLD], "baseline: it is compared with itself; name each variant once."),
        (["baseline", NEW, "--by", "day"], "--by day: tests are not grouped by that; file,"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_what_can(project, arguments, problem):
    record(project, "tests/test_a.py::test_x", [True, True])
    record(project, "tests/test_a.py::test_x", [True], candidate=NEW)

    run = project.run("compare", *arguments)

    assert (run.status, run.out) == (2, [])
    assert run.err[0].startswith(f"pytest-llmregress: {problem}")


def test_a_path_chooses_the_tests(project):
    for file in ("tests/test_a.py", "tests/more/test_b.py"):
        record(project, f"{file}::test_x", [True, True])
        record(project, f"{file}::test_x", [True], candidate=NEW)

    _, everything, _ = compared(project, "baseline", NEW)
    _, found, _ = compared(project, "baseline", NEW, "--in", "tests/more")

    assert everything["overall"]["tests"] == 2
    assert found["overall"]["tests"] == 1


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("file", ["tests/more/test_b.py", "tests/test_a.py"]),
        ("suite", ["tests/more/test_b.py", "tests/test_a.py"]),
        ("folder", ["tests", "tests/more"]),
        ("class", ["tests/more/test_b.py (no class)", "tests/test_a.py::TestRefund"]),
    ],
)
def test_tests_are_grouped_by_what_their_node_ids_say(project, by, groups):
    for test in ("tests/test_a.py::TestRefund::test_x[a::b]", "tests/more/test_b.py::test_x"):
        record(project, test, [True, True])
        record(project, test, [True], candidate=NEW)

    run = project.run("compare", "baseline", NEW, "--by", by)
    _, found, _ = compared(project, "baseline", NEW, "--by", by)

    assert [group["name"] for group in found["groups"]] == groups
    assert "each of the 2 groups is held against alpha = 0.025, 0.05 shared by all" in text_of(run)


def test_tests_are_grouped_by_the_marks_in_their_recordings(project):
    marks = {"x": ("billing", "slow"), "y": ("slow",), "z": ()}
    for name, given in marks.items():
        test = f"tests/test_a.py::test_{name}"
        record(project, test, [True, True], marks=given)
        record(project, test, [True], candidate=NEW)

    run = project.run("compare", "baseline", NEW, "--by", "mark")
    _, found, _ = compared(project, "baseline", NEW, "--by", "mark")

    groups = {group["name"]: group["tests"] for group in found["groups"]}
    assert groups == {"billing": 1, "slow": 2, "(no mark)": 1}
    assert "a test with several marks is in each of their groups" in text_of(run)


REFUSED = "I'm sorry, but I can't help with that."


def test_each_variant_has_the_drift_classes_of_a_run_over_all_tests_and_in_each_group(project):
    texts = {"x": REFUSED, "y": "It is on its way.", "z": "On its way."}
    for name, text in texts.items():
        test = f"tests/test_{name}.py::test_it"
        record(project, test, [True] * 5, marks=("slow",) if name == "x" else ())
        record(project, test, [True], candidate=NEW, text=text)
        record(project, test, [True], candidate="same")

    status, found, standings = compared(project, "baseline", NEW, "same", "--by", "mark")
    run = project.run("compare", "baseline", NEW, "same", "--by", "mark")

    assert status == 0
    assert [each["drift"] for each in standings] == [
        None,
        {
            "breaking": 1,
            "notable": 0,
            "cosmetic": 1,
            "tests": [
                {
                    "test": "tests/test_x.py::test_it",
                    "severity": "breaking",
                    "traits": ["refusal"],
                },
                {"test": "tests/test_y.py::test_it", "severity": "cosmetic", "traits": ["text"]},
            ],
        },
        {"breaking": 0, "notable": 0, "cosmetic": 0, "tests": []},
    ]
    groups = {each["name"]: each["variants"][1]["drift"]["breaking"] for each in found["groups"]}
    assert groups == {"slow": 1, "(no mark)": 0}
    told = text_of(run)
    assert f"drift of {NEW}: 1 breaking, 1 cosmetic; breaking: tests/test_x.py::test_it" in told
    assert "drift of same: none seen" in told


def test_a_test_that_fails_now_is_a_breaking_drift_where_no_accepted_sample_failed(project):
    for name, before in (("x", [True] * 5), ("y", [True] * 4 + [False])):
        test = f"tests/test_{name}.py::test_it"
        record(project, test, before)
        record(project, test, [False], candidate=NEW)

    _, _, (_, new) = compared(project, "baseline", NEW)

    (drifted,) = new["drift"]["tests"]
    assert (drifted["test"], drifted["traits"]) == ("tests/test_x.py::test_it", ["test"])


def test_a_damaged_cassette_is_told_and_the_others_are_compared(project):
    for name in ("x", "y"):
        record(project, f"tests/test_a.py::test_{name}", [True, True])
        paths = record(project, f"tests/test_a.py::test_{name}", [True], candidate=NEW)
    text = paths.cassette.read_text(encoding="utf-8")
    paths.cassette.write_text(text.replace("On its way", "On its why"), encoding="utf-8")

    run = project.run("compare", "baseline", NEW)

    assert run.status == 2
    assert len(run.err) == 1
    assert "the file was edited or cut off" in run.err[0]
    assert "1 test, from their recordings" in text_of(run)


def test_for_a_pull_request_it_is_markdown(project):
    as_many_tests(project, 20, 20, 8, 12)

    run = project.run("compare", "baseline", NEW, "--markdown")

    assert run.status == 1
    assert run.out[0].startswith("### ")
    assert run.out[2].startswith("| variant | passed |")
    assert any("| 8/20 | 40.0 % |" in line and "regressed" in line for line in run.out)


def test_a_report_of_a_run_is_told_to_be_no_variant(project):
    project.accepted("tests/test_a.py::test_one")
    Path("run.json").write_text("{}", encoding="utf-8")
    run = project.run("compare", "baseline", "run.json")

    assert run.status == 2
    assert run.err == [
        (
            "pytest-llmregress: run.json: a file; variants are compared by their recordings, and "
            "named: there are: baseline. For a report of a run: pytest-llmregress report run.json"
        )
    ]
