"""What is kept of a test's run: each file, for each way in which a run may end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pytest

from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.pipeline.config import TestConfig
from pytest_llmregress.pipeline.persist import (
    Found,
    SavedFiles,
    build_cassette,
    delete_stale_pending,
    keep,
)
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.state import ObservedSample, SampleRecording
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.storage.cassette_file import digest_of, write_cassette
from pytest_llmregress.storage.decisions import note_rejection
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.behavior import Change, Severity
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.run_report import AnswerSource
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
OLD = Decision(by="Ada", at="2026-01-01T00:00:00Z", reason="as it should be")


@pytest.fixture(autouse=True)
def fast_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no disk: hundreds of files are written, and no power cut is tried."""
    monkeypatch.setattr("os.fsync", lambda _: None)


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


def files(folder: Path) -> Mapping[str, bytes]:
    """Return what each file holds, by its name in the table."""
    names = {"a@new.cassette.yaml": "@", "a@new.snapshot.new.yaml": "@new"}
    return {
        names.get(path.name, path.name[2:].removesuffix(".yaml")): path.read_bytes()
        for path in folder.glob("*")
    }


def laid_out(case: Case, folder: Path) -> Found:
    """Write what was there before the run; return what the run came to."""
    paths = TestPaths(directory=folder, stem="a", variant="new" if case.candidate else None)
    candidate = Candidate(name="new") if case.candidate else None
    accepted = None
    old = Cassette(test=TEST, requested_models=("m",), interactions=(answer("accepted"),))
    if case.answers in {"new", "replay"}:
        accepted = Snapshot(test=TEST, cassette=digest_of(old), decision=OLD)
        write_snapshot(paths.snapshot, accepted)
    if case.answers != "first":
        write_cassette(paths.of_baseline().cassette, old)
    if case.candidate:
        old = replace(old, candidate="new", interactions=(answer("candidate"),))
    if case.is_replay:
        write_cassette(paths.cassette, old)
    replays_baseline = case.is_replay and not case.candidate
    found = Found(
        test=TEST,
        paths=paths,
        rules=TestConfig(
            settings=Settings(
                candidate=candidate,
                accept=case.accept,
                record=RecordMode.NONE if case.is_replay else RecordMode.REWRITE,
            ),
            contract=Contract(),
            matching=RequestMatcher(),
            redactor=Redactor(),
        ),
        samples=(observed(case, old if case.is_replay else None),),
        found_in_replay=(CHANGE,) if case.changed and replays_baseline else (),
        whole=case.whole,
        old=old if case.is_replay else None,
        accepted=accepted,
        journal=Journal(paths.journal, test=TEST),
        requested_models=("new" if case.candidate else "m",),
        served_models=(),
        good=case.good,
        session="2026-11-30T09:00:00Z",
        recorded_at="2026-11-30T09:00:01Z",
        versions={"anthropic": "1", "pytest-llmregress": "1", "vcrpy": "1"},
        in_ci=case.ci,
        extractors=("pytest-llmregress=1",),
    )
    if case.rejected:
        digest = digest_of(old if case.is_replay else build_cassette(found))
        note_rejection(paths, Snapshot(test=TEST, cassette=digest), OLD)
    return found


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
    )


def told(kept: SavedFiles) -> str:
    """Return in a word what became of a run."""
    if kept.pending is not None:
        pending = read_snapshot(kept.pending).pending
        return "?" if pending is None else str(pending.why)
    if kept.rejected is not None:
        return "rejected"
    return "accepted" if kept.accepted else "-"


@pytest.mark.parametrize(
    ("cases", "result", "written"), [pytest.param(*row[1:], id=row[0]) for row in rows()]
)
def test_write_table(cases: tuple[Case, ...], result: str, written: set[str], tmp_path: Path):
    for number, case in enumerate(cases):
        folder = tmp_path / str(number)
        found = laid_out(case, folder)
        before = files(folder)

        kept = keep(found)

        after = files(folder)
        assert told(kept) == result, case
        assert {name for name in after if after[name] != before.get(name)} == written, case
        assert set(before) <= set(after), case


def test_the_table_has_one_row_for_each_way_in_which_a_run_may_end():
    cases = [case for _, row, _, _ in rows() for case in row]

    assert len(set(cases)) == len(cases)
    # A candidate is held against what is accepted, and so is what counts as a change.
    assert len(cases) == 2**5 + 2**7 + 2**7 + 2**6


def test_what_is_accepted_keeps_its_decision_until_somebody_accepts_something_else(tmp_path: Path):
    def decision(**fields: bool) -> Decision | None:
        found = laid_out(Case(**fields), folder := tmp_path / str(fields))
        keep(found)
        return read_snapshot(folder / "a.snapshot.yaml").decision

    anew = decision(answers="new", changed=True, accept=True)

    assert decision(answers="first") is None
    assert decision(answers="new") == OLD
    assert decision(answers="new", accept=True) == OLD
    assert anew is not None
    assert anew.at > OLD.at


@pytest.mark.parametrize("case", [Case(answers="new"), Case(answers="new", changed=True)])
def test_the_journal_goes_once_all_of_it_is_in_a_cassette(case: Case, tmp_path: Path):
    for whole in (False, True):
        found = laid_out(replace(case, whole=whole), tmp_path)
        found.journal.append(answer("new"), sample=1)

        keep(found)

        assert found.paths.journal.exists() is not whole


def test_what_an_earlier_run_left_waiting_goes_when_something_newer_is_accepted(tmp_path: Path):
    found = laid_out(Case(answers="new", changed=True), tmp_path)
    keep(found)
    assert found.paths.pending_cassette.exists()

    keep(laid_out(Case(answers="new"), tmp_path))

    assert not found.paths.pending_cassette.exists()
    assert not found.paths.pending_snapshot.exists()


def test_a_recording_that_waits_keeps_its_snapshot_whatever_a_replay_finds(tmp_path: Path):
    keep(laid_out(Case(answers="new", changed=True), tmp_path))
    before = files(tmp_path)

    kept = [
        keep(laid_out(Case(answers="replay", changed=each), tmp_path)) for each in (True, False)
    ]

    assert kept == [SavedFiles(), SavedFiles()]
    assert files(tmp_path)["cassette.new"] == before["cassette.new"]
    assert files(tmp_path)["snapshot.new"] == before["snapshot.new"]


@pytest.mark.parametrize("why", PendingReason)
@pytest.mark.parametrize("has_recording", [False, True])
def test_a_replay_as_accepted_takes_back_what_an_earlier_replay_left_waiting(
    why: PendingReason, has_recording: bool, tmp_path: Path
):
    found = laid_out(Case(answers="replay"), tmp_path)
    waiting = Snapshot(
        test=TEST, cassette="sha256:0", pending=PendingState(why=why, candidate=None, baseline="m")
    )
    write_snapshot(found.paths.pending_snapshot, waiting)
    if has_recording:
        write_cassette(found.paths.pending_cassette, Cassette(test=TEST))

    delete_stale_pending(found.paths)

    is_kept = has_recording or why is not PendingReason.CHANGED
    assert found.paths.pending_snapshot.exists() is is_kept


def test_a_rejection_holds_for_the_recording_that_was_rejected_alone(tmp_path: Path):
    found = laid_out(Case(answers="new", candidate=True, changed=True), tmp_path)
    note_rejection(found.paths, Snapshot(test=TEST, cassette="sha256:0"), OLD)

    assert told(keep(found)) == "drifted"
