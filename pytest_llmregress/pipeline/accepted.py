"""What was accepted of a test before this run; each part is read once somebody asks for it."""

from functools import cached_property, partial

from pytest_llmregress.pipeline.config import TestConfig
from pytest_llmregress.pipeline.extract import (
    Extractors,
    ObservedBaseline,
    build_stamp,
    is_recorded_in,
    update_baseline,
)
from pytest_llmregress.pipeline.load import read_if_exists
from pytest_llmregress.pipeline.session_context import Plugins, SessionContext
from pytest_llmregress.pipeline.spend_tracker import average_usage
from pytest_llmregress.pipeline.state import TestState
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette
from pytest_llmregress.values.behavior import Behavior
from pytest_llmregress.values.call import Calls, Usage
from pytest_llmregress.values.cassette import Cassette


class AcceptedRecording:
    """The accepted recording of a test, and what is seen in it."""

    def __init__(self, state: TestState, context: SessionContext) -> None:
        """Read nothing yet.

        :param state: the test itself, as it was loaded.
        """
        self._state = state
        self._context = context
        self._observed: ObservedBaseline | None = None

    @cached_property
    def cassette(self) -> Cassette | None:
        """The cassette as it was before this run; None where it is gone."""
        if self._state.is_baseline:
            return self._state.old
        try:
            return read_if_exists(self._state.paths.of_baseline().cassette, read_any_cassette)
        except ValueError:
            return None

    @cached_property
    def runs(self) -> tuple[Calls, ...]:
        """The calls of each accepted sample; empty where none is."""
        if self._state.accepted is None or self.cassette is None:
            return ()
        return tuple(Calls(self._context.read_calls(run)) for run in self.cassette.runs)

    @cached_property
    def usage_of_a_call(self) -> Usage | None:
        """What a call of the test has come to on average; None where nothing is recorded."""
        known = self._state.old or self.cassette
        return average_usage(() if known is None else self._context.read_calls(known.interactions))

    @property
    def calls_of_a_sample(self) -> int | None:
        """How many calls a sample is known to make; None where nothing is recorded."""
        known = self._state.old or self.cassette
        return None if known is None else len(known.interactions) // len(known.runs)

    @cached_property
    def is_replayed(self) -> bool:
        """Whether what was accepted is of the very cassette that is replayed."""
        known, old = self._state.accepted, self._state.old
        return known is not None and old is not None and is_recorded_in(known, old)

    def observe(self, extractors: Extractors) -> ObservedBaseline | None:
        """Return what was accepted as today's extractors see it; None where nothing was."""
        if self._observed is None and self._state.accepted is not None:
            self._observed = update_baseline(
                self._state.accepted,
                self.cassette,
                read=lambda interactions: Calls(self._context.read_calls(interactions)),
                extractors=extractors,
            )
        return self._observed


def build_extractors(config: TestConfig, plugins: Plugins) -> Extractors:
    """Return what has a say on a behavior: built-in traits, hooks, the marker's served model."""
    declared = ("served_model",) if config.contract.served_model else ()
    return Extractors(
        extract=partial(extract_behavior, config=config, plugins=plugins),
        stamp=build_stamp((*plugins.others_with_traits, *declared)),
    )


def extract_behavior(calls: Calls, *, config: TestConfig, plugins: Plugins) -> Behavior:
    """Return the behavior that calls show; a declared fallback is as requested."""
    traits, contract = plugins.extract_traits(calls), config.contract
    if contract.served_model:
        from pytest_llmregress.behavior.traits import declare_served  # noqa: PLC0415 - on use

        traits = declare_served(traits, calls, served=contract.is_legitimate)
    return Behavior(traits=traits)
