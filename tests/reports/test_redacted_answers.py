"""A test that fails by a value which redaction took out of an answer is told so."""

import json

import pytest

from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.reports.redacted_answers import render_redacted, render_unkept
from pytest_llmregress.values.http import Interaction, Request, Response


def recorded(
    body: object, *, redactor: Redactor, headers: dict[str, tuple[str, ...]] | None = None
) -> list[Interaction]:
    """Return an answer as a cassette would hold it."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Interaction(
        request=Request(method="POST", url="https://model.test/v1", headers={}, body=b"{}"),
        response=Response(status=200, headers=headers or {}, body=data),
        latency=None,
    )
    return [redactor.interaction(answer)]


def called(**arguments: str) -> dict[str, object]:
    return {"content": [{"type": "tool_use", "name": "login", "input": arguments}]}


def test_a_field_that_is_redacted_by_its_name_is_told_with_its_place():
    told = render_redacted(recorded(called(user="ann", password="hunter2"), redactor=Redactor()))

    assert "answer 1, content[0].input.password: by the name of the field" in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    "redactor",
    [
        Redactor.of_environment({"SERVICE_TOKEN": "cust_1042xyz"}),
        Redactor().with_rules(patterns=[r"cust_\w+"]),
    ],
    ids=["variable", "rule"],
)
@pytest.mark.parametrize(
    ("body", "place"),
    [
        (called(account="cust_1042xyz"), "content[0].input.account"),
        (called(cust_1042xyz="yes"), "the name content[0].input.[redacted]"),
        (b'data: {"a": 1}\n\ndata: {"delta": {"text": "cust_1042xyz"}}\n\n', "event 2, delta.text"),
        (b"account cust_1042xyz", "body"),
    ],
    ids=["value", "name", "stream", "text"],
)
def test_a_value_that_is_redacted_wherever_it_stands_is_told(redactor, body, place):
    told = render_redacted(recorded(body, redactor=redactor))

    assert f"answer 1, {place}: " in told
    assert "value of a variable" in told
    assert "cust_1042xyz" not in told


def test_a_redacted_header_is_told():
    redactor = Redactor.of_environment({"SERVICE_TOKEN": "cust_1042xyz"})
    headers = {"x-request-id": ("cust_1042xyz",)}

    told = render_redacted(recorded({}, redactor=redactor, headers=headers))

    assert "answer 1, header x-request-id: " in told


def test_of_many_places_the_first_are_told_and_the_rest_is_counted():
    body = {f"part_{n}": {"password": "hunter2"} for n in range(9)}

    told = render_redacted(recorded(body, redactor=Redactor()))

    assert "part_4.password" in told
    assert "part_5.password" not in told
    assert "and 4 more" in told


def test_nothing_is_told_where_nothing_was_taken_out():
    assert render_redacted(recorded(called(user="ann"), redactor=Redactor())) == ""


@pytest.mark.parametrize(
    ("said", "names"),
    [
        (
            ">   left = int(r.headers[\"X-Quota-Left\"])\nE   KeyError: 'x-quota-left'",
            "x-quota-left",
        ),
        ("    left = int(response.headers.get('x-quota'))\nE   TypeError: int()", "x-quota"),
        ('    r.headers.get("Content-Type")\nE   assert None', ""),
        ("E   KeyError: 'customer_id'", ""),
        ("E   AssertionError: headers are strange", ""),
    ],
)
def test_headers_that_a_failing_test_asks_for_and_no_answer_has_are_told(said: str, names: str):
    answers = recorded({}, redactor=Redactor(), headers={"content-type": ("text/plain",)})
    told = render_unkept(said, answers)
    assert (f"no recorded answer has: {names}" in told) if names else told == ""
    assert not names or f'{{"keep_headers": ["{names}"]}} from the fixture llm_config' in told
    assert render_unkept(said, []) == ""


def test_a_header_that_every_recording_keeps_is_not_offered():
    # The SDKs read it whenever they raise an error: a server that sends none is no fault.
    said = 'response.headers.get("x-request-id"), headers["etag"], headers["retry-after"]'
    assert render_unkept(said, recorded({}, redactor=Redactor())) == ""


def test_a_header_with_credentials_is_never_offered():
    told = render_unkept('r.headers["Set-Cookie"]', recorded({}, redactor=Redactor()))
    assert "never kept" in told
    assert "keep_headers" not in told
