"""A scripted server of all built-in providers' APIs, whose answers depend on model and text.

Most of it is `fake_providers.py`, which lies beside a clone and not in it; here are the APIs that
it lacks: Messages, with the routes of Bedrock and Vertex, and Ollama's own chat. The first word of
the first text is the scenario, and a model whose name holds "new" is the candidate.
"""

import base64
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

PATH = Path(__file__).resolve().parents[3] / "shared" / "stand" / "fake_providers.py"
"""Where that file lies, if it is there."""

_MESSAGES = re.compile(r"/v1/messages$|/invoke(-with-response-stream)?$|:(streamR|r)awPredict$")
_MODEL_IN_PATH = re.compile(r"/model/(.+)/invoke|/models/([^/]+):(?:streamR|r)awPredict$")
_OLLAMA = re.compile(r"/api/chat$")
_NAMES_MODEL = re.compile(
    r"/(?:model/(.+?)/(?:converse|invoke)|models/([^/:]+)(?::|%3A)|deployments/([^/]+)/)"
)


class ProviderStand:
    """The server; it can be stopped, and started again on the same port."""

    def __init__(self) -> None:
        spec = importlib.util.spec_from_file_location("fake_providers", PATH)
        assert spec is not None
        assert spec.loader is not None
        self._module: Any = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = self._module
        spec.loader.exec_module(self._module)
        self._port = 0
        self._fake: Any = None

    def start(self) -> "ProviderStand":
        """Listen."""
        self._fake = self._module.FakeProviders(self._port)
        self._fake.server.RequestHandlerClass = _make_handler(self._module)
        self._fake.__enter__()
        self._port = self._fake.server.server_address[1]
        return self

    def stop(self) -> None:
        """Refuse each connection from now on; what was asked stays known."""
        self._fake.__exit__()

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self._port}"

    def take_asked(self) -> list[str]:
        """Return the model of each request since the last time, in its order."""
        asked = [_find_model(each) for each in self._fake.requests if each["method"] == "POST"]
        self._fake.server.seen.clear()
        return [model for model in asked if model is not None]


def _find_model(request: dict[str, Any]) -> str | None:
    path = urlsplit(request["path"]).path
    named = _NAMES_MODEL.search(path)
    if named is not None:
        return unquote(named[1] or named[2] or named[3])
    model = request["body"].get("model")
    return model if isinstance(model, str) else None


def _make_handler(fake: Any) -> Any:
    class Handler(fake.Handler):  # type: ignore[misc, name-defined]
        """Answers what the file lacks, and leaves all else to it."""

        def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
            path = unquote(urlsplit(self.path).path)
            if not (_MESSAGES.search(path) or _OLLAMA.search(path)):
                super().do_POST()
                return
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self.note(path, body)
            named = _MODEL_IN_PATH.search(path)
            model = body.get("model") if named is None else named[1] or named[2]
            users = [each for each in body["messages"] if each["role"] == "user"]
            reply = fake.behave(model, fake.text_of(users[0]["content"]), has_result=False)
            if _OLLAMA.search(path):
                self._answer_ollama(fake, reply, streamed=body.get("stream", True))
            else:
                streamed = body.get("stream") is True or "stream" in path
                self._answer_messages(fake, reply, path, streamed=streamed)

        def _answer_messages(self, fake: Any, reply: Any, path: str, *, streamed: bool) -> None:
            message = _message_of(reply)
            if not streamed:
                self.send(200, message)
            elif "invoke" in path:
                parts = [json.dumps(event).encode() for event in _events_of(fake, message)]
                encoded = [{"bytes": base64.b64encode(part).decode()} for part in parts]
                frames = [fake.frame("chunk", each) for each in encoded]
                self.send_chunks(frames, "application/vnd.amazon.eventstream")
            else:
                events = fake.sse(_events_of(fake, message), named=True)
                self.send_chunks(events, "text/event-stream")

        def _answer_ollama(self, fake: Any, reply: Any, *, streamed: bool) -> None:
            calls = [{"function": {"name": n, "arguments": given}} for n, given in reply.tools]
            message = {"role": "assistant", "content": reply.text}
            message |= {"tool_calls": calls} if calls else {}
            message |= {"thinking": reply.reasoning} if reply.reasoning else {}
            reason = "length" if reply.end in {"length", "context"} else "stop"
            counts = {"prompt_eval_count": 20, "eval_count": reply.tokens}
            base = {"model": reply.model, "created_at": "2026-01-01T00:00:00Z"}
            end = {"done": True, "done_reason": reason, **counts}
            if not streamed:
                self.send(200, {**base, "message": message, **end})
                return
            said = [{"role": "assistant", "content": each} for each in fake.pieces(reply.text)]
            parts = [{**base, "message": each, "done": False} for each in said]
            parts.append({**base, "message": {**message, "content": ""}, **end})
            lines = [json.dumps(part).encode() + b"\n" for part in parts]
            self.send_chunks(lines, "application/x-ndjson")

    return Handler


_ENDS = {
    "tool": "tool_use",
    "length": "max_tokens",
    "context": "model_context_window_exceeded",
    **dict.fromkeys(("refusal", "filter", "recitation", "blocked", "guardrail"), "refusal"),
}


def _message_of(reply: Any) -> dict[str, Any]:
    """Return what a model does as the Messages API tells it."""
    stop = _ENDS.get(reply.end, "end_turn")
    thinking = {"type": "thinking", "thinking": reply.reasoning, "signature": "c2ln"}
    content = [thinking] if reply.reasoning else []
    if reply.text and stop != "refusal":
        content.append({"type": "text", "text": reply.text})
    for number, (name, given) in enumerate(reply.tools):
        identity = "toolu_" + reply.ids[number][5:]
        content.append({"type": "tool_use", "id": identity, "name": name, "input": given})
    return {
        "id": "msg_" + reply.ids[0][5:],
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 20,
            "output_tokens": reply.tokens,
            "cache_read_input_tokens": reply.cached,
            "cache_creation_input_tokens": 0,
        },
    }


def _events_of(fake: Any, message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events of a message that is streamed."""
    start = {**message, "content": [], "stop_reason": None}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": start}]
    keys = {
        "text": ("text", "text_delta", "text"),
        "thinking": ("thinking", "thinking_delta", "thinking"),
        "tool_use": ("input", "input_json_delta", "partial_json"),
    }
    for at, block in enumerate(message["content"]):
        key, kind, name = keys[block["type"]]
        value = block[key]
        text = value if isinstance(value, str) else json.dumps(value)
        begun = {**block, key: type(value)()}
        events.append({"type": "content_block_start", "index": at, "content_block": begun})
        events += [
            {"type": "content_block_delta", "index": at, "delta": {"type": kind, name: piece}}
            for piece in fake.pieces(text)
        ]
        events.append({"type": "content_block_stop", "index": at})
    delta = {key: message[key] for key in ("stop_reason", "stop_sequence")}
    events.append({"type": "message_delta", "delta": delta, "usage": message["usage"]})
    return [*events, {"type": "message_stop"}]
