"""Parses streamed events from bytes: Server-Sent Events, and the frames that AWS sends instead."""

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_llmregress.values.http import Response

_LINE_END = re.compile(r"\r\n|\n|\r")
"""The three that the rules know; `str.splitlines` would also cut at U+2028 inside of JSON."""

_STRING = 7
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by the number of its type; the other types tell theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSentEvent:
    """One event of a stream."""

    event: str | None
    """The name of the event; None where the stream gave none."""
    data: str
    """Its data lines, a line feed between two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStreamFrame:
    """One message of AWS's event stream."""

    headers: Mapping[str, str]
    """Those whose value is a string, such as ":event-type"."""
    payload: bytes


def is_event_stream(response: Response) -> bool:
    """Whether a response is a stream of Server-Sent Events: by its type, or by how it begins."""
    content_type = (response.header("content-type") or "").lower()
    start = response.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:6]
    says_so = "text/event-stream" in content_type and not start.startswith((b"{", b"["))
    return says_so or start.startswith((b"event:", b"data:", b": "))


def parse_events(body: bytes) -> tuple[ServerSentEvent, ...]:
    """Return the events of a whole stream, in order.

    Follows https://html.spec.whatwg.org/multipage/server-sent-events.html, but for its end: by the
    rules an event that no blank line closes is discarded; here it is given as far as it came, since
    the end of a damaged stream is what one wants to see. What is no UTF-8 becomes U+FFFD.
    """
    text = body.decode("utf-8", errors="replace").removeprefix("\ufeff")
    events: list[ServerSentEvent] = []
    name = ""
    data: list[str] = []
    for line in (*_LINE_END.split(text), ""):
        if not line:
            if data:
                events.append(ServerSentEvent(event=name or None, data="\n".join(data)))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
    return tuple(events)


def parse_frames(body: bytes) -> tuple[EventStreamFrame, ...]:
    """Return the frames of an `application/vnd.amazon.eventstream`, up to the first damaged one.

    A frame is its length, the length of its headers and a CRC of these two, the headers, the
    payload, and a CRC of everything before:
    https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html
    """
    frames: list[EventStreamFrame] = []
    offset = 0
    while offset < len(body):
        try:
            size, head, crc = struct.unpack_from("!III", body, offset)
            frame = body[offset : offset + size]
            (crc_of_all,) = struct.unpack_from("!I", frame, size - 4)
            headers = _read_headers(frame[12 : 12 + head])
        except (struct.error, IndexError, UnicodeDecodeError):
            break
        if crc != zlib.crc32(frame[:8]) or crc_of_all != zlib.crc32(frame[:-4]):
            break
        frames.append(EventStreamFrame(headers=headers, payload=frame[12 + head : -4]))
        offset += size
    return tuple(frames)


def _read_headers(data: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    offset = 0
    while offset < len(data):
        start = offset + 1
        end = start + data[offset]
        name, kind = data[start:end].decode(), data[end]
        offset = end + 1
        size = _SIZES.get(kind)
        if size is None:
            (size,) = struct.unpack_from("!H", data, offset)
            offset += 2
        if kind == _STRING:
            headers[name] = data[offset : offset + size].decode()
        offset += size
    return headers
