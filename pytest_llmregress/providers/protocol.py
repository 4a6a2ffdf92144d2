"""The seams: what a provider and a reporter have to be, and what a provider may be beyond that.

A provider has to be a `Provider`. Each of the other protocols for a provider is one thing more that
it can do; it does so by having the attribute, and inherits from nothing. Where no provider can,
the same thing is refused by name, or left out: never done by another vendor's rules.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pytest_llmregress.providers.sdk_seams import SdkSupport
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.run_report import RunReport

if TYPE_CHECKING:
    from pytest_llmregress.providers.batches import BatchApi
    from pytest_llmregress.providers.judges import JudgeApi
    from pytest_llmregress.providers.retirement import Retirement

Rename = Callable[[str], str]
"""From the model that the code asks for to the one that the wire shall ask for."""


class Provider(Protocol):
    """Reads one provider's wire format."""

    name: str
    """Lower-case, such as "anthropic"; ends up in `Call.provider`."""

    def read(self, interaction: Interaction) -> Call | None:
        """Return the call that an interaction is, or None where it is no call of a model.

        Must not raise on a body that it does not understand: such a reply is a `Call` with the
        outcome ERROR where the request was one to a model, and None where it was not.
        """
        ...

    def requested_model(self, request: Request) -> str | None:
        """Return the model that a request asks for, or None where it asks for none."""
        ...

    def incomplete(self, interaction: Interaction) -> str | None:
        """Say why a reply is not whole ("the stream ended without a stop reason"), or None.

        What is not whole is never accepted as a recording.
        """
        ...


@runtime_checkable
class RenamesModel(Protocol):
    """A provider whose requests can ask for a candidate in the place of their own model."""

    def rename_model(self, request: Request, rename: Rename) -> Request:
        """Return a request that asks for another model: in its body, in its URL, or in both.

        Called before a request is sent, by whichever HTTP library. Return the very same request
        where it is none of this provider's, and where a signature covers it: a candidate that was
        not asked fails its test.
        """
        ...


@runtime_checkable
class HasSdk(Protocol):
    """A provider whose SDK has to be patched, or wants a key where a replay has none."""

    sdk: SdkSupport


@runtime_checkable
class TellsLimits(Protocol):
    """A provider whose replies say how many requests a minute are allowed."""

    def requests_a_minute(self, response: Response) -> int | None:
        """Return how many requests a minute the server allows, or None where it does not say."""
        ...


@runtime_checkable
class SendsBatches(Protocol):
    """A provider that takes requests together, and answers them later at a lower price."""

    batch: "BatchApi"


@runtime_checkable
class Judges(Protocol):
    """A provider whose models can be asked by `llm_judge`."""

    judge: "JudgeApi"


@runtime_checkable
class TellsRetirements(Protocol):
    """A provider that knows when its models end."""

    def find_retirements(self, cassettes: Iterable[Cassette]) -> "Mapping[str, Retirement]":
        """Return the ends that are known, by model; those that these recordings tell as well."""
        ...


class Reporter(Protocol):
    """Writes a report in one format."""

    suffix: str
    """The ending of the files that it writes, such as ".json"."""

    def render(self, report: RunReport) -> Iterable[str]:
        """Return the file: as one text, or as pieces, which are written one by one.

        Pieces that are rendered as they are asked for need no room for the whole file.
        """
        ...
