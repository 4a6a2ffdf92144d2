"""The scripted server for many requests at once: it counts, holds and refuses them."""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from llm_answers import last_text, message_of
from llm_stand import LlmStand, _Handler
from patience import PATIENCE

BATCHES = "/v1/messages/batches"

TRIALS_COUNTED = """
    import pytest

    @pytest.fixture(autouse=True)
    def counted():
        yield
        with open("ended.txt", "a") as file:
            file.write("once\\n")
"""
"""A conftest that counts how often a test has ended, trials included."""


def wait_for_trials(root: Path, number: int) -> None:
    """Return once so many trials of a recording that runs beside have ended."""
    ends, ended = time.monotonic() + PATIENCE, root / "ended.txt"
    while not ended.exists() or ended.read_text().count("\n") < number:
        if time.monotonic() > ends:
            raise TimeoutError(f"{number} trials have not ended")
        time.sleep(0.05)


class WaveStand(LlmStand):
    """Speaks Message Batches as well, and knows how many calls were under way at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = threading.Condition()
        self.under_way = 0
        self.most_under_way = 0
        self.together = 1
        """Calls are held until so many of them are under way."""
        self.held: str | None = None
        """A call with this text is held for as long as this is set."""
        self.refusals: list[tuple[int, dict[str, str]]] = []
        """Status and headers that the next calls are answered with."""
        self.batches: dict[str, list[dict[str, Any]]] = {}
        self.polls_until_end = 0
        """How often a batch is still in progress when it is asked for."""
        self.kills: Callable[[], int] | None = None
        """Gives the process that is killed as soon as a batch is made, before it is told."""
        self.unprocessed: list[str] = []
        """What becomes of the next requests of batches, such as "expired"."""

    def handler(self) -> type[_Handler]:
        return _WaveHandler

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The bodies of the calls that came one by one, refused ones included."""
        return [each.json for each in self.requests if urlsplit(each.path).path == "/v1/messages"]

    @property
    def texts(self) -> Counter[str]:
        """How often each text was asked for, in single calls."""
        return Counter(last_text(body["messages"]) for body in self.calls)

    def wait_for(self, text: str) -> None:
        """Return once a call with this text has come; whether it was answered is another thing."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.texts[text], PATIENCE):
                raise TimeoutError(f"nobody has asked for {text}")

    @contextmanager
    def counted(self, text: str):
        with self.changed:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.most_under_way >= self.together, PATIENCE)
            self.changed.wait_for(lambda: self.held is None or self.held not in text, PATIENCE)
        yield
        with self.changed:
            self.under_way -= 1


class _WaveHandler(_Handler):
    @property
    def stand(self) -> WaveStand:
        stand = self.server.stand
        assert isinstance(stand, WaveStand)
        return stand

    def do_GET(self) -> None:  # noqa: N802 - the base class wants it
        path = urlsplit(self.path).path
        if path == BATCHES:
            self._receive()
            return self._send_json(200, {"data": self._list(), "has_more": False})
        if not path.startswith(f"{BATCHES}/"):
            return super().do_GET()
        self._receive()
        identity, _, wants = path.removeprefix(f"{BATCHES}/").partition("/")
        if identity not in self.stand.batches:
            return self._send_error(404)
        if not wants:
            ended = self.stand.polls_until_end <= 0
            self.stand.polls_until_end -= 1
            status = "ended" if ended else "in_progress"
            return self._send_json(200, {"id": identity, "processing_status": status})
        lines = [self._result(each) for each in self.stand.batches[identity]]
        data = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        self._send_head(200, "application/x-jsonl", {})
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        return None

    def do_POST(self) -> None:  # noqa: N802 - the base class wants it
        if urlsplit(self.path).path != BATCHES:
            return super().do_POST()
        requests = self._receive().json["requests"]
        identity = f"msgbatch_{len(self.stand.batches) + 1}"
        self.stand.batches[identity] = requests
        if self.stand.kills is not None:
            process, self.stand.kills = self.stand.kills(), None
            return os.kill(process, signal.SIGKILL)
        return self._send_json(200, {"id": identity, "processing_status": "in_progress"})

    def _list(self) -> list[dict[str, Any]]:
        status = "in_progress" if self.stand.polls_until_end > 0 else "ended"
        return [
            {"id": each, "processing_status": status, "request_counts": {"processing": len(some)}}
            for each, some in reversed(self.stand.batches.items())
        ]

    def _answer(self, body: dict[str, Any]) -> None:
        stand = self.stand
        with stand.changed:
            refusal = stand.refusals.pop(0) if stand.refusals else None
        if refusal is not None:
            status, headers = refusal
            error = {"type": "error", "error": {"type": "rate_limit_error", "message": "later"}}
            data = json.dumps(error).encode()
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
            return
        with stand.counted(last_text(body["messages"])):
            super()._answer(body)

    def _result(self, request: dict[str, Any]) -> dict[str, Any]:
        stand, params = self.stand, request["params"]
        if stand.unprocessed:
            return {"custom_id": request["custom_id"], "result": {"type": stand.unprocessed.pop()}}
        marks = stand.marks(params["model"], params["messages"])
        message = message_of(params, marks, params["messages"], next(stand.numbers))
        result = {"type": "succeeded", "message": message}
        return {"custom_id": request["custom_id"], "result": result}
