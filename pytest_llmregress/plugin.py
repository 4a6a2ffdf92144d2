"""The entry point that pytest loads: options, fixtures, and a hand-over once there is work."""

import os
import sys
from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pytest

from pytest_llmregress.hookspecs import HELD_BACK, RECORD, UNCONFIRMED

if TYPE_CHECKING:
    from pytest_llmregress.runner.fixtures import SnapshotAssertion
    from pytest_llmregress.runner.judge_fixture import LlmJudge
    from pytest_llmregress.values.call import Calls
    from pytest_llmregress.values.run_report import RunReport, TestRecord

OPTIONS = (
    ("record", "MODE", "none (default: replay only), once, new_episodes, all or rewrite"),
    ("candidate", "MODEL", "run against another model: MODEL for all, or OLD=NEW for one"),
    ("samples", "N", "independent runs of each test: what is missing of them is recorded"),
    ("confirm", "N", "fresh samples for a test that looked different (default: 5; 0: none)"),
    ("judge-model", "MODEL", "the model, with its date, that llm_judge asks"),
    ("fail-on", "SEVERITY", "from where on a drift fails: breaking, notable, cosmetic, never"),
    ("concurrency", "N", "calls of a recording that are under way at a time (16; 1: no waves)"),
    ("max-cost", "USD", "stop a recording before it costs more"),
    ("max-tokens", "N", "stop a recording before it takes more tokens"),
    ("batch-wait", "SECONDS", "how long to wait for a Message Batch (default: until its end)"),
    ("report", "PATH", "write a report; the ending chooses: .html, .md, .json or .xml; repeatable"),
)
FLAGS = (
    ("cross", "for a drift with another prompt: record old and new prompt with either model"),
    ("accept", "accept what is pending, and what this run would leave pending, unreviewed"),
    ("batch", "record by Message Batches, at half the price: what is streamed is sent as ever"),
    ("allow-ci-record", "allow recording although CI is set in the environment"),
)
REPEATABLE = frozenset({"candidate", "report"})


class RecordCollector:
    """What the marked tests found: each test's record rides on its report, from workers too."""

    def __init__(self, *, in_worker: bool) -> None:
        self._in_worker = in_worker
        self.by_test: dict[str, TestRecord] = {}
        """Empty in a worker: what it finds belongs to its controller."""
        self.orphans: Sequence[str] = ()
        """Recordings that belong to no test; known where the whole suite was collected."""
        self.report: RunReport | None = None
        """What the run found, once it is over."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(
        self, report: pytest.TestReport
    ) -> Generator[None, object, object]:
        """Take the record of a test over; the last one where it ran several times.

        Off its report, once everybody has seen it: pytest keeps all reports until the end.
        """
        record = getattr(report, RECORD, None)
        if record is not None and not self._in_worker:
            from pytest_llmregress.reports.junit_properties import add_junit_properties  # noqa: PLC0415 - as above
            from pytest_llmregress.values.run_report import TestRecord  # noqa: PLC0415 - with a record

            test = self.by_test[report.nodeid] = TestRecord.from_json(record)
            add_junit_properties(
                test, report.user_properties
            )  # to whoever reads them, such as --junitxml
        result = yield
        if record is not None:
            delattr(report, RECORD)
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, str] | None:
        """Say nothing of one sample among several, and tell what is not confirmed from passed."""
        if hasattr(report, HELD_BACK):
            return "", "", ""
        if hasattr(report, UNCONFIRMED):
            return "unconfirmed", "u", "UNCONFIRMED"
        return None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Say below pytest's own last line why the run failed, where a drift is why."""
        result = yield
        if self.report is not None:
            from pytest_llmregress.runner import session as run  # noqa: PLC0415 - only with records

            run.close(session, self.report)
        return result

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker of xdist has found beside its tests."""
        self.orphans = getattr(node, "workeroutput", {}).get(ORPHANS, self.orphans)


ORPHANS = "llmregress_orphans"

_RECORDS_NAME = "llmregress-records"

RECORDS: "pytest.StashKey[RecordCollector]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare each setting as an option and as an ini key."""
    group = parser.getgroup("llmregress", "behavioral regression of language models")
    for name, metavar, text in OPTIONS:
        repeatable = name in REPEATABLE
        group.addoption(
            f"--llmregress-{name}",
            dest=_key(name),
            metavar=metavar,
            action="append" if repeatable else "store",
            help=text,
        )
        kind: Literal["linelist", "string"] = "linelist" if repeatable else "string"
        parser.addini(_key(name), text, type=kind, default=None)
    for name, text in FLAGS:
        group.addoption(
            f"--llmregress-{name}", dest=_key(name), action="store_true", default=None, help=text
        )
        parser.addini(_key(name), text, type="bool", default=None)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks."""
    from pytest_llmregress import hookspecs  # noqa: PLC0415 - pytest asks for it here

    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker; refuse settings that cannot be before anything runs."""
    config.addinivalue_line(
        "markers", "llm(**limits): record and replay this test's model calls, and report drift"
    )
    config.stash[RECORDS] = RecordCollector(in_worker=hasattr(config, "workerinput"))
    if _is_controller(config):  # which collects nothing, and so never knows what is marked
        _keep_records(config)
    keys = [_key(row[0]) for row in (*OPTIONS, *FLAGS)]
    in_file = [_read_ini(config, key) for key in keys]  # all of them: a bad one is refused here
    if (
        any(config.getoption(key) is not None for key in keys)
        or any(value is not None for value in in_file)
        or any(name.startswith("LLMREGRESS_") for name in os.environ)
        # Bad settings found while a worker collects would read INTERNALERROR.
        or config.getoption("numprocesses", default=None)
        or config.pluginmanager.hasplugin("pytest_llm")
    ):
        from pytest_llmregress.runner import session  # noqa: PLC0415 - only where there is work

        session.check(config)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Start the run if there is a marked test."""
    marked = [item for item in items if item.get_closest_marker("llm")]
    if marked:
        _keep_records(config)
        from pytest_llmregress.runner import session  # noqa: PLC0415 - only where there is work

        orphans = config.stash[RECORDS].orphans = session.start(config, marked)
        if hasattr(config, "workeroutput"):
            config.workeroutput[ORPHANS] = list(orphans)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the reports."""
    records = session.config.stash[RECORDS]
    if records.by_test or session.config.getoption(_key("report")):
        from pytest_llmregress.runner import session as run  # noqa: PLC0415 - only with records

        records.report = run.finish(session, records.by_test, records.orphans)


