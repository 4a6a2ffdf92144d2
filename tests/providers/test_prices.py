"""Tests of prices: what the table knows, and what stays unknown."""

import socket
import subprocess
import sys
from typing import Any

import pytest

from pytest_llmregress.providers.prices import price
from pytest_llmregress.values.call import MAX_COUNT, Call, Outcome, Usage

USAGE = Usage(
    input_tokens=700_000,
    output_tokens=100_000,
    cache_read_tokens=200_000,
    cache_write_tokens=100_000,
)


def call(**fields: Any) -> Call:
    given: dict[str, Any] = {
        "provider": "anthropic",
        "outcome": Outcome.ANSWERED,
        "requested_model": "claude-opus-4-1",
        "served_model": "claude-opus-4-1-20250805",
        "usage": USAGE,
    }
    return Call(**{**given, **fields})


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the table, and no network."""
    pytest.importorskip("genai_prices", reason="genai-prices is not installed")

    def refuse(*_: object) -> None:
        raise AssertionError("a price was looked up on the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


# Of claude-opus-4-1, a million tokens cost $15 in, $75 out, $1.50 from the cache, and $18.75 into
# it for five minutes or $30 for an hour. It is no longer sold, so this will not change.
FIVE_MINUTES = 0.7 * 15 + 0.1 * 75 + 0.2 * 1.5 + 0.1 * 18.75
AN_HOUR = 0.7 * 15 + 0.1 * 75 + 0.2 * 1.5 + 0.1 * 30


def test_what_is_read_from_and_written_to_the_cache_is_priced_too(table: None):
    assert price(call()) == pytest.approx(FIVE_MINUTES)
    assert price(call(usage=Usage(input_tokens=1_000_000))) == pytest.approx(15)
    assert price(call(usage=Usage(output_tokens=1_000_000))) == pytest.approx(75)
    assert price(call(usage=Usage(cache_read_tokens=1_000_000))) == pytest.approx(1.5)
    assert price(call(usage=Usage(cache_write_tokens=1_000_000))) == pytest.approx(18.75)


@pytest.mark.parametrize(
    ("request_", "dollars"),
    [
        ({"system": [{"text": "x", "cache_control": {"type": "ephemeral"}}]}, FIVE_MINUTES),
        ({"system": [{"text": "x", "cache_control": {"ttl": "5m"}}]}, FIVE_MINUTES),
        ({"system": [{"text": "x", "cache_control": {"ttl": "1h"}}]}, AN_HOUR),
        ({"cache_control": {"ttl": "1h"}}, AN_HOUR),
    ],
)
def test_what_is_kept_for_an_hour_costs_more(table: None, request_: dict[str, Any], dollars: float):
    assert price(call(request=request_)) == pytest.approx(dollars)


@pytest.mark.parametrize(
    "models",
    [
        {"requested_model": "local-7b"},
        {"requested_model": None},
        {"served_model": None},
        {"served_model": ""},
        {"served_model": "claude-opus-4-1"},
        {"provider": "a wire format that the table has never heard of"},
    ],
)
def test_the_served_model_is_priced_or_else_the_requested_one(table: None, models: dict[str, Any]):
    assert price(call(**models)) == pytest.approx(FIVE_MINUTES)


def test_a_faster_reply_costs_more(table: None):
    plain, fast = (
        price(call(served_model="claude-opus-5", request=request))
        for request in ({}, {"speed": "fast"})
    )

    assert plain is not None
    assert fast is not None
    assert fast > plain > 0


def test_another_makers_model_behind_the_same_wire_format_is_priced(table: None):
    dollars = price(call(served_model="gpt-5", usage=Usage(output_tokens=1_000_000)))

    assert dollars is not None
    assert dollars > 0


@pytest.mark.parametrize(
    "fields",
    [
        {"served_model": "qwen2.5-coder-1.5b"},
        {"served_model": "claude-nothing-9"},
        {"served_model": None, "requested_model": None},
        {"usage": Usage()},
    ],
)
def test_what_is_not_known_has_no_price_and_not_the_price_0(table: None, fields: dict[str, Any]):
    assert price(call(**fields)) is None


def test_without_the_table_every_price_is_unknown():
    program = (
        "import sys; sys.modules['genai_prices'] = None\n"
        "from pytest_llmregress.providers.prices import price\n"
        "from pytest_llmregress.values.call import MAX_COUNT, Call, Outcome, Usage\n"
        "print(price(Call(provider='anthropic', outcome=Outcome.ANSWERED,\n"
        "                 served_model='claude-opus-5', usage=Usage(input_tokens=9))))\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (result.stdout.strip(), result.stderr) == ("None", "")


def test_the_table_is_not_loaded_before_a_price_is_asked_for():
    program = (
        "import sys, pytest_llmregress.providers.prices\nprint('genai_prices' in sys.modules)\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (result.stdout.strip(), result.stderr) == ("False", "")


@pytest.mark.parametrize("count", [-5, 10**30, 1.5, "12"])
@pytest.mark.usefixtures("table")
def test_what_is_no_count_of_tokens_has_no_price(count: Any):
    assert price(call(usage=Usage(input_tokens=10, output_tokens=count))) is None


@pytest.mark.usefixtures("table")
def test_the_largest_count_has_a_price():
    assert price(call(usage=Usage(output_tokens=MAX_COUNT))) == pytest.approx(75_000_000)
