"""What pytest is told about a test: problems, pass rate, quarantine, noise and fail-on."""

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.pipeline.config import MarkerOptions, TestConfig, TestIdentity
from pytest_llmregress.pipeline.drift import fails_from
from pytest_llmregress.pipeline.judge import decide_outcome
from pytest_llmregress.pipeline.next_command import NextCommand
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.state import (
    ObservedSample,
    ObservedTest,
    SampleRecording,
    TestState,
)
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.values.behavior import Change, Drift, Severity
from pytest_llmregress.values.evidence import ChangeEvidence, Tally, TestEvidence
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.run_report import Problem
from pytest_llmregress.values.settings import Candidate, FailOn, Settings
from pytest_llmregress.values.snapshot import SampleSnapshot, Snapshot

TEST = "t.py::test_a"
OUTCOMES = """
run        problem   passed  rate  quarantine  changed   seen  fail_on   accept  outcome
replay     -         1/1     -     no          -         -     breaking  no      passes
replay     -         0/1     -     no          -         -     breaking  no      fails
replay     contract  1/1     -     no          -         -     breaking  no      fails
replay     contract  1/1     -     no          -         -     never     no      fails
replay     contract  1/1     -     yes         -         -     breaking  no      fails
replay     -         3/3     -     no          -         -     breaking  no      passes
replay     -         2/3     -     no          -         -     breaking  no      passes
replay     -         0/3     -     no          -         -     breaking  no      passes
replay     contract  2/3     -     no          -         -     breaking  no      fails
new        -         1/1     -     no          -         -     breaking  no      passes
new        -         0/1     -     no          -         -     breaking  no      fails
new        -         9/10    -     no          -         -     breaking  no      passes
new        -         1/10    -     no          -         -     breaking  no      passes
new        -         0/10    -     no          -         -     breaking  no      fails
new        -         9/10    1     no          -         -     breaking  no      fails
new        contract  9/10    -     no          -         -     breaking  no      fails
replay     -         4/5     0.8   no          -         -     breaking  no      passes
replay     -         3/5     0.8   no          -         -     breaking  no      fails
replay     -         3/5     0.8   no          -         -     never     no      fails
replay     -         0/5     0     no          -         -     breaking  no      passes
lost       -         3/3     -     no          -         -     breaking  no      passes
lost       -         2/3     0.5   no          -         -     breaking  no      fails
lost       contract  2/3     0.5   no          -         -     breaking  no      fails
one        -         1/1     -     no          -         -     breaking  no      passes
one        -         1/1     -     no          cosmetic  1/1   breaking  no      passes
one        -         1/1     -     no          cosmetic  1/1   cosmetic  no      fails
one        -         1/1     -     no          notable   1/1   breaking  no      passes
one        -         1/1     -     no          notable   1/1   notable   no      fails
one        -         1/1     -     no          breaking  1/1   breaking  no      fails
one        -         1/1     -     no          breaking  1/1   never     no      passes
one        -         1/1     -     no          breaking  1/1   breaking  yes     passes
one        -         0/1     -     no          breaking  1/1   breaking  yes     fails
one        -         0/1     0     no          breaking  1/1   breaking  yes     fails
one        -         1/1     -     yes         breaking  1/1   breaking  no      unconfirmed
one        -         0/1     -     yes         breaking  1/1   breaking  no      unconfirmed
one        contract  1/1     -     yes         -         -     breaking  no      passes
one        bypassed  1/1     -     yes         -         -     breaking  no      fails
noise      -         5/5     -     no          -         -     breaking  no      passes
noise      -         4/5     -     no          -         -     breaking  no      unconfirmed
noise      -         0/5     -     no          -         -     breaking  no      fails
noise      -         0/5     -     no          -         -     never     no      unconfirmed
noise      -         0/5     -     yes         -         -     breaking  no      unconfirmed
noise      -         4/5     0.8   no          -         -     breaking  no      unconfirmed
noise      -         3/5     0.8   no          -         -     breaking  no      fails
noise      -         3/5     0.8   no          -         -     never     no      fails
noise      -         3/5     0.8   yes         -         -     breaking  no      unconfirmed
noise      -         5/5     -     no          breaking  1/5   breaking  no      unconfirmed
noise      -         5/5     -     no          breaking  4/5   breaking  no      unconfirmed
noise      -         5/5     -     no          breaking  5/5   breaking  no      fails
noise      -         5/5     -     no          breaking  5/5   never     no      passes
noise      -         5/5     -     yes         breaking  5/5   breaking  no      passes
noise      -         5/5     -     no          notable   5/5   breaking  no      passes
noise      -         5/5     -     no          notable   5/5   notable   no      fails
noise      -         5/5     -     no          notable   1/5   notable   no      unconfirmed
noise      -         5/5     -     no          cosmetic  5/5   notable   no      passes
noise      -         5/5     -     no          cosmetic  5/5   cosmetic  no      fails
noise      -         5/5     -     no          cosmetic  4/5   cosmetic  no      unconfirmed
noise      -         5/5     -     no          breaking  5/5   notable   no      fails
noise      -         5/5     -     no          breaking  5/5   breaking  yes     passes
noise      -         4/5     -     no          breaking  5/5   breaking  yes     fails
noise      contract  5/5     -     no          -         -     breaking  no      fails
noise      contract  5/5     -     no          -         -     never     no      fails
noise      contract  5/5     -     yes         -         -     breaking  no      passes
noise      no_match  5/5     -     yes         -         -     breaking  no      fails
noise      -         1/1     -     no          breaking  1/1   breaking  no      unconfirmed
anew       -         1/1     -     no          -         -     breaking  no      passes
anew       -         1/1     -     no          notable   1/1   breaking  no      unconfirmed
anew       -         1/1     -     no          notable   1/1   notable   no      fails
anew       -         1/1     -     no          breaking  1/1   breaking  no      fails
anew       -         4/4     -     no          breaking  1/4   breaking  no      fails
anew       -         1/1     -     no          breaking  1/1   never     no      unconfirmed
anew       -         4/4     -     no          breaking  4/4   breaking  yes     unconfirmed
anew       -         1/1     -     yes         breaking  1/1   breaking  no      unconfirmed
anew       -         5/5     -     no          breaking  4/5   breaking  no      unconfirmed
anew       -         5/5     -     no          breaking  5/5   breaking  no      fails
"""
"""`run`: a replay of the baseline, whose failed samples had failed when they were accepted; one of
samples that had all passed; a new baseline; a candidate against one
accepted sample; a candidate against ten, which show their noise; a baseline of ten that is
recorded anew. `seen`: how many of its samples show what no accepted one does.
"""


