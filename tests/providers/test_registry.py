"""Several providers as one: the first that knows an interaction reads it."""

import json
from dataclasses import replace
from datetime import date

from pytest_llmregress.providers.registry import (
    built_in_providers,
    find_retirements,
    read_call,
    read_calls,
    replay_environment,
)
from pytest_llmregress.providers.retirement import Retirement
from pytest_llmregress.values.call import Call, Outcome
from pytest_llmregress.values.http import Interaction, Request, Response

BODY = {"model": "claude-opus-5", "max_tokens": 9, "messages": [{"role": "user", "content": "?"}]}
REPLY = {
    "type": "message",
    "model": "claude-opus-5",
    "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Yes."}],
    "usage": {"input_tokens": 3, "output_tokens": 2},
}


def exchange(url: str) -> Interaction:
    return Interaction(
        request=Request(method="POST", url=url, body=json.dumps(BODY).encode()),
        response=Response(status=200, body=json.dumps(REPLY).encode()),
    )


CLAUDE = exchange("https://api.anthropic.com/v1/messages")
LOCAL = exchange("https://models.example/ask")


class Known:
    """A provider that knows every interaction."""

    def __init__(self, name: str) -> None:
        self.name = name

    def read(self, interaction: Interaction) -> Call | None:
        return Call(provider=self.name, outcome=Outcome.ANSWERED)

    def requested_model(self, request: Request) -> str | None:
        return None

    def incomplete(self, interaction: Interaction) -> str | None:
        return None


def test_the_first_provider_that_knows_an_interaction_reads_it():
    providers = [*built_in_providers(), Known("first"), Known("second")]

    calls = [read_call(each, providers) for each in (CLAUDE, LOCAL)]

    assert [call and call.provider for call in calls] == ["anthropic", "first"]
    assert read_call(LOCAL, built_in_providers()) is None


def test_neither_a_question_to_a_judge_nor_what_nobody_knows_is_a_call_of_a_test():
    calls = read_calls([CLAUDE, LOCAL, replace(CLAUDE, judge=True)], built_in_providers())

    assert [call.text for call in calls] == ["Yes."]


def test_the_end_of_a_model_is_told_by_the_first_provider_that_knows_it():
    class Telling(Known):
        def find_retirements(self, cassettes):
            ends = {"model-1": 1, f"of-{self.name}": 2}
            return {
                model: Retirement(model=model, on=date(2030, 1, day), source=self.name)
                for model, day in ends.items()
            }

    found = find_retirements([], [Known("silent"), Telling("first"), Telling("second")])

    assert {model: each.source for model, each in found.items()} == {
        "model-1": "first",
        "of-first": "first",
        "of-second": "second",
    }


def test_a_replay_sets_keys_for_the_providers_that_it_has_answers_of():
    providers = built_in_providers()

    of_claude = replay_environment(providers, [CLAUDE])
    of_nobody = replay_environment(providers, [])
    of_all = replay_environment(providers, None)
    assert replay_environment(providers, [LOCAL]) == of_all  # nobody knows whose key it takes

    assert "ANTHROPIC_API_KEY" in of_claude
    assert "OPENAI_API_KEY" not in of_claude
    assert of_nobody == {}
    assert {"ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GROQ_API_KEY"} <= of_all.keys()
