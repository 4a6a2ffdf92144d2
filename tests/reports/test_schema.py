"""The published schema of the JSON report, held against real reports."""

import json
from dataclasses import fields
from importlib.resources import files

import jsonschema
import pytest

from pytest_llmregress.causes import request_diff
from pytest_llmregress.contracts import rule_book
from pytest_llmregress.values import (
    agent_summary,
    behavior,
    cause,
    evidence,
    history,
    run_report,
    side_by_side,
    suite_verdict,
    verdict,
)
from reports import record
from run_reports import drift_of, regressed, report_of

APP = """
    import anthropic

    client = anthropic.Anthropic(max_retries=0)

    def ask(text="Hello"):
        message = {"role": "user", "content": text}
        reply = client.messages.create(model="claude-opus-5", max_tokens=50, messages=[message])
        return reply.content[0].text
"""
TESTS = """
    import pytest
    from app import ask
    from pytest_llmregress import rules

    @pytest.mark.llm(rules={"no upsell": rules.no_upsell})
    def test_plain():
        ask()

    @pytest.mark.llm(samples=3)
    def test_sampled():
        ask("[[sample]]")

    @pytest.mark.llm(max_calls=2)
    def test_limited():
        ask("one")
        ask("two")
"""
VALUES = {
    "RunReport": run_report.RunReport,
    "ControlEvidence": evidence.ControlEvidence,
    "ControlledEvent": evidence.ControlledEvent,
    "TestRecord": run_report.TestRecord,
    "Problem": run_report.Problem,
    "Drift": behavior.Drift,
    "Change": behavior.Change,
    "Cause": cause.Cause,
    "Shift": cause.BeforeAfter,
    "PartChange": request_diff.RequestPartChange,
    "Side": side_by_side.CallSummary,
    "Agent": agent_summary.AgentSummary,
    "TestEvidence": evidence.TestEvidence,
    "TraitEvidence": evidence.TraitEvidence,
    "ChangeEvidence": evidence.ChangeEvidence,
    "NumberEvidence": evidence.NumberEvidence,
    "FreshEvidence": evidence.FreshEvidence,
    "Tally": evidence.Tally,
    "RuleResult": rule_book.RuleResult,
    "TestVerdict": verdict.TestVerdict,
    "SuiteVerdict": suite_verdict.SuiteVerdict,
    "NumberVerdict": suite_verdict.NumberVerdict,
    "TraitVerdict": suite_verdict.TraitVerdict,
    "HistoryVerdict": history.HistoryVerdict,
    "NightTally": history.NightTally,
    "EventTally": history.EventTally,
}
SCHEMA = json.loads(
    files("pytest_llmregress.reports.schema")
    .joinpath(f"report-{run_report.FORMAT}.schema.json")
    .read_text(encoding="utf-8")
)
ADDED = {"RunReport": {"llmregress_report", "counts"}, "Drift": {"severity"}}
"""What `to_json` says beyond the fields."""
UNWRITTEN = {"Change": {"parts", "noisy"}}
"""Fields that `to_json` does not say."""


def faults(data: object) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [f"{list(error.path)}: {error.message[:200]}" for error in validator.iter_errors(data)]


def objects(schema: object) -> list[dict]:
    """Return each part of a schema that describes an object with named fields."""
    if isinstance(schema, list):
        return [found for part in schema for found in objects(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if isinstance(schema.get("properties"), dict) else []
    return own + [found for part in schema.values() for found in objects(part)]


def test_the_schema_is_one_of_draft_2020_12():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["properties"]["llmregress_report"] == {
        "description": SCHEMA["properties"]["llmregress_report"]["description"],
        "const": run_report.FORMAT,
    }


def test_every_object_is_closed_and_all_of_its_fields_are_there():
    found = objects(SCHEMA)

    assert len(found) > len(VALUES)
    for part in found:
        assert part["additionalProperties"] is False
        assert set(part["required"]) == set(part["properties"])


@pytest.mark.parametrize("name", VALUES)
def test_every_field_of_a_value_is_described(name):
    part = SCHEMA if name == "RunReport" else SCHEMA["$defs"][name]
    expected = {field.name for field in fields(VALUES[name])} | ADDED.get(name, set())
    expected -= UNWRITTEN.get(name, set())

    assert set(part["properties"]) == expected
    assert all(each.get("description") for each in part["properties"].values())


def test_what_is_not_described_is_refused():
    plain = report_of(record("t.py::test_a", drift=drift_of(behavior.Severity.BREAKING)))
    data = json.loads(json.dumps(plain.to_json()))
    data["tests"][0]["cheerful"] = True

    assert faults(plain.to_json()) == []
    assert faults(data) == [
        "['tests', 0]: Additional properties are not allowed ('cheerful' was unexpected)"
    ]


def test_a_verdict_is_described():
    assert faults(report_of(record("t.py::test_a"), verdict=regressed()).to_json()) == []


def test_reports_of_real_runs_of_every_kind_keep_to_it(project):
    project.stand.script("claude-opus-5-5", "[[refusal cyber]]")
    project.write(app=APP, test_it=TESTS)
    seen = {}
    for name, run in {
        "recorded": project.record,
        "replayed": project.replay,
        "candidate": lambda: project.record("--llmregress-candidate=claude-opus-5-5"),
        "broken": lambda: project.change("test_it.py", "max_calls=2", "max_calls=1").replay(),
        "missed": lambda: project.change("test_it.py", '"two"', '"three"').replay(),
    }.items():
        run()
        seen[name] = project.report()

    assert {name: faults(data) for name, data in seen.items() if faults(data)} == {}
    assert all(run_report.RunReport.from_json(data).to_json() == data for data in seen.values())
    assert seen["recorded"]["counts"]["recorded"] == 3
    assert seen["replayed"]["counts"]["replayed"] == 3
    assert seen["candidate"]["counts"]["breaking"] > 0
    assert seen["candidate"]["verdict"] is not None
    assert seen["broken"]["counts"]["problems"] == 1
    assert seen["missed"]["counts"]["problems"] == 1
    assert any(test["samples"] == 3 for test in seen["replayed"]["tests"])
    assert any(test["rules"] for test in seen["replayed"]["tests"])
