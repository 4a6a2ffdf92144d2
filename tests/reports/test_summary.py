"""The lines at the end of a run."""

from dataclasses import replace
from typing import Any

import pytest

from pytest_llmregress.reports.summary import closing_line, summary_lines
from pytest_llmregress.values.behavior import Change, Drift, Severity
from pytest_llmregress.values.evidence import Tally, TestEvidence
from pytest_llmregress.values.run_report import AnswerSource, Problem, RunReport, TestRecord
from reports import compared, record, side


def summary(*tests: TestRecord, **fields: object) -> tuple[str, ...]:
    plain = RunReport(
        created="2026-01-02T03:04:05Z", versions={}, candidate=None, fail_on="breaking", tests=tests
    )
    return summary_lines(replace(plain, **fields))


def drift(*severities: Severity) -> Drift:
    changes = (Change(trait="outcome", severity=s, before="a", after="b") for s in severities)
    return Drift(baseline="claude-opus-5", candidate="claude-opus-5-5", changes=tuple(changes))


def test_nothing_is_said_where_no_test_was_marked():
    assert summary() == ()


def test_a_replay_claims_no_drift():
    lines = summary(record("t.py::test_a"), record("t.py::test_b"))

    assert lines == ("2 tests: 2 replayed; replay: deterministic, no drift claim",)


def test_a_first_recording_is_one_line():
    lines = summary(record("t.py::test_a", mode=AnswerSource.RECORDED, accepted=True))

    assert lines == ("1 test: 1 recorded, 1 accepted",)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"mode": AnswerSource.RECORDED, "problems": ["over_limit"]}, "stopped"),
        ({"mode": AnswerSource.IDLE, "problems": ["waits_in_batch"]}, "stopped"),
        ({"mode": AnswerSource.MIXED, "problems": ["not_whole"]}, "not whole"),
        ({"mode": AnswerSource.RECORDED, "problems": ["not_kept"]}, "not saved"),
        ({"mode": AnswerSource.RECORDED, "passed": False}, "not whole"),
        (
            {"mode": AnswerSource.RECORDED, "passed": False, "pending": "a.snapshot.new.yaml"},
            "recorded",
        ),
        ({"mode": AnswerSource.RECORDED, "passed": False, "candidate": "new"}, "recorded"),
        ({"mode": AnswerSource.RECORDED, "problems": ["no_match"]}, "missed"),
        ({"mode": AnswerSource.REPLAYED, "passed": False}, "replayed"),
    ],
)
def test_only_what_has_a_recording_by_now_is_called_recorded(fields: dict[str, Any], word: str):
    problems = tuple(Problem(code=code, message="…") for code in fields.pop("problems", ()))
    lines = summary(record("t.py::test_a", problems=problems, **fields))

    assert lines[0].partition(";")[0] == f"1 test: 1 {word}"


def held(*, is_same: bool) -> TestEvidence:
    """Return the evidence of one recording against one in which nothing is new."""
    one = Tally(passed=1, n=1)
    return TestEvidence(test="t", baseline=one, screen=one, traits_compared=22, is_same=is_same)


@pytest.mark.parametrize(
    ("same", "said"),
    [
        ((True, True), "no difference seen (1 recording against 1)"),
        ((True, False), "no value that the baseline never showed, in 22 traits of 2 calls"),
    ],
)
def test_no_difference_is_said_only_where_all_is_equal(same: tuple[bool, bool], said: str):
    tests = [
        record(
            f"t.py::test_{at}",
            mode=AnswerSource.RECORDED,
            drift=drift(),
            evidence=held(is_same=is_same),
        )
        for at, is_same in enumerate(same)
    ]
    lines = summary(*tests, record("t.py::test_b"), candidate="claude-opus-5-5")

    assert lines == (
        f"3 tests: 1 replayed, 2 recorded; candidate claude-opus-5-5; 2 compared, {said}",
    )


def test_drift_problems_unplayed_and_pending_have_a_line_each():
    missed = (Problem(code="no_match", message="…"),)
    lines = summary(
        record("t.py::test_a", mode=AnswerSource.RECORDED, drift=drift(Severity.COSMETIC)),
        record(
            "t.py::test_b",
            mode=AnswerSource.RECORDED,
            drift=drift(Severity.BREAKING, Severity.COSMETIC),
            pending="tests/__llm__/t/b.snapshot.new.yaml",
        ),
        record("t.py::test_c", mode=AnswerSource.RECORDED, drift=drift()),
        record("t.py::test_d", problems=missed),
        record("t.py::test_e", problems=missed, unplayed=2),
        record(
            "t.py::test_f",
            mode=AnswerSource.MIXED,
            problems=(Problem(code="bypassed", message="…"),),
        ),
        record("t.py::test_g", unplayed=1),
        fail_on="notable",
    )

    assert lines == (
        "7 tests: 1 replayed, 3 recorded, 1 partly recorded, 2 missed",
        "drift: 1 breaking, 1 cosmetic of 3 compared; fails from notable on",
        "  breaking  t.py::test_b",
        "  cosmetic  t.py::test_a",
        "  1 recording against 1: a difference, not how often it happens",
        "problem: bypassed: 1 test: t.py::test_f",
        "missed: no_match: 2 tests: t.py::test_d, t.py::test_e",
        (
            "unplayed: 3 recorded requests that this run did not ask for: "
            "2 tests: t.py::test_e, t.py::test_g"
        ),
        "pending: 1 test. pytest-llmregress accept t.py::test_b",
    )


