"""What is kept of a test's run: each file, for each way in which a run may end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.pipeline.config import TestConfig, TestIdentity
from pytest_llmregress.pipeline.next_command import NextCommand
from pytest_llmregress.pipeline.persist import (
    SavedFiles,
    WriteFacts,
    WritePlan,
    WriteReason,
    build_cassette,
    plan_writes,
)
from pytest_llmregress.pipeline.plan import SamplePlan, SideVariant
from pytest_llmregress.pipeline.state import (
    ObservedSample,
    ObservedTest,
    SampleRecording,
    TestState,
)
from pytest_llmregress.pipeline.write_files import write_files
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.storage.cassette_file import digest_of, write_cassette
from pytest_llmregress.storage.decisions import Rejection
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.snapshot_file import write_snapshot
from pytest_llmregress.values.behavior import Change, Severity
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.run_report import AnswerSource, Problem
from pytest_llmregress.values.settings import Candidate, RecordMode, Settings
from pytest_llmregress.values.snapshot import Decision, PendingReason, PendingState, Snapshot

TEST = "t.py::test_a"
WRITES = """
answers  candidate  whole  good  changed  accept  ci   rejected  result    written
first    no         no     *     no       *       *    *         -         -
first    no         yes    yes   no       *       *    *         accepted  cassette snapshot
first    no         yes    no    no       *       *    *         failed    cassette.new snapshot.new
new      no         no     *     *        *       *    *         -         -
new      no         yes    yes   no       *       *    *         accepted  cassette snapshot
new      no         yes    yes   yes      yes     *    *         accepted  cassette snapshot
new      no         yes    yes   yes      no      *    *         drifted   cassette.new snapshot.new
new      no         yes    no    *        *       *    *         failed    cassette.new snapshot.new
new      yes        no     *     *        *       *    *         -         -
new      yes        yes    *     *        *       *    yes       rejected  @
new      yes        yes    yes   *        yes     *    no        accepted  @ cassette snapshot
new      yes        yes    yes   no       no      *    no        -         @
new      yes        yes    yes   yes      no      *    no        drifted   @ @new
new      yes        yes    no    no       *       *    no        -         @
new      yes        yes    no    yes      *       *    no        failed    @ @new
replay   no         *      *     no       *       *    *         -         -
replay   no         yes    yes   yes      yes     *    *         accepted  snapshot
replay   no         yes    yes   yes      no      no   *         changed   snapshot.new
replay   no         yes    yes   yes      no      yes  *         -         -
replay   no         yes    no    yes      *       no   *         changed   snapshot.new
replay   no         yes    no    yes      *       yes  *         -         -
replay   no         no     *     yes      *       *    *         -         -
replay   yes        yes    yes   *        yes     *    yes       rejected  -
replay   yes        yes    *     *        no      no   yes       rejected  -
replay   yes        yes    no    *        yes     no   yes       rejected  -
replay   yes        yes    *     *        no      yes  *         -         -
replay   yes        yes    no    *        yes     yes  *         -         -
replay   yes        yes    yes   *        yes     *    no        accepted  cassette snapshot
replay   yes        yes    yes   no       no      no   no        -         -
replay   yes        yes    yes   yes      no      no   no        drifted   @new
replay   yes        yes    no    no       *       no   no        -         -
replay   yes        yes    no    yes      *       no   no        failed    @new
replay   yes        no     *     *        *       *    *         -         -
bare     no         yes    yes   *        yes     *    *         accepted  snapshot
bare     no         yes    yes   no       no      *    *         -         -
bare     no         yes    yes   yes      no      no   *         changed   snapshot.new
bare     no         yes    yes   yes      no      yes  *         -         -
bare     no         yes    no    no       *       *    *         -         -
bare     no         yes    no    yes      *       no   *         changed   snapshot.new
bare     no         yes    no    yes      *       yes  *         -         -
bare     no         no     *     *        *       *    *         -         -
"""
"""Which files are new or other ones after a run; * is yes and no.

