"""The command `rejudge`: asks judges again where the rubric, the text or the judge has changed."""

import os
import shlex
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.selection import FileProblems, select, select_target, shorten
from pytest_llmregress.formatting.one_line_diff import count, excerpt
from pytest_llmregress.llm_judge.client import asking
from pytest_llmregress.llm_judge.due_judgements import (
    JudgementKey,
    RecordedJudgement,
    plan_judgements,
)
from pytest_llmregress.llm_judge.missed_judgements import MissedJudgementsFile, answers_path
from pytest_llmregress.llm_judge.question import JudgeError, JudgeQuestion
from pytest_llmregress.redaction.redactor import Redactor, find_secrets
from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette
from pytest_llmregress.storage.errors import SecretInFileError, UnwritableValueError
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.pending import StoredTest
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.file_names import slug_of_variant
from pytest_llmregress.values.http import Interaction, Request
from pytest_llmregress.values.matching import compute_request_key

_Ask = Callable[[Request], Interaction]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recording:
    """One recording of a test, and what is to be asked for it."""

    path: Path
    cassette: Cassette
    slots: tuple[JudgementKey, ...]

    @property
    def asked(self) -> list[Request]:
        return [slot.request for slot in self.slots if slot.request is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is to be asked for one test."""

    test: str
    recordings: tuple[_Recording, ...]
    notes: tuple[MissedJudgementsFile, ...]
    """What the replays of its variants have missed."""
    answers: Path
    """Where answers lie until all of them are there."""

    @property
    def asked(self) -> list[Request]:
        return [request for each in self.recordings for request in each.asked]


def rejudge(
    targets: Sequence[str],
    *,
    everything: bool,
    dry_run: bool,
    base_url: str | None,
    say: Callable[[str], None],
) -> CommandResult:
    """Ask for the judgements that replays have missed, and write them into the recordings.

    Every recording of a test is judged in the same go. Without a target it lists what is due.
    `say` prints the plan, before anything is paid for.
    """
    if targets and everything:
        problem = "rejudge: TEST and --all exclude each other; one of them"
        return CommandResult(
            status=ExitStatus.FAILED, problems=(f"{problem}. pytest-llmregress rejudge -h",)
        )
    problems = FileProblems()
    plans, faults = _plan(targets, problems)
    if faults or problems.messages:
        return CommandResult(status=ExitStatus.FAILED, problems=(*faults, *problems.messages))
    if not plans:
        line = "nothing is to be judged again; a replay notes the judgements that it misses. pytest"
        return CommandResult(status=ExitStatus.FINE, lines=(line,))
    lines = list(_describe(plans))
    if dry_run:
        return CommandResult(status=ExitStatus.FINE, lines=tuple(lines))
    if not (targets or everything):
        lines += ["pytest-llmregress rejudge --all asks for them: it needs a key"]
        return CommandResult(status=ExitStatus.PENDING, lines=tuple(lines))
    for line in lines:
        say(line)
    return _carry_out(plans, base_url)


def _plan(targets: Sequence[str], problems: FileProblems) -> tuple[list[_Plan], list[str]]:
    """Return a plan for each test with something to judge, and what is wrong with targets."""
    if not targets:
        read = (_plan_of(test, problems) for test in select([Path()], problems))
        return [plan for plan in read if plan is not None], []
    plans: dict[Path, _Plan] = {}
    faults: list[str] = []
    for target in targets:
        found = [_plan_of(test, problems) for test in select_target(target)]
        due = [plan for plan in found if plan is not None]
        plans |= {plan.answers: plan for plan in due}
        if not due:
            faults.append(
                f"{target}: no replay of it has missed a judgement; replay it first. "
                f"pytest {shlex.quote(target)}"
            )
    return list(plans.values()), faults


def _plan_of(test: StoredTest, problems: FileProblems) -> _Plan | None:
    """Return what is to be asked for a test; None where none of its replays has missed anything."""
    variants = [test.paths]
    variants += [replace(test.paths, variant=slug_of_variant(name)) for name in test.candidates]
    notes = tuple(MissedJudgementsFile(paths, test=test.test) for paths in variants)
    if not any(note.read() for note in notes):
        return None
    places = [(paths.cassette, note) for paths, note in zip(variants, notes, strict=True)]
    found = [
        (path, cassette, note.read())
        for path, note in places
        if (cassette := problems.read(path, read_cassette)) is not None
    ]
    found += [
        (path, cassette, ())
        for path in map(_pending_cassette, test.pending)
        if (cassette := problems.read(path, read_cassette)) is not None
    ]
    planned = plan_judgements(
        [
            RecordedJudgement(interactions=each.interactions, wanted=wanted)
            for _, each, wanted in found
        ]
    )
    return _Plan(
        test=test.test,
        recordings=tuple(
            _Recording(path=path, cassette=cassette, slots=slots)
            for (path, cassette, _), slots in zip(found, planned, strict=True)
        ),
        notes=notes,
        answers=answers_path(test.paths),
    )


def _pending_cassette(paths: TestPaths) -> Path:
    return paths.pending_cassette


def _describe(plans: Sequence[_Plan]) -> Iterator[str]:
    judges: Counter[str] = Counter()
    for plan in plans:
        yield f"{plan.test}: {count(len(plan.asked), 'judgement')}"
        for each in plan.recordings:
            if each.asked:
                yield f"  {shorten(each.path)}: {len(each.asked)}"
        questions = map(JudgeQuestion.read, plan.asked)
        judges.update(question.model for question in questions if question is not None)
    told = ", ".join(f"{count(number, 'request')} to {name}" for name, number in judges.items())
    yield told or "no request: all answers are there"


def _carry_out(plans: Sequence[_Plan], base_url: str | None) -> CommandResult:
    redactor = Redactor.of_environment(os.environ)
    lines: list[str] = []
    with asking(redactor, base_url=base_url) as ask:
        for plan in plans:
            try:
                lines += _judge(plan, ask, redactor)
            except (JudgeError, SecretInFileError, UnwritableValueError) as error:
                command = f"pytest-llmregress rejudge {shlex.quote(plan.test)}"
                problem = (
                    f"{plan.test}: {error}; the verdicts that came before are saved, and what is "
                    f"recorded stays until all are there. To carry on: {command}"
                )
                return CommandResult(
                    status=ExitStatus.FAILED, lines=tuple(lines), problems=(problem,)
                )
    return CommandResult(status=ExitStatus.FINE, lines=tuple(lines))


class _Saved:
    """Answers that are on disk before the next question goes out; nothing is paid for twice."""

    def __init__(self, plan: _Plan, ask: _Ask) -> None:
        self._ask = ask
        self._journal = Journal(plan.answers, test=plan.test)
        saved = self._journal.read().get(1, ())
        self._journal.start({1: saved})
        self._left: dict[str, deque[Interaction]] = defaultdict(deque)
        for each in saved:
            self._left[compute_request_key(each.request)].append(each)

    def answer(self, request: Request) -> Interaction:
        """Return an answer that an interrupted go has left, or ask."""
        if left := self._left[compute_request_key(request)]:
            return left.popleft()
        answered = self._ask(request)
        self._journal.append(answered, sample=1)
        return answered

    def remove(self) -> None:
        """Delete them: they are in the recordings."""
        self._journal.remove()


def _judge(plan: _Plan, ask: _Ask, redactor: Redactor) -> list[str]:
    """Ask for all of a plan, then write its recordings; return what to say about it.

    The notes go last: whenever it is killed, the next go finishes the work.
    """
    saved = _Saved(plan, ask)
    lines = [f"judged {plan.test}"]
    revised: list[tuple[Path, Cassette]] = []
    for recording in plan.recordings:
        if not recording.asked:
            continue
        interactions: list[Interaction] = []
        for slot in recording.slots:
            now = slot.interaction
            if slot.request is not None:
                now = slot.filled(saved.answer(slot.request))
                before = "new" if slot.is_new else _verdict_in_words(slot.interaction)
                lines.append(f"  {shorten(recording.path)}: {before} → {_verdict_in_words(now)}")
            interactions.append(now)
        cassette = replace(recording.cassette, interactions=tuple(interactions))
        revised.append((recording.path, cassette))
    for path, cassette in revised:
        write_cassette(path, cassette, inspect=partial(_inspect, redactor=redactor))
    saved.remove()
    for note in plan.notes:
        note.remove()
    return lines


def _inspect(path: Path, text: str, *, redactor: Redactor) -> None:
    secrets = find_secrets(text, redactor=redactor)
    if secrets:
        places = "; ".join(f"line {each.line}: {each.kind}" for each in secrets)
        raise SecretInFileError(f"{path}: it would hold a secret ({places})")


def _verdict_in_words(judgement: Interaction) -> str:
    """Return a verdict, and the rubric that it is about."""
    question = JudgeQuestion.read(judgement.request)
    if question is None:
        return "unknown"
    try:
        verdict = question.verdict(judgement.response.body)
    except JudgeError:
        return "no verdict"
    said = f"{verdict.score} of {verdict.scale}" if verdict.scale else "yes" if verdict else "no"
    return f"{said} ({excerpt(question.rubric)})"
