"""Answers that are sent again, in the ways in which clients do that."""

import json

import pytest

from pytest_llmregress.storage.encoding.repeated_history import (
    describe_repeat,
    exact,
    extract_message,
    find_repeat_marks,
    message_of_stream,
    repeat,
)

TEXT = {"type": "text", "text": "Hello", "citations": None}
TOOL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"b": 1, "a": 2}}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "Eq=="}
ANSWER = {"role": "assistant", "content": [THOUGHT, TEXT, TOOL]}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks)}


@pytest.mark.parametrize(
    ("message", "how"),
    [
        (ANSWER, {}),
        (
            assistant(
                {"signature": "Eq==", "thinking": "hm", "type": "thinking"},
                {"citations": None, "text": "Hello", "type": "text"},
                {"id": "toolu_1", "input": {"b": 1, "a": 2}, "name": "f", "type": "tool_use"},
            ),
            {
                "keys": [
                    ["signature", "thinking", "type"],
                    ["citations", "text", "type"],
                    ["id", "input", "name", "type"],
                ]
            },
        ),
        (
            assistant({"type": "text", "text": "Hello"}, {**TOOL, "caller": None}),
            {"keys": [[], ["type", "text"], ["type", "id", "name", "input", "caller"]]},
        ),
        ({"role": "assistant", "content": "Hello"}, {"as": "text"}),
    ],
    ids=["as it came", "as the SDK sends it", "without thinking and nulls", "as text"],
)
def test_a_message_tells_how_it_repeats_an_answer(message, how):
    assert describe_repeat(message, ANSWER) == how
    assert exact(repeat(ANSWER, how)) == exact(message)


@pytest.mark.parametrize(
    "message",
    [
        assistant({**TEXT, "text": "Hello!"}),
        assistant(THOUGHT, TEXT, {**TOOL, "input": {"a": 2, "b": 1}}),
        assistant(THOUGHT, TEXT, {**TOOL, "input": {"b": 1.0, "a": 2}}),
        assistant(THOUGHT, TEXT, {**TOOL, "input": {"b": True, "a": 2}}),
        assistant(THOUGHT, TEXT, {**TOOL, "cache_control": {"type": "ephemeral"}}),
        assistant(THOUGHT, TOOL, TEXT),
        assistant(*ANSWER["content"], TEXT),
        {"content": ANSWER["content"], "role": "assistant"},
        {**ANSWER, "id": "msg_1"},
        {**ANSWER, "role": "user"},
        {"role": "assistant", "content": "Hello\n"},
        {"role": "assistant", "content": None},
        {"role": "assistant"},
        "Hello",
        None,
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_whatever_differs_from_an_answer_does_not_repeat_it(message):
    assert describe_repeat(message, ANSWER) is None


@pytest.mark.parametrize(
    "how",
    [
        {"as": "song"},
        {"as": 1},
        {"keys": "text"},
        {"keys": [["type"]]},
        {"keys": [1, 2, 3]},
        {"keys": [[1], [2], [3]]},
        {"keys": [[["type"]], [], []]},
        {"odd": 1},
        {"keys": [["type"], [], []], "as": 1},
    ],
    ids=repr,
)
def test_a_way_that_nobody_described_gives_no_message(how):
    assert repeat(ANSWER, how) is None


def test_a_chat_completion_repeats_with_the_fields_that_were_sent():
    message = {"role": "assistant", "content": "Hi", "refusal": None, "annotations": []}
    answer = extract_message({"id": "x", "choices": [{"index": 0, "message": message}]})

    assert describe_repeat(message, answer) == {}
    assert describe_repeat({"role": "assistant", "content": "Hi"}, answer) == {
        "keys": ["role", "content"]
    }
    assert describe_repeat({"role": "assistant", "content": "Ho"}, answer) is None


@pytest.mark.parametrize(
    "body", [None, [], {}, {"content": []}, {"choices": []}, {"choices": [{"message": 1}]}, "x"]
)
def test_what_is_no_message_is_none(body):
    assert extract_message(body) is None


def events(*changes):
    start = {"type": "message_start", "message": {"role": "assistant", "content": []}}
    return [start, *changes, {"type": "message_stop"}]


def start(index, **block):
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index, kind, **change):
    change = {"type": kind, **change}
    return {"type": "content_block_delta", "index": index, "delta": change}


def test_a_stream_gives_the_message_that_it_builds_up():
    stream = events(
        start(0, type="thinking", thinking="", signature=""),
        delta(0, "thinking_delta", thinking="h"),
        delta(0, "thinking_delta", thinking="m"),
        delta(0, "signature_delta", signature="Eq=="),
        start(1, type="text", text="", citations=None),
        {"type": "ping"},
        delta(1, "text_delta", text="Hel"),
        delta(1, "text_delta", text="lo"),
        start(2, type="tool_use", id="toolu_1", name="f", input={}),
        *(delta(2, "input_json_delta", partial_json=part) for part in ("", '{"b"', ':1,"a":2}')),
    )

    assert exact(message_of_stream(stream)) == exact(
        assistant(
            {"type": "thinking", "thinking": "hm", "signature": "Eq=="},
            {"type": "text", "text": "Hello", "citations": None},
            TOOL,
        )
    )


@pytest.mark.parametrize(
    "stream",
    [
        [],
        [None, 1, "x"],
        events(delta(0, "text_delta", text="a")),
        events(start(0, type="text", text=""), delta(-1, "text_delta", text="a")),
        events(start(0, type="text", text=""), delta(0, "song_delta", song="a")),
        events(start(0, type="text", text=""), delta(0, "text_delta", text=1)),
        events(start(0, type="tool_use"), delta(0, "input_json_delta", partial_json='{"a"')),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_a_stream_that_is_not_understood_gives_none(stream):
    assert message_of_stream(stream) is None


def test_the_text_of_a_streamed_chat_completion_is_put_together():
    stream = [
        {"choices": [{"delta": {"role": "assistant", "content": ""}}]},
        {"choices": [{"delta": {"content": "Hel"}}]},
        {"choices": [{"delta": {"content": "lo"}}]},
        {"choices": [{"delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {}},
    ]

    assert message_of_stream(stream) == {"role": "assistant", "content": "Hello"}


def test_a_message_and_the_answer_that_it_repeats_have_a_mark_in_common():
    texts = [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]

    assert set(find_repeat_marks(assistant(*texts))) & set(find_repeat_marks({"content": "Hello"}))
    assert set(find_repeat_marks(ANSWER)) & set(find_repeat_marks(assistant(TOOL)))
    assert find_repeat_marks(assistant({"type": "text", "text": ""})) == []
    assert find_repeat_marks(json.loads("[1]")) == []
