"""Takes all files of a test along where the test, or its file, has another name now."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from pytest_llmregress.storage.atomic_write import write_text
from pytest_llmregress.storage.errors import UnreadableFileError, UnwritableValueError
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.pending import deciding
from pytest_llmregress.storage.regular_file import read_bytes
from pytest_llmregress.storage.yaml.document import document_of, dump, read_text

_ENDING = re.compile(
    r"(?:@.+?)?(?:\.(?:cassette|snapshot)(?:\.new)?\.yaml|(?:\.[a-z]+)?\.part\.jsonl)"
    r"|\.rejected\.yaml"
)
_JOURNAL = ".jsonl"
_TEST = re.compile(r"^test:.*\n(?:[ \t]+.*\n)*", re.MULTILINE)


def list_files(paths: TestPaths) -> tuple[Path, ...]:
    """Return all files of a test: of its baseline, its candidates, what waits, what is cut off."""
    if not paths.directory.is_dir():
        return ()
    return tuple(
        path
        for path in sorted(paths.directory.iterdir())
        if path.name.startswith(paths.stem) and _ENDING.fullmatch(path.name[len(paths.stem) :])
    )


def move_test(old: TestPaths, new: TestPaths, *, test: str) -> tuple[Path, ...]:
    """Give the files of a test another name and node id, and return the new ones.

    Parameters: `test`, the new node id.

    Whatever instant a crash comes at, moving again finishes the work. Raises FileExistsError where
    the new name has other files, and UnreadableFileError where one is damaged: nothing was moved.
    """
    with deciding(old), deciding(new):
        texts = dict(_read(old, new, test))
        for target, (_, text) in texts.items():
            if target.exists() and read_bytes(target)[1] != text.encode():
                raise FileExistsError(target)
        for target, (source, text) in texts.items():
            write_text(target, text)
            source.unlink()
    return tuple(texts)


def _read(old: TestPaths, new: TestPaths, test: str) -> Iterator[tuple[Path, tuple[Path, str]]]:
    """Yield where each file is to be, where it is, and its text with the new node id."""
    for source in list_files(old):
        target = new.directory / f"{new.stem}{source.name[len(old.stem) :]}"
        is_journal = source.name.endswith(_JOURNAL)
        text = _rename_journal(source, test) if is_journal else _rename(source, test)
        yield target, (source, text)


def _rename(path: Path, test: str) -> str:
    text = read_text(path)
    found = _TEST.search(text)
    line = dump({"test": test})
    renamed = text if found is None else text[: found.start()] + line + text[found.end() :]
    if document_of(path, renamed, aliases=True).get("test") != test:
        raise UnreadableFileError(path, None, "it does not say which test it is of")
    return renamed


def _rename_journal(path: Path, test: str) -> str:
    try:
        head, end, rest = read_bytes(path)[1].decode().partition("\n")
        described = {**json.loads(head), "test": test}
    except (ValueError, TypeError) as error:
        raise UnwritableValueError(f"{path}: it is no journal ({error}); delete it") from None
    return json.dumps(described) + end + rest
