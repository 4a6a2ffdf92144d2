"""Server-Sent Events and AWS's frames, parsed from bytes."""

import struct
import zlib

import pytest

from pytest_llmregress.providers.event_stream import (
    EventStreamFrame,
    ServerSentEvent,
    parse_events,
    parse_frames,
)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_of_the_rules_separates_lines(end: bytes) -> None:
    body = end.join([b"event: a", b"data: 1", b"", b"data: 2", b"", b""])

    assert parse_events(body) == (
        ServerSentEvent(event="a", data="1"),
        ServerSentEvent(event=None, data="2"),
    )


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"", ()),
        (b"\n\n\n", ()),
        (b"data: a\ndata: b\n\n", (ServerSentEvent(event=None, data="a\nb"),)),
        (b"data:a\n\n", (ServerSentEvent(event=None, data="a"),)),
        (b"data:  a\n\n", (ServerSentEvent(event=None, data=" a"),)),
        (b"data: a: b\n\n", (ServerSentEvent(event=None, data="a: b"),)),
        (b"data\n\n", (ServerSentEvent(event=None, data=""),)),
        (b"data\ndata\n\n", (ServerSentEvent(event=None, data="\n"),)),
        (b": hello\ndata: a\n:\n\n", (ServerSentEvent(event=None, data="a"),)),
        (b"\xef\xbb\xbfdata: a\n\n", (ServerSentEvent(event=None, data="a"),)),
        (b"event: a\nevent: b\ndata: 1\n\n", (ServerSentEvent(event="b", data="1"),)),
        (b"event:\ndata: 1\n\n", (ServerSentEvent(event=None, data="1"),)),
        (b"id: 7\nretry: 10\nother: x\ndata: 1\n\n", (ServerSentEvent(event=None, data="1"),)),
        (b" data: 1\nData: 2\n\n", ()),
        (b"data: \xff\n\n", (ServerSentEvent(event=None, data="\ufffd"),)),
    ],
)
def test_a_body_gives_the_events_of_the_rules(
    body: bytes, events: tuple[ServerSentEvent, ...]
) -> None:
    assert parse_events(body) == events


def test_an_event_without_data_is_none_and_leaves_no_name_behind() -> None:
    assert parse_events(b"event: a\n\ndata: 1\n\n") == (ServerSentEvent(event=None, data="1"),)


def test_an_event_that_the_end_cuts_off_is_given_too() -> None:
    assert parse_events(b'data: 1\n\nevent: a\ndata: {"x') == (
        ServerSentEvent(event=None, data="1"),
        ServerSentEvent(event="a", data='{"x'),
    )


def test_the_line_ends_of_unicode_stay_in_the_data() -> None:
    data = '"a\u2028b\u2029c\x85d\x0be"'

    assert parse_events(f"data: {data}\n\n".encode()) == (ServerSentEvent(event=None, data=data),)


def _frame(headers: bytes, payload: bytes, *, off_by: int = 0) -> bytes:
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    crc = zlib.crc32(prelude) ^ off_by
    start = prelude + struct.pack("!I", crc) + headers + payload
    return start + struct.pack("!I", zlib.crc32(start))


def _header(name: bytes, kind: int, value: bytes) -> bytes:
    return bytes([len(name)]) + name + bytes([kind]) + value


TYPE = _header(b":event-type", 7, b"\x00\x05chunk")
ONE, TWO = _frame(TYPE, b"one"), _frame(b"", b"")


def test_frames_follow_each_other() -> None:
    assert parse_frames(ONE + TWO) == (
        EventStreamFrame(headers={":event-type": "chunk"}, payload=b"one"),
        EventStreamFrame(headers={}, payload=b""),
    )


def test_headers_of_other_types_are_stepped_over() -> None:
    values = [b"", b"", b"1", b"12", b"1234", b"12345678", b"\x00\x02ab", None, b"12345678"]
    others = [
        _header(b"h%d" % kind, kind, value)
        for kind, value in enumerate([*values, b"1234567890123456"])
        if value is not None
    ]

    (frame,) = parse_frames(_frame(b"".join([*others, TYPE]), b"x"))

    assert frame == EventStreamFrame(headers={":event-type": "chunk"}, payload=b"x")


@pytest.mark.parametrize("position", range(len(TWO)))
def test_a_frame_with_a_wrong_byte_ends_the_stream(position: int) -> None:
    wrong = bytearray(TWO)
    wrong[position] ^= 0x01

    assert parse_frames(ONE + wrong + ONE) == parse_frames(ONE)


def test_a_frame_whose_head_has_a_wrong_checksum_ends_the_stream() -> None:
    wrong = _frame(TYPE, b"two", off_by=1)  # and the checksum of the whole is right

    assert parse_frames(ONE + wrong + ONE) == parse_frames(ONE)


@pytest.mark.parametrize("size", range(len(ONE)))
def test_a_frame_that_is_cut_short_ends_the_stream(size: int) -> None:
    assert parse_frames(TWO + ONE[:size]) == parse_frames(TWO)


def test_a_stream_that_is_none_has_no_frames() -> None:
    assert parse_frames(b'{"type":"error","error":{"type":"x"}}') == ()
