"""Recording in waves: calls wait together, tests are run one after another.

Before the ordinary run, each test that will record is tried: it runs until it asks for something
that is not recorded. What all of them ask for goes out together, lands in their journals, and they
are tried again, one turn further. The ordinary run then finds its answers as after an interrupted
recording, so that order, reports and outcomes are pytest's own; what is still missing, it records.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmregress.process.gc_pause import pause_garbage_collection
from pytest_llmregress.process.shared_tls import share_tls_contexts
from pytest_llmregress.providers.registry import find_batch_api, requests_a_minute
from pytest_llmregress.recording.rate_limiter import CostEstimate, RateLimiter
from pytest_llmregress.recording.request_capture import CapturedRequest
from pytest_llmregress.recording.request_pool import RequestPool
from pytest_llmregress.reports import recording_progress as words
from pytest_llmregress.runner.concurrent.batch_round import BatchSender
from pytest_llmregress.runner.concurrent.dry_run import DryRun, SampleTarget
from pytest_llmregress.runner.concurrent.dry_run_loop import UnansweredSample, run_dry_runs
from pytest_llmregress.runner.concurrent.progress_output import ProgressOutput
from pytest_llmregress.runner.concurrent.rehearsal import find_further
from pytest_llmregress.runner.concurrent.request_round import (
    RequestRound,
    RequestsInFlight,
    ResponseSink,
)
from pytest_llmregress.runner.other_plugins import find_watcher
from pytest_llmregress.storage import recording_lock
from pytest_llmregress.values.settings import Settings

if TYPE_CHECKING:
    from pytest_llmregress.pipeline.session_context import SessionContext

NAME = "llmregress-waves"
MAX_WAVES = 500
"""Turns that the longest conversation of a suite may have; the others are recorded inline."""
LEAST = 2
"""Samples from which on a wave is any faster than the test itself."""
MAX_UNPROCESSED = 2
"""How often a request may come back from a batch without having been processed."""
_INTERACTIVE = ("usepdb", "trace", "collectonly", "setuponly", "setupplan", "setupshow")


class ConcurrentRecorder:
    """Wraps the loop over the tests. Registered only where something may be recorded."""

    def __init__(
        self,
        config: pytest.Config,
        run: "SessionContext",
        settings: Settings,
        *,
        progress: ProgressOutput,
    ) -> None:
        self._config = config
        self._run = run
        self._settings = settings
        self._progress = progress
        self._least = 1 if settings.batch else LEAST
        self._pace = RateLimiter(limit=partial(requests_a_minute, providers=run.providers))
        self._sink = ResponseSink(run)
        self._batches = BatchSender(run, settings, progress)
        self._order: dict[SampleTarget, int] = {}
        """Which sample comes how soon."""
        self._inline: dict[SampleTarget, str] = {}
        """What is left to the ordinary run, and why."""
        self._unprocessed: Counter[SampleTarget] = Counter()
        self._waves = 0
        self._is_further = False
        """Whether what is sent now follows first samples, so that it goes to either model."""
        self._beside: dict[Path, DryRun] = {}
        """What was tried beside tests, by its journal."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Record in waves, then run the tests."""
        goes_on = self._config.getoption("continue_on_collection_errors")
        with share_tls_contexts(), pause_garbage_collection():
            if goes_on or not session.testsfailed:
                marked = [item for item in session.items if item.get_closest_marker("llm")]
                found = ((item, self._begin(item)) for item in marked)
                dry_runs = {item: dry_run for item, dry_run in found if dry_run.claim()}
                try:
                    self._record(session, dry_runs)
                except KeyboardInterrupt:
                    every = [*dry_runs.values(), *self._beside.values()]
                    self._progress.interrupted(sum(dry_run.saved for dry_run in every))
                    raise
                del dry_runs
            return (yield)

    def _record(self, session: pytest.Session, dry_runs: Mapping[pytest.Item, DryRun]) -> None:
        """Record what tests begin with, then what drivers ask for, each time of all tests."""
        targets: Sequence[SampleTarget] = self._find_first(dry_runs)
        begin: Callable[[SampleTarget], DryRun] = partial(_get_dry_run, dry_runs)
        least = self._least
        alone = targets if len(targets) < least else ()
        items = [item for item in dry_runs if dry_runs[item].state.confirm]
        for _ in range(MAX_WAVES):
            if len(targets) >= least:
                self._order = {target: place for place, target in enumerate(targets)}
                asked = self._try_first(session, targets, begin)
                for _ in range(MAX_WAVES):
                    if len(asked) < least:
                        break
                    self._waves += 1
                    asked = self._send(session, self._waves, asked)
            left = {target.item for target in (*self._inline, *alone)}
            items = [item for item in items if item not in left]
            if not items or self._run.spending.stop is not None:
                break
            targets, begin = (
                find_further(session, items, self._run, self._sink),
                self._begin_further,
            )
            # One answer of the old model has the others follow, together.
            is_of_old = any(
                target.side is not None and target.side.asks_old_model for target in targets
            )
            least = 1 if is_of_old else self._least
            if len(targets) < least:
                break
            self._tell_further(targets)
            items = [item for item in items if any(target.item is item for target in targets)]
        for line in words.after_waves([(a.item.nodeid, why) for a, why in self._inline.items()]):
            self._progress.tell(line)

    def _find_first(self, dry_runs: Mapping[pytest.Item, DryRun]) -> list[SampleTarget]:
        """Return the samples that tests begin with, but for those that no wave can record."""
        targets = []
        for item, dry_run in dry_runs.items():
            found = [SampleTarget(item=item, sample=each.number) for each in dry_run.to_record]
            watcher = find_watcher(item)
            if watcher:
                self._inline |= dict.fromkeys(found, words.watched(watcher))
            else:
                targets += found
        return targets

    def _tell_further(self, found: Sequence[SampleTarget]) -> None:
        self._is_further = True
        sides = [target.side for target in found if target.side is not None]
        old = sum(side.asks_old_model for side in sides)
        tests = len({target.item for target in found})
        new = len(found) - old
        self._progress.tell(words.further(tests, of_candidate=new, of_old_model=old))

    def _begin_further(self, target: SampleTarget) -> DryRun:
        dry_run = DryRun.of_target(target, self._run, self._sink)
        if target.side is not None:
            self._beside[dry_run.state.paths.journal] = dry_run
        dry_run.journal.check_place()
        dry_run.leave_journal()
        return dry_run

    # --- sending -----------------------------------------------------------------------------

    def _send(
        self, session: pytest.Session, number: int, asked: Sequence[UnansweredSample]
    ) -> Sequence[UnansweredSample]:
        """Send as much of a wave as limits allow, and try each sample again once it is answered.

        Return what is asked for next; nothing where no further wave may be sent.
        """
        spent = self._run.spending
        whole = self._turn(asked)
        allowed = spent.fitting(whole.requests)
        if not allowed:
            spent.refuse([each for sample in whole.requests for each in sample])
            self._progress.tell(words.wave_not_sent(number))
            return ()
        turn = whole.first(allowed)
        self._tell_before(number, turn, later=whole.size - turn.size)
        goes_on = self._batches.hand_in(number, turn.batch)
        with self._flight() as flight:
            for each, note in turn.single:
                flight.send(each, note)
            goes_on = goes_on and self._batches.wait(number, turn.batch)
            return self._land(session, number, turn, flight, later=asked[allowed:], goes_on=goes_on)

    def _try_first(
        self,
        session: pytest.Session,
        targets: Sequence[SampleTarget],
        begin: Callable[[SampleTarget], DryRun],
    ) -> Sequence[UnansweredSample]:
        """Try each sample for the first time, and send what it asks for at once: the first wave.

        Not where a limit holds: what all of it will come to is known only in the end.
        """
        run = partial(
            run_dry_runs,
            session,
            targets,
            begin=begin,
            differs=self._sink.differs,
            inline=self._inline,
        )
        if self._run.spending.is_limited or self._settings.batch:
            return run()
        waiting: list[UnansweredSample] = []
        least = min(LEAST, len(targets))
        self._waves += 1
        with self._flight() as flight:

            def take(asked: UnansweredSample) -> None:
                waiting.append(asked)
                if not flight.has_begun:
                    if len(waiting) < least:
                        return
                    first = self._forecast(
                        RequestRound(waiting, slot=self._sink.slot, fits=self._fits)
                    )
                    expected = first.times(len(targets) / least)
                    self._progress.tell(words.first_calls(self._waves, expected, like=least))
                for each in waiting:
                    for note in each.notes:
                        flight.send(each, note)
                waiting.clear()

            asked = run(take=take)
            if not flight.has_begun:
                self._waves -= 1
                return asked
            turn = self._turn(asked)
            self._tell_before(self._waves, turn, later=0)
            return self._land(session, self._waves, turn, flight, later=(), goes_on=True)

    def _begin(self, item: pytest.Item) -> DryRun:
        return DryRun.of_item(item, self._run, self._sink)

    @contextmanager
    def _flight(self) -> Iterator[RequestsInFlight]:
        with RequestPool(at_a_time=self._settings.concurrency, pace=self._pace) as pool:
            yield RequestsInFlight(pool, self._sink, self._run.spending)

    def _land(  # noqa: PLR0913 - the parts of a wave
        self,
        session: pytest.Session,
        number: int,
        turn: RequestRound,
        flight: RequestsInFlight,
        *,
        later: Sequence[UnansweredSample],
        goes_on: bool,
    ) -> Sequence[UnansweredSample]:
        """Try each sample again as soon as it is answered, and return what is asked for next."""
        pool, batch, jobs = flight.pool, turn.batch, flight.jobs
        tell = self._progress.of_wave(number, of=len(jobs))

        def begin(target: SampleTarget) -> DryRun:
            pool.wait(flight.of_sample(target), tell=tell)
            dry_run = DryRun.of_target(target, self._run, self._sink)
            dry_run.leave_journal()
            return dry_run

        asked_next: Sequence[UnansweredSample] = ()
        if goes_on:
            # In their order, and all of them: which fixtures stay set up depends on it.
            asked_next = run_dry_runs(
                session,
                [each.target for each in turn.asked],
                begin=begin,
                differs=self._sink.differs,
                inline=self._inline,
                waiting=[each.target for each in later],
            )
        pool.wait(jobs, tell=tell)
        self._leave_unanswered(turn.asked)
        seconds, answered = flight.seconds, pool.answered + batch.answered
        left = None if batch.slots else self._sink.left([*turn.asked, *later])
        self._progress.tell(
            words.after_wave(
                number,
                flight.came_to(answered),
                of=turn.size,
                seconds=seconds,
                left=None if left is None else left * seconds / max(1, answered),
                given_up=pool.given_up or batch.error,
            )
        )
        if self._run.spending.stop is not None:
            return ()
        found = [each for each in asked_next if each.target not in self._inline]
        return sorted([*found, *later], key=lambda each: self._order[each.target])

    def _tell_before(self, number: int, turn: RequestRound, *, later: int) -> None:
        self._progress.tell(
            words.before_wave(
                number,
                self._forecast(turn),
                at_a_time=min(self._settings.concurrency, len(turn.single)),
                tests=turn.tests,
                in_batches=len(turn.batch.slots),
                later=later,
                models=turn.count_models(self._run.requested_model) if self._is_further else {},
            )
        )

    def _turn(self, asked: Sequence[UnansweredSample]) -> RequestRound:
        return RequestRound(asked, slot=self._sink.slot, fits=self._fits)

    def _forecast(self, turn: RequestRound) -> CostEstimate:
        return self._run.spending.forecast([each for some in turn.requests for each in some])

    def _fits(self, note: CapturedRequest) -> bool:
        request = note.exchange.request
        return self._settings.batch and find_batch_api(request, self._run.providers) is not None

    def _leave_unanswered(self, asked: Sequence[UnansweredSample]) -> None:
        """Leave to the ordinary run what got no whole answer."""
        if self._run.spending.stop is not None:
            return
        for each in asked:
            missing = [note for note in each.notes if self._sink.fault(note)]
            if missing and all(map(self._fits, missing)):
                self._unprocessed[each.target] += 1
                missing = missing if self._unprocessed[each.target] >= MAX_UNPROCESSED else []
            if missing:
                self._inline[each.target] = "no whole answer came"


def _get_dry_run(dry_runs: Mapping[pytest.Item, DryRun], target: SampleTarget) -> DryRun:
    return dry_runs[target.item]


def register(config: pytest.Config, run: "SessionContext", settings: Settings) -> None:
    """Have a run that records do so in waves, where nothing speaks against it."""
    config.add_cleanup(recording_lock.release_all)
    progress = ProgressOutput(config, settings, run.spending)
    if not hasattr(config, "workerinput"):  # a worker's terminal is nobody's
        run.spending.is_told = True
        config.pluginmanager.register(progress, f"{NAME}-telling")
    if settings.concurrency < LEAST and not settings.batch:
        return
    if hasattr(config, "workerinput") or config.getoption("numprocesses", default=None):
        return  # xdist is another way to wait for several calls at once
    if any(config.getoption(name, default=False) for name in _INTERACTIVE):
        return
    config.pluginmanager.register(
        ConcurrentRecorder(config, run, settings, progress=progress), NAME
    )
