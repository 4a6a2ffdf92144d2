"""Reads Anthropic's wire format: the Messages API itself, and as Bedrock and Vertex speak it."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmregress.providers.anthropic.agent_program import read_program
from pytest_llmregress.providers.anthropic.message_content import MessageContent, read_content
from pytest_llmregress.providers.anthropic.rename_model import rename_model
from pytest_llmregress.providers.anthropic.routes import find_route
from pytest_llmregress.providers.anthropic.sdk import SUPPORT
from pytest_llmregress.providers.event_stream import is_event_stream, parse_events, parse_frames
from pytest_llmregress.providers.json_access import parse, read_field, read_mapping, read_string
from pytest_llmregress.providers.protocol import Rename
from pytest_llmregress.providers.sdk_seams import SdkSupport
from pytest_llmregress.values.call import Call, Outcome, ToolRunner, Usage
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response, is_passing

if TYPE_CHECKING:
    from pytest_llmregress.providers.batches import BatchApi
    from pytest_llmregress.providers.judges import JudgeApi
    from pytest_llmregress.providers.retirement import Retirement

_OUTCOMES = {
    "tool_use": Outcome.TOOL_USE,
    "max_tokens": Outcome.TRUNCATED,
    "model_context_window_exceeded": Outcome.CONTEXT_FULL,
    "pause_turn": Outcome.PAUSED,
    "refusal": Outcome.REFUSED,
}
"""The stop reasons that say how a call ended; with the others, what it holds says it."""

_ENDS_A_TURN = frozenset({"end_turn", "stop_sequence"})
_BY_CONTENT = frozenset({*_ENDS_A_TURN, "compaction"})
"""The stop reasons of an ordinary end. Any other word is one that nobody knows: it is told."""
_FIRST_ERROR = 400
_OF_THE_ACCOUNT = frozenset({401, 402, 403, 404})
"""Errors that are no answers, as those of the moment; others below 500 are."""

_OF_A_MESSAGE = ("message_", "content_block_")
"""How the names of the events begin that a message cannot do without."""
_OWN_TEXT = frozenset({"text", "thinking"})
"""The types of blocks that hold a text of the model under the name of their type."""
_DELTAS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
"""The field that a part of a stream adds, by the type of the part."""


class AnthropicProvider:
    """Reads calls of Claude from what went over the wire, whoever hosts the model."""

    name: str = "anthropic"
    sdk: SdkSupport = SUPPORT

    @property
    def batch(self) -> "BatchApi":
        """What hands in requests together."""
        from pytest_llmregress.providers.anthropic import message_batches

        return message_batches

    @property
    def judge(self) -> "JudgeApi":
        """What asks a model about a text."""
        from pytest_llmregress.providers.anthropic import judge

        return judge

    def read(self, interaction: Interaction) -> Call | None:
        """Return the call that an interaction is, or None where it is no call of a model."""
        route = find_route(interaction.request)
        if route is None or not route.is_call:
            return None
        reply = _read_reply(interaction.response)
        message = reply.message
        content = read_content(message.get("content"))
        stop_reason = read_string(message.get("stop_reason"))
        error = reply.error
        if error is None and stop_reason is None:
            error = "the reply ended without a stop reason"
        elif error is None and not (_is_known(stop_reason) or _asks_for_tool(content)):
            error = f"the reply ended with stop_reason {stop_reason!r}, which nobody knows"
        usage = read_mapping(message.get("usage"))
        details = read_mapping(message.get("stop_details")) if stop_reason == "refusal" else {}
        return Call(
            provider=self.name,
            outcome=Outcome.ERROR if error else _judge(stop_reason, content),
            text=content.text,
            tool_calls=content.tool_calls,
            thinking=content.thinking,
            citations=content.citations,
            stop_reason=stop_reason,
            stop_sequence=read_string(message.get("stop_sequence")),
            service_tier=read_string(usage.get("service_tier")),
            refusal_category=read_string(details.get("category")),
            requested_model=route.model,
            served_model=read_string(message.get("model")),
            usage=_read_usage(usage),
            latency=interaction.latency,
            status=interaction.response.status,
            error=error,
            streamed=route.streamed or reply.streamed,
            request=route.body,
            program=read_program(route.body),
        )

    def find_retirements(self, cassettes: Iterable[Cassette]) -> "Mapping[str, Retirement]":
        """Return the ends of models that the SDK and the recordings tell."""
        # A replay asks for none: what reads them would take a part of its start-up.
        from pytest_llmregress.providers.anthropic import model_retirement

        return model_retirement.find_retirements(cassettes)

    def requested_model(self, request: Request) -> str | None:
        """Return the model that a request names in its URL or its body, or None."""
        route = find_route(request)
        return None if route is None else route.model

    def incomplete(self, interaction: Interaction) -> str | None:
        """Say why a reply is not whole; None where it is, and where it is somebody else's."""
        route = find_route(interaction.request)
        if route is None:
            return None
        if route.is_call:
            return _read_reply(interaction.response).fault
        return _fault_of_status(interaction.response)

    def rename_model(self, request: Request, rename: Rename) -> Request:
        """Return a request, or each request of a batch, that asks for another model."""
        return rename_model(request, rename)

    def requests_a_minute(self, response: Response) -> int | None:
        """Return how many requests a minute the server allows, or None."""
        value = response.header("anthropic-ratelimit-requests-limit") or ""
        return int(value) if value.isdecimal() and int(value) > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """What a response says, whatever form it came in."""

    message: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    fault: str | None = None
    """Why it is not whole, or None."""
    streamed: bool = False


