"""Tests of the plain JSON that snapshots compare."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import json
import pathlib
import socket
import uuid
from typing import Any

import pydantic
import pytest
from anthropic.types import Message
from anthropic.types.beta import BetaMessage

from pytest_llmregress.behavior.normalize import find_key_changes, normalize

REPLY: dict[str, Any] = {
    "id": "msg_01A",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-5",
    "content": [
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": "toolu_01B", "name": "refund", "input": {"days": None}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 10, "output_tokens": 20},
}
STABLE: dict[str, Any] = {
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-5",
    "content": [
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "name": "refund", "input": {"days": None}},
    ],
    "stop_reason": "tool_use",
}


class Color(enum.Enum):
    RED = "red"
    PAIR = (1, 2)


class Level(enum.IntEnum):
    HIGH = 3


class Plan(enum.StrEnum):
    PRO = "pro"


class Name(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


class Price(pydantic.BaseModel):
    amount: decimal.Decimal
    until: dt.date | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    id: str
    price: Price
    tags: frozenset[str] = frozenset()


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024 - the untyped kind is tested, too


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (1.5, 1.5),
        ("text", "text"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Name("Ada"), "Ada"),
        (Color.RED, "red"),
        (Color.PAIR, [1, 2]),
        (Level.HIGH, 3),
        (Plan.PRO, "pro"),
        (b"\x00\xff", {"base64": "AP8="}),
        (bytearray(b"\x00\xff"), {"base64": "AP8="}),
        (dt.datetime(2026, 8, 1, 12, tzinfo=dt.UTC), "2026-08-01T12:00:00+00:00"),
        (dt.date(2026, 8, 1), "2026-08-01"),
        (dt.time(12, 30), "12:30:00"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (decimal.Decimal("1.10"), "1.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ((1, [2, (3,)]), [1, [2, [3]]]),
        (range(3), [0, 1, 2]),
        (Point(1, 2), [1, 2]),
        ({10, 9, 1}, [1, 9, 10]),
        ({"b", "a"}, ["a", "b"]),
        ({(1, "a"), None, 2}, [2, [1, "a"], None]),
        (
            {1: "a", None: "b", False: "c", Plan.PRO: "d", (1, "x"): "e", 2.5: "f"},
            {"1": "a", "null": "b", "false": "c", "pro": "d", '[1,"x"]': "e", "2.5": "f"},
        ),
        (collections.OrderedDict(a=1), {"a": 1}),
        (Price(amount=decimal.Decimal("9.90")), {"amount": "9.90", "until": None}),
        (
            Item(id="A7", price=Price(amount=decimal.Decimal(1)), tags=frozenset({"x", "b"})),
            {"id": "A7", "price": {"amount": "1", "until": None}, "tags": ["b", "x"]},
        ),
    ],
)
def test_a_value_becomes_plain_json(value: object, plain: object) -> None:
    found = normalize(value)

    assert found == plain
    assert type(found) is type(plain)
    assert json.loads(json.dumps(found)) == plain


@pytest.mark.parametrize(
    "reply",
    [
        REPLY,
        Message.model_validate(REPLY),
        BetaMessage.model_validate(REPLY),
        Message.model_validate(REPLY).to_dict(),
        Message.model_validate(REPLY).model_dump(),
        {**REPLY, "id": "msg_02", "usage": {}, "container": {"id": "container_1"}},
    ],
)
def test_a_message_is_the_same_in_every_recording_and_sdk_form(reply: object) -> None:
    assert normalize(reply) == STABLE
    assert normalize({"replies": [reply]}) == {"replies": [STABLE]}


def test_a_block_that_the_sdk_does_not_know_yet_is_kept() -> None:
    reply = Message.construct(**{**REPLY, "content": [{"type": "brand_new", "x": {"y": 1}}]})

    assert normalize(reply)["content"] == [{"type": "brand_new", "x": {"y": 1}}]


@pytest.mark.parametrize(
    "prefix", ["msg_", "toolu_", "srvtoolu_", "mcptoolu_", "req_", "file_", "msgbatch_"]
)
def test_the_ids_of_the_provider_are_left_out(prefix: str) -> None:
    assert normalize([{"id": f"{prefix}01", "a": 1}]) == [{"a": 1}]
    assert normalize({"tool_use_id": f"{prefix}01"}) == {}
    assert normalize({"file_id": f"{prefix}01"}) == {}
    assert normalize({"name": f"{prefix}01"}) == {"name": f"{prefix}01"}


@pytest.mark.parametrize(
    ("block", "stable"),
    [
        (
            {"type": "thinking", "thinking": "Hm.", "signature": "EqoB"},
            {"type": "thinking", "thinking": "Hm."},
        ),
        ({"type": "redacted_thinking", "data": "EmwK"}, {"type": "redacted_thinking"}),
        (
            {"type": "web_search_result", "url": "https://a.example", "encrypted_content": "Ep"},
            {"type": "web_search_result", "url": "https://a.example"},
        ),
        (
            {"type": "web_search_result_location", "cited_text": "14", "encrypted_index": "Eo"},
            {"type": "web_search_result_location", "cited_text": "14"},
        ),
        (
            {"type": "encrypted_code_execution_result", "encrypted_stdout": "E", "stderr": ""},
            {"type": "encrypted_code_execution_result", "stderr": ""},
        ),
        (
            {"type": "compaction", "content": "Met.", "encrypted_content": "E", "signature": "S"},
            {"type": "compaction", "content": "Met."},
        ),
    ],
)
def test_what_only_the_provider_can_read_is_left_out(
    block: dict[str, Any], stable: dict[str, Any]
) -> None:
    reply = {**REPLY, "content": [{"type": "text", "text": "14", "citations": [block]}, block]}

    assert normalize(block) == stable
    assert normalize(reply)["content"] == [
        {"type": "text", "text": "14", "citations": [stable]},
        stable,
    ]


def test_a_thinking_block_of_the_sdk_is_the_same_in_every_recording() -> None:
    content = [{"type": "thinking", "thinking": "Hm.", "signature": "EqoB"}]
    message = Message.model_validate({**REPLY, "content": content})

    assert normalize(message.content) == [{"type": "thinking", "thinking": "Hm."}]


@pytest.mark.parametrize(
    "value",
    [
        {"id": "A7"},
        {"file_id": "invoice.pdf"},
        {"signature": "A. Author", "data": "x", "type": "letter"},
        {"signature": "A. Author", "data": "x", "encrypted_content": "y"},
        {"type": "thinking", "signature": 7},
        {"id": 7},
        {"usage": 1, "container": "box"},
        {"type": "message", "role": "user", "content": "Hi", "usage": None},
    ],
)
def test_what_is_not_the_providers_stays(value: dict[str, Any]) -> None:
    assert normalize(value) == value


def test_nothing_of_what_was_given_is_changed() -> None:
    given = json.loads(json.dumps(REPLY))

    normalize(given)

    assert given == REPLY


def test_what_has_no_json_form_is_named_with_its_place() -> None:
    class Order:
        pass

    @dataclasses.dataclass
    class Shop:
        client: Any

    with pytest.raises(TypeError) as caught:
        normalize({"order": Shop(client=Order())})

    assert str(caught.value) == (
        "llm_snapshot: root['order'].client is a "
        "test_what_has_no_json_form_is_named_with_its_place.<locals>.Order, which has no plain JSON"
        " form; compare with one of its fields, or give a dataclass or a dict"
    )


def test_all_the_places_are_named_at_once() -> None:
    with socket.socket() as opened, pytest.raises(TypeError) as caught:
        normalize({"a": [1, opened], "b": {object()}, "c": Price, "d": (n for n in "abc")})

    assert str(caught.value) == (
        "llm_snapshot: root['a'][1] is a socket, which has no plain JSON form\n"
        "llm_snapshot: root['b']{…} is an object, which has no plain JSON form\n"
        "llm_snapshot: root['c'] is the class Price, not an instance of it\n"
        "llm_snapshot: root['d'] is a generator, which has no plain JSON form; "
        "compare with one of its fields, or give a dataclass or a dict"
    )


def test_many_places_are_counted() -> None:
    with pytest.raises(TypeError, match=r"root\[4\] is an object.*\nllm_snapshot: and 5 more;"):
        normalize([object() for _ in range(10)])


def test_a_model_that_cannot_dump_itself_is_named() -> None:
    class Holder(pydantic.BaseModel, arbitrary_types_allowed=True):
        what: Any

    with pytest.raises(TypeError, match=r"root\[0\] is a .*Holder that does not dump itself"):
        normalize([Holder(what=object())])


def test_keys_that_are_one_in_json_are_an_error() -> None:
    with pytest.raises(TypeError, match=r"root\['a'\] has the keys 1 and '1', which are one"):
        normalize({"a": {1: "x", "1": "y"}})


def test_a_key_without_a_json_form_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"root, the key .* is an object, which has no plain"):
        normalize({object(): 1, object(): 2})


def test_a_cycle_is_an_error_and_a_repetition_is_none() -> None:
    shared = {"a": 1}
    cycle: dict[str, Any] = {"list": []}
    cycle["list"].append(cycle)

    assert normalize([shared, shared]) == [{"a": 1}, {"a": 1}]
    with pytest.raises(TypeError, match=r"root\['list'\]\[0\] is root again, a cycle"):
        normalize(cycle)


def test_what_is_nested_too_deeply_is_an_error_of_ours() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(TypeError, match=r"llm_snapshot: the value is nested too deeply"):
        normalize(deep)


@pytest.mark.parametrize(
    ("before", "after", "lost", "gained"),
    [
        ({"a": 1}, {"a": 2.5}, (), ()),
        ({"a": 1}, {"a": "1"}, ("a: number",), ("a: string",)),
        ({"a": True}, {"a": 1}, ("a: boolean",), ("a: number",)),
        ({"a": 1, "b": 2}, {"a": 1}, ("b: number",), ()),
        (
            {"items": [{"price": 1}, {"price": 2}]},
            {"items": [{"price": 1, "tax": 2}]},
            (),
            ("items[].tax: number",),
        ),
        ({"items": [{"price": 1}]}, {}, ("items: list",), ()),
        ({"items": []}, {"items": [{"price": 1}]}, (), ("items[]: object",)),
        ({"who": {"name": "x"}}, {"who": None}, ("who: object",), ("who: null",)),
        ([1], ["a"], ("[]: number",), ("[]: string",)),
        ("a", 1, ("root: string",), ("root: number",)),
        ({"a.b": {"c": 1}}, {"a": {"b": {"c": 1}}}, ('"a.b": object',), ("a: object",)),
        ({"grid": [[1]]}, {"grid": [[None]]}, ("grid[][]: number",), ("grid[][]: null",)),
    ],
)
def test_lost_and_gained_keys_are_told_with_their_types(
    before: object, after: object, lost: tuple[str, ...], gained: tuple[str, ...]
) -> None:
    assert find_key_changes(before, after) == (lost, gained)
    assert find_key_changes(after, before) == (gained, lost)
