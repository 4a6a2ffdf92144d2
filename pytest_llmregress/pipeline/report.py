"""The record that a test leaves in the reports."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_llmregress.pipeline.drift import judge_test_state
from pytest_llmregress.pipeline.http_session import deduplicate
from pytest_llmregress.pipeline.judge import good_samples
from pytest_llmregress.pipeline.persist import SavedFiles
from pytest_llmregress.reports import failures
from pytest_llmregress.values.call import Calls
from pytest_llmregress.values.run_report import AnswerSource, Problem, TestRecord
from pytest_llmregress.values.settings import RecordMode
from pytest_llmregress.values.side_by_side import CallSummary

if TYPE_CHECKING:
    from pytest_llmregress.runner.item_runner import TestRun


def build_test_record(
    test: "TestRun", kept: SavedFiles, *, unconfirmed: bool, failed: bool
) -> TestRecord:
    """Return what happened to a test, over all its samples."""
    calls, samples = test.calls(), test.samples
    usage = Calls(calls).usage
    candidate = test.settings.candidate
    before, after = _sides(test) if test.is_compared else (None, None)
    return TestRecord(
        test=test.node_id,
        mode=_mode_of([sample.mode for sample in samples]),
        passed=all(sample.own_passed for sample in samples),
        candidate=None if candidate is None else candidate.name,
        cassette=test.cassette_name,
        calls=len(calls),
        requested_models=deduplicate(call.requested_model for call in calls),
        served_models=deduplicate(call.served_model for call in calls),
        input_tokens=usage.total_tokens - usage.output_tokens,
        output_tokens=usage.output_tokens,
        unplayed=sum(
            len(sample.traffic.tape.unplayed)
            for sample in samples
            if sample.traffic and sample.own_passed
        ),
        problems=(*test.problems, *_remarks(test, kept)),
        drift=test.drift,
        carried=max(0, _carried(test) - test.run.in_waves[test.node_id]),
        pending=None if kept.pending is None else test.relative(kept.pending),
        accepted=kept.accepted,
        obsolete=_obsolete(test),
        samples=len(samples),
        passes=good_samples(test).passed,
        unconfirmed=unconfirmed,
        failed=failed,
        evidence=test.evidence() if test.is_compared else None,
        rules=tuple(each for sample in samples for each in sample.held.rules),
        rules_before=next((s.held.rules_before for s in samples if s.held.rules_before), ()),
        cost_usd=_cost(test),
        before=before,
        after=after,
        verdict=judge_test_state(test) if test.is_compared and test.has_noise else None,
        not_understood=tuple(
            dict.fromkeys(
                request
                for sample in samples
                if sample.traffic
                for request in sample.traffic.asking.unread(sample.traffic.tape.attempts)
            )
        ),
    )


def _carried(test: "TestRun") -> int:
    """Count the answers that were there before the test began to run."""
    return sum(len(each.traffic.carried) for each in test.samples if each.traffic)


def _sides(test: "TestRun") -> tuple[CallSummary | None, CallSummary]:
    """Return the accepted run and the new one that a report shows side by side."""
    compared = [sample for sample in test.samples if sample.compared]
    shown = next((sample for sample in compared if sample.changes), compared[0])
    calls = () if shown.traffic is None else shown.traffic.calls_as_recorded()
    before = test.baseline_runs
    return (CallSummary.of(before[0]) if before else None), CallSummary.of(Calls(calls))


def _remarks(test: "TestRun", kept: SavedFiles) -> list[Problem]:
    """Return what a test has to say, and does not fail by."""
    if kept.accepted:
        return []
    if kept.rejected is not None:  # by somebody, so that nobody is asked about it again
        command = test.commands.record(exists=True)
        message = failures.rejected(test.node_id, kept.rejected, command)
        return [Problem(code="rejected", message=message)]
    samples = test.samples
    replayed = all(sample.mode is AnswerSource.REPLAYED for sample in samples)
    passed = all(sample.body_passed for sample in samples)
    if replayed and passed and test.accepted is None:
        message = failures.no_snapshot(test.node_id, test.commands.accept_by_running())
        return [Problem(code="no_snapshot", message=message)]
    asked = test.settings.samples or 0
    if replayed and test.settings.record is RecordMode.NONE and len(samples) < asked:
        message = failures.too_few_samples(
            test.node_id,
            asked=asked,
            recorded=len(samples),
            command=test.commands.record(exists=False),
        )
        return [Problem(code="too_few_samples", message=message)]
    return []


def _obsolete(test: "TestRun") -> tuple[str, ...]:
    """Return the accepted values that a complete run, all of it passing, has not come to."""
    if test.accepted is None or not all(sample.own_passed for sample in test.samples):
        return ()
    used = {name for sample in test.samples for name in sample.judgement.values}
    return tuple(name for name in test.accepted.value_names if name not in used)


def _mode_of(modes: Sequence[AnswerSource]) -> AnswerSource:
    """Return where the answers of all samples together came from."""
    told = {mode for mode in modes if mode is not AnswerSource.IDLE}
    if not told:
        return AnswerSource.IDLE
    return told.pop() if len(told) == 1 else AnswerSource.MIXED


def _cost(test: "TestRun") -> float | None:
    """Return what was paid for its new recordings; None where a price is not known."""
    new = {AnswerSource.RECORDED, AnswerSource.MIXED}
    samples = [sample for run in (test, *test.asides) for sample in run.samples]
    calls = [call for sample in samples if sample.mode in new for call in sample.calls()]
    costs = [test.plugins.price(call) for call in calls]
    return None if None in costs or not costs else sum(cost for cost in costs if cost)