def test_what_waits_of_a_candidate_is_accepted_by_its_name():
    lines = summary(record("t.py::test_a", candidate="new model", pending="a.snapshot.new.yaml"))

    assert lines[-1] == (
        "pending: 1 test. pytest-llmregress accept t.py::test_a --candidate 'new model'"
    )


def test_ten_drifted_tests_are_named_worst_first_and_the_others_counted():
    tests = [
        record(f"t.py::test_{n:02}", drift=drift(Severity.NOTABLE if n < 11 else Severity.BREAKING))
        for n in range(13)
    ]
    lines = summary(*tests, fail_on="never")

    assert lines[1:6] == (
        "drift: 2 breaking, 11 notable of 13 compared; fails no test",
        "  changed traits: outcome 13",
        "  breaking  t.py::test_11",
        "  breaking  t.py::test_12",
        "  notable   t.py::test_00",
    )
    assert lines[12:] == (
        "  notable   t.py::test_07",
        "  and 3 more (3 notable)",
        "  1 recording against 1: a difference, not how often it happens",
    )


def changes(*traits: str, severity: Severity = Severity.NOTABLE) -> Drift:
    found = (Change(trait=t, severity=severity, before="a", after="b") for t in traits)
    wording = Change(trait="text", severity=Severity.COSMETIC, before="a", after="b")
    return Drift(baseline="a", candidate="b", changes=(*found, wording))


def test_the_tests_of_each_changed_trait_are_counted_the_most_frequent_first():
    drifts = [changes("calls", "text.length"), changes("text.length"), changes("text.length")]
    lines = summary(*(record(f"t.py::test_{n}", drift=d) for n, d in enumerate(drifts)))

    assert lines[1:3] == (
        "drift: 3 notable of 3 compared; fails from breaking on",
        "  changed traits: text.length 3, calls 1",
    )


def test_a_trait_that_differs_twice_in_a_test_counts_once():
    lines = summary(*(record(f"t.py::test_{n}", drift=changes("a", "a")) for n in range(2)))

    assert lines[2] == "  changed traits: a 2"


def test_wording_alone_and_a_single_test_have_no_count():
    wording = [record(f"t.py::test_{n}", drift=changes()) for n in range(3)]
    single = record("t.py::test_x", drift=changes("calls"))

    assert "changed traits" not in "\n".join(summary(*wording, single))


def test_many_changed_traits_take_two_lines():
    drift = changes(*(f"tools.arg_keys{n}" for n in range(30)))
    lines = summary(*(record(f"t.py::test_{n}", drift=drift) for n in range(2)))
    counted = lines[2 : lines.index("  notable  t.py::test_0")]

    assert len(counted) == 2
    assert counted[-1].endswith(" and 22 more")
    assert max(map(len, counted)) <= 100


def test_several_pending_tests_share_one_command():
    tests = [record(f"t.py::test_{n}", pending=f"{n}.snapshot.new.yaml") for n in range(2)]

    assert summary(*tests)[-1] == (
        "pending: 2 tests. one by one: pytest-llmregress review; all: "
        "pytest-llmregress accept --all"
    )


def test_a_parameter_id_is_quoted_for_the_shell():
    lines = summary(record("t.py::test_a[x y]", pending="a.snapshot.new.yaml"))

    assert lines[-1] == "pending: 1 test. pytest-llmregress accept 't.py::test_a[x y]'"


def test_a_problem_of_many_tests_names_three():
    problems = (Problem(code="no_calls", message="…"),)
    lines = summary(*(record(f"t.py::test_{n}", problems=problems) for n in range(5)))

    assert lines[-1] == (
        "problem: no_calls: 5 tests: t.py::test_0, t.py::test_1, t.py::test_2 and 2 more"
    )


def test_what_a_terminal_would_obey_is_spelled_out():
    lines = summary(
        record("t.py::test_a[\x1b[2J]", drift=drift(Severity.NOTABLE), pending="x"),
        candidate="m\x1b[0m",
    )

    assert all(line.isprintable() for line in lines)
    assert lines[2] == r"  notable  t.py::test_a[\x1b[2J]"


def held_against(before: int, after: int, severity: Severity) -> TestRecord:
    """Return a drifted test whose baseline and candidate have as many samples."""
    name = f"t.py::test_{before}_{after}"
    tallies = {"baseline": Tally(passed=before, n=before), "screen": Tally(passed=after, n=after)}
    return record(
        name,
        mode=AnswerSource.RECORDED,
        samples=after,
        passes=after,
        drift=drift(severity),
        evidence=TestEvidence(test=name, **tallies),
    )


