"""The schema that a request asks its answer to keep."""

from pytest_llmregress.behavior.requested_schema import (
    find_closed_places,
    find_optional_places,
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


def test_places_whose_values_are_listed_are_closed():
    assert find_closed_places(SCHEMA) == ("due", "lines[].state", "risk")


def test_keys_that_are_not_required_are_optional():
    assert find_optional_places(SCHEMA) == {'"a key"', "more"}
