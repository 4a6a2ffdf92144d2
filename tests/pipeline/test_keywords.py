"""The keywords of the marker and `llm_config`, read together: what wins, and what is told."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from marker_keywords import KNOWN
from pytest_llmregress.contracts.rule_book import forbids
from pytest_llmregress.pipeline.config import Marker, MarkerOptions, TestConfig, TestConfigError
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.values.comparison_rules import ArgumentMatch, ToolMatch
from pytest_llmregress.values.settings import FailOn, SettingsSource


def read(*markers: Mapping[str, Any], config: Mapping[str, Any] | None = None) -> TestConfig:
    """Read the keywords of markers, the closest first."""
    return TestConfig.read(
        test="test_it.py::test_a",
        sources=[SettingsSource(name="{key}", values={})],
        redactor=Redactor(),
        markers=[Marker(kwargs=keywords) for keywords in markers],
        config=config or {},
    )


def fault(*markers: Mapping[str, Any], config: Mapping[str, Any] | None = None) -> str:
    with pytest.raises(TestConfigError) as caught:
        read(*markers, config=config)
    return str(caught.value)


def test_without_keywords_the_run_decides():
    assert read().terms == MarkerOptions()
    assert read().rule_book.rules == {}


def test_each_keyword_is_read_by_the_part_that_it_belongs_to():
    rules = read(
        {
            "max_cost_usd": 0.5,
            "samples": 3,
            "pass_rate": 0.9,
            "quarantine": {"reason": "noisy", "until": "2026-12-31"},
            "severity": {"text.length": "ignore"},
            "tool_match": "unordered",
            "arguments": {"search.*": "ignore", "search.limit": "exact"},
            "rules": {"a": forbids("x")},
        }
    )

    assert rules.contract.max_cost_usd == 0.5
    assert (rules.terms.samples, rules.terms.pass_rate) == (3, 0.9)
    assert rules.terms.quarantine is not None
    assert rules.terms.quarantine.until == date(2026, 12, 31)
    assert rules.terms.severity.rules == (("text.length", None),)
    assert rules.terms.tool_match is ToolMatch.UNORDERED
    assert rules.terms.arguments is not None
    assert rules.terms.arguments.find("search.limit") is ArgumentMatch.EXACT
    assert list(rules.rule_book.rules) == ["a"]


def test_the_closest_marker_wins_keyword_by_keyword_and_over_llm_config():
    rules = read({"samples": 3}, {"samples": 5, "pass_rate": 0.5}, config={"pass_rate": 0.1})

    assert (rules.terms.samples, rules.terms.pass_rate) == (3, 0.5)


def test_standing_rules_are_merged_name_by_name_and_none_switches_one_off():
    a, b, c, d = (forbids(letter) for letter in "abcd")
    rules = read(
        {"rules": {"b": None, "d": d}},
        {"rules": {"c": d}},
        config={"rules": {"a": a, "b": b, "c": c}},
    )

    assert rules.rule_book.rules == {"a": a, "c": d, "d": d}


@pytest.mark.parametrize("rate", [0, 0.0, 1, 1.0])
def test_a_pass_rate_may_be_none_or_all(rate: float):
    assert read({"pass_rate": rate}).terms.pass_rate == rate


def test_the_command_line_wins_over_llm_config_in_the_rules_of_a_test():
    command_line = SettingsSource(name="--llmregress-{key}", values={"fail_on": "never"})
    ini = SettingsSource(name="llmregress_{key}", values={"fail_on": "cosmetic"})
    silent = SettingsSource(name="--llmregress-{key}", values={})

    said = [
        TestConfig.read(
            test="test_it.py::test_a",
            sources=sources,
            redactor=Redactor(),
            markers=[],
            config={"fail_on": "notable"},
        ).settings.fail_on
        for sources in ([command_line, ini], [silent, ini])
    ]

    assert said == [FailOn.NEVER, FailOn.NOTABLE]


def test_an_unknown_keyword_is_told_with_all_that_are_known():
    assert fault({"sample": 3}) == (
        f"test_it.py::test_a: @pytest.mark.llm: sample: there is no such keyword; {KNOWN}"
    )
    assert fault(config={"sample": 3}) == (
        f"test_it.py::test_a: llm_config: 'sample': no such key; {KNOWN}, "
        "fail_on, judge_model, match_ignore, match_replace, redact, keep_headers, pass_hosts, "
        "record_hosts, normalize"
    )


@pytest.mark.parametrize(
    ("keyword", "value", "message"),
    [
        (
            "unplayed",
            "pass",
            (
                "unplayed: 'pass' is nothing to do with recorded calls that a replay leaves out; "
                "'fail' (the default) or 'allow'"
            ),
        ),
        ("samples", 0, "samples: 0 is no number of samples; a whole number from 1 on"),
        ("samples", True, "samples: True is no number of samples; a whole number from 1 on"),
        ("samples", "3", "samples: '3' is no number of samples; a whole number from 1 on"),
        ("pass_rate", 1.1, "pass_rate: 1.1 is no share; a number from 0 to 1"),
        ("pass_rate", -0.1, "pass_rate: -0.1 is no share; a number from 0 to 1"),
        ("pass_rate", True, "pass_rate: True is no share; a number from 0 to 1"),
        ("pass_rate", "1", "pass_rate: '1' is no share; a number from 0 to 1"),
        ("pass_rate", float("nan"), "pass_rate: nan is no share; a number from 0 to 1"),
        (
            "quarantine",
            "noisy",
            (
                "quarantine: 'noisy' is no quarantine; a reason and a last day: "
                '{"reason": "…", "until": "2026-12-31"}'
            ),
        ),
        (
            "severity",
            "breaking",
            (
                "severity: 'breaking' is no mapping; severities by the names of traits: "
                '{"text.length": "cosmetic"}'
            ),
        ),
        (
            "tool_match",
            "same",
            "tool_match: 'same' is none of strict, unordered, subset, superset",
        ),
        (
            "arguments",
            {"search.query": "same"},
            "arguments: 'search.query': 'same' is none of exact, facts, superset, ignore",
        ),
        (
            "arguments",
            ["search.query"],
            (
                "arguments: ['search.query'] is no mapping; comparators by tool and field: "
                '{"find_order.order_id": "exact", "search.query": "ignore"}'
            ),
        ),
    ],
)
def test_a_value_that_cannot_be_is_told_with_what_is_allowed(
    keyword: str, value: Any, message: str
):
    assert fault({keyword: value}) == f"test_it.py::test_a: @pytest.mark.llm: {message}"


def test_the_problems_of_all_parts_are_told_at_once():
    message = fault({"max_calls": -1, "samples": 0, "rules": {"x": 5}, "maxcalls": 1})

    assert [line.partition(": ")[0] for line in message.split("\n")[1:]] == [
        "maxcalls",
        "samples",
        "rules",
    ]
    assert "max_calls: -1 is no limit" in message
