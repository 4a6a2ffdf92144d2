"""Tests of what is said about a request that was not recorded."""

import copy
import json
from typing import Any

import pytest

from pytest_llmregress.causes.request_diff import RequestDiff, explain
from pytest_llmregress.formatting.one_line_diff import text_change
from pytest_llmregress.values.cause import RequestPartChange
from pytest_llmregress.values.http import Request
from pytest_llmregress.values.matching import compute_request_key

PROMPT = "You help customers.\nBe brief.\nOffer a refund within 14 days."
TOOL: dict[str, Any] = {
    "name": "refund",
    "description": "Refund an order.",
    "input_schema": {"type": "object", "properties": {"days": {"type": "integer"}}},
}
BODY: dict[str, Any] = {
    "model": "claude-opus-4-8",
    "max_tokens": 1024,
    "system": PROMPT,
    "tools": [TOOL],
    "messages": [
        {"role": "user", "content": "Hello"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "toolu_1", "name": "refund", "input": {"days": 3}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [{"type": "text", "text": "one\ntwo\nthree"}],
                }
            ],
        },
    ],
}


def post(body: Any, **changes: Any) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields: dict[str, Any] = {"method": "POST", "url": "https://api.anthropic.com/v1/messages"}
    return Request(**{**fields, "body": raw, **changes})


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    body = copy.deepcopy(BODY)
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return body


def without(key: str) -> dict[str, Any]:
    return {k: v for k, v in BODY.items() if k != key}


def parts(asked: Request, *recorded: Request) -> list[tuple[str, str]]:
    return [(change.part, change.what) for change in explain(asked, recorded).parts]


RESULT = ("messages", 2, "content", 0)


@pytest.mark.parametrize(
    ("body", "part", "what"),
    [
        (changed("model", to="claude-opus-5"), "model", "claude-opus-4-8 → claude-opus-5"),
        (changed("max_tokens", to=2048), "max_tokens", "1024 → 2048"),
        (changed("max_tokens", to="1024"), "max_tokens", "1024 → '1024'"),
        ({**BODY, "stream": True}, "stream", "not in the recording: true"),
        (without("max_tokens"), "max_tokens", "not in the request: 1024"),
        (without("tools"), "tools", "not in the request"),
        (
            changed("system", to=PROMPT.replace("14", "30")),
            "system prompt",
            "line 3: 'Offer a refund within 14 days.' → 'Offer a refund within 30 days.'",
        ),
        (
            changed("system", to=PROMPT.replace("Be", "Be kind.\nBe")),
            "system prompt",
            "line 2 added: 'Be kind.'",
        ),
        (
            changed("system", to=[{"type": "text", "text": PROMPT.replace("brief", "kind")}]),
            "system prompt",
            "block 1 (text) line 2: 'Be brief.' → 'Be kind.'",
        ),
        (
            changed("system", to=[{"type": "text", "text": PROMPT, "cache_control": {"ttl": 1}}]),
            "system prompt",
            "block 1 (text) cache_control: not in the recording",
        ),
        (changed("messages", 0, "content", to="Hi"), "message 1 (user)", "'Hello' → 'Hi'"),
        (
            changed("messages", 0, "content", to=[{"type": "text", "text": "Hi"}]),
            "message 1 (user)",
            "block 1 (text): 'Hello' → 'Hi'",
        ),
        (
            changed("messages", 0, "content", to=[{"type": "text", "text": "Hello"}]),
            "message 1 (user)",
            "the same text, as a list of blocks",
        ),
        (
            changed("messages", 0, "role", to="assistant"),
            "message 1",
            "role: 'user' → 'assistant'",
        ),
        (
            changed("messages", 1, "content", 1, "input", "days", to=5),
            "message 2 (assistant)",
            "block 2 (tool_use) input.days: 3 → 5",
        ),
        (
            changed("messages", 1, "content", to=BODY["messages"][1]["content"][:1]),
            "message 2 (assistant)",
            "block 2 (tool_use): not in the request",
        ),
        (
            changed(*RESULT, "content", 0, "text", to="one\n2\nthree"),
            "message 3 (user)",
            "block 1 (tool_result) content block 1 (text) line 2: 'two' → '2'",
        ),
        (
            changed(*RESULT, to={**BODY["messages"][2]["content"][0], "tool_use_id": "toolu_2"}),
            "message 3 (user)",
            "block 1 (tool_result) tool_use_id: 'toolu_1' → 'toolu_2'",
        ),
        (
            changed("tools", to=[TOOL, {**TOOL, "name": "weather"}]),
            "tools",
            "'weather' not in the recording",
        ),
        (changed("tools", to=[]), "tools", "'refund' not in the request"),
        (
            changed("tools", 0, "input_schema", "properties", "days", "type", to="string"),
            "tools",
            "'refund' input_schema.properties.days.type: 'integer' → 'string'",
        ),
        (changed("tools", to="all"), "tools", "a list of 1 → 'all'"),
    ],
)
def test_a_changed_part_is_named_with_both_versions(
    body: dict[str, Any], part: str, what: str
) -> None:
    found = explain(post(body), [post(BODY)])

    assert found == RequestDiff(nearest=0, parts=(RequestPartChange(part=part, what=what),))


