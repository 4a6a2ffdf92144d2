"""The commands `accept` and `reject`: what is pending becomes the baseline, or goes."""

from collections.abc import Sequence
from pathlib import Path

from pytest_llmregress.cli.carry_out import DecisionKind, carry_out, faults_of_reason
from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.pending_item import PendingItem, read_pending_items
from pytest_llmregress.cli.promote import Upgrade
from pytest_llmregress.cli.selection import FileProblems, resolve, select, select_target
from pytest_llmregress.storage.decisions import build_decision, find_author
from pytest_llmregress.values.file_names import slug_of_variant

MAX_NAMED = 10
"""Pending tests that a message names."""
_HELP = "pytest-llmregress {} --help"


def decide(
    deed: DecisionKind,
    *,
    targets: Sequence[str],
    everything: bool,
    candidate: str | None,
    reason: str = "",
) -> CommandResult:
    """Accept or reject what is pending of some tests, or of all below the current folder.

    Parameters: `reason`, kept with the decision: in the accepted snapshot, or beside it.

    Without a target it lists what is pending. Nothing is done if one target cannot be, so that
    a typing error leaves no half of the work. The exit status is 1 where nothing waits of tests
    that are there: another process may have decided. It is 2 where there is no such test.

    All of a candidate is an upgrade: its tests without a difference become the baseline, too. With
    the candidate named and without a reason, what waits is not decided on: nothing is done then.
    """
    both = f"{deed}: TEST and --all exclude each other; one of them. {_HELP.format(deed)}"
    if faults := (both,) if targets and everything else faults_of_reason(reason):
        return CommandResult(status=ExitStatus.FAILED, problems=faults)
    if not targets and not everything:
        return _list(candidate)
    return _decide(deed, targets, everything=everything, candidate=candidate, reason=reason)


def _decide(
    deed: DecisionKind,
    targets: Sequence[str],
    *,
    everything: bool,
    candidate: str | None,
    reason: str,
) -> CommandResult:
    chosen, faults = find_waiting(targets, candidate=candidate)
    if faults and targets:
        is_late = all(_is_stored(target, candidate) for target in targets)
        status = ExitStatus.PENDING if is_late else ExitStatus.FAILED
        return CommandResult(status=status, problems=faults)
    if deed is DecisionKind.ACCEPT and (unclear := _find_unclear(chosen)):
        return CommandResult(status=ExitStatus.FAILED, problems=(*faults, *unclear))
    upgrade = (
        _plan_upgrade(chosen, candidate) if everything and deed is DecisionKind.ACCEPT else None
    )
    if upgrade is not None and (refused := upgrade.refuse(chosen, reason)):
        return refused
    author = find_author()
    done = [carry_out(deed, each, build_decision(author, reason)) for each in chosen]
    problems = tuple(dict.fromkeys((*faults, *(fault for each in done for fault in each.faults))))
    lines = tuple(line for each in done for line in each.lines)
    if upgrade is not None and not problems:
        return upgrade.carry_out(lines, build_decision(author, reason))
    return CommandResult(
        status=ExitStatus.FAILED if problems else ExitStatus.FINE,
        lines=lines if chosen else ("nothing is pending",),
        problems=problems,
    )


def _plan_upgrade(chosen: Sequence[PendingItem], candidate: str | None) -> Upgrade | None:
    """Return the upgrade to a candidate: the one that is named, or the only one that waits."""
    names = {each.candidate for each in chosen} - {None} if candidate is None else {candidate}
    if len(names) != 1:
        return None
    tests = select([Path()], FileProblems())
    return Upgrade.plan(names.pop() or "", tests, is_named=candidate is not None)


def find_waiting(
    targets: Sequence[str], *, candidate: str | None
) -> tuple[list[PendingItem], tuple[str, ...]]:
    """Return what waits of some tests, or of all below the current folder, and what is wrong.

    A target of which nothing waits is a fault.
    """
    if not targets:
        problems = FileProblems()
        waiting = read_pending_items(select([Path()], problems), problems)
        return _of_candidate(waiting, candidate), problems.messages
    faults: list[str] = []
    chosen: list[PendingItem] = []
    for target in targets:
        waiting = read_pending_items(select_target(target), FileProblems())
        found = _of_candidate(_of_own_file(target, waiting), candidate)
        chosen += [each for each in found if each not in chosen]
        if not found:
            faults.append(_nothing_pending(target, candidate))
    return chosen, tuple(faults)


def _list(candidate: str | None) -> CommandResult:
    waiting, faults = find_waiting((), candidate=candidate)
    lines = [
        line
        for each in waiting
        for line in (
            f"{each.test}: {each.models} ({each.reason})",
            f"  {each.command('accept')}",
            f"  {each.command('reject')}",
        )
    ]
    status = ExitStatus.PENDING if waiting else ExitStatus.FINE
    return CommandResult(
        status=ExitStatus.FAILED if faults else status,
        lines=tuple(lines) or ("nothing is pending",),
        problems=faults,
    )


def _is_stored(target: str, candidate: str | None) -> bool:
    """Tell whether there are tests of that name, so that it is no typing error."""
    tests = select_target(target)
    names = {slug_of_variant(name) for test in tests for name in test.candidates}
    return bool(tests) and (candidate is None or slug_of_variant(candidate) in names)


def _of_own_file(target: str, waiting: Sequence[PendingItem]) -> Sequence[PendingItem]:
    """Return the variant that a target is a file of; all that waits where it is of none alone."""
    path = resolve(Path(target))
    own = [each for each in waiting if path in _own_files(each)]
    return own or waiting


def _own_files(waiting: PendingItem) -> tuple[Path, ...]:
    paths = waiting.paths
    recording = () if paths.variant is None else (paths.cassette,)
    return (paths.pending_cassette, paths.pending_snapshot, *recording)


def _find_unclear(waiting: Sequence[PendingItem]) -> tuple[str, ...]:
    """Say of which tests several variants are chosen: only one of them can be the baseline."""
    by_test: dict[tuple[Path, str], list[PendingItem]] = {}
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
    others = read_pending_items(select([Path()], FileProblems()), FileProblems())
    names = list(dict.fromkeys(each.test for each in others))
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    allowed = f"pending: {', '.join(names[:MAX_NAMED])}{more}" if names else "nor is anything else"
    return f"{target}: nothing is pending{of}; {allowed}. pytest-llmregress status"


def _of_candidate(waiting: Sequence[PendingItem], candidate: str | None) -> list[PendingItem]:
    if candidate is None:
        return list(waiting)
    return [each for each in waiting if candidate in {each.candidate, each.paths.variant}]
