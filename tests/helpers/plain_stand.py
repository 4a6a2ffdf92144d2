"""A server that speaks plain HTTP/1.1, for clients that are not the SDK; it tells who came."""

import gzip
import json
import ssl
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

FILE = gzip.compress(b"hello " * 100, mtime=0)
ENCODERS = {
    "gzip": gzip.compress,
    "GZIP": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": lambda body: zlib.compress(body, wbits=-15),
    "deflate%2C%20gzip": lambda body: gzip.compress(zlib.compress(body)),
}
"""By content-encoding, as in a URL. `Deflate` is the raw form, which some servers send."""
PAGES = {
    "etag": '"v7"',
    "link": '</pages?page=2>; rel="next"',
    "content-range": "items 0-1/2",
    "mcp-session-id": "s-1",
    "x-request-id": "r-77",
    "x-amzn-bedrock-input-token-count": "5",
    "set-cookie": "sid=geheim-78",
}


class PlainStand:
    """What the server was asked for, and by how many connections."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        """Of each request, with lower-case names."""
        self.connections = 0
        self.url = ""


@contextmanager
def plain_stand(certificate: Path | None = None) -> Iterator[PlainStand]:
    """Serve while the context lasts; with a certificate (and its key, in one file) over TLS.

    `/echo` says what came, `/status/N` fails so, `/chunked` answers in three chunks, `/away` leads
    to `/echo`, `/moved/PORT/…` to another server, `/zipped/NAME` is compressed as NAME says,
    `/file` is a file of gzip, `/pages` has further headers, `/close` closes the connection,
    `/broken` breaks off. `/model/…` is Bedrock's, where the model `busy` answers only the second
    attempt; `/bucket/…` is one of S3.
    """
    stand = PlainStand()

    class Handler(_Handler):
        told = stand

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        stand.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        serve = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        serve.start()
        try:
            yield stand
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    told: PlainStand

    def setup(self) -> None:
        super().setup()
        self.told.connections += 1

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:  # noqa: C901 - one case a path
        self.told.paths.append(self.path)
        self.told.headers.append({name.lower(): value for name, value in self.headers.items()})
        _, what, *rest = self.path.split("/")
        match what:
            case "status":
                self._answer(int(rest[0]), b'{"error": "as asked for"}')
            case "chunked":
                self.send_response(200)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"2\r\non\r\n3\r\ne, \r\n3\r\ntwo\r\n0\r\n\r\n")
            case "away":
                self._lead(302, "/echo/there")
            case "moved":
                self._body()
                self._lead(307, f"http://127.0.0.1:{rest[0]}/{'/'.join(rest[1:])}")
            case "zipped":
                body = json.dumps({"text": "café " * 30}, ensure_ascii=False).encode()
                self._answer(200, ENCODERS[rest[0]](body), **{"content-encoding": unquote(rest[0])})
            case "file":
                self._answer(200, FILE, "application/gzip")
            case "pages":
                self._answer(200, b"[]", **PAGES)
            case "bucket":
                self._body()
                self._answer(200, b"")
            case "model":
                self._answer_as_bedrock(rest)
            case "broken":
                self.send_response(200)
                self.send_header("content-length", "100")
                self.end_headers()
                self.close_connection = True
            case _:
                self.close_connection = what == "close"
                self._answer(200, json.dumps([self.command, self.path, self._body()]).encode())

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815 - the names are http.server's

    def _lead(self, status: int, location: str) -> None:
        self.send_response(status)
        self.send_header("location", location)
        self.send_header("content-length", "0")
        self.end_headers()

    def _answer_as_bedrock(self, rest: list[str]) -> None:
        asked = json.loads(self._body())
        texts = {"text": f"from {rest[0]}"}
        if rest[0] == "busy" and "attempt=1" in self.headers["amz-sdk-request"]:
            self._answer(503, b'{"message": "busy"}')
        elif rest[1] == "converse-stream":
            frames = [
                frame_of("messageStart", {"role": "assistant"}),
                frame_of("contentBlockDelta", {"delta": texts, "contentBlockIndex": 0}),
                frame_of("messageStop", {"stopReason": "end_turn"}),
            ]
            self._answer(200, b"".join(frames), "application/vnd.amazon.eventstream")
        elif rest[1] == "converse":
            message = {"role": "assistant", "content": [texts]}
            usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
            answer = {"output": {"message": message}, "stopReason": "end_turn", "usage": usage}
            self._answer(200, json.dumps({**answer, "metrics": {"latencyMs": 1}}).encode())
        else:
            self._answer(200, json.dumps(asked).encode())

    def _answer(
        self, status: int, body: bytes, content_type: str = "application/json", **headers: str
    ) -> None:
        self.send_response(status, "As asked")
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _body(self) -> str:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body.decode()


def frame_of(name: str, payload: object, *, kind: str = "event") -> bytes:
    """Return an event as AWS frames it: lengths, their sum, headers, payload, the sum of all."""
    said = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    headers = b"".join(
        struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", 7, len(value)) + value
        for name, value in ((name, value.encode()) for name, value in said.items())
    )
    body = json.dumps(payload).encode()
    lengths = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    start = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers + body
    return start + struct.pack(">I", zlib.crc32(start))
