"""What a test is told of a request without an answer: what differs, what waits, what would help."""

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pytest_llmregress.causes.request_diff import RequestDiff, explain
from pytest_llmregress.causes.volatile_texts import find_volatile
from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.pipeline.next_command import find_calling_line, from_folder
from pytest_llmregress.pipeline.orphans import find_former_test, find_left_behind
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import TestState
from pytest_llmregress.providers.asked_models import find_candidate_of
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, MissReason
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.values.http import Request
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.run_report import Problem

_REASONS = {
    MissReason.CASSETTE_NOT_FOUND: "nothing is recorded for this test yet",
    MissReason.NO_MATCH: "the request is not the one that was recorded",
    MissReason.ALREADY_PLAYED: "it was recorded {times} time(s), and all of those are played",
    MissReason.CREDENTIALS: "it asks for credentials, which are never recorded and never replayed",
}


class _WayOut(NamedTuple):
    """What would resolve a miss."""

    way: str
    """As `Problem.way_out` has it."""
    command: str
    lines: Sequence[str]
    """For people."""


def explain_miss(
    miss: Miss, tape: CassetteSession, *, state: TestState, context: SessionContext
) -> Problem:
    """Say what was asked, why there is no answer, what differs, and what resolves it.

    The first of these is what the problem names: a recording that waits, a candidate's, one under
    another name, a setting that reads past what is another one each time, a new recording.
    """
    asked = escape_controls(f"{miss.request.method} {miss.request.url}")
    reason = _REASONS[miss.reason].format(times=miss.times_recorded)
    lines = [
        f"{state.node_id}: no recorded answer to {asked}",
        f"  reason    {miss.reason}: {reason}",
    ]
    where = find_calling_line(context.root)
    if where:
        lines.append(f"  asked in  {where}")
    lines.append(f"  cassette  {state.cassette_name(context.root)}")
    diff = _find_difference(miss, tape) if miss.reason is MissReason.NO_MATCH else None
    if diff is not None and diff.nearest is not None:
        lines.append(f"  nearest   request {diff.nearest + 1} of the cassette; it differs in")
        width = max((len(part.part) for part in diff.parts), default=0)
        lines += [escape_controls(f"    {part.part:<{width}}  {part.what}") for part in diff.parts]
    ways = [_find_other_answers(miss, tape, state, context)]
    if advice := advise(miss, tape, diff):
        first, *others = (escape_controls(line) for line in advice)
        told = [f"  each time {first}", *(f"            {line}" for line in others)]
        ways.append(_WayOut(way="each_time", command=others[-1], lines=told))
    record = state.commands.record(exists=state.old is not None)
    ways.append(_WayOut(way="record", command=record, lines=[f"  record    {record}"]))
    found = [way for way in ways if way is not None]
    lines += [line for way in found for line in way.lines]
    return Problem(
        code=str(miss.reason),
        message="\n".join(lines),
        way_out=found[0].way,
        command=found[0].command,
    )


def _find_other_answers(
    miss: Miss, tape: CassetteSession, state: TestState, context: SessionContext
) -> _WayOut | None:
    """Return a recording that waits, or is another test's, and answers the request."""
    accept, waiting = state.commands.accept(), state.paths.pending_cassette
    if miss.reason is MissReason.NO_MATCH and _is_answered_in(waiting, miss, tape):
        told = f"  pending   a recording that answers this very request waits: {accept}"
        return _WayOut(way="pending", command=accept, lines=[told])
    if miss.reason is MissReason.NO_MATCH:
        return _find_candidate(miss, tape, state)
    if miss.reason is not MissReason.CASSETTE_NOT_FOUND:
        return None
    if waiting.exists():
        told = f"  pending   a recording on which this test failed waits: {accept}"
        return _WayOut(way="pending", command=accept, lines=[told])
    return _find_former(miss, tape, state, context)


def _find_candidate(miss: Miss, tape: CassetteSession, state: TestState) -> _WayOut | None:
    """Return a candidate's recording that answers the request: the code names it now."""
    paths = state.paths
    if paths.variant is not None:
        return None
    start, end = f"{paths.stem}@", ".cassette.yaml"
    for path in sorted(paths.directory.glob(f"*{end}")):
        variant = path.name.removeprefix(start).removesuffix(end)
        is_own = path.name.startswith(start) and find_candidate_of(variant) == variant
        if is_own and _is_answered_in(path, miss, tape):
            command = f"pytest-llmregress accept --all --candidate {shlex.quote(variant)}"
            told = f"  candidate the recording of {variant} answers this very request: {command}"
            return _WayOut(way="candidate", command=command, lines=[told])
    return None


