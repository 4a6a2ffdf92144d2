"""What all tests of a session share, read once."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmregress.contracts.budget import Price
from pytest_llmregress.gateway.server import Gateway
from pytest_llmregress.llm_judge.question import fault_of_answer
from pytest_llmregress.pipeline.config import TestConfig
from pytest_llmregress.pipeline.spend_tracker import SpendTracker
from pytest_llmregress.providers import registry
from pytest_llmregress.providers.protocol import Provider
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.values.behavior import Trait
from pytest_llmregress.values.call import Call, Calls
from pytest_llmregress.values.http import Interaction, Request
from pytest_llmregress.values.settings import Settings, SettingsSource

if TYPE_CHECKING:
    from pytest_llmregress.comparison.compare_behavior import Classify


_FIRST_ERROR = 400
"""The lowest status of an answer that is an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugins:
    """What plugins have a say on, as plain functions; none of them raises."""

    extract_traits: Callable[[Calls], tuple[Trait, ...]]
    """Returns the traits of a test's calls beyond the built-in ones."""
    others_with_traits: tuple[str, ...]
    """Who adds traits to the built-in ones: a plugin's name, or the path of a file."""
    classify: "Classify"
    """Says how bad a change is; None where nobody says otherwise."""
    price: Price
    """Says what a call costs in US dollars; None where nobody knows."""
    faults: Sequence[str]
    """What they did wrong, in words, in order: it grows while the session runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionContext:
    """Everything that is the same for all tests of a session.

    Values, but for `spending`, `in_waves`, `plain_rules` and `left_behind`, which go on meanwhile.
    """

    root: Path
    invoked_from: Path
    sources: tuple[SettingsSource, SettingsSource, SettingsSource]
    """Command line, environment, ini file."""
    settings: Settings
    """What they come to where a test says nothing."""
    plugins: Plugins
    """Those that have a say on all tests; on one test, those of the folders above it do as well."""
    broken_hooks: tuple[str, ...]
    """What is wrong with hooks that all tests depend on: none of them is run."""
    providers: tuple[Provider, ...]
    redactor: Redactor
    versions: Mapping[str, str]
    in_ci: bool
    started: str
    """When this session began, as ISO 8601 in UTC."""
    stems: Collection[tuple[Path, str]] = frozenset()
    """Folder and stem of the files of each marked test that was collected."""
    gateway: Gateway
    """By which children of tests reach their models; it starts with the first of them."""
    spending: SpendTracker
    """What its recordings cost, and may cost."""
    item: str = ""
    """The node id that pytest knows a test by: of several candidates each has one of its own."""
    in_waves: Counter[str] = field(default_factory=Counter)
    """By node id, how many answers of its recording came in waves of this very run."""
    plain_rules: list[TestConfig] = field(default_factory=list)
    """The rules of all tests that have none of their own, once they are read."""
    left_behind: list[tuple[Path, ...]] = field(default_factory=list)
    """The folders of recordings of test files that are gone, once a test looks for its own."""

    def read_calls(self, interactions: Iterable[Interaction]) -> tuple[Call, ...]:
        """Return the model calls among interactions."""
        return tuple(registry.read_calls(interactions, self.providers))

    def requested_model(self, request: Request) -> str | None:
        """Return the model that a request asks for, by the first provider that knows."""
        return registry.requested_model(request, self.providers)

    def incomplete(self, interaction: Interaction, *, expects_error: bool = False) -> str | None:
        """Say why an answer must not be kept, or None.

        :param expects_error: whether its test is about an answer of a server that is an error.
        """
        if expects_error and interaction.response.status >= _FIRST_ERROR:
            return None
        why = registry.incomplete(interaction, self.providers)
        if why is None and interaction.judge and not interaction.response.is_redirect:
            return fault_of_answer(interaction)
        return why
