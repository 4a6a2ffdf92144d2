"""What a program puts into a request anew each time is found, and a setting fits it."""

import json
import re

import pytest

from pytest_llmregress.causes.volatile_texts import find_volatile
from pytest_llmregress.values.http import Request
from pytest_llmregress.values.matching import RequestMatcher


def asking(text: str, *, model: str = "claude-opus-5") -> Request:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return Request(
        method="POST",
        url="https://model.test/v1/messages",
        headers={},
        body=json.dumps(body).encode(),
    )


def found(new: str, *old: str, matcher: RequestMatcher | None = None) -> dict[str, str]:
    recorded = [asking(text) for text in old]
    return find_volatile(asking(new), recorded, 0, matcher or RequestMatcher())


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        (
            "run 5f0c2d1e-1b7a-4e0e-9a57-3c3f6f0a9b11",
            "run 0b9d7c64-72ce-4b7f-8a53-cc1f9a41f2d0",
            "<uuid>",
        ),
        ("run 5f0c2d1e1b7a4e0e9a573c3f6f0a9b11", "run 0b9d7c6472ce4b7f8a53cc1f9a41f2d0", "<id>"),
        ("now 2026-11-30T21:48:16.5Z", "now 2026-12-01T08:02:59Z", "<time>"),
        ("now 2026-11-30 21:48:16+01:00", "now 2026-12-01 08:02:59+01:00", "<time>"),
        ("Today is 2026-11-30.", "Today is 2026-12-01.", "<date>"),
        ("Today is November 30, 2026.", "Today is December 1, 2026.", "<date>"),
        ("Today is 30 November 2026.", "Today is 1 December 2026.", "<date>"),
        ("Today is 30.11.2026.", "Today is 1.12.2026.", "<date>"),
        ("It is 9:48 PM.", "It is 10:02 AM.", "<time>"),
        ("It is Monday.", "It is Tuesday.", "<weekday>"),
        ("at 1764539296.25", "at 1764549999.5", "<number>"),
        ("id 01J9ZC4W3E8Q6R2T5Y7V0X1B4N", "id 01J9ZC5A0B1C2D3E4F5G6H7J8K", "<id>"),
        ("<Tool at 0x7f19e3c57d80>", "<Tool at 0x7f19e3c56e80>", "<address>"),
        ("call req_8f3k2h9d", "call req_2g7m4n1p", "<id>"),
    ],
)
def test_a_request_is_answered_with_the_setting_that_is_told(old: str, new: str, name: str):
    rules = found(new, "Hello.", old)

    assert list(rules.values()) == [name]
    matcher = RequestMatcher.from_config({"match_replace": rules})
    assert matcher.key_of(asking(old)) == matcher.key_of(asking(new))
    assert matcher.key_of(asking("Hello.")) != matcher.key_of(asking(new))


def test_all_that_differs_is_told():
    rules = found("2026-12-01: run 84213377", "2026-11-30: run 10994512")

    assert list(rules.values()) == ["<date>", "<number>"]


def test_a_prefix_that_ids_share_keeps_the_setting_from_other_ids():
    (pattern,) = found("call req_2g7m4n1p", "call req_8f3k2h9d")

    assert re.search(pattern, "call job_8f3k2h9d") is None


def test_a_date_is_told_where_the_prompt_was_changed_as_well():
    assert found("It is 2026-12-01. Be brief.", "It is 2026-11-30.") != {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Say hello.", "Say goodbye."),
        ("Order 1042, please.", "Order 1043, please."),
        ("Order 104255: where?", "Order 104256: when does it come?"),
        ("Say hello.", "Say hello on 2026-11-30."),
        ("It is 2026-11-30.", "It is 2026-11-30, or so."),
    ],
)
def test_a_prompt_that_was_changed_is_told_nothing(old: str, new: str):
    assert found(new, old) == {}


def test_another_model_is_nothing_that_changes_each_time():
    recorded = [asking("Hello.", model="claude-haiku-4-20250101")]
    asked = asking("Hello.", model="claude-haiku-4-20260202")

    assert find_volatile(asked, recorded, 0, RequestMatcher()) == {}


def test_what_a_setting_reads_past_already_is_not_told_again():
    matcher = RequestMatcher.from_config({"match_replace": {r"\d{4}-\d\d-\d\d": "<date>"}})

    assert found("2026-12-01: hello", "2026-11-30: goodbye", matcher=matcher) == {}


def test_a_body_that_is_no_json_is_no_error():
    request = Request(method="POST", url="https://model.test/v1", headers={}, body=b"\xff{")

    assert find_volatile(request, [request], 0, RequestMatcher()) == {}