def _read_reply(response: Response) -> _Reply:
    """Read the response to a call: an error, a stream, or a message in one piece."""
    if response.status >= _FIRST_ERROR:
        words = _error_words(response) or f"HTTP {response.status} {response.reason}".rstrip()
        return _Reply(error=words, fault=_fault_of_status(response))
    content_type = (response.header("content-type") or "").lower()
    if "amazon.eventstream" in content_type:
        return _read_stream(_iterate_frames(response.body))
    if is_event_stream(response):
        return _read_stream(_iterate_events(response.body))
    message = read_mapping(parse(response.body))
    if message.get("type") == "error":
        return _Reply(error=_error_words(response) or "error", fault=_describe_error(response))
    if not isinstance(message.get("content"), list):
        words = "the reply is no message in JSON"
        return _Reply(error=words, fault=words)
    whole = read_string(message.get("stop_reason")) is not None
    fault = None if whole else "the reply ended without a stop reason"
    return _Reply(message=message, fault=fault)


def _fault_of_status(response: Response) -> str | None:
    is_answer = not (is_passing(response.status) or response.status in _OF_THE_ACCOUNT)
    return None if is_answer else _describe_error(response)


def _describe_error(response: Response) -> str:
    words = (_error_words(response) or response.reason).strip()
    return f"the server answered {response.status} {words}".rstrip()


def _error_words(response: Response) -> str | None:
    """Return "type: message" of an error, in Anthropic's, AWS's or Google's form, or None."""
    body = parse(response.body)
    data = read_mapping(body[0] if isinstance(body, list) and body else body)
    kind = (response.header("x-amzn-errortype") or "").partition(":")[0]
    return _words_of({"type": kind} | data | read_mapping(data.get("error")))


def _words_of(error: Mapping[str, Any]) -> str | None:
    kind = read_string(error.get("status")) or read_string(
        error.get("type")
    )  # "status" is Google's
    message = read_string(error.get("message"))
    return ": ".join(word for word in (kind, message) if word) or None


def _iterate_events(body: bytes) -> Iterator[Mapping[str, Any] | None]:
    """Yield what each event of a stream holds, and None for one that cannot be read."""
    for event in parse_events(body):
        data = parse(event.data)
        if event.event == "error":
            error = read_mapping(read_mapping(data).get("error")) or {"message": event.data}
            yield {"type": "error", "error": error}
        elif isinstance(data, dict):
            yield {"type": event.event} | data
        elif (event.event or "").startswith(_OF_A_MESSAGE):
            yield None


def _iterate_frames(body: bytes) -> Iterator[Mapping[str, Any] | None]:
    """Yield the same of a stream of Bedrock."""
    for frame in parse_frames(body):
        payload = read_mapping(parse(frame.payload))
        kind = frame.headers.get(":exception-type") or frame.headers.get(":error-code")
        if kind:
            message = payload.get("message") or frame.headers.get(":error-message")
            yield {"type": "error", "error": {"type": kind, "message": message}}
            continue
        try:
            data = parse(base64.b64decode(read_string(payload.get("bytes")) or ""))
        except ValueError:
            data = None
        yield data if isinstance(data, dict) else None


