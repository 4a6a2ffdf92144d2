"""The hooks that the plugin offers to other plugins and to conftest files.

Values in, values out; no hook may change its arguments. All run in the process that runs the
tests (under xdist: in each worker), except `pytest_llmregress_reporters`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmregress.core.behavior import Trait
    from pytest_llmregress.core.call import Calls
    from pytest_llmregress.core.protocols import Provider, Reporter


RECORD = "llmregress"
"""The attribute of a marked test's tear-down report: its `TestRecord` as plain JSON."""


@pytest.hookspec
def pytest_llmregress_providers() -> "Sequence[Provider]":  # type: ignore[empty-body]
    """Return readers of wire formats. Called once a run, before its first marked test.

    The first provider that reads an interaction as a call wins; the built-in one, "anthropic",
    comes last.
    """


@pytest.hookspec
def pytest_llmregress_redactions() -> "Sequence[str]":  # type: ignore[empty-body]
    """Return regular expressions of secrets that no file may hold, beyond the built-in ones.

    Called once a run, before its first marked test. They are matched against the bytes of URLs,
    kept headers and bodies; a group named "secret" is what is replaced, or else the whole match.
    """


@pytest.hookspec
def pytest_llmregress_traits(calls: "Calls") -> "Sequence[Trait]":  # type: ignore[empty-body]
    """Return traits of one run of a test, beyond the built-in ones.

    Called once a marked test whose model calls are over. A trait must be a function of the
    calls alone: a replay has to find the same value again.

    :param calls: the model calls of the test, in the order in which they were sent.
    """


@pytest.hookspec
def pytest_llmregress_reporters() -> "Sequence[Reporter]":  # type: ignore[empty-body]
    """Return writers of reports. Called once, at the end of a run with `--llmregress-report`.

    The ending of the path chooses the reporter; the first that has it wins, and the built-in
    ones come last. Under xdist this runs in the controlling process only.
    """
