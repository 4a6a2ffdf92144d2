"""The schema that a request asks its answer to keep."""

import pytest

from pytest_llmregress.behavior.requested_schema import (
    find_closed_places,
    find_optional_places,
    find_requested_schema,
)

SCHEMA = {
    "$defs": {"state": {"enum": ["open", "sold out"]}, "loop": {"$ref": "#/$defs/loop"}},
    "type": "object",
    "required": ["risk", "lines", "due"],
    "properties": {
        "risk": {"enum": ["low", "very high"]},
        "due": {"anyOf": [{"const": "never"}, {"type": "null"}]},
        "a key": {"type": "string"},
        "lines": {
            "items": {"properties": {"state": {"$ref": "#/$defs/state"}}, "required": ["state"]}
        },
        "more": {"$ref": "#/$defs/loop"},
    },
}


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
    assert find_requested_schema(request_body) == SCHEMA


@pytest.mark.parametrize("request_body", [{}, {"text": "x"}, {"output_format": {"schema": 3}}])
def test_a_request_without_a_schema_has_an_empty_one(request_body):
    assert find_requested_schema(request_body) == {}


def test_places_whose_values_are_listed_are_closed():
    assert find_closed_places(SCHEMA) == ("due", "lines[].state", "risk")


def test_keys_that_are_not_required_are_optional():
    assert find_optional_places(SCHEMA) == {'"a key"', "more"}
