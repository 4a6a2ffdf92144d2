"""Everything the page has to say about one test, ready to be written down."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from pytest_llmregress.core.behavior import Change, Drift
from pytest_llmregress.core.cause import NOT_COMPARED, SAME, Cause
from pytest_llmregress.core.naming import slug_of_variant
from pytest_llmregress.core.report import Mode, TestRecord
from pytest_llmregress.core.side import Side
from pytest_llmregress.core.statistics.intervals import wilson
from pytest_llmregress.core.tally import tally
from pytest_llmregress.core.verdict import TestVerdict
from pytest_llmregress.core.verdict_words import NAMES
from pytest_llmregress.core.word_diff import diff_words
from pytest_llmregress.core.wording import count
from pytest_llmregress.reporting.html.plots import say_seconds, tallies_of
from pytest_llmregress.reporting.html.text import clean, shorten

MAX_WORDS = 240
"""Characters of a value, a name, a place."""
MAX_MESSAGE = 2_000
"""Characters of a problem or a verdict."""
MAX_LIST = 40
"""Tool calls, changes, rules or lines that are shown; the others are counted."""

MODES = {
    Mode.REPLAYED: "replayed",
    Mode.RECORDED: "recorded",
    Mode.MIXED: "partly recorded",
    Mode.IDLE: "no request",
}

Span = tuple[str, bool]
"""A stretch of a text, and whether it differs from the other side's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The texts of both sides, in stretches."""

    before: tuple[Span, ...]
    after: tuple[Span, ...]
    before_cut: int
    """Characters that are left out here."""
    after_cut: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One tool call of either side, or the same one of both."""

    before: tuple[str, str] | None
    """Name and arguments; None where only the other side has it."""
    after: tuple[str, str] | None
    what: str
    """What there is to say of the second one: "new", "another tool", "other arguments"…"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """The part of a test that unfolds."""

    about: str
    """What was done, in one line."""
    models: tuple[str, str] | None
    changes: tuple[Change, ...]
    more_changes: int
    prompt: str
    prompt_cut: int
    words: Words | None
    steps: tuple[Step, ...]
    more_steps: int
    measures: tuple[tuple[str, str, str], ...]
    """What, before, after."""
    cause: str
    cause_rows: tuple[tuple[str, str], ...]
    samples: tuple[str, ...]
    rules: tuple[tuple[str, tuple[str, ...]], ...]
    problems: tuple[tuple[str, str], ...]
    commands: tuple[tuple[str, str], ...]
    """What for, and the command."""


def detail_of(test: TestRecord, verdict: TestVerdict | None, *, room: int) -> Detail:
    """Return the detail of a test, with at most `room` characters of each text."""
    drift, before, after = test.drift, test.before, test.after
    changes = () if drift is None else drift.changes
    prompt = after.prompt if after is not None else before.prompt if before is not None else ""
    steps = () if before is None or after is None else tuple(_steps(before, after))
    return Detail(
        about=", ".join(_about(test)),
        models=None if drift is None else _models(drift),
        changes=tuple(map(_short, changes[:MAX_LIST])),
        more_changes=max(0, len(changes) - MAX_LIST),
        prompt=clean(prompt[: room // 2]),
        prompt_cut=max(0, len(prompt) - room // 2),
        words=None if before is None or after is None else _words(before.text, after.text, room),
        steps=steps[:MAX_LIST],
        more_steps=max(0, len(steps) - MAX_LIST),
        measures=() if before is None or after is None else tuple(_measures(before, after)),
        cause="" if drift is None or drift.cause is None else _line(drift.cause.summary),
        cause_rows=() if drift is None or drift.cause is None else tuple(_facts(drift.cause)),
        samples=tuple(_samples(test, verdict)),
        rules=tuple(_rules(test)),
        problems=tuple(
            (_line(problem.code), shorten(problem.message, MAX_MESSAGE))
            for problem in test.problems[:MAX_LIST]
        ),
        commands=tuple(_commands(test)),
    )


def _about(test: TestRecord) -> Iterator[str]:
    yield MODES[test.mode] if test.drift is not None else f"{MODES[test.mode]}, nothing compared"
    yield count(test.calls, "call")
    yield f"{test.input_tokens:,} input and {test.output_tokens:,} output tokens"
    if test.cost_usd is not None:
        yield f"${test.cost_usd:.4f}"
    if test.unplayed:
        yield f"{count(test.unplayed, 'recorded request')} not asked for"
    if test.carried:
        yield f"{count(test.carried, 'answer')} of an interrupted recording"
    if test.accepted:
        yield "accepted"


def _models(drift: Drift) -> tuple[str, str]:
    return _line(drift.baseline) or "no model", _line(drift.candidate) or "no model"


def _short(change: Change) -> Change:
    return Change(
        trait=_line(change.trait),
        severity=change.severity,
        before=_line(change.before),
        after=_line(change.after),
        detail=_line(change.detail),
    )


# --- what was said and done -----------------------------------------------------------------


def _words(before: str, after: str, room: int) -> Words:
    pieces = diff_words(clean(before[:room]), clean(after[:room]))
    return Words(
        before=_spans([(piece.before, not piece.same) for piece in pieces]),
        after=_spans([(piece.after, not piece.same) for piece in pieces]),
        before_cut=max(0, len(before) - room),
        after_cut=max(0, len(after) - room),
    )


def _spans(stretches: Sequence[Span]) -> tuple[Span, ...]:
    """Return stretches with the white space behind a change outside of it."""
    spans: list[Span] = []
    for text, differs in stretches:
        words = text.rstrip() if differs else text
        spans += [(words, differs), (text[len(words) :], False)]
    return tuple(span for span in spans if span[0])


def _steps(before: Side, after: Side) -> Iterator[Step]:
    """Yield the tool calls of both sides, those of one name beside each other."""
    old, new = before.tools, after.tools
    names = [name for name, _ in old[: 2 * MAX_LIST]], [name for name, _ in new[: 2 * MAX_LIST]]
    for _, i, to_i, j, to_j in SequenceMatcher(None, *names, autojunk=False).get_opcodes():
        for left, right in zip_longest(old[i:to_i], new[j:to_j]):
            yield _step(left, right)


def _step(
    left: tuple[str, Mapping[str, Any]] | None, right: tuple[str, Mapping[str, Any]] | None
) -> Step:
    if left is None:
        what = "new"
    elif right is None:
        what = "gone"
    elif left[0] != right[0]:
        what = "another tool"
    else:
        what = "" if left[1] == right[1] else "other arguments"
    return Step(before=_tool(left), after=_tool(right), what=what)


def _tool(tool: tuple[str, Mapping[str, Any]] | None) -> tuple[str, str] | None:
    if tool is None:
        return None
    name, arguments = tool
    return _line(name), shorten(json.dumps(arguments, ensure_ascii=False), MAX_WORDS)


def _measures(before: Side, after: Side) -> Iterator[tuple[str, str, str]]:
    yield "ended", _line(before.outcome) or "no call", _line(after.outcome) or "no call"
    yield "calls", f"{before.calls:,}", f"{after.calls:,}"
    yield "input tokens", f"{before.input_tokens:,}", f"{after.input_tokens:,}"
    yield "output tokens", f"{before.output_tokens:,}", f"{after.output_tokens:,}"
    if before.latency is not None or after.latency is not None:
        yield "latency", _seconds(before.latency), _seconds(after.latency)


def _seconds(latency: float | None) -> str:
    return "not measured" if latency is None else say_seconds(latency)


# --- why, how often and how sure ------------------------------------------------------------


def _facts(cause: Cause) -> Iterator[tuple[str, str]]:
    """Yield what the summary rests on, the parts of the request that are the same in one."""
    parts = cause.parts[:MAX_LIST]
    other_served = cause.served.moved and str(cause.served) != str(cause.requested)
    other_results = cause.tool_results not in {SAME, NOT_COMPARED}
    facts = (
        *((part.part, part.what) for part in parts if part.what != SAME),
        (SAME, ", ".join(part.part for part in parts if part.what == SAME)),
        ("served", str(cause.served) if other_served else ""),
        ("tool results", cause.tool_results if other_results else ""),
        ("tokenizer", cause.tokenizer),
        ("where", cause.divergence),
        ("later", cause.later),
        ("cross", cause.cross),
        *((f"version of {name}", str(s)) for name, s in sorted(cause.versions.items()) if s.moved),
    )
    return ((_line(name), _line(what)) for name, what in facts[: 2 * MAX_LIST] if what)


def _samples(test: TestRecord, verdict: TestVerdict | None) -> Iterator[str]:
    sides = tallies_of(test)
    if sides is not None:
        for name, side in zip(("baseline", "this run"), sides, strict=True):
            if 0 <= side.passed <= side.n and side.n:
                low, high = wilson(side.passed, side.n)
                rate = f"95 % interval {100 * low:.0f}-{100 * high:.0f} %"
                yield f"{name}: {side.passed} of {side.n} passed, {rate}"
    if verdict is not None:
        head, *lines = verdict.text.splitlines() or [NAMES[verdict.verdict]]
        fails = "fails the run" if verdict.fails else "does not fail the run"
        yield shorten(f"{head or NAMES[verdict.verdict]}; {fails}", MAX_MESSAGE)
        yield from (shorten(line, MAX_MESSAGE) for line in lines[:MAX_LIST])
        if verdict.quarantine:
            yield f"not held against the run: {_line(verdict.quarantine)}"
    if test.unconfirmed:
        yield "something was seen that the samples do not bear out; it does not fail the test"


def _rules(test: TestRecord) -> Iterator[tuple[str, tuple[str, ...]]]:
    for rule in tally(test.rules, baseline=test.rules_before)[:MAX_LIST]:
        broken = [line for each in test.rules if each.name == rule.name for line in each.broken]
        yield _line(rule.in_words), tuple(map(_line, broken[:5]))


# --- what to do -----------------------------------------------------------------------------


def _commands(test: TestRecord) -> Iterator[tuple[str, str]]:
    name = shlex.quote(test.test[:MAX_MESSAGE])
    accept, run = f"pytest-llmregress accept {name}", f"pytest {name} --llmregress-accept"
    if test.candidate is not None:
        model = shlex.quote(test.candidate[:MAX_WORDS])
        accept, run = f"{accept} --candidate {model}", f"{run} --llmregress-candidate {model}"
    if test.cassette and (test.drift is not None or test.pending is not None):
        yield (
            "Look at the calls",
            f"pytest-llmregress show {' '.join(map(shlex.quote, _files(test)))}",
        )
    if test.pending is not None:
        yield "Accept what is pending", accept
        yield "Accept it where nothing is pending, as after a run in CI", run


def _files(test: TestRecord) -> tuple[str, ...]:
    """Return the cassettes to look at: the baseline's before the candidate's."""
    cassette = test.cassette[:MAX_MESSAGE]
    if test.candidate is None:
        return (cassette,)
    ending = f"@{slug_of_variant(test.candidate)}.cassette.yaml"
    if not cassette.endswith(ending):
        return (cassette,)
    return f"{cassette.removesuffix(ending)}.cassette.yaml", cassette


def _line(text: str) -> str:
    return shorten(" ".join(text[: 4 * MAX_WORDS].split()), MAX_WORDS)
