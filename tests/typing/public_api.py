"""A test module as a user with a type checker writes it: it is checked, and never run."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pytest_llmregress import (
    Call,
    Calls,
    Interaction,
    Outcome,
    Provider,
    Reporter,
    Request,
    RunReport,
    Severity,
    SnapshotAssertion,
    Trait,
    TraitKind,
    Usage,
    rules,
)


@pytest.fixture(scope="session")
def llm_config() -> Mapping[str, Any]:
    standing: dict[str, rules.Rule | None] = {
        "no_upsell": rules.no_upsell,
        "no_deflection": rules.no_deflection,
        "language": rules.answers_in_the_users_language,
        "asks": rules.asks_before("delete_*", "refund_order"),
        "scope": rules.no_extra_work(tools=["find_*"], agents=1, paths=["src/*"]),
        "no_emails": rules.forbids(r"\S+@\S+"),
        "signs": rules.requires(r"(?m)^Yours,"),
        "no_prices": re.compile(r"\$\d"),
        "short": short,
        "polite": "It is polite.",
        "off": None,
    }
    return {"max_calls": 3, "fail_on": "notable", "rules": standing}


def short(call: Call) -> rules.Verdict:
    return len(call.text) < 500 or f"{len(call.text)} characters"


@pytest.mark.llm(max_calls=2, forbid_tools=["delete_*"])
def test_a_reply(llm_calls: Calls, llm_snapshot: SnapshotAssertion) -> None:
    reply = "We refund you within 14 days."
    assert reply == llm_snapshot
    assert reply == llm_snapshot("plan", facts=["14 days"], exclude_paths=["root['id']"])

    last: Call = llm_calls[-1]
    some: Calls = llm_calls[:2]
    text: str = last.text + llm_calls.text
    latency: float | None = last.latency
    models: tuple[str | None, str | None] = (last.requested_model, last.served_model)
    tools: tuple[str, ...] = llm_calls.tools
    usage: Usage = llm_calls.usage
    assert last.outcome is Outcome.ANSWERED
    assert llm_calls[0].outcome == "answered"
    assert usage.total_tokens >= usage.output_tokens
    assert [tool.arguments for call in some for tool in call.tool_calls] == []
    assert all((text, latency, models, tools))


def pytest_llmregress_traits(calls: Calls) -> Sequence[Trait]:
    polite = Trait(
        name="polite",
        value="please" in calls.text,
        kind=TraitKind.CATEGORY,
        severity=Severity.NOTABLE,
    )
    return [polite]


class Count:
    suffix = ".txt"

    def render(self, report: RunReport) -> str:
        return f"{report.count(Severity.BREAKING)} of {len(report.tests)}"


class Echo:
    name = "echo"

    def read(self, interaction: Interaction) -> Call | None:
        return Call(provider="echo", outcome=Outcome.ANSWERED, text=interaction.response.reason)

    def requested_model(self, request: Request) -> str | None:
        return request.header("x-model")

    def incomplete(self, interaction: Interaction) -> str | None:
        return None if interaction.response.body else "it is empty"


def pytest_llmregress_reporters() -> Sequence[Reporter]:
    return [Count()]


def pytest_llmregress_providers() -> Sequence[Provider]:
    return [Echo()]
