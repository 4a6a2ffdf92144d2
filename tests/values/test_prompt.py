"""What a request asks, in one form."""

import pytest

from pytest_llmregress.values.prompt import History, Prompt, find_schema, read_prompt

SCHEMA = {"type": "object", "properties": {"risk": {"enum": ["low", "very high"]}}}


@pytest.mark.parametrize(
    "request_body",
    [
        {"output_format": {"type": "json_schema", "schema": SCHEMA}},
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
        {"text": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    ],
)
def test_a_schema_is_found_where_each_api_has_it(request_body):
    assert find_schema(request_body) == SCHEMA


@pytest.mark.parametrize("request_body", [{}, {"text": "x"}, {"output_format": {"schema": 3}}])
def test_a_request_without_a_schema_has_an_empty_one(request_body):
    assert find_schema(request_body) == {}


@pytest.mark.parametrize(
    ("request_body", "rest"),
    [
        ({"output_format": {"type": "json_schema", "schema": SCHEMA}}, {}),
        (
            {
                "output_config": {
                    "effort": "low",
                    "format": {"type": "json_schema", "schema": SCHEMA},
                }
            },
            {"output_config": {"effort": "low"}},
        ),
        (
            {"text": {"format": {"name": "Risk", "schema": SCHEMA, "strict": False}}},
            {"schema_name": "Risk", "schema_strict": False},
        ),
        (
            {"text": {"format": {"name": "Risk", "schema": SCHEMA | {"title": "Risk"}}}},
            {},
        ),
        ({"output_format": {"schema": 3}}, {"output_format": {"schema": 3}}),
    ],
)
def test_a_schema_is_no_parameter_and_what_it_does_not_say_is_one(request_body, rest):
    prompt = read_prompt({"messages": [], "max_tokens": 9, **request_body})

    assert prompt.parameters == {"max_tokens": 9, **rest}
    assert prompt.fields().get("schema", {}) == prompt.schema


def test_a_body_is_read_as_system_prompt_messages_tools_and_parameters():
    messages = [{"role": "user", "content": "Hello"}]
    tools = [{"name": "book", "input_schema": {"type": "object"}}]
    body = {"model": "m", "max_tokens": 9, "system": "Be brief.", "messages": messages}

    prompt = read_prompt({**body, "tools": tools, "container": "c-1"})

    assert prompt == Prompt(
        system="Be brief.",
        messages=tuple(messages),
        tools=tuple(tools),
        parameters={"max_tokens": 9},
        links={"container": "c-1"},
    )
    assert {"model": "m", **prompt.fields()} == {**body, "tools": tools}


@pytest.mark.parametrize(
    ("thread", "history"),
    [
        (None, History.SENT),
        ({"type": "create"}, History.OPENED),
        ({"type": "continue", "previous_message_id": "msg_1"}, History.CONTINUED),
    ],
)
def test_a_thread_says_who_holds_what_was_said_before(thread, history: History):
    prompt = read_prompt({"messages": [], "thread": thread})

    assert prompt.history is history
    assert "msg_1" not in str(prompt.fields())


@pytest.mark.parametrize("odd", ["text", [1], {"a": 1}, None])
def test_what_is_no_list_of_messages_is_a_parameter(odd):
    prompt = read_prompt({"messages": odd, "tools": odd})

    assert (prompt.messages, prompt.tools) == ((), None)
    assert prompt.parameters == {"messages": odd, "tools": odd}
