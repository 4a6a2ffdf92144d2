"""Judgements that a replay has missed: noted, so that `rejudge` can ask for them."""

import shlex
from contextlib import suppress

from pytest_llmregress.llm_judge.due_judgements import MissedJudgement
from pytest_llmregress.llm_judge.missed_judgements_file import MissedJudgementsFile
from pytest_llmregress.llm_judge.question import JudgeQuestion, find_place
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, MissReason
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.values.http import Interaction


class MissedJudgements:
    """What one run of one test wants to be judged anew."""

    def __init__(self, paths: TestPaths, *, test: str, in_ci: bool) -> None:
        self._test = test
        self._in_ci = in_ci
        self._file = MissedJudgementsFile(paths, test=test)

    def note(self, miss: Miss, tape: CassetteSession) -> str:
        """Note a judgement that is missing; return the line that says what to do about it.

        In CI nothing is noted: nobody would find it there.
        """
        if miss.reason is MissReason.CASSETTE_NOT_FOUND:
            return ""
        if not self._in_ci:
            with suppress(OSError):  # the test fails by the miss, which says more
                self._file.add(_wanted(miss, tape))
        what = "the rubric (or the judged text, or the judge model) changed"
        return f"\n  judge     {what}: pytest-llmregress rejudge {shlex.quote(self._test)}"

    def close(self) -> None:
        """Forget what an earlier run has missed, and this one has not."""
        if not self._in_ci:
            with suppress(OSError):
                self._file.remove_outdated()


def judgements_of(tape: CassetteSession) -> tuple[Interaction, ...]:
    """Return the recorded judgements, in order."""
    return tuple(each for each in tape.recorded if each.judge)


def _wanted(miss: Miss, tape: CassetteSession) -> MissedJudgement:
    judgements = judgements_of(tape)
    question = JudgeQuestion.read(miss.request)
    place = None if question is None else find_place(question, judgements, tape.unplayed)
    return MissedJudgement(
        request=miss.request,
        instead=None if place is None else judgements[place].request,
        order=len(judgements) if place is None else place,
        times=miss.times_recorded,
    )
