"""The commands `accept` and `reject`."""

from dataclasses import replace

import pytest

from pytest_llmregress.storage.cassette_file import digest_of, read_cassette, write_cassette
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.snapshot import PendingReason, PendingState

REFUND = "tests/test_support.py::test_refund"
PLAN = "tests/test_support.py::test_plan"
FOLDER = "tests/__llm__/test_support"
NEW, OTHER = "claude-opus-5-5", "claude-haiku-5"


def test_without_a_target_nothing_is_pending(project):
    project.accepted(REFUND)
    run = project.run("accept")

    assert (run.status, run.out, run.err) == (0, ["nothing is pending"], [])


@pytest.mark.parametrize("decision", ["accept", "reject"])
def test_without_a_target_what_is_pending_is_listed_and_left_alone(project, decision):
    project.accepted(REFUND)
    path = project.candidate(REFUND, NEW, Severity.BREAKING).pending_snapshot
    run = project.run(decision)

    assert run.status == 1
    assert run.out == [
        f"{REFUND}: claude-opus-5 → claude-opus-5-5 (drifted, 1 breaking)",
        f"  pytest-llmregress accept {REFUND} --candidate {NEW}",
        f"  pytest-llmregress reject {REFUND} --candidate {NEW}",
    ]
    assert path.exists()


@pytest.mark.parametrize(
    "target",
    [
        REFUND,
        "tests/test_support.py",
        f"{FOLDER}/refund@{NEW}.snapshot.new.yaml",
        f"{FOLDER}/refund@{NEW}.cassette.yaml",
        "--all",
    ],
)
def test_an_accepted_candidate_becomes_the_baseline(project, target):
    baseline = project.accepted(REFUND)
    candidate = project.candidate(REFUND, NEW, Severity.BREAKING)
    run = project.run("accept", target)
    snapshot = read_snapshot(baseline.snapshot)

    assert run.err == []
    assert run.status == 0
    next_step = f"next: ask for {NEW} in your code, where it asks for claude-opus-5"
    assert run.out == [
        f"accepted {REFUND}: claude-opus-5 → claude-opus-5-5",
        f"  wrote {FOLDER}/refund.cassette.yaml",
        f"  wrote {FOLDER}/refund.snapshot.yaml",
        *([next_step] if target == "--all" else []),
    ]
    assert snapshot.requested_models == (NEW,)
    assert snapshot.pending is None
    assert snapshot.cassette == digest_of(read_cassette(baseline.cassette))
    assert not candidate.pending_snapshot.exists()


def test_a_recording_that_never_asked_its_candidate_is_not_accepted(project):
    baseline = project.accepted(REFUND)
    candidate = project.candidate(REFUND, NEW)
    other = project.cassette(REFUND, model="claude-opus-5", candidate=NEW, text="Sent!")
    write_cassette(candidate.cassette, other)
    write_snapshot(
        candidate.pending_snapshot,
        replace(read_snapshot(candidate.pending_snapshot), cassette=digest_of(other)),
    )
    before = {path: path.read_bytes() for path in baseline.directory.iterdir()}

    for run in (project.run("accept", REFUND), project.run("accept", "--all")):
        assert run.status == 2
        assert run.out == []
        file = f"{FOLDER}/refund@{NEW}.cassette.yaml"
        why = f"{file}: it asked for claude-opus-5, not for {NEW}; remove it"
        assert run.err == [f"pytest-llmregress: {why}. pytest-llmregress prune {file} --delete"]
    assert {path: path.read_bytes() for path in baseline.directory.iterdir()} == before


def test_a_rejected_candidate_leaves_the_baseline_alone(project):
    baseline = project.accepted(REFUND)
    before = baseline.cassette.read_bytes(), baseline.snapshot.read_bytes()
    candidate = project.candidate(REFUND, NEW)
    run = project.run("reject", REFUND)

    assert run.status == 0
    assert run.out == [
        f"rejected {REFUND}: claude-opus-5 → claude-opus-5-5",
        f"  deleted {FOLDER}/refund@{NEW}.snapshot.new.yaml",
        f"  wrote {FOLDER}/refund.rejected.yaml",
    ]
    assert not candidate.pending_snapshot.exists()
    assert (baseline.cassette.read_bytes(), baseline.snapshot.read_bytes()) == before


def test_a_node_id_is_found_from_a_folder_below_the_root(project, monkeypatch):
    project.accepted(REFUND)
    project.candidate(REFUND, NEW)
    monkeypatch.chdir(project.root / "tests")
    run = project.run("accept", "test_support.py::test_refund")

    assert run.status == 0
    assert run.out[1] == "  wrote __llm__/test_support/refund.cassette.yaml"


def test_only_the_named_test_is_decided_on(project):
    project.accepted(REFUND)
    project.accepted(PLAN)
    project.candidate(REFUND, NEW)
    other = project.candidate(PLAN, NEW)
    run = project.run("accept", REFUND)

    assert run.status == 0
    assert other.pending_snapshot.exists()


def test_all_takes_every_pending_test(project):
    for test in (REFUND, PLAN):
        project.accepted(test)
        project.candidate(test, NEW)
    run = project.run("accept", "--all")

    assert run.status == 0
    assert [line for line in run.out if line.startswith("accepted")] == [
        f"accepted {PLAN}: claude-opus-5 → claude-opus-5-5",
        f"accepted {REFUND}: claude-opus-5 → claude-opus-5-5",
    ]
    assert project.run("status").status == 0


