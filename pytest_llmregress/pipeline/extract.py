"""Behavior of both sides, extracted from their cassettes at the moment when they are compared."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from pytest_llmregress.storage.cassette_file import digest_of
from pytest_llmregress.values.behavior import TRAITS, Behavior, Change, Severity
from pytest_llmregress.values.call import Calls
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction
from pytest_llmregress.values.snapshot import Snapshot

Read = Callable[[Iterable[Interaction]], Calls]
"""Returns the model calls among interactions."""
Extract = Callable[[Calls], Behavior]
"""Returns what the calls of a sample show, by all extractors of today."""

_BUILT_IN = "pytest-llmregress"
_UNKNOWN = "?"
_FIRST = 1
"""The version of the built-in traits where a snapshot names none: it was written by the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extractors:
    """Everything that has a say on the behavior of a test."""

    extract: Extract
    stamp: tuple[str, ...]
    """`name=version` of each, as `build_stamp` returns it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedBaseline:
    """The accepted samples, with the behavior that the extractors of today find."""

    snapshot: Snapshot
    """What is accepted, its behavior as of today."""
    new: frozenset[str] = frozenset()
    """Names of built-in traits that came with a later version than it was accepted with."""
    is_extracted: bool = True
    """Whether it is what today's extractors say; False where no cassette is left to read."""

    @property
    def gating(self) -> Snapshot:
        """The same without the traits that are new: nothing fails by those."""
        if not self.new:
            return self.snapshot
        kept = [
            Behavior(traits=tuple(t for t in each.traits if t.name not in self.new))
            for each in self.snapshot.behaviors
        ]
        return _replace_behaviors(self.snapshot, kept)


def build_stamp(others: Iterable[str] = ()) -> tuple[str, ...]:
    """Return `name=version` of the built-in traits, and of others that have a say as well.

    The version of a hook is "?": its code may change at any time. What it has said before is
    extracted again whenever it is compared.
    """
    return (f"{_BUILT_IN}={TRAITS}", *(f"{name}={_UNKNOWN}" for name in others))


def observe_baseline(cassette: Cassette, read: Read, extract: Extract) -> tuple[Behavior, ...]:
    """Return the behavior of each sample of a cassette, in the order of the samples."""
    return tuple(extract(read(run)) for run in cassette.runs)


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
    found = observe_baseline(cassette, read, extractors.extract)
    # A snapshot of another cassette may have more samples: of those nothing else is known.
    behaviors = [*found, *accepted.behaviors[len(found) :]]
    return ObservedBaseline(
        snapshot=_replace_behaviors(accepted, behaviors),
        new=_find_new_traits(accepted, cassette, read),
    )


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
            detail="; ".join(filter(None, [f"new in {_BUILT_IN} {version}", change.detail])),
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


def _replace_behaviors(snapshot: Snapshot, behaviors: Sequence[Behavior]) -> Snapshot:
    """Return a snapshot with another behavior of each sample; one too many is left out."""
    pairs = zip(snapshot.samples, behaviors, strict=False)
    return replace(
        snapshot,
        samples=tuple(replace(sample, behavior=behavior) for sample, behavior in pairs),
    )


def _find_new_traits(accepted: Snapshot, cassette: Cassette, read: Read) -> frozenset[str]:
    """Return the built-in traits that a snapshot lacks since an older version has written it."""
    if _built_in_version(accepted.extractors) >= TRAITS:
        return frozenset()
    from pytest_llmregress.behavior.traits import extract_traits  # noqa: PLC0415 - after an upgrade

    today = {trait.name for run in cassette.runs for trait in extract_traits(read(run))}
    return frozenset(today - _names(accepted.behaviors).keys())


def _built_in_version(stamp: Iterable[str]) -> int:
    versions = [each.removeprefix(f"{_BUILT_IN}=") for each in stamp]
    return next((int(each) for each in versions if each.isdecimal()), _FIRST)