def _find_former(
    miss: Miss, tape: CassetteSession, state: TestState, context: SessionContext
) -> _WayOut | None:
    """Return a test, or a file of tests, that had another name when it was recorded."""
    if not context.left_behind:
        context.left_behind.append(find_left_behind(context.root))
    former = find_former_test(
        miss.request,
        state.identity,
        key_of=tape.key_of,
        taken=context.stems,
        left_behind=context.left_behind[0],
    )
    if former is None:
        return None

    def quote(path: Path, name: str = "") -> str:
        where = from_folder(context.invoked_from, path)
        return shlex.quote(escape_controls(f"{where}::{name}" if name else where))

    old = quote(former.file, former.name)
    new = quote(state.identity.path, former.name and state.node_id.partition("::")[2])
    by_git = (
        f"git mv {quote(source)} {quote(target)}"
        for source, target in zip(former.sources, former.targets, strict=True)
    )
    command = f"pytest-llmregress move {old} {new}"
    lines = [
        f"  renamed?  {quote(former.cassette)} answers this very request; to take all along:",
        f"            {command}",
        f"            or, as the files are: {' && '.join(by_git)}",
    ]
    return _WayOut(way="renamed", command=command, lines=lines)


def _find_difference(miss: Miss, tape: CassetteSession) -> RequestDiff:
    """Say what differs from the nearest of the recordings, judgements and calls apart.

    What does not count in this test is left out on both sides.
    """
    places = [n for n, each in enumerate(tape.recorded) if each.judge is miss.judge]
    settle = partial(_leave_out, tape.matching)
    found = explain(settle(miss.request), [settle(tape.recorded[n].request) for n in places])
    return found if found.nearest is None else replace(found, nearest=places[found.nearest])


def _leave_out(matching: RequestMatcher, request: Request) -> Request:
    """Return a request without what does not count; the very same one where all does."""
    if matching == RequestMatcher():
        return request
    try:
        body = json.loads(request.body)
    except ValueError:
        return request
    settled = matching.settled(body) if isinstance(body, dict) else body
    return replace(request, body=json.dumps(settled, ensure_ascii=False).encode())


def _is_answered_in(pending: Path, miss: Miss, tape: CassetteSession) -> bool:
    """Tell whether a recording that waits for a decision has an answer to a request."""
    try:
        waiting = read_cassette(pending).interactions
    except (OSError, ValueError):
        return False
    wanted = tape.key_of(miss.request, judge=miss.judge)
    return any(tape.key_of(each.request, judge=each.judge) == wanted for each in waiting)


def advise(miss: Miss, tape: CassetteSession, diff: RequestDiff | None) -> tuple[str, ...]:
    """Return lines on what makes the requests of a test the same each time; none where unknown.

    Where a request is another one each time, recording it again does not help.
    """
    if miss.judge or miss.reason not in {MissReason.NO_MATCH, MissReason.ALREADY_PLAYED}:
        return ()
    if _is_in_hypothesis():
        return (
            "hypothesis draws other examples each time, and a new recording would miss again;",
            "@hypothesis.settings(derandomize=True), then record",
        )
    text = miss.request.body.decode("utf-8", "replace")
    for pattern, lines in (each for preset in tape.presets for each in preset.advice):
        if pattern.search(text):
            return lines
    if diff is None or diff.nearest is None:
        return ()
    recorded = [each.request for each in tape.recorded]
    rules = find_volatile(miss.request, recorded, diff.nearest, tape.matching)
    if not rules:
        return ()
    names = " and ".join(dict.fromkeys(text.strip("<>") for text in rules.values()))
    settings = ", ".join(f'r"{pattern}": "{text}"' for pattern, text in rules.items())
    return (
        f"where the {names} is another one each time, a new recording would miss again;",
        "let matching read past it: override the fixture llm_config, and return",
        f'{{"match_replace": {{{settings}}}}}',
    )


def _is_in_hypothesis() -> bool:
    """Whether an example of hypothesis asks; a run without hypothesis has not imported it."""
    hypothesis = sys.modules.get("hypothesis")
    is_running = getattr(hypothesis, "currently_in_test_context", None)
    return is_running is not None and bool(is_running())
