"""The journal of a recording that is under way: each answer is on disk before the next request.

One line of JSON an answer, appended and synced, so that a killed recording loses at most the
request in flight, and a torn last line is known for what it is. It is no cassette: it is gone as
soon as the recording is whole, and otherwise the next recording of the same test carries on.
"""

import base64
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_llmregress.storage import recording_lock
from pytest_llmregress.storage.regular_file import read_bytes
from pytest_llmregress.values.http import Interaction, Request, Response

FORMAT = 1
KIND = "journal"


class Journal:
    """The journal of one test, written by one process at a time."""

    def __init__(self, path: Path, *, test: str, size: int | None = None) -> None:
        """Touch no file yet.

        :param size: in bytes, when it was read; None where it was never read.
        """
        self.path = path
        self.size = size
        self.is_begun = False
        """Whether this process writes it."""
        self._head = {"llmregress": FORMAT, "kind": KIND, "test": test}

    def read(self) -> dict[int, tuple[Interaction, ...]]:
        """Return the answers that an interrupted recording left, by sample, counted from 1.

        A line that is not whole ends the reading: a kill may tear the last one. What another
        test or a newer version wrote is left alone, and nothing is carried on from it.
        """
        try:
            self.size, text = read_bytes(self.path)
        except FileNotFoundError:
            self.size = 0
            return {}
        lines = text.splitlines(keepends=True)
        found: dict[int, list[Interaction]] = {}
        for number, line in enumerate(lines):
            try:
                entry = json.loads(line)
                if number == 0:
                    if entry != self._head:
                        return {}
                elif not line.endswith(b"\n"):
                    break
                else:
                    found.setdefault(int(entry.get("sample", 1)), []).append(_restore(entry))
            except (ValueError, KeyError, TypeError, AttributeError):
                break
        return {sample: tuple(interactions) for sample, interactions in found.items()}

    def check_place(self) -> None:
        """Raise OSError where a recording could not be saved, before it costs anything.

        From here on it is this process's, until it is removed or the process ends.
        """
        is_new = recording_lock.acquire(self.path)
        if is_new and self.size not in {None, self._size_now()}:
            recording_lock.release(self.path)
            raise recording_lock.RecordingLockedError(
                "another process has recorded this test in the meantime; run the same command "
                "again, which carries on with that"
            )
        place = next(folder for folder in self.path.parents if folder.exists())
        if not (place.is_dir() and os.access(place, os.W_OK)):
            raise PermissionError(f"{place}: nothing can be written there")

    def begin(self, carried: Mapping[int, tuple[Interaction, ...]]) -> None:
        """Claim the file and begin it anew, unless this was done; OSError as of `check_place`."""
        if not self.is_begun:
            self.check_place()
            self.start(carried)
            self.is_begun = True

    def start(self, carried: Mapping[int, tuple[Interaction, ...]]) -> None:
        """Begin anew with the answers that are carried on; without any, no file is made yet."""
        if not any(carried.values()):
            self.path.unlink(missing_ok=True)
            return
        lines = [_line(self._head)]
        for sample, interactions in carried.items():
            lines += [_line(_describe(each, sample)) for each in interactions]
        if self._holds(lines):
            return  # it was on disk when it was written
        temporary = self.path.with_name(f".{self.path.name}.tmp")
        with temporary.open("wb") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)

    def _holds(self, lines: Sequence[bytes]) -> bool:
        """Whether the file is these lines, those of several samples in any order."""
        try:
            there = self.path.read_bytes().splitlines(keepends=True)
        except OSError:
            return False
        return there[:1] == [lines[0]] and sorted(there) == sorted(lines)

    def append(self, interaction: Interaction, *, sample: int) -> None:
        """Put an answer on disk; it is there when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            head = b"" if file.tell() else _line(self._head)
            file.write(head + _line(_describe(interaction, sample)))
            file.flush()
            os.fsync(file.fileno())

    def remove(self) -> None:
        """Delete the file, if there is one, and let other processes record the test."""
        self.path.unlink(missing_ok=True)
        recording_lock.release(self.path)

    def _size_now(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def _describe(interaction: Interaction, sample: int) -> dict[str, Any]:
    request, response = interaction.request, interaction.response
    return ({} if sample == 1 else {"sample": sample}) | {
        "method": request.method,
        "url": request.url,
        "asked": {name: list(values) for name, values in request.headers.items()},
        "request": _text(request.body),
        "status": response.status,
        "reason": response.reason,
        "answered": {name: list(values) for name, values in response.headers.items()},
        "response": _text(response.body),
        "latency": interaction.latency,
        **({"judge": True} if interaction.judge else {}),
    }


def _restore(entry: Mapping[str, Any]) -> Interaction:
    return Interaction(
        request=Request(
            method=entry["method"],
            url=entry["url"],
            headers={name: tuple(values) for name, values in entry["asked"].items()},
            body=_bytes(entry["request"]),
        ),
        response=Response(
            status=entry["status"],
            reason=entry["reason"],
            headers={name: tuple(values) for name, values in entry["answered"].items()},
            body=_bytes(entry["response"]),
        ),
        latency=entry["latency"],
        judge=entry.get("judge") is True,
    )


def _text(body: bytes) -> str | dict[str, str]:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def _bytes(body: str | Mapping[str, str]) -> bytes:
    return body.encode() if isinstance(body, str) else base64.b64decode(body["base64"])
