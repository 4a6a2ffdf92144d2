"""The scripted server that speaks OpenAI's chat completions and Responses as well.

The `[[marks]]` of `llm_stand` decide on the answer; paths begin as each host has them, with
`/v1`, `/openai/deployments/NAME` or anything else.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from llm_answers import message_of
from llm_stand import LlmStand, _Handler

REASONS = {
    "end_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "refusal": "content_filter",
}
"""How a message of the script ends, as a chat completion says it."""


class ChatStand(LlmStand):
    """The server; `asked` has the models of all requests to a model."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        """By id, what was uploaded, and the answers of batches."""
        self.batches: dict[str, dict[str, Any]] = {}
        self.fails_batches = ""
        """Why it processes nothing of a batch that it takes; empty where it does."""

    @property
    def asked(self) -> list[str]:
        """The models that were asked for: the deployment where the path has one."""
        return [
            each.path.split("/deployments/")[1].split("/")[0]
            if "/deployments/" in each.path
            else each.json.get("model", "none")
            for each in self.requests
            if each.path.partition("?")[0].endswith(("/chat/completions", "/responses"))
        ]

    def answer(self, path: str, body: dict[str, Any], marks: dict[str, str]) -> dict[str, Any]:
        """Return the answer to a request as one JSON object."""
        is_chat = path.endswith("/chat/completions")
        history = messages_of(body["messages"] if is_chat else body["input"])
        message = message_of(body, marks, history, next(self.numbers))
        return (completion_of if is_chat else response_of)(message)

    def make_batch(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer all requests of an uploaded file, and return the batch."""
        number = len(self.batches) + 1
        batch = {"id": f"batch_{number}", "metadata": asked["metadata"]}
        if self.fails_batches:
            errors = {"object": "list", "data": [{"line": 1, "message": self.fails_batches}]}
            self.batches[batch["id"]] = {**batch, "status": "failed", "errors": errors}
            return self.batches[batch["id"]]
        lines = []
        for line in self.files[asked["input_file_id"]].splitlines():
            request = json.loads(line)
            body = request["body"]
            marks = self.marks(body["model"], messages_of(body.get("messages", body.get("input"))))
            answer = {"status_code": 200, "body": self.answer(request["url"], body, marks)}
            name = {"custom_id": request["custom_id"]}
            lines.append(json.dumps({**name, "response": answer, "error": None}))
        self.files[f"file_out_{number}"] = "\n".join(lines).encode()
        ended = {"status": "completed", "output_file_id": f"file_out_{number}"}
        self.batches[batch["id"]] = {**batch, **ended}
        return self.batches[batch["id"]]

    def handler(self) -> type[_Handler]:
        """Return what answers a connection."""
        return _ChatHandler


class _ChatHandler(_Handler):
    server: Any

    def do_GET(self) -> None:  # noqa: N802 - the name is http.server's
        path = urlsplit(self.path).path
        stand, name = self.server.stand, path.rpartition("/")[2]
        if path.endswith("/content"):
            self._receive()
            data = stand.files[path.split("/")[-2]]
            self._send_head(200, "application/jsonl", {})
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        elif path.endswith("/batches"):
            self._receive()
            batches = list(reversed(stand.batches.values()))
            self._send_json(200, {"data": batches, "has_more": False})
        elif name in stand.batches:
            self._receive()
            self._send_json(200, stand.batches[name])
        else:
            super().do_GET()

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        path = urlsplit(self.path).path
        if path.endswith("/files"):
            data = self._receive().body.split(b"application/jsonl\r\n\r\n")[1]
            name = f"file_{len(self.server.stand.files) + 1}"
            self.server.stand.files[name] = data.rpartition(b"\r\n--")[0]
            self._send_json(200, {"id": name, "object": "file", "purpose": "batch"})
            return
        if path.endswith("/batches"):
            self._send_json(200, self.server.stand.make_batch(self._receive().json))
            return
        if not path.endswith(("/chat/completions", "/responses")):
            super().do_POST()
            return
        body = self._receive().json
        is_chat = path.endswith("/chat/completions")
        history = messages_of(body["messages"] if is_chat else body["input"])
        deployment = path.partition("/deployments/")[2].split("/")[0]
        model = body.get("model") or deployment or "model-of-the-server"
        stand = self.server.stand
        marks = stand.marks(model, history)
        if "status" in marks:
            error = {"message": "scripted", "type": "scripted", "code": marks.get("code")}
            self._send_json(int(marks["status"]), {"error": error}, marks)
            return
        whole = stand.answer(path, {**body, "model": model}, marks)
        if not body.get("stream"):
            self._send_json(200, whole, marks)
            return
        events = list((chunks_of if is_chat else events_of)(whole))
        if "truncated_clean" in marks:
            del events[len(events) // 2 :]
        data = b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events)
        if is_chat and "truncated_clean" not in marks:
            data += b"data: [DONE]\n\n"
        self._send_head(200, "text/event-stream; charset=utf-8", marks)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def messages_of(given: Any) -> list[dict[str, Any]]:
    """Return messages or an input in the form that the script reads."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    found = []
    for each in given:
        if each.get("role") == "tool" or each.get("type") == "function_call_output":
            found.append({"role": "user", "content": [{"type": "tool_result"}]})
        elif each.get("content") is not None:
            content = each["content"]
            texts = content if isinstance(content, str) else "".join(p["text"] for p in content)
            found.append({"role": each["role"], "content": texts})
    return found


def completion_of(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as a chat completion."""
    texts = [block["text"] for block in message["content"] if block["type"] == "text"]
    calls = [block for block in message["content"] if block["type"] == "tool_use"]
    said: dict[str, Any] = {"role": "assistant", "content": "".join(texts) or None}
    if calls:
        said["tool_calls"] = [
            {
                "id": call["id"],
                "type": "function",
                "function": {"name": call["name"], "arguments": json.dumps(call["input"])},
            }
            for call in calls
        ]
    usage = message["usage"]
    sent, out = usage["input_tokens"], usage["output_tokens"]
    return {
        "id": f"chatcmpl-{message['id']}",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": message["model"],
        "choices": [
            {
                "index": 0,
                "message": said,
                "finish_reason": REASONS[message["stop_reason"] or "end_turn"],
            }
        ],
        "usage": {"prompt_tokens": sent, "completion_tokens": out, "total_tokens": sent + out},
    }