`answers`: of a first recording, of a new one beside what is accepted, of a replay, or of a replay
whose recording has no snapshot. `rejected`: whether somebody has rejected this very recording.
`written`: @ is the candidate's cassette, @new its pending snapshot.
"""
CHANGE = Change(trait="outcome", severity=Severity.BREAKING, before="answered", after="refused")
ANEW = Decision(by="Grace", at="2026-11-30T09:00:02Z", reason="")
OLD = Decision(by="Ada", at="2026-01-01T00:00:00Z", reason="as it should be")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way in which a run may end."""

    answers: str
    candidate: bool = False
    whole: bool = True
    good: bool = True
    changed: bool = False
    accept: bool = False
    ci: bool = False
    rejected: bool = False

    @property
    def is_replay(self) -> bool:
        return self.answers in {"replay", "bare"}


def rows() -> Iterator[tuple[str, tuple[Case, ...], str, set[str]]]:
    """Yield each row of the table: its line, its cases, the result, and the files."""
    head, *lines = WRITES.strip().splitlines()
    _, *names, _, _ = head.split()
    for line in lines:
        answers, *words, result, written = line.split(maxsplit=len(names) + 2)
        choices = [(True, False) if word == "*" else (word == "yes",) for word in words]
        cases = tuple(
            Case(answers=answers, **dict(zip(names, values, strict=True)))
            for values in product(*choices)
        )
        yield line, cases, result, set(written.split()) - {"-"}


def answer(text: str) -> Interaction:
    request = Request(method="POST", url="https://a/v1/messages", body=b"{}")
    return Interaction(request=request, response=Response(status=200, body=text.encode()))


def names(plan: WritePlan) -> set[str]:
    """Return what is written, by its name in the table."""
    paths = [path for path, _ in (*plan.cassettes, *plan.snapshots)]
    known = {"a@new.cassette.yaml": "@", "a@new.snapshot.new.yaml": "@new"}
    return {known.get(path.name, path.name[2:].removesuffix(".yaml")) for path in paths}