def test_tools_in_another_order_are_said_to_be_the_same() -> None:
    one, two = TOOL, {**TOOL, "name": "weather"}

    found = parts(post({**BODY, "tools": [two, one]}), post({**BODY, "tools": [one, two]}))

    assert found == [("tools", "the same tools in another order")]


def test_a_long_text_is_cut_around_its_first_difference() -> None:
    text = "x" * 5000 + " refund within 14 days " + "y" * 5000

    [(_part, what)] = parts(post({"system": text.replace("14", "30")}), post({"system": text}))
    before, after = what.split(" → ")

    assert "refund within 14 days" in before
    assert "refund within 30 days" in after
    assert before.startswith("'…")
    assert before.endswith("…'")
    assert len(before) == len(after) == 72


def test_a_changed_picture_is_told_by_its_size() -> None:
    def body(data: str) -> dict[str, Any]:
        source = {"type": "base64", "media_type": "image/png", "data": data}
        content = [{"type": "image", "source": source}]
        return {"messages": [{"role": "user", "content": content}]}

    found = parts(post(body("A" * 900)), post(body("A" * 800)))

    assert found == [
        ("message 1 (user)", "block 1 (image) source.data: 800 → 900 characters of base64")
    ]


@pytest.mark.parametrize(
    ("asked", "recorded", "expected"),
    [
        ("abcde", "abc", [("messages", "2 messages more than recorded")]),
        ("abc", "abcd", [("messages", "1 message fewer than recorded")]),
        ("abc", "ac", [("messages", "1 message more than recorded, at message 2")]),
        (
            "axcd",
            "abc",
            [
                ("messages", "1 message more than recorded"),
                ("message 2 (user)", "'b' → 'x'"),
            ],
        ),
    ],
)
def test_a_history_of_another_length_is_said_so(
    asked: str, recorded: str, expected: list[tuple[str, str]]
) -> None:
    def body(letters: str) -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": letter} for letter in letters]}

    found = parts(post(body(asked)), post(body(recorded)))

    assert found[: len(expected)] == expected


@pytest.mark.parametrize(
    ("changes", "part", "what"),
    [
        ({"method": "GET"}, "method", "POST → GET"),
        (
            {"url": "https://api.anthropic.com/v1/messages/count_tokens"},
            "path",
            "/v1/messages → /v1/messages/count_tokens",
        ),
        (
            {"headers": {"anthropic-beta": ("files-2026-01-01, a",)}},
            "beta features",
            "'a' not in the recording; 'files-2026-01-01' not in the recording",
        ),
    ],
)
def test_what_is_around_the_body_is_a_part_of_its_own(
    changes: dict[str, Any], part: str, what: str
) -> None:
    assert parts(post(BODY, **changes), post(BODY)) == [(part, what)]


@pytest.mark.parametrize(
    "same",
    [
        post(json.dumps(BODY, indent=2, sort_keys=True).encode()),
        post(BODY, url="http://localhost:8080/v1/messages?beta=true"),
        post(BODY, headers={"x-stainless-retry-count": ("1",)}),
    ],
)
def test_what_matching_ignores_is_no_difference(same: Request) -> None:
    recorded = post(BODY)

    assert compute_request_key(same) == compute_request_key(recorded)
    assert explain(same, [recorded]) == RequestDiff(nearest=0)


def test_true_and_one_differ_as_they_do_for_matching() -> None:
    found = parts(post({"stream": True}), post({"stream": 1}))

    assert found == [("stream", "1 → true")]


def test_nothing_is_near_where_nothing_is_recorded() -> None:
    assert explain(post(BODY), []) == RequestDiff(nearest=None)


