"""The history of a canary: read and claimed before a run, and longer by a night after it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pytest_llmregress.storage import recording_lock
from pytest_llmregress.storage.history_file import append_night, read_history
from pytest_llmregress.values.history import History
from pytest_llmregress.values.run_report import AnswerSource, TestRecord
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.canary import build_night
from pytest_llmregress.verdicts.judge_run import judge_run


def claim_history(path: Path, *, adds: bool) -> str:
    """Say what is wrong with a history before a run; empty where nothing is.

    :param adds: whether the run may add a night: then no other process does until it is over.
    """
    try:
        read_history(path)
        if adds:
            recording_lock.acquire(path)
    except recording_lock.RecordingLockedError:
        return (
            f"{path}: another run is going to add a night to it; let it finish, or end it, and run "
            "the same command again"
        )
    except IsADirectoryError:
        return f"{path}: it is a folder; give the path of a file, such as {path}/nights.jsonl"
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def judge_night(
    path: Path, tests: Sequence[TestRecord], *, at: str, candidate: str, gate: GatePolicy
) -> tuple[tuple[TestRecord, ...], SuiteVerdict | None, str]:
    """Judge a run as one night of many, and add it to the history where it has recorded any test.

    Return what `judge_run` does, and why the night could not be added; empty where it was, or
    there is none.
    """
    is_new = (test for test in tests if test.mode is AnswerSource.RECORDED)
    recorded = [test.evidence for test in is_new if test.evidence is not None]
    tonight = build_night(recorded, at=at, candidate=candidate)
    added, fault = (tonight,) if tonight.tests else (), ""
    try:
        past = tuple(night for night in read_history(path) if night.candidate == candidate)
    except (OSError, ValueError) as error:
        past, fault = (), str(error)
    history = History(nights=(*past, *added), is_recorded=bool(added))
    try:
        judged, verdict = judge_run(tests, gate=gate, history=history)
        for night in () if fault else added:
            append_night(path, replace(night, fails=verdict is not None and verdict.fails))
    except OSError as error:
        fault = str(error)
    finally:
        recording_lock.release(path)
    return judged, verdict, fault