def files(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*")}


FACTS = WriteFacts(
    is_over=True,
    session="2026-11-30T09:00:00Z",
    recorded_at="2026-11-30T09:00:01Z",
    providers=(),
    in_ci=False,
    extractors=("pytest-llmregress=1",),
    decision=None,
)


def over(case: Case, folder: Path = Path("nowhere")) -> tuple[ObservedTest, WriteFacts]:
    """Return a run that is over, and what else decides on its files."""
    paths = TestPaths(directory=folder, stem="a", variant="new" if case.candidate else None)
    old = Cassette(test=TEST, requested_models=("m",), interactions=(answer("accepted"),))
    accepted = Snapshot(test=TEST, cassette=digest_of(old), decision=OLD)
    if case.candidate:
        old = replace(old, candidate="new", interactions=(answer("candidate"),))
    settings = Settings(
        candidate=Candidate(name="new") if case.candidate else None,
        accept=case.accept,
        record=RecordMode.NONE if case.is_replay else RecordMode.REWRITE,
    )
    config = TestConfig(
        settings=settings,
        contract=Contract(),
        matching=RequestMatcher(),
        redactor=Redactor(),
    )
    test = ObservedTest(
        state=TestState(
            identity=TestIdentity(node_id=TEST, path=folder / "t.py"),
            config=config,
            paths=paths,
            commands=NextCommand(
                TEST, folder / "t.py", invoked_from=folder, settings=settings, in_ci=case.ci
            ),
            variant=paths.variant,
            old=old if case.is_replay else None,
            accepted=accepted if case.answers in {"new", "replay"} else None,
        ),
        samples=(observed(case, old if case.is_replay else None),),
    )
    facts = replace(
        FACTS, is_over=case.whole, in_ci=case.ci, decision=ANEW if case.accept else None
    )
    if case.rejected:
        digest = digest_of(old if case.is_replay else build_cassette(test, facts))
        facts = replace(
            facts, rejections=(Rejection(cassette=digest, models=("m",), decision=OLD),)
        )
    return test, facts


def planned(case: Case) -> WritePlan:
    return plan_writes(*over(case))


def keep(case: Case, folder: Path) -> Path:
    """Write what a run leaves; return where."""
    test, facts = over(case, folder)
    write_files(
        plan_writes(test, facts),
        journal=Journal(test.state.paths.journal, test=TEST),
        redactor=Redactor(),
    )
    return folder


def observed(case: Case, played: Cassette | None) -> ObservedSample:
    """Return the only sample of a run, once it is over."""
    is_compared = case.answers != "first" and (played is None or case.candidate)
    if played is None:
        recording = SampleRecording(
            plan=SamplePlan(number=1, mode=SampleMode.RECORD),
            mode=AnswerSource.RECORDED,
            interactions=(answer("new"),),
        )
    else:
        recording = SampleRecording(
            plan=SamplePlan(number=1, mode=SampleMode.REPLAY, recorded=played.interactions),
            mode=AnswerSource.REPLAYED,
            interactions=played.interactions,
        )
    return ObservedSample(
        recording=recording,
        own_passed=case.good,
        good=case.good,
        why="" if case.good else "AssertionError",
        compared=is_compared,
        changes=(CHANGE,) if case.changed and is_compared else (),
        found_in_replay=(CHANGE,) if case.changed and case.is_replay and not case.candidate else (),
    )


def told(plan: WritePlan) -> str:
    """Return in a word what becomes of a run."""
    if plan.saved.pending is not None:
        ((path, snapshot),) = plan.snapshots
        assert path == plan.saved.pending
        return "?" if snapshot.pending is None else str(snapshot.pending.why)
    if plan.saved.rejected is not None:
        return "rejected"
    return "accepted" if plan.saved.accepted else "-"


@pytest.mark.parametrize(
    ("cases", "result", "written"), [pytest.param(*row[1:], id=row[0]) for row in rows()]
)
def test_write_table(cases: tuple[Case, ...], result: str, written: set[str]):
    for case in cases:
        plan = planned(case)

        assert told(plan) == result, case
        assert names(plan) == written, case


def test_the_table_has_one_row_for_each_way_in_which_a_run_may_end():
    cases = [case for _, row, _, _ in rows() for case in row]

    assert len(set(cases)) == len(cases)
    # A candidate is held against what is accepted, and so is what counts as a change.
    assert len(cases) == 2**5 + 2**7 + 2**7 + 2**6


def test_what_is_accepted_keeps_its_decision_until_somebody_accepts_something_else():
    def decision(**fields: Any) -> Decision | None:
        ((_, snapshot),) = planned(Case(**fields)).snapshots
        return snapshot.decision

    assert decision(answers="first") is None
    assert decision(answers="new") == OLD
    assert decision(answers="new", accept=True) == OLD
    assert decision(answers="new", changed=True, accept=True) == ANEW


def test_a_snapshot_of_another_recording_is_accepted_anew_though_nothing_differs():
    """As after half a merge: what is accepted is bound to a recording that is not there."""
    test, facts = over(Case(answers="replay", accept=True))
    assert test.state.old is not None
    assert test.state.accepted is not None
    old = replace(test.state.old, digest=digest_of(test.state.old))
    other = replace(test.state.accepted, cassette="sha256:another")

    def plan(accepted: Snapshot) -> WritePlan:
        return plan_writes(
            replace(test, state=replace(test.state, old=old, accepted=accepted)), facts
        )

    assert plan(test.state.accepted).snapshots == ()
    ((_, snapshot),) = plan(other).snapshots
    assert snapshot.cassette == old.digest


@pytest.mark.parametrize("case", [Case(answers="new"), Case(answers="new", changed=True)])
def test_the_journal_goes_once_all_of_it_is_in_a_cassette(case: Case, tmp_path: Path):
    for whole in (False, True):
        test, _ = over(case, tmp_path)
        Journal(test.state.paths.journal, test=TEST).append(answer("new"), sample=1)

        keep(replace(case, whole=whole), tmp_path)

        assert test.state.paths.journal.exists() is not whole


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        ({"skipped": True, "body_passed": False}, WriteReason.SKIPPED),
        ({"unasked": Problem(code="not_rewritten", message="asked m")}, WriteReason.NOT_ASKED),
        ({"is_unread": True}, WriteReason.UNKNOWN),
        ({"usable": False}, WriteReason.NOT_WHOLE),
    ],
)
def test_a_run_of_which_one_sample_is_no_sample_writes_nothing(
    sample: Mapping[str, Any], why: WriteReason
):
    test, facts = over(Case(answers="new", candidate=True, changed=True))
    (only,) = test.samples

    plan = plan_writes(replace(test, samples=(replace(only, **sample),)), facts)

    assert plan.why is why
    assert names(plan) == set()
    assert plan.ends_journal is (why in {WriteReason.SKIPPED, WriteReason.NOT_ASKED})


