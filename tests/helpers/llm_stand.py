"""A scripted server that speaks enough of the Messages API: for the wire and for faults, no model.

What it answers stands in `[[marks]]` in the last text of the user:

`[[say TEXT]]` `[[json {…}]]` `[[size N]]` `[[unicode]]` `[[sample]]` (never the same twice)
`[[tool NAME {…}]]` (asks once for a tool) `[[loop N]]` (asks N times for the first tool)
`[[refusal CATEGORY]]` `[[pause]]` `[[max_tokens]]` `[[ctx]]` `[[empty]]` (ways to end)
`[[status N]]` (always) `[[429 n]]` `[[529 n]]` `[[500 n]]` (the first n attempts)
`[[midstream_error]]` `[[truncated]]` (the connection breaks) `[[truncated_clean]]` (no stop reason)
`[[gzip]]` `[[slow SECONDS]]` `[[served MODEL]]` (answers under this name)
"""

import gzip
import itertools
import json
import re
import secrets
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from llm_answers import events_of, last_text, message_of, model_of, page_of_models

ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
COOKIE = "__cf_bm=stand-cookie-5f2d81c0"
ORGANIZATION = "org-of-the-stand-77ab"
TOKEN = "sk-ant-oat01-token-of-the-stand-0123456789"  # llmregress: allow-secret

_MARK = re.compile(r"\[\[(\w+)(?: (.*?))?\]\]", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request as it came in."""

    method: str
    path: str
    """With the query."""
    headers: dict[str, str]
    """Names in small letters."""
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body or b"null")


class LlmStand:
    """The server. It listens from `start` to `stop`, always on the same port."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        """How many have come, whatever was sent by them."""
        self.threads: dict[str, tuple[list[Any], dict[str, Any]]] = {}
        """Of each answer in a message thread: the history up to it, and the tools."""
        self.numbers = itertools.count(1)
        self._scripts: dict[str, str] = {}
        self._port = 0
        self._server: _Server | None = None

    def start(self) -> Self:
        """Listen."""
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        serve = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        serve.start()
        return self

    def stop(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://127.0.0.1:{self._port}"

    def handler(self) -> "type[_Handler]":
        """Return what answers a connection."""
        return _Handler

    def script(self, model: str, text: str) -> Self:
        """Answer requests for a model by `text`: a text to say, or marks in place of the user's."""
        self._scripts[model] = text if _MARK.search(text) else f"[[say {text}]]"
        return self

    def marks(self, model: str, messages: list[Any]) -> dict[str, str]:
        """Return the marks that decide on the answer."""
        text = self._scripts.get(model) or last_text(messages)
        return dict(_MARK.findall(text))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], stand: LlmStand) -> None:
        self.stand = stand
        super().__init__(address, stand.handler())

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count a connection, and answer it."""
        self.stand.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        self._receive()
        url = urlsplit(self.path)
        if url.path.startswith("/v1/models/"):
            return self._send_json(200, model_of(url.path.rpartition("/")[2]))
        if url.path == "/v1/models":
            return self._send_json(200, page_of_models(parse_qs(url.query)))
        return self._send_error(404)

    def do_POST(self) -> None:
        received = self._receive()
        path = urlsplit(self.path).path
        if path == "/v1/messages/count_tokens":
            return self._send_json(200, {"input_tokens": len(received.body) // 4})
        if path == "/v1/oauth/token":
            token = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
            return self._send_json(200, token)
        if path == "/v1/files":
            file = {"type": "file", "id": "file_1", "filename": "a.txt", "size_bytes": 5}
            created = {"created_at": "2026-01-01T00:00:00Z", "mime_type": "text/plain"}
            return self._send_json(200, {**file, **created, "downloadable": False})
        if path != "/v1/messages":
            return self._send_error(404)
        return self._answer(received.json)

    def _receive(self) -> Received:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(method=self.command, path=self.path, headers=headers, body=body)
        self.server.stand.requests.append(received)
        return received

    def _answer(self, body: dict[str, Any]) -> None:
        stand = self.server.stand
        thread = body.get("thread") or {}
        earlier, fields = stand.threads.get(thread.get("previous_message_id", ""), ([], {}))
        history = [*earlier, *body["messages"]]
        marks = stand.marks(body["model"], history)
        time.sleep(float(marks.get("slow", 0)))
        if "status" in marks:
            return self._send_error(int(marks["status"]))
        attempt = int(self.headers.get("x-stainless-retry-count") or 0)
        for status in ("429", "500", "529"):
            if status in marks and attempt < int(marks[status] or 1):
                return self._send_error(int(status))
        message = message_of({**fields, **body}, marks, history, next(stand.numbers))
        if thread:
            kept = {"tools": body["tools"]} if "tools" in body else fields
            reply = {"role": "assistant", "content": message["content"]}
            stand.threads[message["id"]] = ([*history, reply], kept)
        if body.get("stream"):
            return self._send_stream(message, marks)
        return self._send_json(200, message, marks)

    def _send_error(self, status: int) -> None:
        kind = ERRORS.get(status, "api_error")
        error = {"type": kind, "message": f"scripted {status}"}
        self._send_json(status, {"type": "error", "error": error, "request_id": "req_scripted"})

    def _send_json(self, status: int, body: object, marks: dict[str, str] | None = None) -> None:
        data = json.dumps(body, ensure_ascii=False).encode()
        marks = marks or {}
        if "gzip" in marks:
            data = gzip.compress(data)
        self._send_head(status, "application/json", marks)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if "truncated" in marks:
            data, self.close_connection = data[: len(data) // 2], True
        self.wfile.write(data)

    def _send_stream(self, message: dict[str, Any], marks: dict[str, str]) -> None:
        frames = [
            f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
            for event in events_of(message)
        ]
        if "truncated" in marks or "truncated_clean" in marks or "midstream_error" in marks:
            del frames[-2:]
        if "midstream_error" in marks:
            error = {"type": "overloaded_error", "message": "scripted in the stream"}
            data = json.dumps({"type": "error", "error": error})
            frames.append(f"event: error\ndata: {data}\n\n".encode())
        if "gzip" in marks:
            frames = [gzip.compress(b"".join(frames))]
        self._send_head(200, "text/event-stream; charset=utf-8", marks)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for frame in frames:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(frame), frame))
        if "truncated" in marks:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _send_head(self, status: int, content_type: str, marks: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("request-id", f"req_{secrets.token_hex(12)}")
        self.send_header("anthropic-organization-id", ORGANIZATION)
        self.send_header("x-ratelimit-limit-requests", "4000")
        self.send_header("set-cookie", f"{COOKIE}; path=/; HttpOnly")
        if status in {429, 500, 529}:
            self.send_header("retry-after-ms", "1")
        if "gzip" in marks:
            self.send_header("content-encoding", "gzip")
