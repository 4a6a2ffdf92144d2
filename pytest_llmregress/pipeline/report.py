"""The record that a test leaves in the reports."""

from collections.abc import Sequence

from pytest_llmregress.contracts.budget import Price
from pytest_llmregress.pipeline.collect_control import CONTROL
from pytest_llmregress.pipeline.drift import judge_test_state
from pytest_llmregress.pipeline.extract import find_uncompared
from pytest_llmregress.pipeline.judge import good_samples
from pytest_llmregress.pipeline.persist import SavedFiles
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import ObservedSample, ObservedTest, deduplicate
from pytest_llmregress.reports import failures
from pytest_llmregress.storage.file_paths import relative_to_root
from pytest_llmregress.values.agents import summarize_agents
from pytest_llmregress.values.call import Calls, sum_known
from pytest_llmregress.values.rule_result import RuleResult
from pytest_llmregress.values.run_report import AnswerSource, Problem, TestRecord
from pytest_llmregress.values.settings import RecordMode
from pytest_llmregress.values.side_by_side import CallSummary


def build_test_record(  # noqa: PLR0913 - the test, and what became of it
    test: ObservedTest,
    kept: SavedFiles,
    context: SessionContext,
    *,
    baseline: Sequence[Calls],
    unconfirmed: bool,
    failed: bool,
) -> TestRecord:
    """Return what happened to a test, over all its samples.

    :param baseline: the calls of each accepted sample; needed where something was compared.
    """
    state, samples = test.state, test.samples
    calls = tuple(call for sample in samples for call in sample.calls)
    usage = Calls(calls).usage
    candidate = test.settings.candidate
    beside = [sample for side in test.sides for sample in side.samples]
    before, after = (
        _sides(test, baseline, context.plugins.price) if test.is_compared else (None, None)
    )
    return TestRecord(
        test=test.node_id,
        mode=_mode_of([sample.mode for sample in samples]),
        passed=all(sample.own_passed for sample in samples),
        candidate=None if candidate is None else candidate.name,
        cassette=state.cassette_name(context.root),
        calls=len(calls),
        requested_models=deduplicate(call.requested_model for call in calls),
        served_models=deduplicate(call.served_model for call in calls),
        input_tokens=usage.total_tokens - usage.output_tokens,
        output_tokens=usage.output_tokens,
        unplayed=sum(each.recording.unplayed for each in samples if each.own_passed),
        problems=(*test.problems, *_remarks(test, kept), *_find_unkept(test)),
        drift=test.drift,
        carried=max(
            0, sum(each.recording.carried for each in samples) - context.in_waves[context.item]
        ),
        pending=None if kept.pending is None else relative_to_root(kept.pending, context.root),
        accepted=kept.accepted,
        obsolete=_obsolete(test),
        samples=len(samples),
        passes=good_samples(test).passed,
        unconfirmed=unconfirmed,
        failed=failed,
        evidence=test.evidence,
        rules=tuple(each for sample in samples for each in sample.rules.rules),
        rules_before=_find_rules_before(test),
        cost_usd=sum_costs((*samples, *beside), context.plugins.price),
        before=before,
        after=after,
        verdict=judge_test_state(test) if test.is_compared and test.is_tested else None,
        not_understood=tuple(
            dict.fromkeys(
                request for sample in samples for request in sample.recording.not_understood
            )
        ),
        not_compared=find_uncompared(test.observed, [each.behavior for each in test.compared]),
        new_traits=() if test.observed is None else tuple(sorted(test.observed.new)),
    )


def build_crashed_record(test: str) -> TestRecord:
    """Return the record of a test of which nothing is known but that its process ended."""
    return TestRecord(
        test=test,
        mode=AnswerSource.IDLE,
        passed=False,
        candidate=None,
        cassette="",
        calls=0,
        requested_models=(),
        served_models=(),
        input_tokens=0,
        output_tokens=0,
        unplayed=0,
        problems=(Problem(code="crashed", message=failures.crashed(test)),),
        carried=0,
        drift=None,
        pending=None,
        accepted=False,
        failed=True,
    )


def _sides(
    test: ObservedTest, baseline: Sequence[Calls], price: Price
) -> tuple[CallSummary | None, CallSummary]:
    """Return the accepted run and the new one that a report shows side by side."""
    compared = test.compared
    shown = next((sample for sample in compared if sample.changes), compared[0])
    new = Calls(shown.recording.calls_as_recorded)
    after = CallSummary.of(new, price=price, agents=summarize_agents(new))
    if not baseline:
        return None, after
    agents = summarize_agents(baseline[0])
    return CallSummary.of(baseline[0], price=price, agents=agents), after


def _find_rules_before(test: ObservedTest) -> tuple[RuleResult, ...]:
    """Return what one sample of the baseline kept; nothing where nothing was compared with it."""
    known = (sample.rules.rules_before for sample in test.samples)
    return next(filter(None, known), ()) if test.is_compared else ()


def _remarks(test: ObservedTest, kept: SavedFiles) -> list[Problem]:
    """Return what a test has to say, and does not fail by."""
    if kept.accepted:
        return []
    if kept.rejected is not None:  # by somebody, so that nobody is asked about it again
        command = test.state.commands.record(exists=True)
        message = failures.rejected(test.node_id, kept.rejected, command)
        return [Problem(code="rejected", message=message)]
    samples = test.samples
    program = next((each.recording.program for each in samples if each.recording.program), "")
    if program:
        command = test.state.commands.record(exists=True)
        message = failures.program_changed(test.node_id, program, command)
        return [Problem(code="program_changed", message=message)]
    replayed = all(sample.mode is AnswerSource.REPLAYED for sample in samples)
    passed = all(sample.body_passed for sample in samples)
    if replayed and passed and test.state.accepted is None:
        message = failures.no_snapshot(test.node_id, test.state.commands.accept_by_running())
        return [Problem(code="no_snapshot", message=message)]
    asked = test.settings.samples or 0
    if replayed and test.settings.record is RecordMode.NONE and len(samples) < asked:
        message = failures.too_few_samples(
            test.node_id,
            asked=asked,
            recorded=len(samples),
            command=test.state.commands.record(exists=False),
        )
        return [Problem(code="too_few_samples", message=message)]
    return []


def _find_unkept(test: ObservedTest) -> list[Problem]:
    """Return that the answers of the old model, asked again, could not be written."""
    side = test.find_side(CONTROL)
    if side is None or not side.not_kept:
        return []
    message = failures.not_kept(test.node_id, side.not_kept)
    return [Problem(code="not_kept", message=message)]


def _obsolete(test: ObservedTest) -> tuple[str, ...]:
    """Return the accepted values that a complete run, all of it passing, has not come to."""
    if test.state.accepted is None or not all(sample.own_passed for sample in test.samples):
        return ()
    used = {name for sample in test.samples for name in sample.values}
    return tuple(name for name in test.state.accepted.value_names if name not in used)


def _mode_of(modes: Sequence[AnswerSource]) -> AnswerSource:
    """Return where the answers of all samples together came from."""
    told = {mode for mode in modes if mode is not AnswerSource.IDLE}
    if not told:
        return AnswerSource.IDLE
    return told.pop() if len(told) == 1 else AnswerSource.MIXED


def sum_costs(samples: Sequence[ObservedSample], price: Price) -> float | None:
    """Return what was paid for new recordings; None where a price is not known."""
    new = {AnswerSource.RECORDED, AnswerSource.MIXED}
    calls = [call for sample in samples if sample.mode in new for call in sample.calls]
    return sum_known(price(call) for call in calls)