def test_what_is_run_beside_a_test_leaves_a_cassette_and_nothing_to_decide_on():
    test, facts = over(Case(answers="new", candidate=True, changed=True))
    beside = replace(test.state, side=SideVariant(name="old-model", samples=1), variant="new.side")

    plan = plan_writes(replace(test, state=beside), facts)

    ((_, cassette),) = plan.cassettes
    assert cassette.candidate == "new.side"
    assert plan.snapshots == ()
    assert plan.saved == SavedFiles()


def test_what_an_earlier_run_left_waiting_goes_when_something_newer_is_accepted(tmp_path: Path):
    keep(Case(answers="new", changed=True), tmp_path)
    waiting = {name for name in files(tmp_path) if ".new." in name}

    keep(Case(answers="new"), tmp_path)

    assert waiting == {"a.cassette.new.yaml", "a.snapshot.new.yaml"}
    assert set(files(tmp_path)) == {"a.cassette.yaml", "a.snapshot.yaml"}


def test_what_waits_names_the_recording_that_it_was_held_against():
    test, facts = over(Case(answers="new", changed=True))

    ((_, snapshot),) = plan_writes(test, facts).snapshots

    assert test.state.accepted is not None
    assert snapshot.pending.against == test.state.accepted.cassette


def test_a_recording_that_waits_keeps_its_snapshot_whatever_a_replay_finds():
    test, facts = over(Case(answers="replay", changed=True))

    plan = plan_writes(test, replace(facts, has_pending_recording=True))

    assert plan.why is WriteReason.DECIDED_ELSEWHERE
    assert names(plan) == set()


@pytest.mark.parametrize("why", PendingReason)
@pytest.mark.parametrize("has_recording", [False, True])
def test_a_replay_as_accepted_takes_back_what_an_earlier_replay_left_waiting(
    why: PendingReason, has_recording: bool, tmp_path: Path
):
    test, _ = over(Case(answers="replay"), tmp_path)
    paths = test.state.paths
    waiting = Snapshot(
        test=TEST, cassette="sha256:0", pending=PendingState(why=why, candidate=None, baseline="m")
    )
    write_snapshot(paths.pending_snapshot, waiting)
    if has_recording:
        write_cassette(paths.pending_cassette, Cassette(test=TEST))

    keep(Case(answers="replay"), tmp_path)

    is_kept = has_recording or why is not PendingReason.CHANGED
    assert paths.pending_snapshot.exists() is is_kept


@pytest.mark.parametrize("answers", ["replay", "new"])
def test_a_candidate_that_does_as_the_baseline_takes_back_what_its_last_run_left_waiting(
    answers: str, tmp_path: Path
):
    """A plugin that runs a failed test again has both runs in one session."""
    keep(Case(answers=answers, candidate=True, changed=True), tmp_path)
    test, _ = over(Case(answers=answers, candidate=True), tmp_path)
    assert test.state.paths.pending_snapshot.exists()

    keep(Case(answers=answers, candidate=True), tmp_path)

    assert not test.state.paths.pending_snapshot.exists()


def test_a_rejection_holds_for_the_recording_that_was_rejected_alone():
    test, facts = over(Case(answers="new", candidate=True, changed=True))
    other = Rejection(cassette="sha256:0", models=("m",), decision=OLD)

    assert told(plan_writes(test, replace(facts, rejections=(other,)))) == "drifted"