def _read_stream(events: Iterator[Mapping[str, Any] | None]) -> _Reply:
    """Put a message together from its events, up to an error."""
    stream = _Stream()
    for event in events:
        stream.add(event)
        if stream.error:
            break
    message = stream.message()
    error = fault = None
    if stream.error:
        error, fault = stream.error, f"the stream broke off with {stream.error}"
    elif read_string(message.get("stop_reason")) is None:
        fault = "the stream ended without a stop reason"
    elif stream.damaged:
        error = fault = "the stream holds an event that cannot be read"
    elif not stream.stopped:
        fault = "the stream ended without message_stop"
    return _Reply(message=message, error=error, fault=fault, streamed=True)


class _Stream:
    """Collects the events of one message."""

    def __init__(self) -> None:
        self.error: str | None = None
        self.damaged = False
        self.stopped = False
        self._message: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._blocks: dict[str, dict[str, Any]] = {}
        self._parts: dict[str, list[str]] = {}

    def add(self, event: Mapping[str, Any] | None) -> None:
        """Take the next event; None is one that could not be read."""
        if event is None:
            self.damaged = True
            return
        match event.get("type"):
            case "message_start":
                self._message = dict(read_mapping(event.get("message")))
                self._usage = dict(read_mapping(self._message.get("usage")))
            case "content_block_start":
                self._start(str(event.get("index")), read_mapping(event.get("content_block")))
            case "content_block_delta":
                self._extend(str(event.get("index")), read_mapping(event.get("delta")))
            case "message_delta":
                self._message |= read_field(event.get("delta"))
                self._usage |= read_field(event.get("usage"))
            case "message_stop":
                self.stopped = True
            case "error":
                self.error = _words_of(read_mapping(event.get("error"))) or "error"
            case _:
                pass  # a ping, or what a later version of the API has added

    def _start(self, index: str, block: Mapping[str, Any]) -> None:
        self._blocks[index] = dict(block)
        kind = str(block.get("type"))
        self._parts[index] = [(read_string(block.get(kind)) if kind in _OWN_TEXT else None) or ""]
        if block.get("type") == "fallback":  # from here on, another model answers
            served = read_string(read_mapping(block.get("to")).get("model"))
            self._message["model"] = served or self._message.get("model")

    def _extend(self, index: str, delta: Mapping[str, Any]) -> None:
        kind = str(delta.get("type"))
        if kind in _DELTAS:
            self._parts.setdefault(index, []).append(read_string(delta.get(_DELTAS[kind])) or "")
        elif kind == "citations_delta":
            block = self._blocks.setdefault(index, {"type": "text"})
            block["citations"] = [*(block.get("citations") or ()), delta.get("citation")]

    def message(self) -> dict[str, Any]:
        """Return the message as a reply in one piece would have it."""
        for index, block in self._blocks.items():
            joined = "".join(self._parts.get(index, ()))
            kind = str(block.get("type"))
            if kind in _OWN_TEXT:
                block[kind] = joined
            elif joined:
                block["input"] = parse(joined)
        return self._message | {"content": list(self._blocks.values()), "usage": self._usage}


def _is_known(stop_reason: str | None) -> bool:
    return stop_reason in _OUTCOMES or stop_reason in _BY_CONTENT


def _asks_for_tool(content: MessageContent) -> bool:
    return any(tool.run_by is ToolRunner.CLIENT for tool in content.tool_calls)


def _judge(stop_reason: str | None, content: MessageContent) -> Outcome:
    """Return how a whole reply ended; what the provider has run is no reply by itself."""
    if stop_reason in _OUTCOMES:
        return _OUTCOMES[stop_reason]
    if content.text.strip():
        return Outcome.ANSWERED
    if not _asks_for_tool(content):
        return Outcome.EMPTY
    return Outcome.ANSWERED if stop_reason in _ENDS_A_TURN else Outcome.TOOL_USE


def _read_usage(usage: Mapping[str, Any]) -> Usage:
    """Return the counts of a reply; null says of a cache that there is none, of others nothing."""
    return Usage(
        input_tokens=usage.get("input_tokens", 0),
        output_tokens=usage.get("output_tokens", 0),
        cache_read_tokens=read_field(usage).get("cache_read_input_tokens", 0),
        cache_write_tokens=read_field(usage).get("cache_creation_input_tokens", 0),
        thinking_tokens=read_field(usage.get("output_tokens_details")).get("thinking_tokens", 0),
    )
