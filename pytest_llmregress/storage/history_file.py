"""The history of a canary: one line of JSON a night, appended whole, and merged by union.

Each line says for itself what it is, so that lines may come in any order and more than once. A line
that a kill has torn counts for nothing, and the next one begins on a line of its own.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_llmregress.storage.errors import UnreadableFileError
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.history import Night, TestNight

FORMAT = 1
KIND = "night"
_HEAD = b'{"llmregress":1,"kind":"night"'


def read_history(path: Path) -> tuple[Night, ...]:
    """Return the nights of a file in their order, each once; none where there is no file.

    Raises UnreadableFileError where a line is no part of a night, or of a newer version, and
    OSError.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return ()
    numbers: dict[bytes, int] = {}
    for number, line in enumerate(text.split(b"\n"), start=1):
        numbers.setdefault(line.rstrip(b"\r"), number)
    read = (_read(path, number, line) for line, number in numbers.items())
    nights = (night for night in read if night is not None)
    return tuple(sorted(nights, key=lambda night: (night.at, night.candidate)))


def append_night(path: Path, night: Night) -> None:
    """Put a night on disk; it is there, as a line of its own, when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        torn = b"\n" if end and file.read(1) != b"\n" else b""
        line = json.dumps(_describe(night), separators=(",", ":"))
        file.write(torn + line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _describe(night: Night) -> dict[str, Any]:
    """Return a night as JSON: what several tests show alike stands in it once."""
    shown = list(dict.fromkeys(_key(test.traits) for test in night.tests.values()))
    places = {key: place for place, key in enumerate(shown)}
    return {
        "llmregress": FORMAT,
        "kind": KIND,
        "at": night.at,
        "candidate": night.candidate,
        "fails": night.fails,
        "shown": [json.loads(key) for key in shown],
        "tests": {
            name: {
                "accepted": test.accepted,
                "passed": test.passed.passed,
                "of": test.passed.n,
                "shown": places[_key(test.traits)],
            }
            for name, test in night.tests.items()
        },
    }


def _key(traits: Mapping[str, tuple[str, ...]]) -> str:
    return json.dumps(traits, ensure_ascii=False)


def _read(path: Path, number: int, line: bytes) -> Night | None:
    """Return the night of a line; None for one that was torn."""
    try:
        entry = json.loads(line)
    except ValueError:
        if _HEAD.startswith(line[: len(_HEAD)]):
            return None
        raise _refuse(path, number) from None
    version = entry.get("llmregress") if isinstance(entry, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise UnreadableFileError(
            path,
            number,
            f"it is of format {version}, and this version reads up to {FORMAT}",
            advice="upgrade: python -m pip install -U pytest-llmregress",
        )
    try:
        return _restore(entry)
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
        raise _refuse(path, number) from None


def _refuse(path: Path, number: int) -> UnreadableFileError:
    advice = "give another path, or keep the whole lines of both sides of a merge"
    return UnreadableFileError(path, number, "it is no night of a history", advice=advice)


def _restore(entry: Mapping[str, Any]) -> Night:
    if entry["llmregress"] != FORMAT or entry["kind"] != KIND:
        raise ValueError(entry["kind"])
    shown = [
        {str(name): tuple(map(str, values)) for name, values in traits.items()}
        for traits in entry["shown"]
    ]
    return Night(
        at=str(entry["at"]),
        candidate=str(entry["candidate"]),
        fails=entry["fails"] is True,
        tests={
            name: TestNight(
                accepted=str(test["accepted"]),
                passed=Tally(passed=int(test["passed"]), n=int(test["of"])),
                traits=shown[test["shown"]],
            )
            for name, test in entry["tests"].items()
        },
    )
