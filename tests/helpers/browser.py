"""A headless Chromium, driven over a pipe with its DevTools protocol, for tests of the page."""

import base64
import json
import os
import shutil
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from patience import PATIENCE

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    """Return the path of a Chromium, or None where none is installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Page:
    """One tab: what was asked of it, and what it has told on its own."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, back
        self._number = 0
        self._session: str | None = None
        self._rest = b""
        self.events: deque[dict[str, Any]] = deque()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, url: str) -> None:
        """Open a page, and return when it has loaded."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not self.of("Page.loadEventFired"):
            self.events.append(self._read())

    def of(self, method: str) -> list[dict[str, Any]]:
        """Return the events of a kind since the page was opened."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def run(self, script: str) -> Any:
        """Evaluate an expression in the page, as a debugger: no policy of the page holds for it."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str, code: str, number: int, text: str = "") -> None:
        """Press and release a key."""
        named = {"key": key, "code": code, "windowsVirtualKeyCode": number}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **named)
        self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    def picture(self, path: Path) -> None:
        """Save what is seen."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            block = os.read(self._back, 1 << 20)
            if not block:
                raise AssertionError("the browser has ended")
            self._rest += block
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


@contextmanager
def browser(executable: str, folder: Path) -> Iterator[Page]:
    """Start a browser with a profile in a folder, and end it behind the block."""
    child_reads, we_write = os.pipe()
    we_read, child_writes = os.pipe()

    def as_3_and_4() -> None:  # where the protocol wants them; first out of the way of each other
        reads, writes = os.dup(child_reads), os.dup(child_writes)
        os.dup2(reads, 3)
        os.dup2(writes, 4)

    started = subprocess.Popen(
        [
            *("timeout", str(PATIENCE), executable, "--headless", "--remote-debugging-pipe"),
            *("--disable-gpu", "--no-first-run", f"--user-data-dir={folder}"),
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "about:blank",
        ],
        preexec_fn=as_3_and_4,  # noqa: PLW1509 - nothing else maps pipes to numbers of their own
        pass_fds=(3, 4),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(child_reads)
    os.close(child_writes)
    try:
        yield Page(we_write, we_read)
    finally:
        with suppress(BrokenPipeError):  # it has ended by itself
            os.write(we_write, b'{"id": 0, "method": "Browser.close"}\0')
        started.wait()
        os.close(we_write)
        os.close(we_read)
