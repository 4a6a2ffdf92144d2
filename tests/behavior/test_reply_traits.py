"""The traits of what stands in replies beside text and tools, and how bad their changes are."""

import pytest

from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.comparison.compare_behavior import compare, diff_traits
from pytest_llmregress.values.behavior import Behavior, Severity
from pytest_llmregress.values.call import Call, Calls, Citation, Outcome, Usage
from pytest_llmregress.values.comparison_rules import Severities

WEB, PAGE = Citation(source="https://example.org/a"), Citation(source="Report")
OTHER = Citation(source="https://example.org/b")


def reply(**fields):
    return Call(provider="anthropic", outcome=Outcome.ANSWERED, text="Yes, it is.", **fields)


def behave(*calls):
    return Behavior(traits=extract_traits(Calls(calls)))


def changes(before, after, **more):
    found = compare(behave(before), behave(after), **more)
    return {change.trait: change.severity for change in found}


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ({"thinking": "So."}, {}, {"thinking"}),
        ({}, {"thinking": ""}, {"thinking"}),
        (
            {"thinking": "So. " * 20, "usage": Usage(output_tokens=600)},
            {"thinking": "So. " * 500, "usage": Usage(output_tokens=1_000)},
            {"usage.thinking_tokens", "usage.thinking_share"},
        ),
        (
            {"thinking": "", "usage": Usage(output_tokens=900, thinking_tokens=20)},
            {"thinking": "", "usage": Usage(output_tokens=1_700, thinking_tokens=800)},
            {"usage.thinking_tokens", "usage.thinking_share"},
        ),
        ({"citations": (WEB, PAGE)}, {}, {"citations", "citations.sources"}),
        ({"citations": (WEB, PAGE)}, {"citations": (WEB, WEB)}, {"citations.sources"}),
        (
            {"usage": Usage(cache_read_tokens=9_000, input_tokens=20)},
            {"usage": Usage(input_tokens=9_020)},
            {"usage.cache_read_tokens"},
        ),
        (
            {"usage": Usage(input_tokens=9_000)},
            {"usage": Usage(cache_write_tokens=9_000)},
            {"usage.cache_write_tokens"},
        ),
        ({"stop_sequence": "END"}, {}, {"stop_sequence"}),
        ({"service_tier": "standard"}, {"service_tier": "priority"}, {"service_tier"}),
    ],
)
def test_what_is_another_reply_with_the_same_text_is_notable(before, after, named):
    assert changes(reply(**before), reply(**after)) == dict.fromkeys(named, Severity.NOTABLE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"thinking": "So."}, {"thinking": "Well then, so."}),
        (
            {"thinking": "So. " * 10, "usage": Usage(output_tokens=50)},
            {"thinking": "So. " * 19, "usage": Usage(output_tokens=60)},
        ),
        ({"citations": (WEB, PAGE, WEB)}, {"citations": (PAGE, WEB)}),
        (
            {"usage": Usage(cache_read_tokens=600)},
            {"usage": Usage(input_tokens=600)},
        ),
        ({"service_tier": "standard"}, {}),
        ({"service_tier": "standard"}, {"service_tier": "batch"}),
        ({"latency": 0.1}, {"latency": 1.9}),
    ],
)
def test_what_varies_by_itself_is_no_change(before, after):
    assert changes(reply(**before), reply(**after)) == {}


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        ((PAGE, WEB), (PAGE, OTHER), Severity.COSMETIC),
        ((WEB, WEB), (WEB, PAGE), Severity.COSMETIC),
        ((WEB, WEB), (OTHER, OTHER), Severity.NOTABLE),
        ((PAGE, WEB), (WEB, WEB), Severity.NOTABLE),
    ],
)
def test_a_web_page_may_be_another_one_and_a_document_may_not(before, after, severity):
    found = changes(reply(citations=before), reply(citations=after))

    assert found == {"citations.sources": severity}


def test_another_latency_is_no_change_and_no_name_raises_it():
    raised = Severities.read({"*": "breaking"})
    before, after = reply(latency=1.0), reply(latency=900.0)

    assert changes(before, after, severities=raised) == {}
    assert diff_traits(behave(before), behave(after)) == ()


def test_latency_is_there_where_each_call_was_measured():
    assert behave(reply(latency=1.0), reply(latency=0.25)).values()["latency"] == 1.25
    assert "latency" not in behave(reply(latency=1.0), reply()).values()


def test_of_counts_that_are_none_nothing_is_said():
    values = behave(reply(usage=Usage(output_tokens=-5), thinking="So.")).values()

    assert {name for name in values if name.startswith("usage")} == set()
    assert values["thinking"] == "present"
