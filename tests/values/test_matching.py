"""Tests of request keys: what makes two requests the same, and what makes them different."""

import copy
import json
from typing import Any

import pytest

from pytest_llmregress.values.http import Request
from pytest_llmregress.values.matching import betas_of, compute_request_key

URL = "https://api.anthropic.com/v1/messages"
BODY: dict[str, Any] = {
    "model": "claude-opus-5",
    "max_tokens": 1024,
    "system": "You help customers. Größe: 5 €",
    "tools": [
        {
            "name": "refund",
            "description": "Refund an order.",
            "input_schema": {"type": "object", "properties": {"days": {"type": "integer"}}},
        }
    ],
    "messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}],
}


def post(body: Any = BODY, **changes: Any) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields: dict[str, Any] = {
        "method": "POST",
        "url": URL,
        "headers": {"content-type": ("application/json",)},
        "body": raw,
    }
    return Request(**{**fields, **changes})


def reversed_keys(value: Any) -> Any:
    match value:
        case dict():
            return {key: reversed_keys(value[key]) for key in reversed(value)}
        case list():
            return [reversed_keys(item) for item in value]
        case _:
            return value


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    body = copy.deepcopy(BODY)
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return body


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(post(), id="the same again"),
        pytest.param(post(reversed_keys(BODY)), id="order of keys"),
        pytest.param(post(json.dumps(BODY, indent=4).encode()), id="white space"),
        pytest.param(post(json.dumps(BODY, ensure_ascii=False).encode()), id="escapes"),
        pytest.param(post(url="http://127.0.0.1:8080/v1/messages"), id="host and port"),
        pytest.param(post(url=f"{URL}?beta=true"), id="?beta=true"),
        pytest.param(post(url=f"{URL}#x"), id="fragment"),
        pytest.param(post(method="post"), id="case of the method"),
        pytest.param(post(headers={}), id="no headers"),
        pytest.param(
            post(
                headers={
                    "x-api-key": ("k",),
                    "user-agent": ("x",),
                    "x-stainless-retry-count": ("2",),
                    "anthropic-version": ("2023-06-01",),
                    "idempotency-key": ("random",),
                }
            ),
            id="other headers",
        ),
        pytest.param(post(headers={"anthropic-beta": ("",)}), id="an empty list of betas"),
    ],
)
def test_what_does_not_change_the_meaning_does_not_change_the_key(same: Request):
    assert compute_request_key(same) == compute_request_key(post())


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(post(changed("model", to="claude-opus-5-5")), id="model"),
        pytest.param(post(changed("messages", 0, "content", to="Hello!")), id="message"),
        pytest.param(
            post(changed("messages", to=list(reversed(BODY["messages"])))), id="order of messages"
        ),
        pytest.param(post(changed("messages", to=BODY["messages"][:1])), id="number of messages"),
        pytest.param(post(changed("system", to="You help.")), id="system prompt"),
        pytest.param(
            post(changed("tools", 0, "input_schema", "properties", "days", to={"type": "string"})),
            id="tool schema",
        ),
        pytest.param(post(changed("tools", 0, "description", to="Pay.")), id="tool description"),
        pytest.param(post(changed("max_tokens", to=1025)), id="parameter"),
        pytest.param(post(changed("max_tokens", to="1024")), id="type of a parameter"),
        pytest.param(post(changed("temperature", to=0)), id="one parameter more"),
        pytest.param(post(changed("stream", to=True)), id="stream"),
        pytest.param(post(method="GET"), id="method"),
        pytest.param(post(url=f"{URL}/count_tokens"), id="path"),
        pytest.param(post(url=f"{URL}?limit=20"), id="query"),
        pytest.param(post(url=f"{URL}?beta=false"), id="another beta in the query"),
        pytest.param(post(headers={"anthropic-beta": ("files-api-2025-04-14",)}), id="beta"),
        pytest.param(post(b""), id="no body"),
        pytest.param(post(b"{}"), id="an empty body"),
    ],
)
def test_what_changes_the_meaning_changes_the_key(other: Request):
    assert compute_request_key(other) != compute_request_key(post())


