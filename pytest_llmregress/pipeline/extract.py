"""Behavior of both sides, extracted from their cassettes at the moment when they are compared."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from pytest_llmregress.pipeline.config import TestConfig
from pytest_llmregress.pipeline.load import read_if_exists
from pytest_llmregress.pipeline.session_context import Plugins, SessionContext
from pytest_llmregress.pipeline.spend_tracker import average_usage
from pytest_llmregress.pipeline.state import ObservedBaseline, TestState, replace_behaviors
from pytest_llmregress.storage.cassette_file import digest_of
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette
from pytest_llmregress.values.behavior import TRAITS, Behavior, Change, Severity, worst_first
from pytest_llmregress.values.call import Calls, Usage
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.evidence import OUTCOME
from pytest_llmregress.values.http import Interaction
from pytest_llmregress.values.model_names import is_as_requested
from pytest_llmregress.values.snapshot import BUILT_IN, Snapshot

Read = Callable[[Iterable[Interaction]], Calls]
"""Returns the model calls among interactions."""
Extract = Callable[[Calls], Behavior]
"""Returns what the calls of a sample show, by all extractors of today."""

NOW_FAILS = Change(trait=OUTCOME, severity=Severity.BREAKING, before="passed", after="failed")
"""That a test fails which never failed in what is accepted."""
_UNKNOWN = "?"
_FIRST = 1
"""The version of the built-in traits where a snapshot names none: it was written by the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extractors:
    """Everything that has a say on the behavior of a test."""

    extract: Extract
    stamp: tuple[str, ...]
    """`name=version` of each, as `build_stamp` returns it."""


def build_stamp(others: Iterable[str] = ()) -> tuple[str, ...]:
    """Return `name=version` of the built-in traits, and of others that have a say as well.

    The version of a hook is "?": its code may change at any time. What it has said before is
    extracted again whenever it is compared.
    """
    return (f"{BUILT_IN}={TRAITS}", *(f"{name}={_UNKNOWN}" for name in others))


def is_recorded_in(accepted: Snapshot, cassette: Cassette) -> bool:
    """Tell whether a snapshot was taken from this very cassette."""
    return accepted.cassette == (cassette.digest or digest_of(cassette))


def is_fresh(accepted: Snapshot, cassette: Cassette, stamp: Sequence[str]) -> bool:
    """Tell whether the behavior in a snapshot is what extractors would say of the cassette."""
    return (
        accepted.extractors == tuple(stamp)
        and not any(each.endswith(f"={_UNKNOWN}") for each in stamp)
        and is_recorded_in(accepted, cassette)
    )


def update_baseline(
    accepted: Snapshot, cassette: Cassette | None, *, read: Read, extractors: Extractors
) -> ObservedBaseline:
    """Return what is accepted as the extractors of today see it.

    The behavior in the snapshot is taken where its stamp fits, and where there is no cassette.
    """
    if cassette is None:
        return ObservedBaseline(snapshot=accepted, is_extracted=False)
    if is_fresh(accepted, cassette, extractors.stamp):
        return ObservedBaseline(snapshot=accepted)
    found = [extractors.extract(read(run)) for run in cassette.runs]
    # A snapshot of another cassette may have more samples: of those nothing else is known.
    behaviors = [*found, *accepted.behaviors[len(found) :]]
    return ObservedBaseline(
        snapshot=replace_behaviors(accepted, behaviors),
        new=_find_new_traits(accepted, cassette, read),
    )


def update_built_in(snapshot: Snapshot, cassette: Cassette, read: Read) -> Snapshot:
    """Return a snapshot with the built-in traits of today, for whoever runs no test.

    Traits of hooks stay as they were written, and so does all where nothing tells by which
    version it was extracted.
    """
    if snapshot.traits_version in {None, TRAITS} or not is_recorded_in(snapshot, cassette):
        return snapshot
    from pytest_llmregress.behavior.traits import extract_traits

    found = []
    for run, known in zip(cassette.runs, snapshot.behaviors, strict=False):
        today = extract_traits(read(run))
        names = {trait.name for trait in today}
        rest = (trait for trait in known.traits if trait.name not in names)
        found.append(Behavior(traits=(*today, *rest)))
    return replace_behaviors(snapshot, [*found, *snapshot.behaviors[len(found) :]])


