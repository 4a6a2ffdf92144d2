"""Everything the page has to say about one test: the part of it that unfolds."""

import shlex
from collections.abc import Iterator
from functools import lru_cache

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.reports.html.agents import draw_agents
from pytest_llmregress.reports.html.markup import NOTHING, Markup, MarkupTemplate, Value, join
from pytest_llmregress.reports.html.model_text import shorten
from pytest_llmregress.reports.html.plots import file_of, format_seconds, name_of, tallies_of
from pytest_llmregress.reports.html.side_by_side import (
    MAX_LIST,
    MAX_WORDS,
    MORE,
    draw_steps,
    draw_words,
    line,
)
from pytest_llmregress.reports.verdict import format_fails
from pytest_llmregress.statistics.intervals import wilson
from pytest_llmregress.values.behavior import Change, Drift, Severity
from pytest_llmregress.values.cause import NOT_COMPARED, SAME, Cause
from pytest_llmregress.values.file_names import slug_of_variant
from pytest_llmregress.values.rule_result import RuleResult, tally
from pytest_llmregress.values.run_report import AnswerSource, TestRecord
from pytest_llmregress.values.side_by_side import CallSummary
from pytest_llmregress.values.verdict import TestVerdict
from pytest_llmregress.verdicts.verdict_text import NAMES

MAX_MESSAGE = 2_000
"""Characters of a problem or a verdict."""

MODES = {
    AnswerSource.REPLAYED: "replayed",
    AnswerSource.RECORDED: "recorded",
    AnswerSource.MIXED: "partly recorded",
    AnswerSource.IDLE: "no request",
}
TONES = {Severity.BREAKING: "bad", Severity.NOTABLE: "warn", Severity.COSMETIC: "plain"}
"""The class of a badge."""

_CARD = MarkupTemplate("""
    <div class="card">
    <h3><a href="#t{}">{}::{}</a></h3>
    {}
    <p class="about">{}</p>
    {}{}{}{}
    <div class="grid">{}{}{}{}</div>
    {}
    </div>
""")
_MODELS = MarkupTemplate('<p class="models"><span class="muted">{}</span> → {}</p>')
_TROUBLE = MarkupTemplate("""
    <div class="trouble"><h4>Problem: {}</h4><pre dir="auto">{}</pre></div>
""")
_CHANGES = MarkupTemplate("""
    <h4>Changes</h4>
    <table class="changes"><caption class="hidden">Changes, the worst first</caption>
    <thead><tr><th scope="col">Severity</th><th scope="col">Trait</th>
    <th scope="col">Baseline</th><th scope="col">This run</th></tr></thead><tbody>{}</tbody></table>
    {}
""")
_CHANGE = MarkupTemplate("""
    <tr><td><span class="badge {}">{}</span></td><th scope="row">{}</th>
    <td dir="auto">{}</td><td dir="auto">{}{}</td></tr>
""")
_ASIDE = MarkupTemplate(' <span class="muted">({})</span>')
_CAUSE = MarkupTemplate('<section><h4>Cause</h4><p dir="auto">{}</p>{}</section>')
_LIST = MarkupTemplate("<dl>{}</dl>")
_FACT = MarkupTemplate('<div><dt>{}</dt><dd dir="auto">{}</dd></div>')
_SAMPLES = MarkupTemplate('<section><h4>Samples</h4><ul class="lines">{}</ul></section>')
_LINE = MarkupTemplate("<li>{}</li>")
_MEASURES = MarkupTemplate("""
    <section><h4>Measures</h4>
    <table class="measures"><caption class="hidden">Measures of the two sides shown above</caption>
    <thead><tr><td></td><th scope="col">Baseline</th><th scope="col">This run</th></tr></thead>
    <tbody>{}</tbody></table></section>
""")
_MEASURE = MarkupTemplate('<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>')
_RULES = MarkupTemplate('<section><h4>Rules</h4><ul class="lines">{}</ul></section>')
_RULE = MarkupTemplate("<li>{}{}</li>")
_BROKEN = MarkupTemplate("<ul>{}</ul>")
_BROKEN_LINE = MarkupTemplate('<li dir="auto">{}</li>')
_NEXT = MarkupTemplate("<h4>Next</h4>{}")
_COMMAND = MarkupTemplate('<p class="command"><span>{}</span><code>{}</code></p>')


