"""The cross of old and new prompt with old and new model, for a test that drifted with both."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from pytest_llmregress.causes.old_prompt import OldPrompt
from pytest_llmregress.causes.prompt_model_grid import GridResult, attribute_grid
from pytest_llmregress.pipeline.collect_evidence import count_passes
from pytest_llmregress.pipeline.config import TestConfig
from pytest_llmregress.pipeline.drift import is_to_be_crossed
from pytest_llmregress.pipeline.extract import ObservedBaseline
from pytest_llmregress.pipeline.load import SetupError, read_if_exists, read_paid_answers
from pytest_llmregress.pipeline.persist import build_cassette
from pytest_llmregress.pipeline.plan import plan_samples
from pytest_llmregress.pipeline.state import ObservedSample, ObservedTest, TestState
from pytest_llmregress.runner.item_runner import TestRun
from pytest_llmregress.storage.cassette_file import write_cassette
from pytest_llmregress.storage.file_paths import build_test_paths
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette
from pytest_llmregress.values.behavior import Severity, TraitKind
from pytest_llmregress.values.call import Calls
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.conversations import find_conversation_starts
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.settings import RecordMode, Settings
from pytest_llmregress.values.snapshot import SampleSnapshot

if TYPE_CHECKING:
    from pytest_llmregress.providers.protocol import RequestRewriter

LEAST = 5
"""Samples of a cell where nobody says how many confirm a drift."""


class GridCell(StrEnum):
    """A cell of the cross that neither the baseline nor the candidate's recording fills."""

    OLD_MODEL = "old-model"
    """The new prompt with the old model."""
    OLD_PROMPT = "old-prompt"
    """The old prompt with the new model."""


class GridDriver(TestRun):
    """The samples of one cell: run beside a test, counted for its cause and nothing else."""

    is_aside = True

    def __init__(self, test: TestRun, cell: GridCell) -> None:
        self._test = test
        self._cell = cell
        super().__init__(test.run, identity=test.state.identity, plugins=test.plugins)
        self.is_sampled = True

    @property
    def is_baseline(self) -> bool:
        """A cell never is what was accepted, whichever model it asks."""
        return False

    @property
    def baseline(self) -> Cassette | None:
        """The accepted recording, as the test has it."""
        return self._test.baseline

    @property
    def observed(self) -> ObservedBaseline | None:
        """What was accepted as it is seen today, as the test has it."""
        return self._test.observed

    def rewrite(self) -> "RequestRewriter | None":
        """Put the prompts of the baseline in the place of new ones, where the cell is of those."""
        if self._cell is GridCell.OLD_MODEL or self.baseline is None:
            return None
        calls = self.run.read_calls(self.baseline.runs[0])
        opening = zip(calls, find_conversation_starts(Calls(calls)), strict=True)
        return OldPrompt([call.request for call, is_first in opening if is_first]).put_into

    def failing_drift(self) -> str:
        """Fail nothing: what a cell does differently is not the test's."""
        return ""

    def keep(self) -> None:
        """Write the cell's recording once it is whole; OSError or ValueError where it cannot be."""
        found = self.found()
        if not found.is_replay and found.whole:
            cassette = replace(build_cassette(found), candidate=self.state.variant)
            write_cassette(found.paths.cassette, cassette, inspect=found.inspect)
            found.journal.remove()

    @property
    def usable(self) -> tuple[ObservedSample, ...]:
        """The samples that count."""
        return tuple(sample.observe() for sample in self.samples if sample.usable)

    def says_missing(self) -> str:
        """Say what is missing of the cell; empty where it is whole."""
        whole = len(self.state.plans)
        if len(self.usable) == whole:
            return ""
        return f"{len(self.usable)} of {whole} samples of {self.state.variant}"

    def _name_variant(self, settings: Settings) -> str:
        """Return the candidate's name and that of the cell."""
        del settings  # its candidate is the test's
        return f"{self._test.state.variant}.{self._cell}"

    def _adapt(self, rules: TestConfig) -> TestConfig:
        """Ask the cell's model; nothing of a cell is ever accepted."""
        is_old = self._cell is GridCell.OLD_MODEL
        candidate = None if is_old else rules.settings.candidate
        return replace(rules, settings=replace(rules.settings, candidate=candidate, accept=False))

    def _load(self) -> TestState:
        try:
            old = read_if_exists(self.state.paths.cassette, read_any_cassette)
            is_replay = self.settings.record is RecordMode.NONE
            carried = (
                {}
                if is_replay
                else read_paid_answers(self.state, self.run, journal=self._journal, old=old)
            )
        except (ValueError, OSError) as error:
            raise SetupError("unreadable_file", str(error)) from None
        wanted = self.settings.confirm or LEAST
        plans = plan_samples(old, record=self.settings.record, wanted=wanted, is_candidate=True)
        return replace(
            self.state,
            accepted=self._test.state.accepted,
            old=old,
            carried=carried,
            plans=tuple(plans),
        )


def plan_grid(test: TestRun) -> list[GridDriver]:
    """Return the cells that are to be run once a candidate's samples are over; often none."""
    records = test.settings.cross and test.settings.record is not RecordMode.NONE
    if not records and not all(
        build_test_paths(
            test.state.identity.path, test.node_id, f"{test.state.variant}.{cell}"
        ).cassette.exists()
        for cell in GridCell
    ):
        return []
    if not is_to_be_crossed(test.observe().drift):
        return []
    return [GridDriver(test, cell) for cell in GridCell]


def explain_grid(test: TestRun, cells: Sequence[GridDriver]) -> str:
    """Keep what was recorded of the cells, and say in a sentence what the cross shows."""
    again = f"{test.state.commands.record(exists=False)} --llmregress-cross"
    try:
        for cell in cells:
            cell.keep()
    except (OSError, ValueError) as error:
        return f"not kept: {error}"
    missing = [said for cell in cells if (said := cell.says_missing())]
    if missing:
        return f"not whole: {' and '.join(missing)}; {again}"
    old_model, old_prompt = cells
    seen = test.observe()
    baseline = () if seen.gating is None else seen.gating.samples
    compared = [sample for sample in seen.compared if sample.usable]
    fresh = [sample for sample in compared if sample.plan.confirms] or compared
    passed = count_passes(sample.passed for sample in baseline)
    candidate = count_passes(sample.own_passed for sample in fresh)
    trait = _changed_trait(seen) if passed.rate == candidate.rate else None
    if trait is None:
        return attribute_grid(
            GridResult(
                old_prompt_old_model=passed,
                new_prompt_old_model=count_passes(each.own_passed for each in old_model.usable),
                old_prompt_new_model=count_passes(each.own_passed for each in old_prompt.usable),
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
    return count_passes(values.count(value) > 1 for value in values)


def _as_before(samples: Sequence[ObservedSample], trait: str) -> Tally:
    """Count the samples that do not differ from the baseline in a trait."""
    return count_passes(
        all(
            change.trait != trait or change.severity is Severity.COSMETIC
            for change in sample.changes
        )
        for sample in samples
    )
