"""Reports of runs as values: what the tests of reporters render."""

from dataclasses import replace

from pytest_llmregress.values.behavior import Change, Drift, Severity
from pytest_llmregress.values.evidence import Tally, TestEvidence, TraitEvidence
from pytest_llmregress.values.history import History
from pytest_llmregress.values.run_report import RunReport, TestRecord
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.canary import build_night
from pytest_llmregress.verdicts.judge_suite import judge_suite

HOSTILE = (
    "| a `b` ```` <script>alert(1)</script> </code></details> @octocat a@example.com "
    "[x](https://evil.example) www.evil.example #1 --> ::error::x %0A \x1b[31m \x00 \ud800 \ufffe "
    "]]>"
)
"""What a model could say to break out of a report."""


def report_of(*tests: TestRecord, **fields: object) -> RunReport:
    """Return the report of a run of these tests, whose drift fails from `fail_on` on."""
    limit = fields.get("fail_on", "breaking")
    if limit != "never":
        tests = tuple(_failing_from(test, Severity(limit)) for test in tests)
    plain = RunReport(
        created="2026-01-02T03:04:05+00:00",
        versions={"pytest-llmregress": "0.1.0", "pytest": "9.2.0"},
        candidate=None,
        fail_on="breaking",
        tests=tests,
    )
    return replace(plain, **fields)


def _failing_from(test: TestRecord, limit: Severity) -> TestRecord:
    if test.evidence is None or test.evidence.fails_from is None:
        return test
    return replace(test, evidence=replace(test.evidence, fails_from=limit))


def drift_of(*severities: Severity, text: str = "words") -> Drift:
    """Return a drift with a change of each severity, in which a model says a text."""
    changes = tuple(
        Change(trait=f"trait.{number}", severity=severity, before="a", after=text)
        for number, severity in enumerate(severities)
    )
    return Drift(baseline="claude-opus-5", candidate="claude-opus-5-5", changes=changes)


def evidence_of(test: str, *, before: Tally, after: Tally) -> TestEvidence:
    """Return evidence of nothing but how often a test ended well."""
    return TestEvidence(test=test, baseline=before, screen=after)


def regressed(tests: int = 9) -> SuiteVerdict:
    """Return the verdict on a suite in which every test fails that did not before."""
    evidences = [
        evidence_of(f"t.py::test_{n}", before=Tally(passed=1, n=1), after=Tally(passed=0, n=1))
        for n in range(tests)
    ]
    return judge_suite(evidences, gate=GatePolicy())


def nightly(*, text: str = "2026-11") -> SuiteVerdict:
    """Return the verdict on the last of 30 nights, in half of which every test refused.

    :param text: what the days of the nights begin with.
    """
    refusal = TraitEvidence(
        name="refusal", severity=Severity.BREAKING, baseline=('"none"',) * 10, screen=('"soft"',)
    )
    evidences = [
        TestEvidence(
            test=f"t.py::test_{n}",
            accepted="a",
            baseline=Tally(passed=9, n=10),
            screen=Tally(passed=1, n=1),
            traits=(refusal,),
        )
        for n in range(4)
    ]
    nights = tuple(
        build_night(
            evidences[: 4 if day > 15 else 0] or [replace(e, traits=()) for e in evidences],
            at=f"{text}-{day:02}",
            candidate="m",
            fails=day > 25,
        )
        for day in range(1, 31)
    )
    return judge_suite(
        evidences, gate=GatePolicy(), history=History(nights=nights, is_recorded=True)
    )
