"""The requests of a test that were handed in with a batch: noted until their answers are there.

There is nothing in it that anybody could ask the API with: the ids of a batch and of its requests,
and the key by which the next run of the test knows its request again.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llmregress.storage.atomic_write import write_text
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.regular_file import read_bytes

FORMAT = 1
KIND = "requests in a batch"
_ENDING = ".part.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedRequest:
    """One request."""

    sample: int
    key: str
    batch: str
    """Empty before the batch is made: a run that is killed meanwhile leaves it so."""
    name: str
    """Its id within the batch, unlike that of any other."""


class SubmittedBatchesFile:
    """What one variant of a test has in batches."""

    def __init__(self, paths: TestPaths, *, test: str) -> None:
        name = paths.journal.name.removesuffix(_ENDING)
        self.path: Path = paths.journal.with_name(f"{name}.batch{_ENDING}")
        self._head = {"llmregress": FORMAT, "kind": KIND, "test": test}

    def read(self) -> tuple[SubmittedRequest, ...]:
        """Return what is noted; nothing where there is no file, or it is another one's."""
        try:
            lines = read_bytes(self.path)[1].split(b"\n")
            head, *rest = (json.loads(line) for line in lines if line)
            return tuple(map(_restore, rest)) if head == self._head else ()
        except (OSError, ValueError, KeyError, TypeError):
            return ()

    def write(self, entries: Iterable[SubmittedRequest]) -> None:
        """Note these and no others; the file goes with the last of them."""
        described = [_describe(entry) for entry in entries]
        if not described:
            self.path.unlink(missing_ok=True)
            return
        lines = [json.dumps(entry) for entry in (self._head, *described)]
        write_text(self.path, "\n".join(lines) + "\n")


def _describe(entry: SubmittedRequest) -> dict[str, Any]:
    return {"sample": entry.sample, "key": entry.key, "batch": entry.batch, "name": entry.name}


def _restore(entry: dict[str, Any]) -> SubmittedRequest:
    return SubmittedRequest(
        sample=int(entry["sample"]),
        key=str(entry["key"]),
        batch=str(entry["batch"]),
        name=str(entry["name"]),
    )
