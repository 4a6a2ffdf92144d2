"""The calls in a cassette, one a row."""

from dataclasses import replace

from pytest_llmregress.cli.show import calls_to_json, render_calls
from pytest_llmregress.values.call import Call, Outcome, ToolCall, Usage
from pytest_llmregress.values.http import Interaction, Request, Response

TOOL_USE = Call(
    provider="anthropic",
    outcome=Outcome.TOOL_USE,
    tool_calls=(
        ToolCall(name="lookup_order", arguments={"id": 7}, id="toolu_1"),
        ToolCall(name="lookup_order", arguments={"id": 8}, id="toolu_2"),
    ),
    stop_reason="tool_use",
    requested_model="claude-opus-5",
    served_model="claude-opus-5",
    usage=Usage(input_tokens=100, output_tokens=42, cache_read_tokens=900),
    latency=1.26,
)
ANSWER = Call(
    provider="anthropic",
    outcome=Outcome.ANSWERED,
    text="Your refund\nis on its way.",
    stop_reason="end_turn",
    requested_model="claude-opus-5",
    served_model="claude-opus-5-1",
    usage=Usage(input_tokens=7, output_tokens=9),
)
ERROR = Call(
    provider="anthropic",
    outcome=Outcome.ERROR,
    requested_model="claude-nope",
    status=404,
    error="not_found_error: model: claude-nope",
    latency=0.04,
)
COUNT = Interaction(
    request=Request(method="POST", url="https://api.anthropic.com/v1/messages/count_tokens?beta=1"),
    response=Response(status=200),
    latency=0.2,
)


def test_calls_are_numbered_rows_and_other_requests_have_no_number():
    assert render_calls([COUNT, TOOL_USE, ANSWER, ERROR], width=150).splitlines() == [
        "#  requested      served           outcome   tools            in    out  latency  text",
        (
            "-  -              -                HTTP 200  -                -     -    0.2 s    "
            "POST /v1/messages/count_tokens"
        ),
        "1  claude-opus-5  same             tool_use  lookup_order x2  1000  42   1.3 s",
        (
            "2  claude-opus-5  claude-opus-5-1  answered  -                7     9    -        "
            "Your refund is on its way."
        ),
        (
            "3  claude-nope    -                error     -                0     0    0.0 s    "
            "not_found_error: model: claude-nope"
        ),
    ]


def test_the_text_is_cut_to_the_width():
    call = Call(provider="anthropic", outcome=Outcome.ANSWERED, text="word " * 100)
    lines = render_calls([call], width=100).splitlines()

    assert lines == [
        "#  requested  served  outcome   tools  in  out  latency  text",
        (
            "1  -          -       answered  -      0   0    -        "
            "word word word word word word word word wo…"
        ),
    ]


def test_a_refusal_without_words_says_what_was_refused():
    call = Call(provider="anthropic", outcome=Outcome.REFUSED, refusal_category="cyber")

    assert render_calls([call]).splitlines()[1] == (
        "1  -          -       refused  -      0   0    -        refused: cyber"
    )


def test_what_a_terminal_would_obey_is_spelled_out():
    call = Call(
        provider="anthropic",
        outcome=Outcome.TOOL_USE,
        text="\x1b[2Jhello\x07",
        tool_calls=(ToolCall(name="rm\x1b[31m"),),
        requested_model="m\x9b1m",
    )
    other = Interaction(
        request=Request(method="GET", url="https://host/\x1b[0m"), response=Response(status=200)
    )
    lines = render_calls([call, other]).splitlines()

    assert lines == [
        "#  requested  served  outcome   tools       in  out  latency  text",
        r"1  m\x9b1m    -       tool_use  rm\x1b[31m  0   0    -        \x1b[2Jhello\x07",
        r"-  -          -       HTTP 200  -           -   -    -        GET /\x1b[0m",
    ]


def test_tokens_that_are_none_are_told():
    row = render_calls([replace(TOOL_USE, usage=Usage(output_tokens=-5))]).splitlines()[-1]

    assert row.split("  ")[-1] == "no count: output_tokens: -5;"
    assert " ?  " in row


def test_a_cassette_without_requests_says_so():
    assert render_calls([]) == "no requests"
    assert calls_to_json([]) == []


def test_json_holds_what_the_rows_cut():
    assert calls_to_json([COUNT, TOOL_USE]) == [
        {
            "call": None,
            "method": "POST",
            "path": "/v1/messages/count_tokens",
            "status": 200,
            "latency": 0.2,
        },
        {
            "call": 1,
            "provider": "anthropic",
            "requested_model": "claude-opus-5",
            "served_model": "claude-opus-5",
            "outcome": "tool_use",
            "stop_reason": "tool_use",
            "refusal_category": None,
            "error": None,
            "status": 200,
            "streamed": False,
            "latency": 1.26,
            "usage": {
                "input_tokens": 100,
                "output_tokens": 42,
                "cache_read_tokens": 900,
                "cache_write_tokens": 0,
                "unknown": [],
            },
            "tool_calls": [
                {"name": "lookup_order", "arguments": {"id": 7}, "id": "toolu_1"},
                {"name": "lookup_order", "arguments": {"id": 8}, "id": "toolu_2"},
            ],
            "text": "",
        },
    ]
