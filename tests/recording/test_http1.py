"""Requests and responses as HTTP/1.1 writes them."""

import pytest

from pytest_llmregress.recording.http1 import read_head, write_response
from pytest_llmregress.values.http import Response

HEAD = b"POST /v1?a=b HTTP/1.1\r\nHost: a\r\nX-Two: 1\r\nx-two: 2\r\n"
FOLDED = b"GET / HTTP/1.1\r\nX-Long: one\r\n\ttwo\r\n\r\n"


def test_a_head_is_read_once_it_is_whole():
    assert read_head(HEAD) is None

    head = read_head(HEAD + b"\r\n")

    assert head is not None
    assert (head.method, head.target) == ("POST", "/v1?a=b")
    assert head.headers == {"host": ("a",), "x-two": ("1", "2")}


def test_a_header_over_several_lines_is_one():
    head = read_head(FOLDED)

    assert head is not None
    assert head.headers == {"x-long": ("one two",)}


BODIES = [
    (b"", b"", b""),
    (b"Content-Length: 0\r\n", b"", b""),
    (b"Content-Length: 3\r\n", b"ab", None),
    (b"Content-Length: 3\r\n", b"abc", b"abc"),
    (b"Content-Length: 3\r\n", b"abc and more", b"abc"),
    (b"Transfer-Encoding: chunked\r\n", b"", None),
    (b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n", None),
    (b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
    (b"Transfer-Encoding: chunked\r\n", b"5;x=y\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\n", b"A\r\n1234\r\n0\r\n\r\n", None),  # a chunk that ends so
]


@pytest.mark.parametrize(("framing", "sent", "body"), BODIES)
def test_a_body_is_read_once_it_is_whole(framing, sent, body):
    whole = HEAD + framing + b"\r\n" + sent
    head = read_head(whole)

    assert head is not None
    assert head.body(whole) == body


RESPONSES = [
    ("GET", 200, {"transfer-encoding": ("chunked",)}, b"abc", b"content-length: 3\r\n\r\nabc"),
    ("GET", 200, {"content-length": ("9",)}, b"abc", b"content-length: 3\r\n\r\nabc"),
    ("GET", 200, {}, b"", b"content-length: 0\r\n\r\n"),
    ("HEAD", 200, {"content-length": ("9",)}, b"", b"content-length: 9\r\n\r\n"),
    ("GET", 204, {}, b"", b"HTTP/1.1 204 Fine\r\n\r\n"),
    ("GET", 200, {"x-a": ("1", "2")}, b"", b"x-a: 1\r\nx-a: 2\r\ncontent-length: 0\r\n\r\n"),
]


@pytest.mark.parametrize(("method", "status", "headers", "body", "end"), RESPONSES)
def test_a_response_says_how_long_its_body_is(method, status, headers, body, end):
    response = Response(status=status, reason="Fine", headers=headers, body=body)

    written = write_response(response, method=method)

    assert written.startswith(b"HTTP/1.1 %d Fine\r\n" % status)
    assert written.endswith(end)
    assert b"chunked" not in written
