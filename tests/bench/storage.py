"""Print what each piece of the storage code buys: sizes without it, and times beside PyYAML's.

    python tests/bench/storage.py

Sizes: the cassettes of the examples, an agent that sends its whole history in each of its turns, a
streamed one, and ten questions about one document. Each piece is switched off by itself, and each
file is read back. Times: CPU of reading the cassettes of the examples, the best of several rounds.
Nothing fails.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from unittest import mock

import yaml

from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette
from pytest_llmregress.storage.encoding import anchors, body_encoding, delta_encoding
from pytest_llmregress.storage.yaml.document import document_of
from pytest_llmregress.storage.yaml.parser import parse
from pytest_llmregress.values.cassette import Cassette

ROOT = Path(__file__).resolve().parents[2]
OFF: dict[str, tuple[object, str, object]] = {
    "repeated requests (delta_encoding)": (
        delta_encoding.DeltaWriter,
        "_as_earlier",
        lambda writer, sent: None,
    ),
    "repeated answers (repeated_history)": (delta_encoding, "find_repeat_marks", lambda item: []),
    "streams (stream_encoding)": (body_encoding, "is_stream", lambda text: False),
    "anchors (anchors)": (anchors, "_find", lambda value, kind, found: None),
}


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    paths = sorted((ROOT / "examples").rglob("*.cassette.yaml"))
    _print_sizes({"examples": [read_cassette(path) for path in paths], **agents()})
    _print_times(paths, options.parse_args().rounds)


def _print_sizes(sets: dict[str, list[Cassette]]) -> None:
    full = {name: size_of(cassettes) for name, cassettes in sets.items()}
    _print("bytes beside all pieces", sets)
    for without, targets in {**{name: [OFF[name]] for name in OFF}, "any": OFF.values()}.items():
        with contextlib.ExitStack() as off:
            for target in targets:
                off.enter_context(mock.patch.object(*target))
            ratios = [size_of(cassettes) / full[name] for name, cassettes in sets.items()]
        _print(f"without {without}", (f"{ratio:.2f}x" for ratio in ratios))


def _print_times(paths: list[Path], rounds: int) -> None:
    texts = [path.read_text("utf-8") for path in paths]
    contestants = {
        "line reader": lambda: [document_of(Path("a"), text, aliases=True) for text in texts],
        "event reader": lambda: [parse(text, aliases=True) for text in texts],
        "PyYAML's loader in C": lambda: [yaml.load(text, yaml.CSafeLoader) for text in texts],
        "read_cassette as a whole": lambda: [read_cassette(path) for path in paths],
    }
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(rounds):
        for name, read in contestants.items():
            start = time.process_time()
            read()
            best[name] = min(best[name], time.process_time() - start)
    _print("CPU beside the line reader", [""])
    for name, seconds in best.items():
        _print(name, [f"{seconds / best['line reader']:.2f}x"])


def _print(name: str, cells: Iterable[str]) -> None:
    sys.stdout.write(f"{name:45}" + "".join(f"{cell:>12}" for cell in cells) + "\n")


def agents() -> dict[str, list[Cassette]]:
    """Return an agent of 200 turns, a streamed one, and ten questions about one document.

    The tests of sizes make theirs in the same way.
    """
    sys.path.append(str(ROOT / "tests" / "storage"))
    from test_sizes import cassette, documents, loop

    return {
        "agent": [cassette(loop(200))],
        "streamed": [cassette(loop(50, streamed=True))],
        "documents": [cassette(documents(150_000, 10))],
    }


def size_of(cassettes: list[Cassette]) -> int:
    """Return the bytes of cassettes on disk, each read back."""
    with tempfile.TemporaryDirectory() as folder:
        path, total = Path(folder) / "a.cassette.yaml", 0
        for cassette in cassettes:
            write_cassette(path, cassette)
            assert read_cassette(path).interactions == cassette.interactions
            total += path.stat().st_size
    return total


if __name__ == "__main__":
    main()
