"""The seams: what a provider and a reporter have to be."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from pytest_llmregress.values.call import Call
from pytest_llmregress.values.http import Interaction, Request
from pytest_llmregress.values.run_report import RunReport


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


class Reporter(Protocol):
    """Writes a report in one format."""

    suffix: str
    """The ending of the files that it writes, such as ".json"."""

    def render(self, report: RunReport) -> Iterable[str]:
        """Return the file: as one text, or as pieces, which are written one by one.

        Pieces that are rendered as they are asked for need no room for the whole file.
        """
        ...


class RequestRewriter(Protocol):
    """Changes the body of a call before it is sent."""

    def __call__(self, body: Mapping[str, Any], *, retry: bool) -> dict[str, Any]:
        """Return the body to send; `retry`, whether it is a further attempt at the same call."""
        ...
