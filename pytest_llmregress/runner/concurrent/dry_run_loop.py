"""Trying of tests: each runs, unseen, up to the first request that is not answered."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest

from pytest_llmregress.recording.request_capture import (
    NOT_RECORDED,
    CapturedRequest,
    RequestRecorder,
)
from pytest_llmregress.runner.concurrent.dry_run import DryRun, SampleTarget
from pytest_llmregress.runner.open_sample import TEST_RUN, TriedTest
from pytest_llmregress.runner.other_plugins import hide_runs

_WIDE = "a fixture of a wider scope asks"
_OUTLIVES = "a thread or a task of a wider scope than the test asks"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnansweredSample:
    """What a sample has asked for and not been answered."""

    target: SampleTarget
    dry_run: DryRun
    notes: tuple[CapturedRequest, ...]


def run_dry_runs(  # noqa: PLR0913 - each of them is of one pass
    session: pytest.Session,
    targets: Sequence[SampleTarget],
    *,
    begin: Callable[[SampleTarget], DryRun],
    differs: Callable[[SampleTarget, DryRun], bool],
    inline: dict[SampleTarget, str],
    waiting: Sequence[SampleTarget] = (),
    take: Callable[[UnansweredSample], None] = lambda _: None,
) -> list[UnansweredSample]:
    """Run each sample up to what is not recorded, and return what was asked for.

    :param begin: waits until a sample can be tried, and returns its dry run.
    :param differs: tells of a sample that was tried whether it has not asked again for what it
        had asked for before.
    :param inline: takes what only the ordinary run can record, and why.
    :param waiting: samples that this pass leaves out, and that may be tried after it.
    :param take: takes what a sample has asked for, as soon as it is known.
    """
    asked: list[UnansweredSample] = []
    with run_unseen(session) as watch:
        for place, target in enumerate(targets):
            if watch.concerns(target.item):
                inline[target] = _WIDE
                continue
            dry_run = begin(target)
            recorder = dry_run.choose(target.sample)
            watch.begin(recorder)
            later = [each.item for each in targets[place + 1 :]]
            others = [session.items[0], target.item, *(each.target.item for each in asked)]
            others += [each.item for each in waiting]
            upcoming = NextItemProxy(target.item, _keeper(watch, later, others))
            run_dry(target.item, dry_run, upcoming)
            why = _why_inline(dry_run, watch, recorder)
            if not why and differs(target, dry_run):
                why = "it asks for something else each time it is run (see match_replace)"
            if why:
                inline[target] = why
            elif recorder.notes:
                asked.append(
                    UnansweredSample(target=target, dry_run=dry_run, notes=tuple(recorder.notes))
                )
                take(asked[-1])
    return asked


def run_dry(item: pytest.Item, dry_run: TriedTest, nextitem: Any) -> None:
    """Run a sample of a test, leaving no trace of it on the item.

    :param nextitem: an item, or what can be asked like one which nodes have to stay set up.
    """
    session = item.session
    stops = session.shouldstop, session.shouldfail
    properties = len(item.user_properties)
    item.stash[TEST_RUN] = dry_run
    try:
        with dry_run.recorder.of_test():
            item.ihook.pytest_runtest_protocol(item=item, nextitem=nextitem)
    finally:
        del item.stash[TEST_RUN]
        del item.user_properties[properties:]
    session.shouldstop, session.shouldfail = stops  # the run that counts will ask for it again


@contextmanager
def run_unseen(session: pytest.Session) -> Iterator["FixtureWatch"]:
    """Have nobody told of the tests that run meanwhile, and see which of their fixtures ask."""
    watch = FixtureWatch()
    plugins = session.config.pluginmanager
    plugins.register(watch, "llmregress-watch")
    try:
        with hide_runs(session), _hide_stopped_threads():
            yield watch
    finally:
        plugins.unregister(watch)


def _why_inline(dry_run: DryRun, watch: "FixtureWatch", recorder: RequestRecorder) -> str:
    """Say why a sample that was tried is left to the ordinary run; empty where it is not."""
    if watch.is_wide:
        return _WIDE
    if dry_run.wants_inline:
        return 'its llm_config says record="inline"'
    if recorder.live:
        return _OUTLIVES
    return f"only the test itself can send it ({recorder.refused})" if recorder.refused else ""


@contextmanager
def _hide_stopped_threads() -> Iterator[None]:
    """Tell nobody of threads that were stopped, and that no other thread waits for."""
    tell = threading.excepthook

    def hide(arguments: Any) -> None:
        if str(arguments.exc_value) != NOT_RECORDED:
            tell(arguments)

    with mock.patch.object(threading, "excepthook", hide):
        yield


def _keeper(
    watch: "FixtureWatch", later: Sequence[pytest.Item], others: Sequence[pytest.Item]
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
            return chain_of(following)
        return _common([chain_of(item) for item in others])

    return keep


class FixtureWatch:
    """Sees which fixtures of a wider scope ask for something that is not recorded.

    pytest remembers that they have failed for as long as their scope lasts.
    """

    def __init__(self) -> None:
        self._recorder: RequestRecorder | None = None
        self._names: set[str] = set()
        self.is_wide = False
        """Whether one of them has asked in this dry run."""

    def begin(self, recorder: RequestRecorder) -> None:
        """Begin another dry run."""
        self._recorder = recorder
        self.is_wide = False

    def concerns(self, item: pytest.Item) -> bool:
        """Whether a test uses a fixture that has asked."""
        return bool(self._names & set(getattr(item, "fixturenames", ())))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Look whether a fixture's set-up was stopped."""
        recorder = self._recorder
        before = recorder is None or recorder.stopped
        is_wide = recorder is not None and fixturedef.scope != "function"
        try:
            with recorder.of_wider_scope() if recorder is not None and is_wide else nullcontext():
                return (yield)
        finally:
            if recorder is not None and is_wide and recorder.stopped and not before:
                self.is_wide = True
                self._names.add(fixturedef.argname)


class NextItemProxy:
    """What runs after a dry run, as far as pytest asks: which nodes have to stay set up."""

    def __init__(self, item: pytest.Item, keep: Callable[[], list[Any]]) -> None:
        self._item = item
        self._keep = keep

    def listchain(self) -> list[Any]:
        """Return what has to stay set up."""
        return self._keep()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._item, name)


def chain_of(item: pytest.Item) -> list[Any]:
    """Return the nodes that have to be set up for an item, itself left out."""
    return [] if item.parent is None else item.parent.listchain()


def _common(chains: Sequence[list[Any]]) -> list[Any]:
    """Return how all of them begin."""
    common = []
    for nodes in zip(*chains, strict=False):
        if any(node is not nodes[0] for node in nodes):
            break
        common.append(nodes[0])
    return common