def chunks_of(completion: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a completion as the chunks of a stream."""
    head = {key: completion[key] for key in ("id", "created", "model")}
    (choice,) = completion["choices"]
    message = choice["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    text = message["content"] or ""
    deltas += [{"content": text[at : at + 9]} for at in range(0, len(text), 9)]
    for index, call in enumerate(message.get("tool_calls", [])):
        function = call["function"]
        name = {"name": function["name"], "arguments": ""}
        deltas.append({"tool_calls": [{"index": index, **call, "function": name}]})
        pieces = (function["arguments"][at : at + 5] for at in range(0, 99, 5))
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
            for piece in pieces
            if piece
        ]
    for delta in deltas:
        one = {"index": 0, "delta": delta, "finish_reason": None}
        yield {**head, "object": "chat.completion.chunk", "choices": [one]}
    last = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    yield {**head, "object": "chat.completion.chunk", "choices": [last]}
    yield {
        **head,
        "object": "chat.completion.chunk",
        "choices": [],
        "usage": completion["usage"],
    }


def response_of(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as a response."""
    output: list[dict[str, Any]] = []
    for number, block in enumerate(message["content"]):
        name = {"id": f"item_{message['id']}_{number}", "status": "completed"}
        if block["type"] == "text":
            part = {"type": "output_text", "text": block["text"], "annotations": []}
            output.append({**name, "type": "message", "role": "assistant", "content": [part]})
        else:
            call = {"call_id": block["id"], "name": block["name"]}
            arguments = json.dumps(block["input"])
            output.append({**name, "type": "function_call", **call, "arguments": arguments})
    reasons = {"max_tokens": "max_output_tokens", "refusal": "content_filter"}
    reason = reasons.get(message["stop_reason"])
    usage = message["usage"]
    sent, out = usage["input_tokens"], usage["output_tokens"]
    return {
        "id": f"resp_{message['id']}",
        "object": "response",
        "created_at": 1_790_000_000,
        "model": message["model"],
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "error": None,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": sent,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": out,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sent + out,
        },
    }


def events_of(response: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a response as the events of a stream."""
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    for index, item in enumerate(response["output"]):
        place = {"output_index": index, "item_id": item["id"]}
        empty = {**item, "content": []} if item["type"] == "message" else {**item, "arguments": ""}
        added = {"type": "response.output_item.added", "output_index": index, "item": empty}
        events.append(added)
        if item["type"] == "message":
            (part,) = item["content"]
            events.append(
                {
                    "type": "response.content_part.added",
                    **place,
                    "content_index": 0,
                    "part": {**part, "text": ""},
                }
            )
            events += [
                {
                    "type": "response.output_text.delta",
                    **place,
                    "content_index": 0,
                    "delta": part["text"][at : at + 9],
                    "logprobs": [],
                }
                for at in range(0, len(part["text"]), 9)
            ]
        done = {"type": "response.output_item.done", "output_index": index, "item": item}
        events.append(done)
    last = f"response.{response['status']}"
    events.append({"type": last, "response": response})
    for number, event in enumerate(events):
        yield {"sequence_number": number, **event}
