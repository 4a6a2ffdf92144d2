"""The commands `accept` and `reject`: what is pending becomes the baseline, or goes."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from pytest_llmregress.adapters.store.errors import Unacceptable, UnreadableFile, UnwritableValue
from pytest_llmregress.adapters.store.pending import StoredTest, accept, reject
from pytest_llmregress.cli.result import Result, Status
from pytest_llmregress.cli.selection import Problems, select, select_target, shorten
from pytest_llmregress.cli.waiting import Waiting, waiting_of

MAX_NAMED = 10
"""Pending tests that a message names."""


class Decision(StrEnum):
    """What is done with what is pending."""

    ACCEPT = "accept"
    REJECT = "reject"


def decide(
    decision: Decision, *, targets: Sequence[str], everything: bool, candidate: str | None
) -> Result:
    """Accept or reject what is pending of some tests, or of all below the current folder.

    Without a target it lists what is pending. Nothing is done if one target cannot be, so that
    a typing error leaves no half of the work.
    """
    if targets and everything:
        problem = f"{decision}: TEST and --all exclude each other; one of them. " + _help(decision)
        return Result(status=Status.FAILED, problems=(problem,))
    if not targets and not everything:
        return _list(candidate)
    if everything:
        problems = Problems()
        chosen = _of_candidate(_waiting(select([Path()], problems), problems), candidate)
        return _decide(decision, chosen, problems.messages)
    faults: list[str] = []
    chosen = []
    for target in targets:
        found = _find(target, candidate)
        chosen += [each for each in found if each not in chosen]
        if not found:
            faults.append(_nothing_pending(target, candidate))
    if faults:
        return Result(status=Status.FAILED, problems=tuple(faults))
    return _decide(decision, chosen, ())


def _list(candidate: str | None) -> Result:
    problems = Problems()
    waiting = _of_candidate(_waiting(select([Path()], problems), problems), candidate)
    lines = [
        line
        for each in waiting
        for line in (
            f"{each.test}: {each.models} ({each.reason})",
            f"  {each.command('accept')}",
            f"  {each.command('reject')}",
        )
    ]
    status = Status.PENDING if waiting else Status.FINE
    return Result(
        status=Status.FAILED if problems.messages else status,
        lines=tuple(lines) or ("nothing is pending",),
        problems=problems.messages,
    )


def _find(target: str, candidate: str | None) -> list[Waiting]:
    """Return what waits of a target; of the path of a variant's own file, that variant alone."""
    waiting = _of_candidate(_waiting(select_target(target), Problems()), candidate)
    path = Path(target).resolve()
    return [each for each in waiting if path in _own_files(each)] or waiting


def _own_files(waiting: Waiting) -> tuple[Path, ...]:
    paths = waiting.paths
    recording = () if paths.variant is None else (paths.cassette,)
    return (paths.pending_cassette, paths.pending_snapshot, *recording)


def _decide(decision: Decision, waiting: Sequence[Waiting], problems: tuple[str, ...]) -> Result:
    if decision is Decision.ACCEPT and (unclear := _find_unclear(waiting)):
        return Result(status=Status.FAILED, problems=(*problems, *unclear))
    lines: list[str] = []
    faults: list[str] = []
    for each in waiting:
        try:
            files = _carry_out(decision, each)
        except UnreadableFile as error:
            unreadable = Problems()
            unreadable.add(error)
            faults += unreadable.messages
        except (Unacceptable, UnwritableValue) as error:
            faults.append(str(error))
        except OSError as error:
            faults.append(f"{shorten(each.paths.pending_snapshot)}: {error.strerror or error}")
        else:
            lines.append(f"{decision}ed {each.test}: {each.models}")
            verb = "wrote" if decision is Decision.ACCEPT else "deleted"
            lines += [f"  {verb} {shorten(path)}" for path in files]
    said = tuple(dict.fromkeys((*problems, *faults)))
    return Result(
        status=Status.FAILED if said else Status.FINE,
        lines=tuple(lines) if waiting else ("nothing is pending",),
        problems=said,
    )


def _carry_out(decision: Decision, waiting: Waiting) -> tuple[Path, ...]:
    match decision:
        case Decision.ACCEPT:
            return accept(waiting.paths)
        case Decision.REJECT:
            return reject(waiting.paths)
        case _:
            assert_never(decision)


def _find_unclear(waiting: Sequence[Waiting]) -> tuple[str, ...]:
    """Say of which tests several variants are chosen: only one of them can be the baseline."""
    by_test: dict[tuple[Path, str], list[Waiting]] = {}
    for each in waiting:
        by_test.setdefault((each.paths.directory, each.paths.stem), []).append(each)
    return tuple(
        f"{several[0].test}: {len(several)} variants are pending "
        f"({', '.join(each.variant for each in several)}), and one of them can be accepted; "
        f"name it with --candidate. {several[-1].command('accept')}"
        for several in by_test.values()
        if len(several) > 1
    )


def _nothing_pending(target: str, candidate: str | None) -> str:
    of = "" if candidate is None else f" of the candidate {candidate}"
    others = _waiting(select([Path()], Problems()), Problems())
    names = list(dict.fromkeys(each.test for each in others))
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    allowed = f"pending: {', '.join(names[:MAX_NAMED])}{more}" if names else "nor is anything else"
    return f"{target}: nothing is pending{of}; {allowed}. pytest-llmregress status"


def _waiting(tests: Sequence[StoredTest], problems: Problems) -> list[Waiting]:
    return [each for test in tests for each in waiting_of(test, problems)]


def _of_candidate(waiting: list[Waiting], candidate: str | None) -> list[Waiting]:
    if candidate is None:
        return waiting
    return [each for each in waiting if candidate in {each.candidate, each.paths.variant}]


def _help(decision: Decision) -> str:
    return f"pytest-llmregress {decision} --help"
