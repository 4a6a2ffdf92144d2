"""The judgements that a replay has missed: noted beside its cassette, for `rejudge` to ask for."""

import json
import shlex
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_llmregress.llm_judge.due_judgements import MissedJudgement
from pytest_llmregress.llm_judge.question import JudgeQuestion, find_place
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, MissReason
from pytest_llmregress.storage.atomic_write import write_text
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.regular_file import read_bytes
from pytest_llmregress.values.http import Interaction, Request

FORMAT = 1
KIND = "wanted judgements"
_WORD = "judge"


class MissedJudgementsFile:
    """The wanted judgements of one variant of a test. Safe to use from several threads."""

    def __init__(self, paths: TestPaths, *, test: str) -> None:
        self._paths = paths
        self._head = {"llmregress": FORMAT, "kind": KIND, "test": test}
        self._lock = threading.Lock()
        self._noted: list[MissedJudgement] = []

    @property
    def path(self) -> Path:
        """Where it is."""
        return wanted_path(self._paths)

    def read(self) -> tuple[MissedJudgement, ...]:
        """Return what is noted; nothing where the file is damaged: a replay writes it again."""
        try:
            lines = read_bytes(self.path)[1].split(b"\n")
            head, *rest = (json.loads(line) for line in lines if line)
            # Not the test: its node id is another one from another root directory.
            known = (head["llmregress"], head["kind"]) == (FORMAT, KIND)
            return tuple(map(_restore, rest)) if known else ()
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return ()

    def add(self, wanted: MissedJudgement) -> None:
        """Note a question, beside those of this run; what an earlier one wanted is out of date."""
        with self._lock:
            self._noted.append(wanted)
            entries = (self._head, *map(_describe, self._noted))
            lines = [json.dumps(entry, ensure_ascii=False) for entry in entries]
            write_text(self.path, "\n".join(lines) + "\n")

    def remove_outdated(self) -> None:
        """Delete what an earlier run has noted, where this one has noted nothing."""
        if not self._noted and self._paths.has_part(_WORD):
            self.remove()

    def remove(self) -> None:
        """Delete the file, if there is one."""
        self.path.unlink(missing_ok=True)


def wanted_path(paths: TestPaths) -> Path:
    """Return where the wanted judgements of a variant are noted."""
    return paths.part(_WORD)


def answers_path(paths: TestPaths) -> Path:
    """Return where answers lie that a `rejudge` has paid for, until all of them are there."""
    return paths.part("judged")


def _describe(wanted: MissedJudgement) -> dict[str, Any]:
    return {
        "wanted": _describe_request(wanted.request),
        "instead": None if wanted.instead is None else _describe_request(wanted.instead),
        "order": wanted.order,
        "times": wanted.times,
    }


def _describe_request(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": request.url,
        "headers": {name: list(values) for name, values in request.headers.items()},
        "body": request.body.decode(),
    }


def _restore(entry: Mapping[str, Any]) -> MissedJudgement:
    instead = entry["instead"]
    return MissedJudgement(
        request=_restore_request(entry["wanted"]),
        instead=None if instead is None else _restore_request(instead),
        order=int(entry["order"]),
        times=int(entry["times"]),
    )


def _restore_request(entry: Mapping[str, Any]) -> Request:
    return Request(
        method=entry["method"],
        url=entry["url"],
        headers={name: tuple(values) for name, values in entry["headers"].items()},
        body=entry["body"].encode(),
    )


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


def _judgements_of(tape: CassetteSession) -> tuple[Interaction, ...]:
    """Return the recorded judgements, in order."""
    return tuple(each for each in tape.recorded if each.judge)


def _wanted(miss: Miss, tape: CassetteSession) -> MissedJudgement:
    judgements = _judgements_of(tape)
    question = JudgeQuestion.read(miss.request)
    place = None if question is None else find_place(question, judgements, tape.unplayed)
    return MissedJudgement(
        request=miss.request,
        instead=None if place is None else judgements[place].request,
        order=len(judgements) if place is None else place,
        times=miss.times_recorded,
    )
