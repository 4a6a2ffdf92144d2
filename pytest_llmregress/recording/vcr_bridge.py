"""What goes through vcrpy's stubs: recordings of httpx."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from vcr.cassette import Cassette as VcrCassette
from vcr.request import Request as VcrRequest

from pytest_llmregress.recording import judge_flag
from pytest_llmregress.recording.cassette_session import CassetteSession, Exchange
from pytest_llmregress.recording.received_response import build_response
from pytest_llmregress.values.http import Request


class CurrentSession(Protocol):
    """Knows the tape that is behind the stubs now."""

    tape: CassetteSession


class VcrBridge(VcrCassette):  # type: ignore[misc]  # vcrpy has no types
    """What vcrpy's stubs talk to: the questions of a cassette, answered by a tape."""

    def __init__(self, playing: CurrentSession) -> None:
        super().__init__("tape")
        self._playing = playing
        # With its tape: an answer may come in when the next test has begun.
        self._asked: WeakKeyDictionary[VcrRequest, tuple[CassetteSession, Exchange]] = (
            WeakKeyDictionary()
        )

    def _load(self) -> None:
        """Load nothing: the tape has it."""

    def _save(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - vcrpy's signature
        """Save nothing: the tape's owner does."""

    @property
    def write_protected(self) -> bool:
        """Say no: a tape that must not record has raised before anybody asks."""
        return False

    def filter_request(self, request: VcrRequest) -> VcrRequest:
        """Leave it as it is."""
        return request

    def can_play_response_for(self, request: VcrRequest) -> bool:
        """Ask the tape, once; vcrpy's stubs then play the answer or go out for one."""
        tape = self._playing.tape
        asked = _request(request)
        exchange = tape.ask(asked, retry=asked.is_retry, judge=judge_flag.is_judging())
        self._asked[request] = tape, exchange
        return exchange.interaction is not None

    def play_response(self, request: VcrRequest) -> dict[str, Any]:
        """Return the answer that the tape has given, in vcrpy's form."""
        interaction = self._asked.pop(request)[1].interaction
        assert interaction is not None  # noqa: S101 - can_play_response_for said so
        response = interaction.response
        return {
            "status": {"code": response.status, "message": response.reason},
            "headers": {name: list(values) for name, values in response.headers.items()},
            "body": {"string": response.body},
        }

    def append(self, request: VcrRequest, response: Mapping[str, Any]) -> None:
        """Hand the answer that came over the network to the tape."""
        tape, exchange = self._asked.pop(request)
        status = response["status"]
        headers = [(name, each) for name, many in response["headers"].items() for each in many]
        came = build_response(
            status["code"], status["message"], headers, response["body"]["string"]
        )
        tape.answer(exchange, came)


def handler_of(bridge: VcrBridge, real: Any, library: ModuleType) -> Any:
    """Return vcrpy's stub of a transport of httpx."""
    from vcr.stubs.httpx_stubs import vcr_handle_request  # noqa: PLC0415 - only with the library

    return vcr_handle_request(bridge, real, library)


def async_handler_of(bridge: VcrBridge, real: Any, library: ModuleType) -> Any:
    """Return vcrpy's stub of an asynchronous transport of httpx."""
    from vcr.stubs.httpx_stubs import vcr_handle_async_request  # noqa: PLC0415 - as above

    return vcr_handle_async_request(bridge, real, library)


def _request(request: VcrRequest) -> Request:
    return Request(
        method=request.method,
        url=request.uri,
        headers={name.lower(): (str(value),) for name, value in request.headers.items()},
        body=request.body or b"",
    )