def test_the_order_of_query_parameters_does_not_count_but_their_values_do():
    one = post(url=f"{URL}?after=a&limit=20")

    assert compute_request_key(one) == compute_request_key(
        post(url=f"{URL}?limit=20&after=a&beta=true")
    )
    assert compute_request_key(one) != compute_request_key(post(url=f"{URL}?after=20&limit=a"))
    assert compute_request_key(one) != compute_request_key(
        post(url=f"{URL}?after=a&limit=20&limit=20")
    )
    assert compute_request_key(one) != compute_request_key(post(url=f"{URL}?limit=20&after="))


@pytest.mark.parametrize(
    "values", [("b,a",), ("a", "b"), ("b", "a"), (" a , b ",), ("a,b,a",), ("a,,b",)]
)
def test_the_order_and_the_spelling_of_beta_headers_do_not_count(values: tuple[str, ...]):
    request = post(headers={"anthropic-beta": values})

    assert betas_of(request) == ["a", "b"]
    assert compute_request_key(request) == compute_request_key(
        post(headers={"anthropic-beta": ("a,b",)})
    )


def upload(boundary: str, content: str, *, quoted: bool = False) -> Request:
    part = 'Content-Disposition: form-data; name="file"; filename="a.txt"'
    body = f"--{boundary}\r\n{part}\r\n\r\n{content}\r\n--{boundary}--\r\n"
    shown = f'"{boundary}"' if quoted else boundary
    return Request(
        method="POST",
        url="https://api.anthropic.com/v1/files",
        headers={"content-type": (f"multipart/form-data; boundary={shown}",)},
        body=body.encode(),
    )


def test_the_random_boundary_of_a_multipart_body_does_not_count_but_its_parts_do():
    one = upload("3f9ac1", "Hello")

    assert compute_request_key(one) == compute_request_key(upload("77be02", "Hello"))
    assert compute_request_key(one) == compute_request_key(upload("77be02", "Hello", quoted=True))
    assert compute_request_key(one) != compute_request_key(upload("3f9ac1", "Hello!"))


def test_a_body_that_is_no_json_is_compared_byte_by_byte():
    assert compute_request_key(post(b"\xff\x00a")) == compute_request_key(post(b"\xff\x00a"))
    assert compute_request_key(post(b"\xff\x00a")) != compute_request_key(post(b"\xff\x00b"))
    assert compute_request_key(post(b"{'a': 1}")) != compute_request_key(post(b'{"a": 1}'))


def test_a_body_that_is_nested_too_deeply_for_json_has_a_key_all_the_same():
    deep = b"[" * 200_000

    assert compute_request_key(post(deep)) == compute_request_key(post(deep))
    assert compute_request_key(post(deep)) != compute_request_key(post(deep + b"["))


def test_a_lone_surrogate_in_a_message_has_a_key_all_the_same():
    one = post(rb'{"text": "\ud800"}')

    assert compute_request_key(one) == compute_request_key(post(rb'{ "text":"\uD800" }'))
    assert compute_request_key(one) != compute_request_key(post(rb'{"text": "\ud801"}'))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("1.0", "1", True),
        ("1e0", "1", True),
        ("-0.0", "0", True),
        ("100.0", "1e2", True),
        ("1.5", "1", False),
        ("true", "1", False),
        ('"1.0"', '"1"', False),
        ("9007199254740993", "9007199254740992.0", False),
        ("1e400", "1", False),
    ],
)
def test_a_number_is_the_same_however_it_is_written(one: str, other: str, is_same: bool):
    keys = {
        compute_request_key(
            Request(method="POST", url=URL, body=f'{{"temperature": {number}}}'.encode())
        )
        for number in (one, other)
    }
    assert (len(keys) == 1) is is_same
