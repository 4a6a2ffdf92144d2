"""Takes secrets out of streams, those that are split over several events included."""

import base64
import json
import re
import struct
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pytest_llmregress.redaction.secret_patterns import PLACEHOLDER, SecretSpan

Find = Callable[[bytes], Sequence[SecretSpan]]
Clean = Callable[[bytes], bytes]
Put = Callable[[SecretSpan], bytes]
"""Returns what stands in the place of a secret."""

_DATA = re.compile(rb"^data:[^\r\n]*", re.MULTILINE)
_DELTA = re.compile(
    rb"\"(text|partial_json|thinking|content|reasoning_content|refusal|arguments|delta|input)\""
    rb"\s*+:\s*+\"((?:[^\"\\]|\\.)++)\""
)
"""The fields whose texts belong together over the events of one index, and their content."""
_INDEX = re.compile(rb"\"(?:index|contentBlockIndex|output_index|content_index)\"\s*+:\s*+(\d+)")

_PRELUDE = struct.Struct("!III")
_CRC = struct.Struct("!I")


class _Piece(NamedTuple):
    """One event's part of a text."""

    start: int
    end: int
    """Where it stands in the body, as JSON writes it and without quotes."""
    text: bytes
    """What it says."""


def put_placeholder(_: SecretSpan) -> bytes:
    """Return what stands in the place of any secret."""
    return PLACEHOLDER.encode()


def clean_events(body: bytes, find: Find, *, put: Put = put_placeholder) -> bytes:
    """Return server-sent events without the secrets that stand in joined texts.

    The first event that has a part of a secret gets the placeholder, and the others lose theirs.
    All that holds no part of a secret stays as it is, byte by byte.
    """
    changes: list[tuple[int, int, bytes]] = []
    for pieces in _texts(body):
        changes += _changes(pieces, find, put)
    for start, end, literal in sorted(changes, reverse=True):
        body = body[:start] + literal + body[end:]
    return body


def clean_frames(body: bytes, clean: Clean) -> bytes:
    """Return an event stream of AWS, its events cleaned as if they were server-sent ones.

    A frame that holds a secret gets new lengths and sums; all others stay as they are.
    `clean` gets one "data:" line an event.
    """
    frames, rest = _frames(body)
    lines = [b"data: " + _event(payload) for _, _, payload in frames]
    cleaned = clean(b"\n".join(lines)).split(b"\n")
    if len(cleaned) != len(lines):  # a project's own rule went over the end of an event
        cleaned = [clean(line) for line in lines]
    rebuilt = (
        frame if new == old else _frame(head, _with_event(payload, new.removeprefix(b"data: ")))
        for (frame, head, payload), old, new in zip(frames, lines, cleaned, strict=False)
    )
    return b"".join(rebuilt) + clean(rest)


def _texts(body: bytes) -> Iterator[list[_Piece]]:
    """Yield the texts that a stream puts together from several events."""
    texts: dict[tuple[bytes, tuple[bytes, ...]], list[_Piece]] = defaultdict(list)
    for line in _DATA.finditer(body):
        indexes = tuple(_INDEX.findall(line[0]))
        for match in _DELTA.finditer(body, *line.span()):
            try:
                text = json.loads(b'"' + match[2] + b'"', strict=False)
            except ValueError:
                continue
            start, end = match.span(2)
            piece = _Piece(start, end, text.encode("utf-8", "surrogatepass"))
            texts[match[1], indexes].append(piece)
    return (pieces for pieces in texts.values() if len(pieces) > 1)


def _changes(pieces: Sequence[_Piece], find: Find, put: Put) -> Iterator[tuple[int, int, bytes]]:
    """Yield what to put where in the body, of the pieces of one text."""
    joined = b"".join(piece.text for piece in pieces)
    spans = find(joined)
    if not spans:
        return
    begin = 0
    for piece in pieces:
        end = begin + len(piece.text)
        kept: list[bytes] = []
        position = begin
        for span in spans:
            if span.end <= begin or span.start >= end:
                continue
            kept.append(joined[position : max(span.start, begin)])
            if span.start >= begin:
                kept.append(put(span))
            position = min(span.end, end)
        if kept:
            kept.append(joined[position:end])
            text = b"".join(kept).decode("utf-8", "surrogatepass")
            # A piece in ASCII may have had escapes, and these are ASCII too.
            literal = json.dumps(text, ensure_ascii=not _has_raw_text(piece))
            yield piece.start, piece.end, literal[1:-1].encode("utf-8", "surrogatepass")
        begin = end


def _has_raw_text(piece: _Piece) -> bool:
    """Whether a piece that says something beyond ASCII is written without escapes."""
    return not piece.text.isascii() and piece.end - piece.start < _escaped_length(piece.text)


def _escaped_length(text: bytes) -> int:
    return len(json.dumps(text.decode("utf-8", "surrogatepass"))) - 2


def _frames(body: bytes) -> tuple[list[tuple[bytes, bytes, bytes]], bytes]:
    """Return each frame, its headers and its payload, and what follows the last whole one."""
    frames: list[tuple[bytes, bytes, bytes]] = []
    offset = 0
    while len(body) - offset >= _PRELUDE.size + _CRC.size:
        size, head, _ = _PRELUDE.unpack_from(body, offset)
        first = offset + _PRELUDE.size
        last = offset + size - _CRC.size
        if last > len(body) - _CRC.size or first + head > last:
            break
        frame = body[offset : last + _CRC.size]
        frames.append((frame, body[first : first + head], body[first + head : last]))
        offset += size
    return frames, body[offset:]


def _frame(head: bytes, payload: bytes) -> bytes:
    size = _PRELUDE.size + len(head) + len(payload) + _CRC.size
    lengths = struct.pack("!II", size, len(head))
    frame = lengths + _CRC.pack(zlib.crc32(lengths)) + head + payload
    return frame + _CRC.pack(zlib.crc32(frame))


def _event(payload: bytes) -> bytes:
    """Return the event in a payload on one line: Bedrock wraps Anthropic's in base64."""
    try:
        event = base64.b64decode(json.loads(payload)["bytes"], validate=True)
    except (ValueError, KeyError, TypeError):
        event = payload
    return event.replace(b"\n", b" ")


def _with_event(payload: bytes, event: bytes) -> bytes:
    try:
        wrapped = json.loads(payload)
        old = wrapped["bytes"]
        base64.b64decode(old, validate=True)
    except (ValueError, KeyError, TypeError):
        return event
    return payload.replace(old.encode(), base64.b64encode(event))
