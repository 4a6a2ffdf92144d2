"""The cause card of a drift, as people read it."""

from typing import Any

import pytest

from pytest_llmregress.formatting.text_table import WIDTH
from pytest_llmregress.reports.drift import MAX_LINES, render_cause
from pytest_llmregress.values.cause import (
    NOT_COMPARED,
    NOT_KNOWN,
    SAME,
    BeforeAfter,
    Cause,
    CauseKind,
    RequestPartChange,
)

PARTS = ("system prompt", "messages", "tools", "parameters", "model")


def parts(**changes: str) -> tuple[RequestPartChange, ...]:
    told = dict.fromkeys(PARTS, SAME) | {
        name.replace("_", " "): what for name, what in changes.items()
    }
    return tuple(RequestPartChange(part=part, what=what) for part, what in told.items())


def shift(before: str, after: str) -> BeforeAfter:
    return BeforeAfter(before=(before,), after=(after,))


def cause(**changes: Any) -> Cause:
    fields: dict[str, Any] = {
        "kind": CauseKind.MODEL,
        "summary": (
            "consistent with the model switch qwen-0.5b → qwen-1.5b: "
            "the first request is otherwise identical"
        ),
        "parts": parts(model="qwen-0.5b → qwen-1.5b"),
        "requested": shift("qwen-0.5b", "qwen-1.5b"),
        "served": shift("qwen-0.5b", "qwen-1.5b"),
    }
    return Cause(**{**fields, **changes})


def test_a_model_switch_is_told_in_a_few_lines():
    lines = render_cause(
        cause(
            input_tokens=(1412, 398),
            later="from call 2 on the requests differ: they carry the other model's answers",
            versions={"anthropic": shift("1.9.0", "2.12.0"), "vcrpy": shift("9.4.2", "9.4.2")},
        )
    )

    assert lines == (
        "cause: consistent with the model switch qwen-0.5b → qwen-1.5b:",
        "    the first request is otherwise identical",
        "  request: system same, messages same, tools same, parameters same",
        "  input tokens 1,412 → 398 on an identical request: another tokenizer",
        "  from call 2 on the requests differ: they carry the other model's answers",
        "  versions: anthropic 1.9.0 → 2.12.0",
    )


def test_a_changed_request_is_told_part_by_part():
    lines = render_cause(
        cause(
            kind=CauseKind.REQUEST,
            summary="request changed: system prompt; not model drift",
            parts=parts(system_prompt="line 2: 'Be brief.' → 'Be kind.'", tools=NOT_KNOWN),
            tool_results="find_order (call 2): 'in Hamburg' → 'in Bremen'",
        )
    )

    assert lines == (
        "cause: request changed: system prompt; not model drift",
        "  request: system differs, messages same, tools not known, parameters same",
        "  system prompt: line 2: 'Be brief.' → 'Be kind.'",
        "  result of find_order (call 2): 'in Hamburg' → 'in Bremen'",
    )


def test_an_alias_that_moved_names_the_served_models():
    lines = render_cause(
        cause(
            kind=CauseKind.SERVED_MODEL,
            summary="served model changed behind the same name",
            requested=shift("opus-latest", "opus-latest"),
            served=shift("opus-1", "opus-2"),
            alias_moved=True,
        )
    )

    assert lines[-1] == "  served: opus-1 → opus-2"


@pytest.mark.parametrize("results", ["", SAME, NOT_COMPARED])
def test_results_of_tools_that_say_nothing_get_no_line(results: str) -> None:
    assert len(render_cause(cause(tool_results=results))) == 3


def test_a_card_stays_small_and_printable_whatever_it_is_given():
    evil = "\x1b[2J\n\u202e" + "x" * 500
    lines = render_cause(
        cause(
            summary=f"{evil} and {evil}",
            parts=parts(system_prompt=evil, messages=evil, tools=evil, parameters=evil),
            tool_results=evil,
            later=evil,
            versions={evil: shift(evil, "2")},
            input_tokens=(1, 2),
            alias_moved=True,
        )
    )

    assert len(lines) == MAX_LINES
    assert all(line.isprintable() and len(line) <= WIDTH for line in lines)


def test_a_cause_without_parts_is_its_summary():
    assert render_cause(Cause(kind=CauseKind.UNKNOWN, summary="cannot attribute")) == (
        "cause: cannot attribute",
    )
