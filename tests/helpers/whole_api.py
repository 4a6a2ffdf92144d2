"""A second scripted server, written apart from `llm_stand`: more of the API, in other wire forms.

Messages (JSON and events), count_tokens, batches, models and files; the routes of Bedrock, of
Vertex and of Foundry. What it answers stands in `[[marks]]` in the user's last text that has any:

`[[say TEXT]]` `[[size N]]` `[[unicode]]` `[[tool NAME {…}]]` (until a result comes)
`[[thinking]]` `[[redacted]]` `[[server_tool]]` `[[cache]]` (beside the answer)
`[[refusal CATEGORY]]` `[[pause]]` (until it is resumed) `[[max_tokens]]` `[[ctx]]` `[[stop_seq X]]`
`[[status N]]` (always) `[[429 n]]` `[[503 n]]` `[[529 n]]` (the first n requests of the same body)
`[[midstream_error]]` `[[truncated_clean]]` (of a stream) `[[enc gzip]]` `[[enc deflate]]`
"""

import gzip
import re
import secrets
import threading
import zlib
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from llm_stand import ERRORS, Received
from whole_api_answers import bedrock_frame_of, compact, events_of, frame_of, marks_of, reply_to

REFUSING = ("429", "503", "529")
KEPT_OF_A_BROKEN_STREAM = 5
"""Events; the fourth and fifth hold the first words of a text."""
CREATED = "2026-02-01T00:00:00Z"
MODELS = ("claude-opus-5-5", "claude-opus-5", "claude-sonnet-4-5-20250929")
FILE = bytes(range(256)) * 3
"""What each file is when it is downloaded."""

_BEDROCK = re.compile(r"/model/([^/]+)/(invoke|invoke-with-response-stream)")
_VERTEX = re.compile(r".*/models/([^/:]+):(?:raw|streamRaw)Predict")
_BATCH = re.compile(r"/v1/messages/batches/(\w+)(/results)?")
_ENCODERS = {"gzip": gzip.compress, "deflate": zlib.compress}


