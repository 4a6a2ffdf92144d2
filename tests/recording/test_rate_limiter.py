"""The pace of a wave, and what it is expected to come to."""

import json
from datetime import UTC, datetime

import pytest

from pytest_llmregress.recording.rate_limiter import (
    CostEstimate,
    RateLimiter,
    expected_usage,
    retry_after,
)
from pytest_llmregress.values.call import Usage
from pytest_llmregress.values.http import Request, Response

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def answer(status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): (value,) for name, value in headers.items()}
    return Response(status=status, headers=named)


def asked(**body: object) -> Request:
    return Request(method="POST", url="https://a/v1/messages", body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0.25"}, 0.25),
        ({"retry_after_ms": "1500", "retry_after": "2"}, 1.5),
        ({"retry_after": "Sun, 22 Nov 2026 09:00:30 GMT"}, 30.0),
        ({"retry_after": "Sun, 22 Nov 2026 08:00:00 GMT"}, 0.0),
        ({"retry_after_ms": "soon", "retry_after": "3"}, 3.0),
        ({"retry_after": "-1"}, 0.0),
        ({"retry_after": "soon"}, None),
        ({}, None),
    ],
)
def test_a_server_says_in_several_ways_when_to_come_again(
    headers: dict[str, str], seconds: float | None
):
    assert retry_after(answer(429, **headers), now=NOW) == seconds


def test_nothing_waits_before_the_server_refuses():
    pace = RateLimiter()
    for _ in range(5):
        pace.send(100.0)
        pace.answered(answer(), sent=100.0, now=101.0)

    assert pace.wait(101.0) == 0


def test_everybody_waits_for_as_long_as_a_refusal_asks_for():
    pace = RateLimiter()
    pace.answered(answer(429, retry_after="5"), sent=100.0, now=101.0)
    pace.answered(answer(429, retry_after="4"), sent=100.0, now=101.5)

    assert pace.wait(101.5) == pytest.approx(4.5)
    assert pace.wait(106.0) == 0


def test_after_a_refusal_requests_are_spaced_by_the_limit_that_the_server_tells():
    pace = RateLimiter(limit=lambda response: int(response.header("limit") or 0))
    pace.answered(answer(429, retry_after="1", limit="240"), sent=100.0, now=100.0)

    pace.send(101.0)

    assert pace.wait(101.0) == pytest.approx(0.25)


def test_without_a_limit_the_spaces_widen_with_each_refusal_and_shrink_with_each_answer():
    pace = RateLimiter()
    spaces = []
    for sent in (100.0, 110.0, 120.0):
        pace.answered(answer(429, retry_after="0"), sent=sent, now=sent)
        pace.send(sent + 1)
        spaces.append(pace.wait(sent + 1))
    pace.answered(answer(), sent=130.0, now=130.0)
    pace.send(131.0)

    assert spaces == pytest.approx([0.05, 0.1, 0.2])
    assert 0.1 < pace.wait(131.0) < 0.2


def test_the_refusals_of_one_burst_are_one_refusal():
    burst, single = RateLimiter(), RateLimiter()
    single.answered(answer(429, retry_after="0"), sent=100.0, now=100.1)
    for _ in range(8):
        burst.answered(answer(429, retry_after="0"), sent=100.0, now=100.1)

    burst.send(101.0)
    single.send(101.0)

    assert burst.wait(101.0) == single.wait(101.0) > 0


def test_a_server_that_does_not_say_when_is_left_alone_longer_each_time():
    pace = RateLimiter(jitter=lambda: 0.5)
    holds = []
    for sent in (100.0, 200.0, 300.0):
        pace.answered(answer(529), sent=sent, now=sent)
        holds.append(pace.wait(sent))

    assert holds == pytest.approx([0.5, 1.0, 2.0])


def test_waits_of_two_processes_differ_by_jitter():
    holds = []
    for jitter in (0.0, 1.0):
        pace = RateLimiter(jitter=lambda drawn=jitter: drawn)
        pace.answered(answer(529), sent=100.0, now=100.0)
        holds.append(pace.wait(100.0))

    assert holds == pytest.approx([0.375, 0.625])


def test_an_answer_to_a_request_from_before_the_refusal_does_not_end_the_row():
    late, new = (RateLimiter(jitter=lambda: 0.5) for _ in range(2))
    for pace, sent in ((late, 99.0), (new, 101.0)):
        pace.answered(answer(529), sent=99.0, now=100.0)
        pace.answered(answer(), sent=sent, now=102.0)
        pace.answered(answer(529), sent=200.0, now=200.0)

    assert late.wait(200.0) == pytest.approx(1.0)
    assert new.wait(200.0) == pytest.approx(0.5)


def test_a_retry_after_of_a_year_holds_for_an_hour():
    pace = RateLimiter()
    pace.answered(answer(429, retry_after="31536000"), sent=100.0, now=100.0)

    assert pace.wait(100.0) == pytest.approx(3600)


def test_what_is_expected_is_judged_by_the_recordings_or_by_what_is_allowed_at_most():
    request = asked(model="m", max_tokens=500, messages=[])
    sent = len(request.body) // 4

    assert expected_usage(request, known=None) == Usage(input_tokens=sent, output_tokens=500)
    assert expected_usage(request, known=Usage(output_tokens=20)).output_tokens == 20
    assert expected_usage(asked(model="m"), known=None).output_tokens == 1024
    assert expected_usage(Request(method="POST", url="/", body=b"x"), known=None).input_tokens == 1


def test_a_price_that_is_unknown_makes_the_sum_unknown():
    known, unknown = (
        CostEstimate(calls=1, tokens=5, cost=0.5),
        CostEstimate(calls=1, tokens=5, cost=None),
    )

    assert known + known == CostEstimate(calls=2, tokens=10, cost=1.0)
    assert known + unknown == CostEstimate(calls=2, tokens=10, cost=None)
