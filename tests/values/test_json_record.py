"""Records as JSON: what is written is plain, what is read is equal, old files have defaults."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest

from pytest_llmregress.values.json_record import NOT_WRITTEN, JsonRecord


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(JsonRecord):
    colour: Colour
    size: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(JsonRecord):
    name: str
    given: Any
    first: Part | None
    parts: tuple[Part, ...]
    by_name: Mapping[str, Part]
    bounds: tuple[float, float] | None
    colours: tuple[Colour | None, ...] = ()
    note: str = field(default="", metadata=NOT_WRITTEN)


WHOLE = Whole(
    name="a",
    given={"any": [1, None]},
    first=None,
    parts=(Part(colour=Colour.RED), Part(colour=Colour.BLUE, size=2.0)),
    by_name={"b": Part(colour=Colour.RED)},
    bounds=(0.0, 1.0),
    colours=(Colour.RED, None),
    note="for this run",
)


def test_what_is_written_is_plain_json_in_the_order_of_the_fields() -> None:
    data = WHOLE.to_json()

    assert list(data) == ["name", "given", "first", "parts", "by_name", "bounds", "colours"]
    assert data["parts"] == [{"colour": "red", "size": None}, {"colour": "blue", "size": 2.0}]
    assert type(data["colours"][0]) is str
    assert json.loads(json.dumps(data)) == data


def test_what_is_read_is_what_was_written_but_for_what_no_file_holds() -> None:
    found = Whole.from_json(json.loads(json.dumps(WHOLE.to_json())))

    assert (found.parts, found.by_name, found.bounds) == (WHOLE.parts, WHOLE.by_name, WHOLE.bounds)
    assert found.colours == (Colour.RED, None)
    assert found.note == ""


def test_a_field_that_an_older_file_lacks_has_its_default() -> None:
    assert Part.from_json({"colour": "red"}) == Part(colour=Colour.RED)


def test_a_key_of_a_newer_file_is_left_alone() -> None:
    assert Part.from_json({"colour": "red", "weight": 3}) == Part(colour=Colour.RED)


@pytest.mark.parametrize(
    ("data", "error"), [({}, KeyError), ({"colour": "green"}, ValueError), (None, TypeError)]
)
def test_something_else_is_an_error(data: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Part.from_json(data)
