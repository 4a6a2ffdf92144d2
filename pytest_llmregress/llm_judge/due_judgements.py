"""Which judgements of a test are due again: those that changed, and with them all like them.

Verdicts are compared only where one judge came to them by one rubric, so what changes in one
recording of a test changes in all of them.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pytest_llmregress.llm_judge.question import JudgeQuestion
from pytest_llmregress.values.http import Interaction, Request
from pytest_llmregress.values.matching import compute_request_key


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedJudgement:
    """A question to the judge that a recording has no answer to."""

    request: Request
    """As it may be written to a file."""
    instead: Request | None
    """The recorded question whose place it takes; None where it takes none."""
    order: int
    """Which of the recorded questions that is, from 0; their number where it takes no place."""
    times: int
    """How often this very question was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedJudgement:
    """One recording of a test, and what its last replay has missed."""

    interactions: tuple[Interaction, ...]
    wanted: tuple[MissedJudgement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementKey:
    """A place in a recording."""

    interaction: Interaction
    """What is there; where it is a new place, what is in the one before it."""
    request: Request | None
    """What is to be asked for it; None where it stays as it is."""
    is_new: bool = False

    def filled(self, answer: Interaction) -> Interaction:
        """Return what is there from now on."""
        return replace(
            self.interaction,
            request=answer.request,
            response=answer.response,
            latency=answer.latency,
            judge=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """A wanted judgement, read."""

    home: int
    """Which recording has missed it."""
    wanted: MissedJudgement
    new: JudgeQuestion
    old: JudgeQuestion | None
    beside: int | None
    """Of a new place: which of the recorded judgements is about the same text."""


def plan_judgements(
    recordings: Sequence[RecordedJudgement],
) -> tuple[tuple[JudgementKey, ...], ...]:
    """Return the places of each recording; those with a request are to be judged again.

    Where nothing is wanted, nothing is to be asked. What is recorded already is not asked again,
    so that a plan that was carried out in part is finished by the next one.
    """
    wishes = [
        _Wish(
            home=home,
            wanted=wanted,
            new=new,
            old=None if wanted.instead is None else JudgeQuestion.read(wanted.instead),
            beside=_place_of_text(recording, new.text),
        )
        for home, recording in enumerate(recordings)
        for wanted in recording.wanted
        if (new := JudgeQuestion.read(wanted.request)) is not None
    ]
    return tuple(
        tuple(_revise(recording, home, wishes)) for home, recording in enumerate(recordings)
    )


def _revise(
    recording: RecordedJudgement, home: int, wishes: Sequence[_Wish]
) -> Iterator[JudgementKey]:
    order = -1
    asked: list[str] = []
    for each in recording.interactions:
        request = None
        if each.judge:
            order += 1
            request = _request_for(each, order, home, wishes)
            asked.append(compute_request_key(request or each.request))
        yield JudgementKey(interaction=each, request=request)
    for wish in wishes:
        request = _addition(recording, home, wish)
        limit = wish.wanted.times if wish.home == home else 0
        if request is not None and asked.count(compute_request_key(request)) <= limit:
            asked.append(compute_request_key(request))
            yield JudgementKey(interaction=recording.interactions[-1], request=request, is_new=True)


def _request_for(
    judgement: Interaction, order: int, home: int, wishes: Sequence[_Wish]
) -> Request | None:
    """Return what a recorded judgement is to be asked now; None where that is what it was."""
    old = JudgeQuestion.read(judgement.request)
    if old is None or not wishes:
        return None
    new = replace(old, model=wishes[-1].new.model)
    for wish in wishes:
        if wish.old is None or order < wish.wanted.order:
            continue
        if wish.home == home and order == wish.wanted.order and old == wish.old:
            return wish.wanted.request
        if (old.rubric, old.scale) == (wish.old.rubric, wish.old.scale):
            new = replace(new, rubric=wish.new.rubric, scale=wish.new.scale)
    request = _ask(judgement.request, new)
    return (
        None if compute_request_key(request) == compute_request_key(judgement.request) else request
    )


def _addition(recording: RecordedJudgement, home: int, wish: _Wish) -> Request | None:
    """Return what is to be asked beside the recorded judgements, or None."""
    if wish.old is not None or not recording.interactions:
        return None
    if wish.home == home:
        return wish.wanted.request
    judgements = [each for each in recording.interactions if each.judge]
    if wish.beside is None or wish.beside >= len(judgements):
        return None  # only its own replay knows the text
    like = JudgeQuestion.read(judgements[wish.beside].request)
    return None if like is None else _ask(wish.wanted.request, replace(wish.new, text=like.text))


def _ask(like: Request, question: JudgeQuestion) -> Request:
    body = json.dumps(question.body(), ensure_ascii=False, separators=(",", ":"))
    return replace(like, body=body.encode("utf-8", "surrogatepass"))


def _place_of_text(recording: RecordedJudgement, text: str) -> int | None:
    judgements = [each for each in recording.interactions if each.judge]
    read = (JudgeQuestion.read(each.request) for each in judgements)
    return next((n for n, each in enumerate(read) if each is not None and each.text == text), None)
