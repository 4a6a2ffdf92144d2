"""What the grid of old and new prompt with old and new model shows of a test's drift."""

from collections.abc import Sequence
from enum import StrEnum

from pytest_llmregress.causes.prompt_model_grid import GridResult, attribute_grid
from pytest_llmregress.pipeline.state import ObservedSample, ObservedSide, ObservedTest
from pytest_llmregress.values.behavior import Severity, TraitKind
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.snapshot import SampleSnapshot


class GridCell(StrEnum):
    """A cell of the grid that neither the baseline nor the candidate's recording fills."""

    OLD_MODEL = "old-model"
    """The new prompt with the old model."""
    OLD_PROMPT = "old-prompt"
    """The old prompt with the new model."""


def explain_grid(test: ObservedTest) -> str:
    """Say in a sentence what the grid shows; empty where none was run."""
    cells = [side for cell in GridCell if (side := test.find_side(cell)) is not None]
    if len(cells) < len(GridCell):
        return ""
    not_kept = [cell.not_kept for cell in cells if cell.not_kept]
    if not_kept:
        return f"not kept: {not_kept[0]}"
    missing = [said for cell in cells if (said := _say_missing(cell))]
    if missing:
        again = f"{test.state.commands.record(exists=False)} --llmregress-cross"
        return f"not whole: {' and '.join(missing)}; {again}"
    old_model, old_prompt = cells
    baseline = () if test.gating is None else test.gating.samples
    compared = [sample for sample in test.compared if sample.usable]
    fresh = [sample for sample in compared if sample.plan.confirms] or compared
    passed = Tally.of(sample.passed for sample in baseline)
    candidate = Tally.of(sample.own_passed for sample in fresh)
    trait = _changed_trait(test) if passed.rate == candidate.rate else None
    if trait is None:
        return attribute_grid(
            GridResult(
                old_prompt_old_model=passed,
                new_prompt_old_model=Tally.of(each.own_passed for each in old_model.usable),
                old_prompt_new_model=Tally.of(each.own_passed for each in old_prompt.usable),
                new_prompt_new_model=candidate,
            )
        )
    said = attribute_grid(
        GridResult(
            old_prompt_old_model=_repeated(baseline, trait),
            new_prompt_old_model=_as_before(old_model.usable, trait),
            old_prompt_new_model=_as_before(old_prompt.usable, trait),
            new_prompt_new_model=_as_before(fresh, trait),
        )
    )
    return f"{trait} as in the baseline: {said}"


def _say_missing(cell: ObservedSide) -> str:
    """Say what is missing of a cell; empty where it is whole."""
    whole = len(cell.state.plans)
    if len(cell.usable) == whole:
        return ""
    return f"{len(cell.usable)} of {whole} samples of {cell.state.variant}"


def _changed_trait(test: ObservedTest) -> str | None:
    """Return the worst trait of a few values that changed."""
    drift, accepted = test.drift, test.gating
    few = {TraitKind.CATEGORY, TraitKind.SET}
    known = {
        trait.name
        for sample in (accepted.samples if accepted else ())
        for trait in sample.behavior.traits
        if trait.kind in few
    }
    changes = () if drift is None else drift.changes
    told = [c for c in changes if c.trait in known and c.severity is not Severity.COSMETIC]
    return max(told, key=lambda change: change.severity.rank).trait if told else None


def _repeated(baseline: Sequence[SampleSnapshot], trait: str) -> Tally:
    """Count the accepted samples whose value another accepted sample shows too.

    That is what a new sample is asked as well: a baseline held against itself would always agree.
    """
    values = [
        dump_canonical_json(found.value) for each in baseline if (found := each.behavior.get(trait))
    ]
    return Tally.of(values.count(value) > 1 for value in values)


def _as_before(samples: Sequence[ObservedSample], trait: str) -> Tally:
    """Count the samples that do not differ from the baseline in a trait."""
    return Tally.of(
        all(
            change.trait != trait or change.severity is Severity.COSMETIC
            for change in sample.changes
        )
        for sample in samples
    )