def draw_detail(  # noqa: PLR0913 - what is known of a test beside its record
    number: int,
    test: TestRecord,
    verdict: TestVerdict | None,
    *,
    fail_on: str,
    room: int,
    aligned: bool,
) -> Markup:
    """Return the detail of a test, with at most `room` characters of each text."""
    drift, before, after = test.drift, test.before, test.after
    cause = None if drift is None else drift.cause
    both = None if before is None or after is None else (before, after)
    samples = _LINE.again([(each,) for each in _samples(test, verdict, fail_on)])
    commands = _COMMAND.each(_commands(test))
    return _CARD(
        str(number),
        file_of(test.test),
        name_of(test.test),
        NOTHING
        if drift is None
        else _MODELS(line(drift.baseline) or "no model", line(drift.candidate) or "no model"),
        ", ".join(_about(test)),
        _TROUBLE.each(
            (line(each.code), shorten(each.message, MAX_MESSAGE))
            for each in test.problems[:MAX_LIST]
        ),
        NOTHING if drift is None else _changes(drift),
        NOTHING if both is None else draw_words(*both, room=room, aligned=aligned),
        NOTHING if both is None else join([draw_agents(*both), draw_steps(*both)]),
        NOTHING if cause is None or not cause.summary else _cause(cause),
        _SAMPLES(samples) if samples.text else NOTHING,
        NOTHING if both is None else _MEASURES(_MEASURE.again(_measures(*both))),
        _rules(test.rules, test.rules_before),
        _NEXT(commands) if commands.text else NOTHING,
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


def _changes(drift: Drift) -> Markup:
    if not drift.changes:
        return NOTHING
    rows = _CHANGE.again([_change(change) for change in drift.changes[:MAX_LIST]])
    more = len(drift.changes) - MAX_LIST
    return _CHANGES(rows, MORE(str(more)) if more > 0 else NOTHING)


def _change(change: Change) -> tuple[Value, ...]:
    return (
        TONES[change.severity],
        str(change.severity),
        line(change.trait),
        line(change.before),
        line(change.after),
        _ASIDE(line(change.detail)) if change.detail else NOTHING,
    )


def _measures(before: CallSummary, after: CallSummary) -> list[tuple[str, str, str]]:
    rows = [
        ("ended", line(before.outcome) or "no call", line(after.outcome) or "no call"),
        ("calls", f"{before.calls:,}", f"{after.calls:,}"),
        ("input tokens", f"{before.input_tokens:,}", f"{after.input_tokens:,}"),
        ("output tokens", f"{before.output_tokens:,}", f"{after.output_tokens:,}"),
    ]
    if before.latency is not None or after.latency is not None:
        rows.append(("latency", _seconds(before.latency), _seconds(after.latency)))
    if before.cost_usd is not None or after.cost_usd is not None:
        rows.append(("cost", _dollars(before.cost_usd), _dollars(after.cost_usd)))
    return rows


def _seconds(latency: float | None) -> str:
    return "not measured" if latency is None else format_seconds(latency)


def _dollars(cost: float | None) -> str:
    return "price unknown" if cost is None else f"${cost:.6f}"


# --- why, how often and how sure ------------------------------------------------------------


def _cause(cause: Cause) -> Markup:
    facts = _FACT.again([(line(name), line(what)) for name, what in _facts(cause)])
    return _CAUSE(line(cause.summary), _LIST(facts) if facts.text else NOTHING)


def _facts(cause: Cause) -> list[tuple[str, str]]:
    """Return what the summary rests on, the parts of the request that are the same in one."""
    same = [part.part for part in cause.parts[:MAX_LIST] if part.what == SAME]
    facts = [(part.part, part.what) for part in cause.parts[:MAX_LIST] if part.what != SAME]
    if same:
        facts.append((SAME, ", ".join(same)))
    if cause.served.moved and str(cause.served) != str(cause.requested):
        facts.append(("served", str(cause.served)))
    if cause.tool_results not in {SAME, NOT_COMPARED}:
        facts.append(("tool results", cause.tool_results))
    facts += [("tokenizer", cause.tokenizer), ("where", cause.divergence)]
    facts += [("later", cause.later), ("cross", cause.cross)]
    if cause.versions:
        moved = [(name, shift) for name, shift in sorted(cause.versions.items()) if shift.moved]
        facts += [(f"version of {name}", str(shift)) for name, shift in moved]
    return [fact for fact in facts[: 2 * MAX_LIST] if fact[1]]


def _samples(test: TestRecord, verdict: TestVerdict | None, fail_on: str) -> Iterator[str]:
    sides = tallies_of(test)
    if sides is not None:
        for name, side in zip(("baseline", "this run"), sides, strict=True):
            if 0 <= side.passed <= side.n and side.n:
                yield f"{name}: {_rate(side.passed, side.n)}"
    if verdict is not None:
        head, *lines = verdict.text.splitlines() or [NAMES[verdict.verdict]]
        fails = format_fails(fails=verdict.fails, fail_on=fail_on)
        yield shorten(f"{head or NAMES[verdict.verdict]}; {fails}", MAX_MESSAGE)
        yield from (shorten(each, MAX_MESSAGE) for each in lines[:MAX_LIST])
        if verdict.quarantine:
            yield f"not held against the run: {line(verdict.quarantine)}"
    if test.unconfirmed:
        yield "something was seen that the samples do not bear out; it does not fail the test"


@lru_cache(maxsize=256)  # most tests have one of a few pairs
def _rate(passed: int, n: int) -> str:
    low, high = wilson(passed, n)
    return f"{passed} of {n} passed, 95 % interval {100 * low:.0f}-{100 * high:.0f} %"


@lru_cache(maxsize=256)  # most tests keep the rules that others keep
def _rules(results: tuple[RuleResult, ...], before: tuple[RuleResult, ...]) -> Markup:
    if not results:
        return NOTHING
    drawn = []
    for rule in tally(results, baseline=before)[:MAX_LIST]:
        broken = [each for own in results if own.name == rule.name for each in own.broken]
        lines = _BROKEN_LINE.each((line(each),) for each in broken[:5])
        drawn.append(_RULE(line(rule.in_words), _BROKEN(lines) if broken else NOTHING))
    return _RULES(join(drawn))


# --- what to do -----------------------------------------------------------------------------


def _commands(test: TestRecord) -> Iterator[tuple[str, str]]:
    if test.cassette and (test.drift is not None or test.pending is not None):
        yield (
            "Look at the calls",
            f"pytest-llmregress show {' '.join(map(shlex.quote, _files(test)))}",
        )
    if test.pending is None:
        return
    name = shlex.quote(test.test[:MAX_MESSAGE])
    accept, run = f"pytest-llmregress accept {name}", f"pytest {name} --llmregress-accept"
    if test.candidate is not None:
        model = shlex.quote(test.candidate[:MAX_WORDS])
        accept, run = f"{accept} --candidate {model}", f"{run} --llmregress-candidate {model}"
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
