"""The entry point that pytest loads: options, fixtures, and a hand-over once there is work."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmregress import hookspecs

if TYPE_CHECKING:
    from pytest_llmregress.runner.fixtures import LlmJudge, SnapshotAssertion
    from pytest_llmregress.runner.gateway_fixture import LlmGateway
    from pytest_llmregress.values.call import Calls

OPTIONS = (
    ("record", "MODE", "none (default: replay only), once, new_episodes, all or rewrite"),
    ("candidate", "MODEL", "run against another model: MODEL, or OLD=NEW for one; repeatable"),
    ("variant", "NAME", "run the code as it is now, and hold it against the baseline"),
    ("samples", "N", "independent runs of each test: what is missing of them is recorded"),
    ("confirm", "N", "fresh samples for a test that looked different (default: 5; 0: none)"),
    ("control", "N", "old model, asked again there: its samples (default: twice those; 0: none)"),
    ("judge-model", "MODEL", "the model, with its date, that llm_judge asks"),
    ("fail-on", "SEVERITY", "from where on a drift fails: breaking, notable, cosmetic, never"),
    ("concurrency", "N", "calls of a recording that are under way at a time (16; 1: no waves)"),
    ("max-cost", "USD", "stop a recording before it costs more"),
    ("max-tokens", "N", "stop a recording before it takes more tokens"),
    ("batch-wait", "SECONDS", "how long to wait for a batch (default: until its end)"),
    ("network", "MODE", "what a replay may connect to: closed (loopback, pass_hosts) or open"),
    ("report", "PATH", "write a report; the ending chooses: .html, .md, .json or .xml; repeatable"),
    ("history", "PATH", "the candidate is the baseline's model, and this one of many nights"),
)
FLAGS = (
    ("cross", "for a drift with another prompt: record old and new prompt with either model"),
    ("accept", "accept what is pending, and what this run would leave pending, unreviewed"),
    ("batch", "record by batches, at half the price: what is streamed is sent as ever"),
    ("allow-ci-record", "allow recording although CI is set in the environment"),
)
REPEATABLE = frozenset({"candidate", "report"})
_SCALAR: Any = str | int | float if pytest.version_tuple >= (9, 2) else "string"
"""The type of an ini key with one value: TOML has numbers, and other files have words."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare each setting as an option and as an ini key."""
    group = parser.getgroup("llmregress", "behavioral regression of language models")
    for name, metavar, text in (*OPTIONS, *((name, None, text) for name, text in FLAGS)):
        repeatable = name in REPEATABLE
        action = "append" if repeatable else "store" if metavar else "store_true"
        shown = {"metavar": metavar} if metavar else {}
        group.addoption(
            f"--llmregress-{name}", dest=_key(name), action=action, default=None, help=text, **shown
        )
        kind = "linelist" if repeatable else _SCALAR if metavar else "bool"
        parser.addini(_key(name), text, type=kind, default=None)  # type: ignore[arg-type]


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker; refuse settings that cannot be before anything runs."""
    config.addinivalue_line(
        "markers", "llm(**limits): record and replay this test's model calls, and report drift"
    )
    is_controller = _is_controller(config)
    if is_controller or _has_settings(config):
        from pytest_llmregress.runner import session

        session.check(config, is_controller=is_controller)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start the run if there is a marked test."""
    if any(item.get_closest_marker("llm") for item in items):
        from pytest_llmregress.runner import session

        session.start(config, items)


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
    from pytest_llmregress.runner import fixtures

    return fixtures.live_calls(request)


@pytest.fixture
def llm_snapshot(request: pytest.FixtureRequest) -> "SnapshotAssertion":
    """Return what an assert compares with: `assert reply == llm_snapshot`."""
    from pytest_llmregress.runner import fixtures

    return fixtures.snapshot_assertion(request)


@pytest.fixture
def llm_judge(request: pytest.FixtureRequest) -> "LlmJudge":
    """Return the judge of texts: it says whether a reply is what a sentence asks for."""
    from pytest_llmregress.runner import fixtures

    return fixtures.judge(request)


@pytest.fixture(scope="session")
def llm_gateway(request: pytest.FixtureRequest) -> "LlmGateway":
    """Return what a process of its own has to be told so that its calls are recorded.

    Children of a marked test need none of it: they are told by their environment.
    """
    from pytest_llmregress.runner import gateway_fixture

    return gateway_fixture.build_llm_gateway(request)


def _is_controller(config: pytest.Config) -> bool:
    """Whether tests run in workers of xdist."""
    options = (config.getoption("dist", default="no") != "no", config.getoption("tx", default=None))
    return any(options) or bool(config.getoption("numprocesses", default=None))


def _has_settings(config: pytest.Config) -> bool:
    """Whether anything is to be checked before a test is collected."""
    keys = [_key(row[0]) for row in (*OPTIONS, *FLAGS)]
    try:
        given = [value for key in keys for value in (config.getoption(key), config.getini(key))]
    except ValueError:  # of a flag in a file: reading all settings says whose it is
        return True
    is_set = any(value is not None for value in given)
    is_in_environment = any(name.startswith("LLMREGRESS_") for name in os.environ)
    return is_set or is_in_environment or config.pluginmanager.hasplugin("pytest_llm")


def _key(name: str) -> str:
    return "llmregress_" + name.replace("-", "_")
