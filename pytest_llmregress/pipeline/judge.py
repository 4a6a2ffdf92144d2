"""The outcome of a test that is told by several samples, or by evidence over several."""

from dataclasses import dataclass

from pytest_llmregress.pipeline.drift import (
    check_drift_gate,
    format_drift,
    judge_test_state,
    say_reason,
    verdict_fails,
)
from pytest_llmregress.pipeline.state import ObservedSample, ObservedTest
from pytest_llmregress.reports.redacted_answers import render_redacted, render_unkept
from pytest_llmregress.reports.samples import render_rate
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.run_report import find_faults
from pytest_llmregress.values.snapshot import SampleSnapshot
from pytest_llmregress.verdicts.first_pass import MIN_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOutcome:
    """What pytest is told about a test once all its samples have run."""

    failed: bool
    unconfirmed: bool = False
    """Whether something was seen that the evidence does not bear out: it does not fail."""
    text: str = ""
    """What a reader is told, whole; empty where there is nothing to tell."""


def check_pass_rate(test: ObservedTest) -> bool:
    """Tell whether as many samples are good as the test asks for.

    Where it does not ask, a baseline is kept as it comes: each replayed sample has to end as it was
    accepted, and of several new samples one has to pass. A candidate's samples all have to.
    """
    tally, rate = good_samples(test), test.state.config.terms.pass_rate
    if rate is not None:
        return tally.n > 0 and tally.passed >= rate * tally.n - 1e-9
    if tally.n <= 1 or test.is_compared or test.settings.candidate is not None:
        return 0 < tally.passed == tally.n
    known = [sample for sample in test.samples if _find_accepted(test, sample) is not None]
    is_kept = all(_ends_as_accepted(test, sample) for sample in known)
    return is_kept and (len(known) == tally.n or tally.passed > 0)


def _find_accepted(test: ObservedTest, sample: ObservedSample) -> SampleSnapshot | None:
    """Return what was accepted of the very recording that a sample replayed; None for a new one."""
    accepted = test.state.accepted
    return accepted.sample(sample.plan.number) if accepted and sample.is_exact else None


def _ends_as_accepted(test: ObservedTest, sample: ObservedSample) -> bool:
    """Tell whether a sample is good, or failed when it was accepted as well."""
    own = _find_accepted(test, sample)
    return sample.good or (own is not None and not own.passed)


def good_samples(test: ObservedTest) -> Tally:
    """Count the samples that passed, their contract included."""
    return Tally.of(each.good for each in test.samples)


def check_acceptable(test: ObservedTest) -> bool:
    """Tell whether what a test has recorded may be accepted without a decision.

    Of several samples one that passes is enough: they are recorded to see how much they vary.
    """
    if test.problems:
        return False
    is_several = len(test.samples) > 1 and test.state.config.terms.pass_rate is None
    return good_samples(test).passed > 0 if is_several else check_pass_rate(test)


def decide_outcome(test: ObservedTest) -> TestOutcome:
    """Return the outcome; called when the last sample is over."""
    decides = test.is_compared and (test.is_tested or test.is_quarantined)
    told: list[str] = [problem.message for problem in test.problems]
    failed = bool(find_faults(test.problems, test.evidence))
    lost = [each.plan.number for each in test.samples if each.lost and not each.own_passed]
    if lost and not test.problems:
        failed = True
        numbers = ", ".join(map(str, lost))
        told.append(
            f"{test.node_id}: replayed the accepted recording; sample {numbers} passed when it was "
            "accepted, and the test's own code fails on it now"
        )
    is_spared = decides and test.is_quarantined
    explicit = not is_spared and test.state.config.terms.pass_rate is not None
    if (explicit or not decides) and not check_pass_rate(test):
        failed = True
    verdict = judge_test_state(test) if decides else None
    is_failing = verdict is not None and verdict_fails(test, verdict)
    is_drifting = is_failing or check_drift_gate(test)
    if is_drifting and not failed:
        told.append(say_reason(test))
    failed = failed or is_drifting
    tally = good_samples(test)
    unconfirmed = (
        not failed
        and (tally.passed < tally.n or bool(verdict is not None and verdict.unconfirmed))
        and decides
    )
    if failed or unconfirmed or tally.passed < tally.n:
        told.append(render_rate(test.node_id, tally, pass_rate=test.state.config.terms.pass_rate))
        if not decides and tally.n > 1 and tally.rate < MIN_RATE:
            told.append(
                f"{test.node_id}: unsteady: statistics never fail a test of which less than "
                f"{100 * MIN_RATE:g} % of the samples passed"
            )
    told.append(format_drift(test))
    told += _bodies(test)
    return TestOutcome(
        failed=failed, unconfirmed=unconfirmed, text="\n\n".join(part for part in told if part)
    )


def _bodies(test: ObservedTest) -> list[str]:
    """Return what the first failing body said, as pytest tells it, and what it could not read."""
    first = next((each for each in test.samples if each.failure), None)
    if first is None:
        return []
    body = f"sample {first.plan.number}:\n{first.failure}"
    recorded = first.recording.interactions
    return [body, render_redacted(recorded), render_unkept(first.failure, recorded)]
