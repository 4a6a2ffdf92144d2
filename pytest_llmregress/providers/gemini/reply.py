"""Reads a response of generateContent: in one piece, as events, or as one JSON array."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_llmregress.providers.event_stream import parse_events
from pytest_llmregress.providers.gemini.content import read_candidate
from pytest_llmregress.providers.json_access import (
    parse,
    read_field,
    read_mapping,
    read_objects,
    read_string,
)
from pytest_llmregress.providers.reply import (
    FIRST_ERROR,
    Reply,
    is_status_of_no_answer,
    without_cached,
    worst,
)
from pytest_llmregress.values.call import Outcome, Usage
from pytest_llmregress.values.http import Response

_FULL = "exceeds the maximum number of tokens"


def read_reply(response: Response, *, streamed: bool) -> Reply:
    """Read the response to a call: an error, a stream, or a reply in one piece."""
    if response.status >= FIRST_ERROR:
        return _read_error(response)
    if not streamed:
        body = parse(response.body)
        if not isinstance(body, dict):
            words = "the reply is no JSON object"
            return Reply(error=words, fault=words)
        return _read_whole(body, streamed=False)
    is_array = response.body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
    chunks = list(_iterate_array(response.body) if is_array else _iterate_events(response.body))
    whole = _join_chunks([chunk for chunk in chunks if chunk is not None])
    reply = _read_whole(whole, streamed=True)
    if reply.fault is None and None in chunks:
        return replace(reply, fault="the stream holds an event that cannot be read")
    return reply


def _read_whole(body: Mapping[str, Any], *, streamed: bool) -> Reply:
    """Read a reply; of several candidates the first one, with the worst outcome of all."""
    error = read_mapping(body.get("error"))
    candidates = read_objects(body.get("candidates"))
    block = read_string(read_mapping(body.get("promptFeedback")).get("blockReason"))
    reply, fault = Reply(), None
    if candidates:
        read = [read_candidate(each) for each in candidates]
        outcome = worst(each.outcome for each in read)
        told = next((each.error for each in read if each.error), None)
        reply = replace(read[0], outcome=outcome, error=told)
        if any(each.stop_reason is None for each in read):
            fault = f"the {'stream' if streamed else 'reply'} ended without a finishReason"
    elif block is not None:
        reply = Reply(outcome=Outcome.REFUSED, stop_reason=block)
    elif not error:
        fault = "the reply has no candidates"
        reply = Reply(error=fault)
    if error:
        named = _words_of(error) or "error"
        where = "the stream broke off with" if streamed else "the reply is an error:"
        reply, fault = replace(reply, outcome=Outcome.ERROR, error=named), f"{where} {named}"
    usage = read_mapping(body.get("usageMetadata"))
    return replace(
        reply,
        served_model=(read_string(body.get("modelVersion")) or "").removeprefix("models/") or None,
        service_tier=read_string(usage.get("serviceTier")),
        usage=_read_usage(usage),
        streamed=streamed,
        fault=fault,
    )


def _read_error(response: Response) -> Reply:
    error = _find_error(parse(response.body))
    told = _words_of(error)
    words = f"the server answered {response.status} {told or response.reason}".rstrip()
    fault = words if is_status_of_no_answer(response.status) else None
    if _FULL in (read_string(error.get("message")) or ""):
        reason = read_string(error.get("status"))
        return Reply(outcome=Outcome.CONTEXT_FULL, stop_reason=reason, fault=fault)
    return Reply(error=told or f"HTTP {response.status} {response.reason}".rstrip(), fault=fault)


def _find_error(body: Any) -> dict[str, Any]:
    """Return the error of a reply: that of a stream comes in a list."""
    return read_mapping(
        read_mapping(body[0] if isinstance(body, list) and body else body).get("error")
    )


def _words_of(error: Mapping[str, Any]) -> str | None:
    words = (read_string(error.get("status")), read_string(error.get("message")))
    return ": ".join(word for word in words if word) or None


def _iterate_events(body: bytes) -> Iterator[dict[str, Any] | None]:
    """Yield each event of a stream, and None for one that cannot be read."""
    for event in parse_events(body):
        chunk = parse(event.data)
        yield chunk if isinstance(chunk, dict) else None
    if not parse_events(body):
        chunk = parse(body)
        yield chunk if isinstance(chunk, dict) else None


def _iterate_array(body: bytes) -> Iterator[dict[str, Any] | None]:
    """Yield each object of one array as far as it came, and None where its end is missing."""
    text = body.decode("utf-8-sig", errors="replace").strip()
    decoder, at = json.JSONDecoder(), 1
    while (at := _skip(text, at)) < len(text) and text[at] != "]":
        try:
            chunk, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            yield None
            return
        yield chunk if isinstance(chunk, dict) else None
    if at >= len(text):
        yield None


def _skip(text: str, at: int) -> int:
    """Return where the next value of an array begins, or the end of the array or of the text."""
    while at < len(text) and (text[at].isspace() or text[at] == ","):
        at += 1
    return at


def _join_chunks(chunks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the chunks of a stream as a reply in one piece would have them.

    Each has the counts of tokens so far: the last ones are those of the reply.
    """
    whole: dict[str, Any] = {}
    candidates: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for key, value in read_field(chunk).items():
            if key == "candidates":
                for at, given in enumerate(read_objects(value)):
                    index = given.get("index", at)
                    _extend(
                        candidates.setdefault(index if isinstance(index, int) else at, {}), given
                    )
            elif key == "modelVersion":
                whole.setdefault(key, value)
            else:
                whole[key] = value
    return whole | {"candidates": [candidates[index] for index in sorted(candidates)]}


def _extend(candidate: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Add a piece of a candidate: its parts to the parts, of all else the last counts."""
    parts = read_objects(read_mapping(candidate.get("content")).get("parts"))
    more = read_objects(read_mapping(given.get("content")).get("parts"))
    candidate |= read_field(given)
    candidate["content"] = {"parts": [*parts, *more]}


def _read_usage(given: Mapping[str, Any]) -> Usage:
    """Return the tokens of a reply: Google counts thoughts beside the output, and tools apart."""
    usage = read_field(given)
    read = usage.get("cachedContentTokenCount", 0)
    thinking = usage.get("thoughtsTokenCount", 0)
    sent = without_cached(usage.get("promptTokenCount", 0), read)
    return Usage(
        input_tokens=_add(sent, usage.get("toolUsePromptTokenCount", 0)),
        output_tokens=_add(usage.get("candidatesTokenCount", 0), thinking),
        cache_read_tokens=read,
        thinking_tokens=thinking,
    )


def _add(one: Any, other: Any) -> Any:
    """Return the sum of two counts; where one of them is none, that one, which is told."""
    if not isinstance(other, int | float):
        return other
    return one + other if isinstance(one, int | float) else one
