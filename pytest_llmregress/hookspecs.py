"""The hooks that the plugin offers to other plugins and to conftest files.

Values in, values out; no hook may change its arguments. All run in the process that runs the
tests (under xdist: in each worker), except `pytest_llmregress_reporters`.

Each implementation is called by itself. One that raises, or returns another type, is named with
its plugin and file, and fails the tests that it has a say on, or the run where that is none; the
others are heard all the same. None of them may be a wrapper.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmregress.providers.protocol import Provider, Reporter
    from pytest_llmregress.values.behavior import Change, Severity, Trait
    from pytest_llmregress.values.call import Call, Calls
    from pytest_llmregress.values.run_report import RunReport


RECORD = "llmregress"
"""The attribute of a marked test's tear-down report: its `TestRecord` as plain JSON.

Gone once every `pytest_runtest_logreport` has seen it: pytest keeps all reports until the end.
"""


HELD_BACK = "llmregress_held_back"
"""The attribute of a report of one sample among several: it counts for nothing by itself."""
UNCONFIRMED = "llmregress_unconfirmed"
"""The attribute of a report of a test that showed something its samples do not bear out."""


@pytest.hookspec
def pytest_llmregress_providers() -> "Sequence[Provider]":  # type: ignore[empty-body]
    """Return readers of wire formats. Called once a run, before its first marked test.

    The first provider that reads an interaction as a call wins; the built-in ones, "anthropic",
    "openai", "gemini" and "bedrock", come last. What a provider may have beyond `Provider` is in
    `providers/protocol.py`.
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

    Called with the calls of each new recording, and with those of the accepted cassette that it
    is compared with; not in a plain replay. A trait must be a function of the calls alone. One
    with the name of a built-in trait stands in its place.

    :param calls: the model calls of the test, in the order in which they were sent.
    """


@pytest.hookspec(firstresult=True)
def pytest_llmregress_classify(
    change: "Change", before: "Trait | None", after: "Trait | None"
) -> "Severity | None":
    """Return how bad a change is, or None to leave it as it is.

    Called for each change between a new recording and what is accepted, after the severities of
    `llm_config` and the marker. The first answer that is not None counts.

    :param change: the change, with the severity that it has by now.
    :param before: the accepted trait, the most frequent one where there are several samples;
        None for a value of `llm_snapshot` that is no text.
    :param after: the trait of the new recording, or None likewise.
    """


@pytest.hookspec(firstresult=True)
def pytest_llmregress_price(call: "Call") -> float | None:
    """Return what a call costs in US dollars, or None where it is not known here.

    Called for each call of a marked test, in the process that runs the test. The first answer
    that is not None counts; the built-in one, the price table of genai-prices, comes last and
    needs pytest-llmregress[prices]. Where everybody returns None the price is unknown: it is
    reported as such, and a limit on costs fails. A model of your own that is free costs 0.0.

    :param call: the call, with its models, its tokens and its request.
    """


@pytest.hookspec
def pytest_llmregress_finish(report: "RunReport") -> None:
    """Take notice of a finished run, such as to send it somewhere.

    Called once, after the reports are written and before pytest's own summary. Under xdist this
    runs in the controlling process only.

    :param report: everything that the run found.
    """


@pytest.hookspec
def pytest_llmregress_reporters() -> "Sequence[Reporter]":  # type: ignore[empty-body]
    """Return writers of reports. Called once, at the end of a run with `--llmregress-report`.

    The ending of the path chooses the reporter; the first that has it wins, and the built-in
    ones come last. Under xdist this runs in the controlling process only.
    """