def tally(text: str) -> Tally:
    passed, n = map(int, text.split("/"))
    return Tally(passed=passed, n=n)


def ended(line: str) -> ObservedTest:
    """Return the test of a row, whose last sample is over."""
    run, problem, passed, rate, quarantine, changed, seen, fail_on, accept, _ = line.split()
    is_compared, has_noise = run in {"one", "noise", "anew"}, run in {"noise", "anew"}
    candidate = Candidate(name="new") if run in {"one", "noise"} else None
    baseline = Tally(passed=10, n=10) if has_noise else Tally(passed=1, n=1)
    passes = tally(passed)
    rules = TestConfig(
        settings=Settings(
            fail_on=FailOn(fail_on),
            accept=accept == "yes",
            candidate=candidate,
        ),
        contract=Contract(),
        matching=RequestMatcher(),
        redactor=Redactor(),
        terms=MarkerOptions(pass_rate=None if rate == "-" else float(rate)),
    )
    # A candidate is held against ten accepted samples or one, whatever they were.
    known = baseline.n if is_compared else passes.n
    accepted = Snapshot(
        test=TEST,
        cassette="",
        samples=tuple(SampleSnapshot(passed=run == "lost") for _ in range(known)),
    )
    problems = () if problem == "-" else (Problem(code=problem, message=f"it says {problem}"),)
    drift, seen_in = None, ()
    if is_compared:
        changes = ()
        if changed != "-":
            severity, new = Severity(changed), tally(seen)
            changes = (Change(trait="tone", severity=severity, before="same", after="new"),)
            screen = (severity,) * new.passed + (None,) * new.failed
            seen_in = (ChangeEvidence(name="tone", screen=screen),)
        drift = Drift(baseline="m", candidate="new", changes=changes)
    root = Path.cwd()
    test = ObservedTest(
        state=TestState(
            identity=TestIdentity(node_id=TEST, path=root / "t.py"),
            config=rules,
            paths=TestPaths(directory=root / "__llm__" / "t", stem="a"),
            commands=NextCommand(
                TEST, root / "t.py", invoked_from=root, settings=rules.settings, in_ci=False
            ),
            variant=None if candidate is None else "new",
            accepted=None if run == "new" else accepted,
        ),
        samples=tuple(
            observed(
                number,
                good=number <= passes.passed,
                compared=is_compared,
                lost=run == "lost",
                exact=run in {"replay", "lost"},
                problems=problems if number == 1 else (),
            )
            for number in range(1, passes.n + 1)
        ),
        run_fail_on=rules.settings.fail_on,
        is_quarantined=quarantine == "yes",
        drift=drift,
    )
    if not is_compared:
        return test
    evidence = TestEvidence(
        test=TEST,
        baseline=baseline,
        screen=passes,
        changes=seen_in,
        broken=tuple(p.message for p in problems if p.code == "contract"),
        quarantine="noisy" if quarantine == "yes" else "",
        fails_from=fails_from(test),
    )
    return replace(test, evidence=evidence)


def observed(
    number: int,
    *,
    good: bool,
    compared: bool,
    lost: bool,
    exact: bool,
    problems: tuple[Problem, ...],
) -> ObservedSample:
    """Return a sample that is over."""
    return ObservedSample(
        recording=SampleRecording(plan=SamplePlan(number=number, mode=SampleMode.REPLAY)),
        body_passed=good,
        own_passed=good,
        good=good,
        lost=lost,
        is_exact=exact,
        compared=compared,
        problems=problems,
    )


@pytest.mark.parametrize("line", OUTCOMES.strip().splitlines()[1:])
def test_outcome_table(line: str):
    test = ended(line)

    told = decide_outcome(test)

    outcome = "fails" if told.failed else "unconfirmed" if told.unconfirmed else "passes"
    assert outcome == line.rsplit(maxsplit=1)[-1]
    assert all(problem.message in told.text for problem in test.problems)
    assert bool(told.text) or outcome == "passes"
