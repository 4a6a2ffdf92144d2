"""One run of a marked test that counts for nothing: it tells what the test asks for next."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn

import pytest

from pytest_llmregress.pipeline.config import INLINE
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.recording.cassette_session import CassetteSession, SampleMode
from pytest_llmregress.recording.judge_flag import is_judging
from pytest_llmregress.recording.request_capture import RequestRecorder, capture_requests
from pytest_llmregress.redaction.redactor import carries_credentials
from pytest_llmregress.runner import output
from pytest_llmregress.runner.item_runner import TestRun
from pytest_llmregress.runner.sample_phases import SampleRun
from pytest_llmregress.runner.stash_keys import TEST_RUN
from pytest_llmregress.values.http import Request


class DryRunSample(SampleRun):
    """A sample of which nothing is judged."""

    def configure(self, config: Mapping[str, Any]) -> None:
        """Take the test's `llm_config`, and go no further where it wants to be run only once."""
        super().configure(config)
        if self._test.state.config.terms.record == INLINE:
            _halt()

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Let the body end as it does."""
        yield


class DryRun(TestRun):
    """A marked test, run to learn what it asks for.

    What is recorded of it by now is played to it. Nothing of it is reported, judged or kept; what
    its requests are answered goes to its journal, as if its recording had been interrupted.
    """

    is_trial = True

    @property
    def to_record(self) -> tuple[SamplePlan, ...]:
        """The samples that may have something to record; none where the test must not be tried."""
        if self.state.setup_error is not None or self.rules.terms.record == INLINE:
            return ()
        return tuple(s for s in self.state.plans if s.mode is not SampleMode.REPLAY)

    def claim(self) -> bool:
        """Have no other process record it; tell whether there is anything to record here."""
        try:
            if self.to_record:
                self._journal.check_place()
        except OSError:
            return False  # the run that counts tells it
        return bool(self.to_record)

    def leave_journal(self) -> None:
        """Keep its journal as it is: answers to other samples may be written at this moment."""
        self._is_journalled = True

    def aim(self, sample: int) -> RequestRecorder:
        """Make a sample the next one to run, and return what its requests are noted on."""
        self._waiting = [slot for slot in self.state.plans if slot.number == sample]
        self.samples.clear()
        self._pad = RequestRecorder(may_send=self._may_send, halt=_halt)
        return self._pad

    def begin(self) -> SampleRun:
        """Begin the sample that it is aimed at."""
        sample = DryRunSample(self, self._waiting[0])
        self.samples.append(sample)
        return sample

    def intercept(self, tape: CassetteSession) -> AbstractContextManager[None]:
        """Send nothing: note it."""
        return capture_requests(tape, pad=self._pad)

    def played(self) -> tuple[str, ...]:
        """Return the keys of the requests that were answered."""
        traffic = self.current.traffic if self.samples else None
        if traffic is None:
            return ()
        return tuple(traffic.tape.key_in(e) for e in traffic.tape.exchanges if e.interaction)

    @property
    def known_calls(self) -> int | None:
        """How many calls a sample of it is known to make; None where nothing is recorded."""
        known = self.state.old or self.baseline
        return None if known is None else len(known.interactions) // len(known.runs)

    @property
    def wants_inline(self) -> bool:
        """Whether its `llm_config` turned out to say that it must not be run twice."""
        return self.rules.terms.record == INLINE

    def _may_send(self, request: Request) -> bool:
        """Tell whether a request is one to a model, which can be sent in the test's place."""
        traffic = self.current.traffic
        return (
            request.method.upper() == "POST"
            and not carries_credentials(request)
            and self.run.requested_model(request) is not None
            # The run that counts tells of a model that should have been the candidate.
            and (is_judging() or traffic is None or traffic.asking.refuse(request) is None)
        )


def run_trial(item: pytest.Item, trial: DryRun, nextitem: Any) -> None:
    """Run a sample of a test, leaving no trace of it on the item.

    :param nextitem: an item, or what can be asked like one which nodes have to stay set up.
    """
    session = item.session
    stops = session.shouldstop, session.shouldfail
    properties = len(item.user_properties)
    # What it prints would be shown beside the output of the run that counts.
    sections = getattr(item, "_report_sections", [])
    shown = len(sections)
    item.stash[TEST_RUN] = trial
    try:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
    finally:
        del item.stash[TEST_RUN]
        del item.user_properties[properties:]
        del sections[shown:]
    session.shouldstop, session.shouldfail = stops  # the run that counts will ask for it again


def _halt() -> NoReturn:
    """Stop a test from whichever thread has asked: no exception that an app would catch."""
    output.fail("this answer is not recorded yet")
