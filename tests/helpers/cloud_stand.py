"""The scripted server that speaks Google's generateContent and Bedrock's API as well.

The `[[marks]]` of `llm_stand` decide on the answer; the path names the model, as each cloud has it.
"""

import json
import re
from typing import Any
from urllib.parse import unquote

from llm_answers import message_of
from llm_stand import LlmStand, _Handler
from plain_stand import frame_of

_GEMINI = re.compile(r"/models/([^/:]+):(generate|streamGenerate)Content$")
_CONVERSE = re.compile(r"/model/(.+)/converse(-stream)?$")
_INVOKE = re.compile(r"/model/(.+)/invoke()$")
_GEMINI_REASONS = {"max_tokens": "MAX_TOKENS", "refusal": "SAFETY"}
_CONVERSE_REASONS = {"refusal": "guardrail_intervened"}
"""How a message of the script ends, where these have another word for it."""


class CloudStand(LlmStand):
    """The server; `asked` has the models of all requests to a model."""

    @property
    def asked(self) -> list[str]:
        """The models that were asked for."""
        paths = (unquote(each.path.partition("?")[0]) for each in self.requests)
        found = (
            _GEMINI.search(path) or _CONVERSE.search(path) or _INVOKE.search(path) for path in paths
        )
        return [each[1] for each in found if each]

    def handler(self) -> type[_Handler]:
        """Return what answers a connection."""
        return _CloudHandler


class _CloudHandler(_Handler):
    server: Any

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        received = self._receive()
        path = unquote(received.path.partition("?")[0])
        gemini, converse = _GEMINI.search(path), _CONVERSE.search(path)
        invoke = _INVOKE.search(path)
        asked = gemini or converse or invoke
        if asked is None:
            self._send_error(404)
            return
        given = received.json["contents" if gemini else "messages"]
        history = given if invoke else _history_of(given)
        marks = self.server.stand.marks(asked[1], history)
        if "status" in marks:
            self._send_json(int(marks["status"]), _ERRORS[bool(gemini)], marks)
            return
        body = {"model": asked[1]}
        message = message_of(body, marks, history, next(self.server.stand.numbers))
        if invoke is not None:
            self._send_json(200, message, marks)
        elif gemini is not None:
            self._answer_as_google(message, marks, streamed=gemini[2] != "generate")
        else:
            self._answer_as_bedrock(message, marks, streamed=asked[2] is not None)

    def _answer_as_google(
        self, message: dict[str, Any], marks: dict[str, str], *, streamed: bool
    ) -> None:
        whole = reply_of(message)
        if not streamed:
            self._send_json(200, whole, marks)
            return
        chunks = chunks_of(whole)
        if "truncated_clean" in marks:
            del chunks[len(chunks) // 2 :]
        if "alt=sse" not in self.path:
            self._send_json(200, chunks, marks)
            return
        data = b"".join(f"data: {json.dumps(chunk)}\r\n\r\n".encode() for chunk in chunks)
        self._send_bytes(data, "text/event-stream", marks)

    def _answer_as_bedrock(
        self, message: dict[str, Any], marks: dict[str, str], *, streamed: bool
    ) -> None:
        whole = conversation_of(message)
        if not streamed:
            self._send_json(200, whole, marks)
            return
        frames = frames_of(whole)
        if "truncated_clean" in marks:
            del frames[len(frames) // 2 :]
        self._send_bytes(b"".join(frames), "application/vnd.amazon.eventstream", marks)

    def _send_bytes(self, data: bytes, content_type: str, marks: dict[str, str]) -> None:
        self._send_head(200, content_type, marks)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


_ERRORS = {
    True: {"error": {"code": 400, "message": "scripted", "status": "INVALID_ARGUMENT"}},
    False: {"message": "scripted"},
}


def _history_of(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return contents or messages in the form that the script reads."""
    found: list[dict[str, Any]] = []
    for each in given:
        parts = each.get("parts") or each.get("content") or []
        role = "assistant" if each.get("role") in {"model", "assistant"} else "user"
        if any("functionResponse" in part or "toolResult" in part for part in parts):
            found.append({"role": "user", "content": [{"type": "tool_result"}]})
        else:
            text = "".join(part.get("text", "") for part in parts)
            found.append({"role": role, "content": text})
    return found


def reply_of(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as a reply of generateContent."""
    parts: list[dict[str, Any]] = [
        {"text": block["text"]}
        if block["type"] == "text"
        else {"functionCall": {"name": block["name"], "args": block["input"]}}
        for block in message["content"]
    ]
    reason = _GEMINI_REASONS.get(message["stop_reason"] or "", "STOP")
    content = {"content": {"role": "model", "parts": parts}} if parts else {}
    usage = message["usage"]
    sent, out = usage["input_tokens"], usage["output_tokens"]
    return {
        "candidates": [{**content, "finishReason": reason, "index": 0}],
        "modelVersion": message["model"],
        "responseId": message["id"],
        "usageMetadata": {
            "promptTokenCount": sent,
            "candidatesTokenCount": out,
            "totalTokenCount": sent + out,
        },
    }


def chunks_of(whole: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a reply as the chunks of a stream: one a part, texts in pieces, then its end."""
    (candidate,) = whole["candidates"]
    head = {key: whole[key] for key in ("modelVersion", "responseId")}
    parts: list[dict[str, Any]] = []
    for part in candidate.get("content", {}).get("parts", []):
        text = part.get("text", "")
        parts += [{"text": text[at : at + 9]} for at in range(0, len(text), 9)] or [part]
    chunks = [
        {**head, "candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}]}
        for part in parts
    ]
    last = {"finishReason": candidate["finishReason"], "index": 0}
    return [*chunks, {**head, "candidates": [last], "usageMetadata": whole["usageMetadata"]}]


def conversation_of(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as a reply of Converse."""
    blocks = [
        {"text": block["text"]}
        if block["type"] == "text"
        else {"toolUse": {"toolUseId": block["id"], "name": block["name"], "input": block["input"]}}
        for block in message["content"]
    ]
    reason = message["stop_reason"] or "end_turn"
    usage = message["usage"]
    sent, out = usage["input_tokens"], usage["output_tokens"]
    return {
        "output": {"message": {"role": "assistant", "content": blocks}},
        "stopReason": _CONVERSE_REASONS.get(reason, reason),
        "usage": {"inputTokens": sent, "outputTokens": out, "totalTokens": sent + out},
        "metrics": {"latencyMs": 1},
    }


def frames_of(whole: dict[str, Any]) -> list[bytes]:
    """Return a reply as the frames of an event stream."""
    frames = [frame_of("messageStart", {"role": "assistant"})]
    for index, block in enumerate(whole["output"]["message"]["content"]):
        at = {"contentBlockIndex": index}
        if "toolUse" in block:
            named = {key: block["toolUse"][key] for key in ("toolUseId", "name")}
            frames.append(frame_of("contentBlockStart", {"start": {"toolUse": named}, **at}))
            text, key = json.dumps(block["toolUse"]["input"]), "input"
        else:
            text, key = block["text"], "text"
        for start in range(0, len(text), 9):
            piece = {key: text[start : start + 9]}
            delta = {"toolUse": piece} if key == "input" else piece
            frames.append(frame_of("contentBlockDelta", {"delta": delta, **at}))
        frames.append(frame_of("contentBlockStop", at))
    ended = {"stopReason": whole["stopReason"]}
    rest = {key: whole[key] for key in ("usage", "metrics")}
    return [*frames, frame_of("messageStop", ended), frame_of("metadata", rest)]
