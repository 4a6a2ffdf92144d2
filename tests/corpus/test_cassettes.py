"""Cassettes that two other projects recorded from the real service: all files in each test."""

from collections import Counter

import pytest

from cassette_checks import (
    OUTSIDE,
    check_as_vcrpy,
    check_bodies,
    check_cuts,
    check_export,
    check_no_secrets,
    check_reading,
    check_replay,
    check_served_models,
    check_structure,
    failures,
    interactions_of,
    served_models,
)
from pytest_llmregress.providers.anthropic.reader import AnthropicProvider

CORPUS = OUTSIDE / "claude-cassettes"
FILES = sorted(CORPUS.glob("*/*.yaml"))
STOCK = [path for path in FILES if path.parent.name == "llm-anthropic"]
PROVIDER = AnthropicProvider()

if not FILES:
    pytest.skip(f"there are no cassettes in {CORPUS}", allow_module_level=True)


@pytest.mark.parametrize("check", [check_reading, check_bodies, check_no_secrets])
def test_what_is_read_of_a_cassette_is_what_it_holds(check):
    assert failures(FILES, check) == []


def test_a_stock_cassette_is_read_as_vcrpy_reads_it():
    assert failures(STOCK, check_as_vcrpy) == []


@pytest.mark.parametrize("check", [check_replay, check_export, check_structure])
def test_a_cassette_is_stored_replayed_and_exported_as_it_was_recorded(check, tmp_path):
    assert failures(FILES, lambda path: check(path, tmp_path)) == []


def test_no_cut_of_a_recorded_reply_raises_or_passes_for_whole():
    assert failures(FILES, check_cuts) == []


def test_every_end_of_a_call_is_told():
    read = [PROVIDER.read(interaction) for interaction in interactions_of(FILES)]
    calls = [call for call in read if call is not None]

    assert len(FILES) == 120
    assert len(read) - len(calls) == 28
    assert Counter((str(call.outcome), call.status, call.streamed) for call in calls) == {
        ("answered", 200, False): 82,
        ("answered", 200, True): 33,
        ("tool_use", 200, False): 43,
        ("tool_use", 200, True): 5,
        ("error", 400, False): 1,
        ("error", 404, False): 1,
    }
    whole = [call for call in calls if call.status == 200]
    assert all(call.served_model and call.usage.output_tokens for call in whole)
    assert all(call.text.strip() or call.tool_calls for call in whole)
    assert all(tool.name and tool.id for call in whole for tool in call.tool_calls)


def test_of_the_errors_only_the_unknown_model_is_not_whole():
    interactions = interactions_of(FILES)
    faults = [PROVIDER.incomplete(interaction) for interaction in interactions]

    assert [call.error for call in map(PROVIDER.read, interactions) if call and call.error] == [
        (
            "invalid_request_error: This model does not support effort level 'xhigh'."
            " Supported levels: high, low, max, medium."
        ),
        "not_found_error: model: claude-sonet-4-5",
    ]
    assert [fault for fault in faults if fault] == [
        "the server answered 404 not_found_error: model: claude-sonet-4-5"
    ]


def test_a_contract_refuses_other_models_only():
    pairs = served_models(interactions_of(FILES))

    assert len(pairs) > 10
    assert all(str(served).startswith(str(requested)[:-2]) for requested, served in pairs)
    check_served_models(pairs)