def hold_back(
    changes: Iterable[Change], new: frozenset[str], *, version: str
) -> tuple[Change, ...]:
    """Return changes with those of new built-in traits shown as new, and failing nothing.

    :param version: of this plugin.
    """
    return tuple(
        replace(
            change,
            severity=Severity.COSMETIC,
            detail="; ".join(filter(None, [f"new in {BUILT_IN} {version}", change.detail])),
        )
        if change.trait in new
        else change
        for change in changes
    )


def find_uncompared(
    baseline: ObservedBaseline | None, samples: Sequence[Behavior]
) -> tuple[str, ...]:
    """Say which traits only one side has, a line each: "NAME: not in the baseline".

    :param baseline: None where nothing was compared, of which nothing is said.
    :param samples: what the new recordings showed.
    """
    if baseline is None:
        return ()
    old, new = _names(baseline.snapshot.behaviors), _names(samples)
    gone = "" if baseline.is_extracted else ", of which no cassette is left"
    return (
        *(f"{name}: not in the baseline{gone}" for name in new if name not in old),
        *(f"{name}: not in the new recording" for name in old if name not in new),
    )


def _names(behaviors: Iterable[Behavior]) -> dict[str, None]:
    return dict.fromkeys(trait.name for each in behaviors for trait in each.traits)


def _find_new_traits(accepted: Snapshot, cassette: Cassette, read: Read) -> frozenset[str]:
    """Return the built-in traits that a snapshot lacks since an older version has written it."""
    if (accepted.traits_version or _FIRST) >= TRAITS:
        return frozenset()
    from pytest_llmregress.behavior.traits import extract_traits

    today = {trait.name for run in cassette.runs for trait in extract_traits(read(run))}
    return frozenset(today - _names(accepted.behaviors).keys())


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

    def find_changes(
        self, behavior: Behavior, config: TestConfig, *, passed: bool, values: Sequence[Change]
    ) -> tuple[Change, ...]:
        """Return what the rules find between all accepted samples and a new one, the worst first.

        What fails now and then is no change by itself.

        :param config: of the test, with its `llm_config`.
        :param passed: whether the new sample did.
        :param values: what its compared values do differently.
        """
        accepted, plugins = self._state.accepted, self._context.plugins
        if accepted is None:
            return ()
        from pytest_llmregress.comparison.compare_behavior import compare

        observed = self.observe(build_extractors(config, plugins))
        found = compare(
            () if observed is None else observed.snapshot.behaviors,
            behavior,
            severities=config.terms.severity,
            classify=plugins.classify,
            tools=config.terms.tool_match,
            arguments=config.terms.arguments,
        )
        if observed is not None:
            found = hold_back(found, observed.new, version=self._context.versions[BUILT_IN])
        is_new_failure = not passed and all(sample.passed for sample in accepted.samples)
        return worst_first((*((NOW_FAILS,) if is_new_failure else ()), *found, *values))


def build_extractors(config: TestConfig, plugins: Plugins) -> Extractors:
    """Return what has a say on a behavior: built-in traits, hooks, the marker's served model."""
    declared = ("served_model",) if config.contract.served_model else ()
    return Extractors(
        extract=partial(extract_behavior, config=config, plugins=plugins),
        stamp=build_stamp((*plugins.others_with_traits, *declared)),
    )


def extract_behavior(calls: Calls, *, config: TestConfig, plugins: Plugins) -> Behavior:
    """Return the behavior that calls show, the built-in traits first.

    A plugin's trait with the name of a built-in one stands in its place. A served model that the
    test declares is as requested.
    """
    from pytest_llmregress.behavior.conversation_traits import read_sample
    from pytest_llmregress.behavior.registry import BUILTIN_TRAITS
    from pytest_llmregress.behavior.trait_record import extract_records

    contract, found = config.contract, plugins.extract_traits(calls)
    if calls:
        served = contract.is_legitimate if contract.served_model else is_as_requested
        given = read_sample(calls, served=served)
        found = (*extract_records(BUILTIN_TRAITS, given), *found)
    by_name = {trait.name: trait for trait in found}
    return Behavior(traits=tuple(by_name.values()))
