"""Reports of runs that never were, with something in every field."""

from dataclasses import replace
from typing import Any

from pytest_llmregress.values.behavior import Change, Drift, Severity
from pytest_llmregress.values.cause import BeforeAfter, Cause, CauseKind, RequestPartChange
from pytest_llmregress.values.evidence import ChangeEvidence, NumberEvidence, Tally, TestEvidence
from pytest_llmregress.values.rule_result import RuleResult
from pytest_llmregress.values.run_report import AnswerSource, Problem, RunReport, TestRecord
from pytest_llmregress.values.side_by_side import CallSummary
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.verdict import TestVerdict, Verdict

ENUMERATED = frozenset({"mode", "severity", "verdict", "kind", "llmregress_report", "fails_from"})
"""Keys whose values are words of ours."""
FREE = frozenset({"arguments", "versions"})
"""Keys whose values are mappings with keys of somebody else."""


def record(test: str = "tests/test_a.py::test_refund", **fields: Any) -> TestRecord:
    """Return the record of a plain replay; of a drift, as one recording against one."""
    plain = TestRecord(
        test=test,
        mode=AnswerSource.REPLAYED,
        passed=True,
        candidate=None,
        cassette="tests/__llm__/test_a/refund.cassette.yaml",
        calls=1,
        requested_models=("claude-opus-5",),
        served_models=("claude-opus-5",),
        input_tokens=10,
        output_tokens=5,
        unplayed=0,
        carried=0,
        problems=(),
        drift=None,
        pending=None,
        accepted=False,
        passes=1,
    )
    record = replace(plain, **fields)
    drift = record.drift
    if drift is not None and record.evidence is None:
        record = replace(record, evidence=_evidence_of(test, drift, accepted=record.accepted))
    return replace(record, failed=fields.get("failed", not record.passed or bool(record.faults)))


def _evidence_of(test: str, drift: Drift, *, accepted: bool) -> TestEvidence:
    """Return what one recording against one says of a drift."""
    return TestEvidence(
        test=test,
        baseline=Tally(passed=1, n=1),
        screen=Tally(passed=1, n=1),
        changes=tuple(
            ChangeEvidence(name=change.trait, screen=(change.severity,)) for change in drift.changes
        ),
        fails_from=None if accepted else Severity.BREAKING,
    )


def side(text: str, **fields: Any) -> CallSummary:
    """Return one side of a comparison."""
    plain = CallSummary(
        prompt="How long do I have?",
        text=text,
        tools=(("find_order", {"order": "A1001"}),),
        outcome="answered",
        calls=2,
        input_tokens=100,
        output_tokens=10,
        latency=1.5,
    )
    return replace(plain, **fields)


def drifted(test: str = "tests/test_a.py::test_refund", **fields: Any) -> TestRecord:
    """Return the record of a test against a candidate, nothing of it empty."""
    plain = record(
        test,
        passed=False,
        candidate="claude-opus-5-5",
        cassette="tests/__llm__/test_a/refund@claude-opus-5-5.cassette.yaml",
        pending="tests/__llm__/test_a/refund@claude-opus-5-5.snapshot.new.yaml",
        problems=(Problem(code="contract", message="broke 1 rule\n  max_calls: 3 of 2"),),
        drift=Drift(
            baseline="claude-opus-5",
            candidate="claude-opus-5-5",
            changes=(
                Change(trait="outcome", severity=Severity.BREAKING, before="answered", after="no"),
                Change(trait="calls", severity=Severity.NOTABLE, before="1", after="2"),
                Change(
                    trait="text", severity=Severity.COSMETIC, before="a", after="b", detail="1 word"
                ),
            ),
            cause=Cause(
                kind=CauseKind.MODEL,
                summary="consistent with the model switch",
                parts=(
                    RequestPartChange(part="messages", what="same"),
                    RequestPartChange(part="tools", what="search is gone"),
                ),
                requested=BeforeAfter(before=("claude-opus-5",), after=("claude-opus-5-5",)),
                served=BeforeAfter(before=("claude-opus-5",), after=("claude-opus-6",)),
                versions={"anthropic": BeforeAfter(before=("2.11.0",), after=("2.12.0",))},
                tool_results="find_order: another order",
                input_tokens=(100, 120),
                divergence="the recordings part at call 1",
                later="call 2 is made by the candidate only",
            ),
        ),
        samples=5,
        passes=1,
        failed=True,
        unconfirmed=True,
        rules=(RuleResult(name="no_upsell", kept=1, of=2, broken=("call 2: “buy more”",)),),
        rules_before=(RuleResult(name="no_upsell", kept=2, of=2),),
        evidence=TestEvidence(
            test=test,
            slice=(),
            baseline=Tally(passed=5, n=5),
            screen=Tally(passed=1, n=5),
            fresh=None,
            sessions=(),
            traits=(),
            numbers=(
                NumberEvidence(
                    name="usage.output_tokens", baseline=(10.0, 12.0), candidate=(100.0, 90.0)
                ),
            ),
            broken=(),
            not_comparable="",
            quarantine="flaky provider",
            cached="",
        ),
        before=side("You have 30 days to send it back."),
        after=side(
            "You have 14 days to send it back.",
            tools=(("find_order", {"order": "A1002"}), ("refund", {})),
        ),
        verdict=TestVerdict(
            test=test,
            verdict=Verdict.REGRESSED,
            fails=True,
            baseline=Tally(passed=5, n=5),
            candidate=Tally(passed=1, n=5),
            quarantine="its reason",
            text="regressed: 5/5 → 1/5\nFisher's exact test: p = 0.0238",
        ),
    )
    return replace(plain, **fields)


def run(*tests: TestRecord, **fields: Any) -> RunReport:
    """Return a run of tests."""
    plain = RunReport(
        created="2026-01-02T03:04:05+00:00",
        versions={"pytest-llmregress": "0.1.0", "pytest": "9.2.0"},
        candidate=None,
        fail_on="breaking",
        tests=tests,
    )
    return replace(plain, **fields)


def compared(*tests: TestRecord) -> RunReport:
    """Return a run against a candidate, with a verdict on all tests."""
    verdict = SuiteVerdict(
        verdict=Verdict.REGRESSED,
        fails=True,
        baseline=Tally(passed=5, n=5),
        candidate=Tally(passed=1, n=5),
        lines=(
            "regressed, fails the run: 1 test, 5/5 (100 %) → 1/5 (20 %)",
            "suite: exact McNemar test: p = 0.0156",
        ),
    )
    orphans = ("tests/__llm__/test_a/gone.cassette.yaml",)
    return run(*tests, candidate="claude-opus-5-5", verdict=verdict, orphans=orphans)


def with_every_text(report: RunReport, text: str) -> RunReport:
    """Return a report in which every text that is not a word of ours is another one."""
    return RunReport.from_json(_replaced(report.to_json(), text))


def _replaced(value: Any, text: str) -> Any:
    match value:
        case dict():
            return {key: _replaced_at(key, item, text) for key, item in value.items()}
        case list():
            return [_replaced(item, text) for item in value]
        case str():
            return text
    return value


def _replaced_at(key: str, item: Any, text: str) -> Any:
    if key in ENUMERATED and isinstance(item, str):
        return item
    if key in FREE and isinstance(item, dict):
        return dict.fromkeys([text], _replaced(next(iter(item.values()), None), text))
    return _replaced(item, text)
