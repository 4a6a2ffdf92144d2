"""Trying of tests: each runs, unseen, up to the first request that is not answered."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest

from pytest_llmregress.recording.request_capture import CapturedRequest, RequestRecorder
from pytest_llmregress.runner.concurrent.dry_run import DryRun, run_trial

_SILENT = frozenset(
    {
        "pytest_runtest_logstart",
        "pytest_runtest_logreport",
        "pytest_runtest_logfinish",
        "pytest_exception_interact",
        "pytest_warning_recorded",
    }
)
"""The hooks that tell of a test: a trial is none."""
_WIDE = "a fixture of a wider scope asks"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTarget:
    """One sample of one test that is still to be recorded."""

    item: pytest.Item
    sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnansweredSample:
    """What a sample has asked for and not been answered."""

    aim: SampleTarget
    trial: DryRun
    notes: tuple[CapturedRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunResult:
    """What came of one pass over the samples."""

    asked: tuple[UnansweredSample, ...]
    inline: Mapping[SampleTarget, str]
    """What only the ordinary run can record, and why."""


def run_dry_runs(  # noqa: PLR0913 - each of them is of one pass
    session: pytest.Session,
    aims: Sequence[SampleTarget],
    *,
    begin: Callable[[SampleTarget], DryRun],
    differs: Callable[[SampleTarget, DryRun], bool],
    waiting: Sequence[SampleTarget] = (),
    take: Callable[[UnansweredSample], None] = lambda _: None,
) -> DryRunResult:
    """Run each sample up to what is not recorded, and return what was asked for.

    :param begin: waits until a sample can be tried, and returns its trial.
    :param differs: tells of a sample that was tried whether it has not asked again for what it
        had asked for before.
    :param waiting: samples that this pass leaves out, and that may be tried after it.
    :param take: takes what a sample has asked for, as soon as it is known.
    """
    asked: list[UnansweredSample] = []
    inline: dict[SampleTarget, str] = {}
    watch = _FixtureWatch()
    plugins = session.config.pluginmanager
    plugins.register(watch, "llmregress-watch")
    try:
        with silence_reports(session):
            for place, aim in enumerate(aims):
                if watch.concerns(aim.item):
                    inline[aim] = _WIDE
                    continue
                trial = begin(aim)
                pad = trial.aim(aim.sample)
                watch.begin(pad)
                later = [each.item for each in aims[place + 1 :]]
                others = [session.items[0], aim.item, *(each.aim.item for each in asked)]
                others += [each.item for each in waiting]
                upcoming = _NextItemProxy(aim.item, _keeper(watch, later, others))
                run_trial(aim.item, trial, upcoming)
                why = _why_inline(trial, watch, refused=pad.refused)
                if not why and differs(aim, trial):
                    why = "it asks for something else each time it is run (see match_replace)"
                if why:
                    inline[aim] = why
                elif pad.notes:
                    asked.append(UnansweredSample(aim=aim, trial=trial, notes=tuple(pad.notes)))
                    take(asked[-1])
    finally:
        plugins.unregister(watch)
    return DryRunResult(asked=tuple(asked), inline=inline)


def _why_inline(trial: DryRun, watch: "_FixtureWatch", *, refused: str) -> str:
    """Say why a sample that was tried is left to the ordinary run; empty where it is not."""
    if watch.is_wide:
        return _WIDE
    if trial.wants_inline:
        return 'its llm_config says record="inline"'
    return f"only the test itself can send it ({refused})" if refused else ""


def _keeper(
    watch: "_FixtureWatch", later: Sequence[pytest.Item], others: Sequence[pytest.Item]
) -> Callable[[], list[Any]]:
    """Return what tells, when a sample is torn down, which nodes have to stay set up.

    :param later: what this pass has still to try.
    :param others: what may come after the pass, which is known only when the wave is over.
    """

    def keep() -> list[Any]:
        if watch.is_wide:
            return []  # what has failed in a wider scope must be set up anew
        following = next((item for item in later if not watch.concerns(item)), None)
        if following is not None:
            return _chain(following)
        return _common([_chain(item) for item in others])

    return keep


class _FixtureWatch:
    """Sees which fixtures of a wider scope ask for something that is not recorded.

    pytest remembers that they have failed for as long as their scope lasts.
    """

    def __init__(self) -> None:
        self._pad: RequestRecorder | None = None
        self._names: set[str] = set()
        self.is_wide = False
        """Whether one of them has asked in this trial."""

    def begin(self, pad: RequestRecorder) -> None:
        """Begin another trial."""
        self._pad = pad
        self.is_wide = False

    def concerns(self, item: pytest.Item) -> bool:
        """Whether a test uses a fixture that has asked."""
        return bool(self._names & set(getattr(item, "fixturenames", ())))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Look whether a fixture's set-up was stopped."""
        pad = self._pad
        before = pad is None or pad.stopped
        try:
            return (yield)
        finally:
            if pad is not None and pad.stopped and not before and fixturedef.scope != "function":
                self.is_wide = True
                self._names.add(fixturedef.argname)


class _NextItemProxy:
    """What runs after a trial, as far as pytest asks: which nodes have to stay set up."""

    def __init__(self, item: pytest.Item, keep: Callable[[], list[Any]]) -> None:
        self._item = item
        self._keep = keep

    def listchain(self) -> list[Any]:
        """Return what has to stay set up."""
        return self._keep()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._item, name)


def _chain(item: pytest.Item) -> list[Any]:
    return [] if item.parent is None else item.parent.listchain()


def _common(chains: Sequence[list[Any]]) -> list[Any]:
    """Return how all of them begin."""
    common = []
    for nodes in zip(*chains, strict=False):
        if any(node is not nodes[0] for node in nodes):
            break
        common.append(nodes[0])
    return common


class _MutedHooks:
    """The hooks of an item, without those that tell of it."""

    def __init__(self, hooks: Any) -> None:
        self._hooks = hooks

    def __getattr__(self, name: str) -> Any:
        return _NoHook() if name in _SILENT else getattr(self._hooks, name)


class _NoHook:
    """A hook that nobody implements."""

    def __call__(self, **_: object) -> list[Any]:
        return []

    def call_historic(self, **_: object) -> None:
        """Tell nobody, later either."""


@contextmanager
def silence_reports(session: pytest.Session) -> Iterator[None]:
    """Have nobody told of the tests that run meanwhile."""
    proxy = session.gethookproxy
    with mock.patch.object(session, "gethookproxy", lambda path: _MutedHooks(proxy(path))):
        yield
