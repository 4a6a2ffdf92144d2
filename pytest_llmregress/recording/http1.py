"""Requests and responses in the form in which HTTP/1.1 writes them to a socket."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from pytest_llmregress.values.http import Request, Response

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""What a server says to a client that waits with its body until it is asked for."""

_END = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_WITHOUT_BODY = (204, 304)
_FRAMING = ("content-length", "transfer-encoding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The lines of a request before its body."""

    method: str
    target: str
    """A path, or a whole URL where the request goes to a proxy."""
    headers: Mapping[str, tuple[str, ...]]
    """Lower-case names; every value of a repeated header."""
    length: int
    """Bytes, the blank line included."""

    @property
    def waits_for_continue(self) -> bool:
        """Whether the body comes only once the server has asked for it."""
        return "expect" in self.headers

    def body(self, sent: bytes | bytearray) -> bytes | None:
        """Return the body in what was sent, or None where its end is not there yet."""
        sent_size = len(sent) - self.length
        if "transfer-encoding" in self.headers:
            if not sent.endswith(_LAST_CHUNK):
                return None
            return _joined(bytes(sent[self.length :]))
        size = int(self.headers.get("content-length", ("0",))[0])
        return bytes(sent[self.length : self.length + size]) if sent_size >= size else None


def rewrite_sent(sent: bytes, head: Head, asked: Request, rewritten: Request) -> bytes:
    """Return the bytes of a request with the path, the headers and the body of another one.

    :param asked: what the bytes say. :param rewritten: what they are to say; to the same host.
    """
    first, *lines = sent[: head.length - len(_END)].split(b"\r\n")
    method, _, rest = first.partition(b" ")
    target = rest.rpartition(b" ")[0]
    if rewritten.url != asked.url:
        url = urlsplit(rewritten.url)
        whole = "://" in head.target
        target = (rewritten.url if whole else urlunsplit(("", "", *url[2:4], ""))).encode("latin-1")
    changed = {n: v for n, v in rewritten.headers.items() if asked.headers.get(n) != v}
    if rewritten.body != asked.body:
        changed["content-length"] = (str(len(rewritten.body)),)
        body = rewritten.body
    else:
        body = sent[head.length :]
    left = [line for line in lines if _is_kept(line, changed, is_whole=body is rewritten.body)]
    left += [f"{n}: {v}".encode("latin-1") for n, values in changed.items() for v in values]
    version = rest.rpartition(b" ")[2]
    return b"\r\n".join([b" ".join([method, target, version]), *left]) + _END + body


def _is_kept(line: bytes, changed: Mapping[str, object], *, is_whole: bool) -> bool:
    name = line.partition(b":")[0].decode("latin-1").lower()
    return name not in changed and not (is_whole and name == "transfer-encoding")


def read_head(sent: bytes | bytearray) -> Head | None:
    """Read the head of a request, or return None where its end was not sent yet."""
    end = sent.find(_END)
    if end < 0:
        return None
    first, *lines = sent[:end].decode("latin-1").replace("\r\n\t", " ").split("\r\n")
    method, _, rest = first.partition(" ")
    headers: dict[str, tuple[str, ...]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        key = name.lower()
        headers[key] = (*headers.get(key, ()), value.strip())
    target = rest.partition(" ")[0]
    return Head(method=method, target=target, headers=headers, length=end + len(_END))


def write_response(response: Response, *, method: str) -> bytes:
    """Return a response to a request of that method as a server would send it, in one piece."""
    headers = [(name, value) for name, values in response.headers.items() for value in values]
    if method != "HEAD" and response.status not in _WITHOUT_BODY:
        headers = [(name, value) for name, value in headers if name.lower() not in _FRAMING]
        headers.append(("content-length", str(len(response.body))))
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1", "replace") + _END + response.body


def _joined(chunks: bytes) -> bytes | None:
    """Return a body without the lengths of its chunks, or None where the last is not there yet."""
    parts: list[bytes] = []
    place = 0
    while True:
        line = chunks.find(b"\r\n", place)
        if line < 0:
            return None
        size = int(chunks[place:line].partition(b";")[0], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(chunks[line + 2 : line + 2 + size])
        place = line + 2 + size + 2