@pytest.mark.parametrize(
    ("recorded", "nearest"),
    [
        ([{}, BODY, BODY], 1),
        ([changed("system", to="Other."), changed("messages", 0, "content", to="Hi")], 1),
        ([changed("model", to="m"), changed("max_tokens", to=1)], 1),
        ([{**BODY, "messages": BODY["messages"][:n]} for n in (1, 2, 3)], 2),
    ],
)
def test_the_recording_with_the_most_equal_parts_is_the_nearest(
    recorded: list[Any], nearest: int
) -> None:
    asked = changed("messages", 2, "content", to="Something else.")

    assert explain(post(asked), [post(body) for body in recorded]).nearest == nearest


def test_the_same_path_is_nearer_than_the_same_body() -> None:
    elsewhere = post(BODY, url="https://api.anthropic.com/v1/messages/count_tokens")

    assert explain(post(BODY), [elsewhere, post({"model": "m"})]).nearest == 1


def test_a_turn_with_a_changed_first_message_is_near_its_own_turn() -> None:
    history = [{"role": "user", "content": str(n)} for n in range(9)]
    recorded = [post({"messages": history[:n]}) for n in (1, 3, 5, 7, 9)]
    asked = post({"messages": [{"role": "user", "content": "new"}, *history[1:5]]})

    assert explain(asked, recorded).nearest == 2


def test_more_than_eight_parts_end_in_a_count_of_the_others() -> None:
    asked = {f"key_{n:02}": n for n in range(12)}

    found = parts(post(asked), post({}))

    assert len(found) == 9
    assert found[0] == ("key_00", "not in the recording: 0")
    assert found[-1] == ("and 4 more", "key_08, key_09, key_10, key_11")


def test_a_body_that_is_not_json_is_told_by_its_bytes() -> None:
    found = parts(post(b"\x00" * 39 + b"\x01" * 91), post(b"\x00" * 120))

    assert found == [("body", "120 bytes → 130 bytes, first difference at byte 40")]


def test_the_random_boundary_of_an_upload_is_no_difference() -> None:
    def upload(boundary: str, text: str) -> Request:
        kind = f"multipart/form-data; boundary={boundary}"
        body = f"--{boundary}\r\n\r\n{text}\r\n--{boundary}--".encode()
        return post(body, headers={"content-type": (kind,)})

    assert parts(upload("a1b2", "x"), upload("c3d4e5", "x")) == []
    assert [part for part, _ in parts(upload("a1b2", "x"), upload("c3d4", "y"))] == ["body"]


GARBAGE = [
    b"",
    b"\xff\xfe\x00",
    b"[1, 2]",
    b"null",
    b'"text"',
    b'{"a": NaN}',
    b'{"a": 1e999}',
    b'{"a": ' + b"9" * 5000 + b"}",
    b'{"messages": 3, "tools": {"a": []}, "system": 7, "model": ["m"]}',
    b'{"messages": [1, null, {"role": [], "content": {"type": {}}}], "tools": [1], "system": [2]}',
    b'{"messages": [{"role": "user", "content": [{"type": []}, 3]}], "tools": [{"name": {}}]}',
    b'{"messages": [{"role": "user", "content": [{"type": {}}]}], "tools": [{"name": "\\ud800"}]}',
    b'{"\\n\\u001b[31m": "\\ud800\\n", "messages": [], "system": [[]]}',
    b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"a": ' + b"[" * 900 + b"1" + b"]" * 900 + b"}",
    b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
]


@pytest.mark.parametrize("body", GARBAGE)
def test_no_body_raises_and_every_difference_is_one_line(body: bytes) -> None:
    for other in [*GARBAGE, json.dumps(BODY).encode()]:
        found = explain(post(body, url="http://[/\ud800"), [post(other, url="http://[/\ud800")])

        assert found.nearest == 0
        assert bool(found.parts) == (body != other)
        for change in found.parts:
            assert (change.part + change.what).isprintable()


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("a", "b", "'a' → 'b'"),
        ("a", "a\n", "line 2 added: ''"),
        ("a\nb\nc\nd", "a\nd", "line 2 removed: 'b' and 1 more line"),
        ("a b", "a\u00a0b", "'a b' → 'a\\xa0b'"),
        ("a\nb\tc", "a\nb c", "line 2: 'b\\tc' → 'b c'"),
    ],
)
def test_texts_are_told_apart_by_the_line(before: str, after: str, what: str) -> None:
    assert text_change(before, after) == what