def test_a_test_with_nothing_pending_is_refused_with_what_is(project):
    project.accepted(REFUND)
    project.accepted(PLAN)
    pending = project.candidate(PLAN, NEW)
    run = project.run("accept", REFUND, PLAN)

    assert run.status == 1
    assert run.out == []
    assert run.err == [
        (
            f"pytest-llmregress: {REFUND}: nothing is pending; pending: {PLAN}. "
            "pytest-llmregress status"
        )
    ]
    assert pending.pending_snapshot.exists()


def test_two_pending_candidates_need_a_choice(project):
    project.accepted(REFUND)
    project.candidate(REFUND, NEW)
    project.candidate(REFUND, OTHER)
    run = project.run("accept", REFUND)

    assert run.status == 2
    assert run.out == []
    assert run.err == [
        (
            f"pytest-llmregress: {REFUND}: 2 variants are pending ({OTHER}, {NEW}), and one of "
            "them can be accepted; name it with --candidate. "
            f"pytest-llmregress accept {REFUND} --candidate {NEW}"
        )
    ]


def test_the_chosen_candidate_is_accepted_and_the_other_stays_pending(project):
    project.accepted(REFUND)
    project.candidate(REFUND, NEW)
    other = project.candidate(REFUND, OTHER)
    run = project.run("accept", REFUND, "--candidate", NEW)

    assert run.status == 0
    assert run.out[0] == f"accepted {REFUND}: claude-opus-5 → claude-opus-5-5"
    assert other.pending_snapshot.exists()


def test_the_listed_commands_tell_several_variants_apart(project):
    paths = project.accepted(REFUND)
    cassette = project.cassette(REFUND)
    changed = PendingState(why=PendingReason.CHANGED, candidate=None, baseline="claude-opus-5")
    write_snapshot(paths.pending_snapshot, project.snapshot(cassette, changed))
    project.candidate(REFUND, NEW)
    run = project.run("accept")

    assert run.out == [
        f"{REFUND}: claude-opus-5 (the test's own code changed)",
        f"  pytest-llmregress accept {FOLDER}/refund.snapshot.new.yaml",
        f"  pytest-llmregress reject {FOLDER}/refund.snapshot.new.yaml",
        f"{REFUND}: claude-opus-5 → claude-opus-5-5 (drifted)",
        f"  pytest-llmregress accept {REFUND} --candidate {NEW}",
        f"  pytest-llmregress reject {REFUND} --candidate {NEW}",
    ]
    assert project.run("accept", f"{FOLDER}/refund.snapshot.new.yaml").status == 0
    assert project.run("accept", REFUND, "--candidate", NEW).status == 0
    assert project.run("accept").out == ["nothing is pending"]


def test_a_candidate_that_is_not_pending_is_refused(project):
    project.accepted(REFUND)
    project.candidate(REFUND, NEW)
    run = project.run("accept", REFUND, "--candidate", "claude-typo")

    assert run.status == 2
    assert run.err == [
        (
            f"pytest-llmregress: {REFUND}: nothing is pending of the candidate claude-typo; "
            f"pending: {REFUND}. pytest-llmregress status"
        )
    ]


def test_a_target_and_all_exclude_each_other(project):
    run = project.run("accept", REFUND, "--all")

    assert run.status == 2
    assert run.err == [
        (
            "pytest-llmregress: accept: TEST and --all exclude each other; one of them. "
            "pytest-llmregress accept --help"
        )
    ]


def test_a_damaged_pending_file_is_named_and_nothing_is_accepted(project):
    baseline = project.accepted(REFUND)
    before = baseline.cassette.read_bytes()
    project.candidate(REFUND, NEW).pending_snapshot.write_text("llmregress: 1\nbehavior: [\n")
    run = project.run("accept", REFUND)

    assert run.status == 2
    assert run.out == []
    assert run.err[0].startswith(f"pytest-llmregress: {FOLDER}/refund@{NEW}.snapshot.new.yaml:")
    assert baseline.cassette.read_bytes() == before


def test_a_pending_snapshot_without_its_recording_is_refused(project):
    project.accepted(REFUND)
    project.candidate(REFUND, NEW).cassette.unlink()
    run = project.run("accept", REFUND)

    assert run.status == 2
    assert run.out == []
    assert "it was taken from a recording that is not here" in run.err[0]


def test_accepting_fewer_samples_says_how_many_there_are_and_how_to_record_the_rest(project):
    baseline = project.accepted(REFUND)
    old = read_snapshot(baseline.snapshot)
    write_snapshot(baseline.snapshot, replace(old, samples=old.samples * 10))
    project.candidate(REFUND, NEW, Severity.BREAKING)
    run = project.run("accept", REFUND)

    assert run.status == 0
    assert run.out[-2:] == [
        "  the baseline has 1 sample now, and had 10",
        (
            f"  more, once the code asks for {NEW}: pytest {REFUND} --llmregress-record once "
            "--llmregress-samples 10"
        ),
    ]


def test_accepting_as_many_samples_says_nothing_of_them(project):
    project.accepted(REFUND)
    project.candidate(REFUND, NEW, Severity.BREAKING)

    assert not any("sample" in line for line in project.run("accept", REFUND).out)