class WholeApi:
    """The server; it listens within a `with` block."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Received] = []
        self.batches: dict[str, list[dict[str, Any]]] = {}
        self.refused: Counter[bytes] = Counter()
        """How often a body was refused."""
        self.under_way = 0
        self.most_under_way = 0
        self.together = 1
        """Messages wait until so many requests have been under way, ten seconds at most."""
        self.changed = threading.Condition()
        self._server = _Server(("127.0.0.1", port), self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        serve = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        serve.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], api: WholeApi) -> None:
        self.api = api
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        api = self.server.api
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(
            method=self.command, path=self.path, headers=headers, body=self.rfile.read(length)
        )
        with api.changed:
            api.requests.append(received)
            api.under_way += 1
            api.most_under_way = max(api.most_under_way, api.under_way)
            api.changed.notify_all()
        try:
            self._route(received, unquote(urlsplit(self.path).path).removeprefix("/anthropic"))
        finally:
            with api.changed:
                api.under_way -= 1

    def _route(self, received: Received, path: str) -> None:
        if path == "/v1/messages":
            self._answer(received, received.json["model"])
        elif of_bedrock := _BEDROCK.fullmatch(path):
            streamed = of_bedrock[2] != "invoke"
            self._answer(received, of_bedrock[1], bedrock=True, streamed=streamed)
        elif of_vertex := _VERTEX.fullmatch(path):
            self._answer(received, of_vertex[1])
        elif path == "/v1/messages/count_tokens":
            self._send_json(200, {"input_tokens": len(received.body) // 5})
        elif path.startswith("/v1/messages/batches"):
            self._batch(received, path)
        elif path.startswith("/v1/models"):
            self._models(path.removeprefix("/v1/models").strip("/"))
        elif path.startswith("/v1/files"):
            self._files(received, path)
        else:
            self._send_error(404, f"there is no {path}")

    def _answer(
        self, received: Received, model: str, *, bedrock: bool = False, streamed: bool = False
    ) -> None:
        api, body = self.server.api, received.json
        with api.changed:
            api.changed.wait_for(lambda: api.most_under_way >= api.together, 10)
        marks = marks_of(body["messages"])
        if "status" in marks:
            return self._send_error(int(marks["status"]), "this status was asked for")
        for status in REFUSING:
            if status in marks and self._is_refused(received.body, int(marks[status] or 1)):
                return self._send_error(int(status), "not yet")
        message = reply_to(model, body["messages"])
        if body.get("stream") or streamed:
            return self._send_events(message, marks, bedrock=bedrock)
        return self._send_json(200, message, marks.get("enc"))

    def _is_refused(self, body: bytes, times: int) -> bool:
        api = self.server.api
        with api.changed:
            if api.refused[body] >= times:
                return False
            api.refused[body] += 1
            return True

    def _batch(self, received: Received, path: str) -> None:
        batches = self.server.api.batches
        if self.command == "POST":
            identity = f"msgbatch_{secrets.token_hex(12)}"
            batches[identity] = received.json["requests"]
            return self._send_json(200, self._state_of(identity, ended=False))
        found = _BATCH.fullmatch(path)
        if found is None or found[1] not in batches:
            return self._send_error(404, "there is no such batch")
        if not found[2]:
            return self._send_json(200, self._state_of(found[1], ended=True))
        lines = [
            {
                "custom_id": each["custom_id"],
                "result": {
                    "type": "succeeded",
                    "message": reply_to(each["params"]["model"], each["params"]["messages"]),
                },
            }
            for each in batches[found[1]]
        ]
        return self._send(200, "application/x-jsonl", b"\n".join(map(compact, lines)) + b"\n")

    def _state_of(self, identity: str, *, ended: bool) -> dict[str, Any]:
        number, counts = (
            len(self.server.api.batches[identity]),
            dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0),
        )
        counts["succeeded" if ended else "processing"] = number
        results = f"{self.server.api.url}/v1/messages/batches/{identity}/results"
        return {
            "id": identity,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": counts,
            "created_at": CREATED,
            "expires_at": "2026-02-02T00:00:00Z",
            "ended_at": CREATED if ended else None,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": results if ended else None,
        }

    def _models(self, name: str) -> None:
        def of(model: str) -> dict[str, Any]:
            named = {"type": "model", "id": model, "display_name": model.title()}
            return {**named, "created_at": CREATED}

        if name:
            return self._send_json(200, of(name))
        page = {"has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}
        return self._send_json(200, {"data": [of(model) for model in MODELS], **page})

    def _files(self, received: Received, path: str) -> None:
        if path.endswith("/content"):
            return self._send(200, "application/octet-stream", FILE)
        file = {"type": "file", "id": f"file_{secrets.token_hex(12)}", "filename": "a.bin"}
        file |= {"mime_type": "application/octet-stream", "downloadable": True}
        return self._send_json(
            200, {**file, "size_bytes": len(received.body), "created_at": CREATED}
        )

    def _send_error(self, status: int, text: str) -> None:
        error = {"type": ERRORS.get(status, "api_error"), "message": text}
        request = f"req_{secrets.token_hex(12)}"
        self._send_json(status, {"type": "error", "error": error, "request_id": request})

    def _send_json(self, status: int, value: object, encoding: str | None = None) -> None:
        self._send(status, "application/json", compact(value), encoding)

    def _send_events(
        self, message: dict[str, Any], marks: Mapping[str, str], *, bedrock: bool
    ) -> None:
        if bedrock:
            data = b"".join(map(bedrock_frame_of, events_of(message)))
            return self._send(200, "application/vnd.amazon.eventstream", data)
        frames = list(map(frame_of, events_of(message)))
        if "midstream_error" in marks or "truncated_clean" in marks:
            del frames[KEPT_OF_A_BROKEN_STREAM:]
        if "midstream_error" in marks:
            error = {"type": "overloaded_error", "message": "Overloaded in the middle"}
            frames.append(frame_of({"type": "error", "error": error}))
        if encoding := marks.get("enc"):
            frames = [_ENCODERS[encoding](b"".join(frames))]
        self._head(200, "text/event-stream; charset=utf-8", marks.get("enc"))
        self.send_header("cache-control", "no-cache")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for frame in (*frames, b""):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(frame), frame))
        return None

    def _send(self, status: int, kind: str, data: bytes, encoding: str | None = None) -> None:
        data = _ENCODERS[encoding](data) if encoding else data
        self._head(status, kind, encoding)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _head(self, status: int, kind: str, encoding: str | None) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("request-id", f"req_{secrets.token_hex(12)}")
        self.send_header("strict-transport-security", "max-age=31536000; includeSubDomains")
        self.send_header("vary", "Accept-Encoding")
        self.send_header("vary", "Origin")
        self.send_header("set-cookie", f"_cfuvid={secrets.token_hex(8)}; HttpOnly; Path=/")
        if str(status) in REFUSING:
            self.send_header("retry-after-ms", "1")
        if encoding:
            self.send_header("content-encoding", encoding)