def pytest_terminal_summary(config: pytest.Config) -> None:
    """Tell what the run found."""
    records = config.stash[RECORDS]
    if records.report is not None:
        from pytest_llmregress.runner import session  # noqa: PLC0415 - only with records

        session.summarise(config, records.report)


def pytest_assertrepr_compare(left: object, right: object) -> list[str] | None:
    """Say what an assert with `llm_snapshot` found."""
    fixtures = sys.modules.get("pytest_llmregress.runner.fixtures")  # not there: not used either
    return None if fixtures is None else fixtures.explain_comparison(left, right)


@pytest.fixture(scope="session")
def llm_config() -> Mapping[str, Any]:
    """Return settings for marked tests: limits as the marker takes them, and "fail_on".

    Override it in a conftest or a test file, at any scope. The marker's keywords win over it,
    and the command line wins over both.
    """
    return {}


@pytest.fixture
def llm_calls(request: pytest.FixtureRequest) -> "Calls":
    """Return the model calls of this test so far: a live sequence of `Call`."""
    from pytest_llmregress.runner import fixtures  # noqa: PLC0415 - only where it is used

    return fixtures.live_calls(request)


@pytest.fixture
def llm_snapshot(request: pytest.FixtureRequest) -> "SnapshotAssertion":
    """Return what an assert compares with: `assert reply == llm_snapshot`."""
    from pytest_llmregress.runner import fixtures  # noqa: PLC0415 - only where it is used

    return fixtures.snapshot_assertion(request)


@pytest.fixture
def llm_judge(request: pytest.FixtureRequest) -> "LlmJudge":
    """Return the judge of texts: it says whether a reply is what a sentence asks for."""
    from pytest_llmregress.runner import fixtures  # noqa: PLC0415 - only where it is used

    return fixtures.judge(request)


@pytest.fixture
def _llmregress_config(llm_config: Mapping[str, Any]) -> None:
    """Hand a marked test's `llm_config` over before its own fixtures are set up.

    Without `request`: pytest makes a fixture of it for each test, at the cost of matching a call.
    """
    from pytest_llmregress.runner import fixtures  # noqa: PLC0415 - only in marked tests

    fixtures.configure(llm_config)


def _keep_records(config: pytest.Config) -> None:
    """Listen to each report; not where nothing is marked, whose tests pay nothing."""
    if not config.pluginmanager.hasplugin(_RECORDS_NAME):
        config.pluginmanager.register(config.stash[RECORDS], _RECORDS_NAME)


def _is_controller(config: pytest.Config) -> bool:
    """Whether tests run in workers of xdist."""
    options = (config.getoption("dist", default="no") != "no", config.getoption("tx", default=None))
    return any(options) or bool(config.getoption("numprocesses", default=None))


def _read_ini(config: pytest.Config, key: str) -> object:
    try:
        return config.getini(key)
    except ValueError as error:  # of a flag: pytest 8.4 leaves it to the plugin to say whose it is
        raise pytest.UsageError(f"{key}: {error}; true or false") from None


def _key(name: str) -> str:
    return "llmregress_" + name.replace("-", "_")
