"""Fresh samples of both models, after the last test, where the suite as a whole looks worse."""

from collections.abc import Generator, Sequence

import pytest

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.pipeline.plan import AGAIN, AGAIN_CONTROL, SideVariant
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.runner import output
from pytest_llmregress.runner.item_runner import ItemRunner
from pytest_llmregress.runner.other_plugins import hide_runs
from pytest_llmregress.runner.record_collector import RecordCollector
from pytest_llmregress.runner.sample_loop import run_beside
from pytest_llmregress.runner.settings_reader import read_candidates
from pytest_llmregress.values.settings import RecordMode, Settings

_NAME = "llmregress-suite"
_STOPPED = "the run was stopped"


class SuiteConfirmation:
    """Wraps the loop over the tests. Registered only where a candidate may be recorded."""

    def __init__(self, run: SessionContext, records: RecordCollector) -> None:
        self._run = run
        self._records = records

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Ask both models again once all tests have run, for each candidate that looks worse.

        A model that cannot be asked ends that.
        """
        result = yield
        for candidate, tests in tuple(self._records.find_suspicious(session.config)):
            items = [item for item in session.items if item.nodeid in tests]
            if session.shouldstop or session.shouldfail:
                why = _STOPPED
            else:
                why = self._ask_again(session, candidate, items, first=max(tests.values()))
            if why:
                self._records.unconfirmed[candidate] = why
        return result

    def _ask_again(
        self, session: pytest.Session, candidate: str, items: Sequence[pytest.Item], *, first: int
    ) -> str:
        """Record the fresh samples of tests; say why a model could not be asked."""
        from pytest_llmregress.verdicts.confirm_suite import count_fresh

        samples = count_fresh(len(items), first=first)
        each = f"{count(samples, 'sample')} of either of {count(len(items), 'test')}"
        whose = f" with {candidate}" if read_candidates(session.config)[1:] else ""
        told = f"the suite as a whole looks worse{whose}: both models are asked again, {each}"
        output.break_line(session.config)
        output.write_lines(session.config, [f"llmregress: {told}"])
        sides = (
            SideVariant(name=AGAIN_CONTROL, samples=samples, asks_old_model=True),
            SideVariant(name=AGAIN, samples=samples),
        )
        stops = session.shouldstop, session.shouldfail
        why = ""
        with hide_runs(session):
            for place, item in enumerate(items):
                following = items[place + 1] if place + 1 < len(items) else None
                why = self._ask(item, sides, following)
                if why:
                    break
        session.shouldstop, session.shouldfail = stops
        return why

    def _ask(
        self,
        item: pytest.Item,
        sides: Sequence[SideVariant],
        following: pytest.Item | None,
    ) -> str:
        """Record the fresh samples of a test; say why a model could not be asked."""
        test = ItemRunner.of_item(item, self._run, beside=sides)
        properties = len(item.user_properties)
        run_beside(item, test, following)
        del item.user_properties[properties:]
        test.keep_sides()
        again, cost, why = test.observe_fresh_samples()
        if again is not None:
            self._records.add_fresh(item.nodeid, again, cost=cost)
        return why or ("" if again is not None else _STOPPED)


def register(
    config: pytest.Config, run: SessionContext, records: RecordCollector, settings: Settings
) -> None:
    """Have an alarm of the suite confirmed, where both models may be asked and all tests are known.

    A worker of xdist knows its own tests alone.
    """
    may_ask = settings.record is not RecordMode.NONE and settings.candidate is not None
    is_asked = settings.confirm > 0 and settings.control != 0 and settings.history is None
    if may_ask and is_asked and not hasattr(config, "workerinput"):
        config.pluginmanager.register(SuiteConfirmation(run, records), _NAME)
