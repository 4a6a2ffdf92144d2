"""The samples of a test, or of a side of it: begun one after another, kept together."""

from collections.abc import Sequence
from dataclasses import replace

from pytest_llmregress.pipeline.extract import AcceptedRecording, build_extractors
from pytest_llmregress.pipeline.observe import TestObserver
from pytest_llmregress.pipeline.persist import (
    SavedFiles,
    WriteFacts,
    WriteReason,
    is_plain_replay,
    plan_restoring,
    plan_writes,
)
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import ObservedSample, ObservedSide, ObservedTest, TestState
from pytest_llmregress.pipeline.write_files import build_run_decision, write_files
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.reports import failures
from pytest_llmregress.runner import output
from pytest_llmregress.runner.open_sample import Trying
from pytest_llmregress.runner.sample_phases import SampleRun
from pytest_llmregress.storage.decisions import read_rejections
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.values.run_report import Problem


class SampleSeries:
    """What is run under one name: the test itself, or what a driver has asked for beside it.

    Parameters: `accepted` and `observer` are those of the test; `is_single`, whether it has one
    sample that is all that is run of the test; `trying`, how they are run where they only are
    tried.
    """

    def __init__(  # noqa: PLR0913 - what is there before it, and how it is run
        self,
        state: TestState,
        context: SessionContext,
        *,
        accepted: AcceptedRecording,
        observer: TestObserver,
        is_single: bool,
        trying: Trying | None = None,
    ) -> None:
        self.samples: list[SampleRun] = []
        self._loaded = state
        self._context = context
        self._accepted = accepted
        self._observer = observer
        self._is_single = is_single
        self._trying = trying
        self._not_kept = ""
        """Why its recording could not be written; empty where nothing went wrong."""
        self._waiting = list(state.plans)
        self._journal = Journal(state.paths.journal, test=state.node_id, size=state.journal_size)

    @property
    def state(self) -> TestState:
        """What holds for it; the `llm_config` of its last sample is part of it."""
        return self.samples[-1].state if self.samples else self._loaded

    @property
    def current(self) -> SampleRun:
        """The sample that runs now, or ran last."""
        return self.samples[-1]

    @property
    def has_run(self) -> bool:
        """Whether the set-up of the last sample went well, so that its body has run."""
        setup = self.current.phases.reports.get("setup") if self.samples else None
        return setup is not None and setup.passed

    @property
    def may_go_on(self) -> bool:
        """Whether another sample would be any use; asked once the last one has been judged."""
        last = self.samples[-1] if self.samples else None
        return last is None or (last.usable and not last.phases.skipped)

    @property
    def has_more(self) -> bool:
        """Whether another sample is to be run; asked once the last one has been judged."""
        return self.may_go_on and bool(self._waiting)

    @property
    def waiting(self) -> tuple[SamplePlan, ...]:
        """The samples that are to follow the last one."""
        return tuple(self._waiting)

    def add(self, plans: Sequence[SamplePlan]) -> None:
        """Have more samples run, after those that wait."""
        self._waiting += plans

    def add_up_to(self, samples: int) -> None:
        """Have more samples recorded, so that there are so many."""
        numbers = range(len(self.samples) + len(self._waiting) + 1, samples + 1)
        self.add([SamplePlan(number=number, mode=SampleMode.RECORD) for number in numbers])

    def begin(self) -> SampleRun:
        """Begin the next sample, or once more the last one, where another plugin runs it again."""
        if self.samples and not (self.has_run and self._waiting):
            plan = self.samples.pop().plan
        else:
            plan = self._waiting.pop(0)
        sample = SampleRun(
            plan,
            self.state,
            self._context,
            accepted=self._accepted,
            journal=self._journal,
            observer=self._observer,
            is_single=self._is_single,
            trying=self._trying,
        )
        self.samples.append(sample)
        return sample

    def observe(self) -> tuple[ObservedSample, ...]:
        """Return what its samples have come to by now, as values."""
        return tuple(sample.observe() for sample in self.samples)

    def observe_side(self) -> ObservedSide:
        """Return what it has come to by now, where it runs beside a test."""
        return ObservedSide(state=self.state, samples=self.observe(), not_kept=self._not_kept)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What failed its samples, the misses of each first."""
        return tuple(p for sample in self.samples for p in (*sample.misses, *sample.problems))

    def keep(self, test: ObservedTest) -> SavedFiles:
        """Write what is to be kept; what cannot be written is a problem of the last sample.

        Of a replay it is a warning: nothing was paid for, and the verdict needs no file.

        :param test: what it has come to, all its samples being over.
        """
        redactor = self.state.config.redactor
        try:
            if is_plain_replay(test):  # most tests of most runs: nothing more is read
                return write_files(plan_restoring(test), journal=self._journal, redactor=redactor)
            for sample in self.samples:
                sample.extract()
            test = replace(test, samples=self.observe())
            plan = plan_writes(test, self._read_facts())
            if plan.why is WriteReason.NOT_ASKED:
                for sample in self.samples:
                    sample.note_unasked()
            return write_files(plan, journal=self._journal, redactor=redactor)
        except (OSError, ValueError) as error:
            self._not_kept = str(error)
        message = failures.not_kept(self.state.node_id, self._not_kept)
        if test.is_replay and not self.state.settings.accept:
            output.warn(message)
        else:
            self.current.problems.append(Problem(code="not_kept", message=message))
        return SavedFiles()

    def _read_facts(self) -> WriteFacts:
        paths, context = self.state.paths, self._context
        extractors = build_extractors(self.state.config, context.plugins)
        return WriteFacts(
            is_over=not self._waiting,
            session=context.started,
            recorded_at=self._observer.now,
            providers=context.providers,
            in_ci=context.in_ci,
            extractors=extractors.stamp,
            decision=build_run_decision() if self.state.settings.accept else None,
            rejections=() if self.state.is_baseline else read_rejections(paths),
            has_pending_recording=paths.pending_cassette.exists(),
        )