@pytest.mark.parametrize(
    ("sides", "is_told"),
    [([(1, 1)], True), ([(1, 5)], False), ([(5, 1)], False), ([(1, 1), (1, 5)], False)],
)
def test_five_samples_of_the_candidate_are_not_one_recording_against_one(
    sides: list[tuple[int, int]], is_told: bool
):
    text = "\n".join(summary(*(held_against(*each, Severity.NOTABLE) for each in sides)))

    assert ("1 recording against 1" in text) is is_told


WORSE = {"drift": drift(Severity.BREAKING), "passed": False}


def closing(*tests: TestRecord, failed: int, **fields: Any) -> str | None:
    plain = {"candidate": "new", "fail_on": "breaking", **fields}
    return closing_line(
        RunReport(created="2026-01-02T03:04:05Z", versions={}, tests=tests, **plain), failed=failed
    )


def test_the_last_line_says_that_a_drift_is_meant_to_fail_the_run():
    line = closing(record("t.py::test_a", **WORSE), record("t.py::test_b"), failed=1)

    assert line == (
        "llmregress: exit status 1, as it is meant: candidate new drifts in 1 of 2 tests at or "
        "above breaking; --llmregress-fail-on never only reports it"
    )


def test_the_last_line_says_it_of_a_verdict_on_the_suite_alone():
    judged = compared(record("t.py::test_a")).verdict
    assert judged is not None
    verdict = replace(judged, fails=True)

    line = closing(record("t.py::test_a"), failed=0, verdict=verdict)

    assert line == (
        "llmregress: exit status 1, as it is meant: candidate new drifts over the suite; "
        "--llmregress-fail-on never only reports it"
    )


@pytest.mark.parametrize(
    ("record_of", "fields"),
    [
        (WORSE, {"failed": 2}),
        (WORSE, {"failed": 1, "fail_on": "never"}),
        (WORSE, {"failed": 1, "candidate": None}),
        ({"passed": False}, {"failed": 1}),
        ({"drift": drift(Severity.NOTABLE), "passed": False}, {"failed": 1}),
    ],
    ids=["another test", "never", "no candidate", "no drift", "below fail-on"],
)
def test_no_failure_is_called_meant_that_is_no_drift(record_of, fields):
    assert closing(record("t.py::test_a", **record_of), **fields) is None


def test_traits_that_could_not_be_compared_are_counted_and_named_behind_the_first_line():
    lines = summary(
        record("t.py::test_a", not_compared=("links: not in the baseline",)),
        record("t.py::test_b", not_compared=("links: not in the baseline", "x\x1b: new")),
        record("t.py::c", new_traits=("refusal",)),
    )

    assert lines[1:] == (
        "traits not compared: 2 in 2 tests: t.py::test_a, t.py::test_b",
        "  links: not in the baseline; x\\x1b: new",
        "new traits, which fail nothing until pytest --llmregress-accept: 1 in 1 test: t.py::c",
        "  refusal",
    )


def test_a_new_baseline_below_three_in_five_is_accepted_and_called_unsteady():
    fields = {"mode": AnswerSource.RECORDED, "accepted": True, "passed": False}
    lines = summary(
        record("t.py::test_a", samples=10, passes=5, **fields),
        record("t.py::test_b", samples=10, passes=9, **fields),
    )

    assert lines[1:] == (
        "samples: 14 of 20 passed, in 2 tests",
        "unsteady: 1 test: t.py::test_a",
        "  less than 60 % of the samples passed, so statistics never fail it",
    )


def test_an_accepted_candidate_with_fewer_samples_than_the_baseline_is_told():
    known = replace(held(is_same=False), baseline=Tally(passed=10, n=10))
    lines = summary(
        record(
            "t.py::test_a",
            mode=AnswerSource.RECORDED,
            accepted=True,
            evidence=known,
            requested_models=("claude-opus-5-5",),
        )
    )

    assert lines[1:] == (
        "samples: the new baseline of 1 test has 1 sample from now on, and had up to 10",
        (
            "  more, once the code asks for claude-opus-5-5: pytest t.py --llmregress-record once "
            "--llmregress-samples 10"
        ),
    )


def costs(before: float | None, after: float | None) -> TestRecord:
    sides = {"before": side("a", cost_usd=before), "after": side("b", cost_usd=after)}
    return record("t.py::test_a", **sides)


@pytest.mark.parametrize(
    ("tests", "line"),
    [
        ([costs(0.02, 0.2)], "cost of one run: $0.0200 → $0.2000, 10.00x, 1 test"),
        (
            [costs(0.01, 0.01), costs(0.03, 0.01), costs(None, 0.2)],
            "cost of one run: $0.0400 → $0.0200, 0.50x, 2 tests; that of 1 test is unknown",
        ),
        ([costs(0.0, 0.2)], "cost of one run: $0.0000 → $0.2000, 1 test"),
    ],
)
def test_the_cost_of_a_run_stands_beside_that_of_the_baseline(tests, line: str):
    assert summary(*tests)[-1] == line


def test_of_costs_that_nobody_knows_nothing_is_said():
    assert len(summary(costs(None, 0.2), costs(0.0, 0.0))) == len(summary(costs(None, None)))
