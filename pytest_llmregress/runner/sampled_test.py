"""What a sample asks of the test that it is one of."""

from collections.abc import Mapping
from typing import Any, Protocol

from pytest_llmregress.pipeline.check_rules import RuleCheckResult
from pytest_llmregress.pipeline.extract import ObservedBaseline
from pytest_llmregress.pipeline.http_session import HttpSession
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.session_context import Plugins, SessionContext
from pytest_llmregress.pipeline.state import TestState
from pytest_llmregress.values.behavior import Behavior
from pytest_llmregress.values.call import Calls
from pytest_llmregress.values.run_report import Problem


class SampledTest(Protocol):
    """A marked test that is run as several samples, or as one."""

    state: TestState
    plugins: Plugins
    run: SessionContext

    @property
    def is_baseline(self) -> bool:
        """Whether what is replayed is what was accepted."""

    @property
    def is_unasked(self) -> bool:
        """Whether a sample is none of the candidate that the run is against."""

    @property
    def saved(self) -> int:
        """Whole answers that an interrupted recording would carry on with."""

    def traffic(self, slot: SamplePlan, misses: list[Problem]) -> HttpSession:
        """Open the traffic of a sample; OSError where a recording could not be saved."""

    def read_rules(self, config: Mapping[str, Any]) -> None:
        """Read the rules with the test's `llm_config`; TestConfigError where it cannot be."""

    def behavior_of(self, calls: Calls) -> Behavior:
        """Return the behavior that calls show."""

    @property
    def observed(self) -> ObservedBaseline | None:
        """What was accepted, as the extractors of today see it; None where nothing was."""

    @property
    def has_own_cassette(self) -> bool:
        """Whether what was accepted is of the very cassette that is replayed."""

    def hold_to_terms(self, calls: Calls, *, is_new: bool, asks_judge: bool) -> RuleCheckResult:
        """Hold calls against contract, standing rules and quarantine."""

    def failing_drift(self) -> str:
        """Return the drift of the only sample in words where it fails the test, else nothing."""
