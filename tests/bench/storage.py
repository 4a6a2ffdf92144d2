"""Print what each piece of the storage code buys: sizes without it, times beside what could replace it.

    python tests/bench/storage.py

Sizes: each cassette of the examples, an agent that sends its whole history in each of its turns, a
streamed one, and ten questions about one document, written with one piece switched off after another. Every file is read back.
Times: reading the cassettes of the examples, CPU time, the best of several rounds in turn, as ratios.
Nothing fails.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
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
    "repeated answers (repeated_answers)": (delta_encoding, "find_repeat_marks", lambda item: []),
    "streams (stream_encoding)": (body_encoding, "is_stream", lambda text: False),
    "anchors (anchors)": (anchors, "_find", lambda value, kind, found: None),
}


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    rounds = options.parse_args().rounds
    paths = sorted((ROOT / "examples").rglob("*.cassette.yaml"))
    sets = {"examples": [read_cassette(path) for path in paths], **agents()}
    print(f"{'bytes, as a ratio to all on':40}", *(f"{name:>12}" for name in sets))
    full = {name: size_of(cassettes) for name, cassettes in sets.items()}
    for name in OFF:
        with mock.patch.object(*OFF[name]):
            ratios = [size_of(cassettes) / full[each] for each, cassettes in sets.items()]
        print(f"without {name:40}", *(f"{ratio:11.2f}x" for ratio in ratios))
    with contextlib.ExitStack() as off:
        for target in OFF.values():
            off.enter_context(mock.patch.object(*target))
        ratios = [size_of(cassettes) / full[each] for each, cassettes in sets.items()]
    print(f"without {'any of them':40}", *(f"{ratio:11.2f}x" for ratio in ratios))
    texts = [path.read_text("utf-8") for path in paths]
    print(f"\n{'reading the text of the examples':48}", f"{'CPU, ratio':>12}")
    times = best(readers(), texts, rounds)
    for name, seconds in times.items():
        print(f"{name:48}", f"{seconds / times['line reader']:11.2f}x")
    whole = whole_read(paths, rounds)
    print(f"{'read_cassette: file, values, digest':48}", f"{whole / times['line reader']:11.2f}x")


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


def readers() -> dict[str, Callable[[str], object]]:
    """Return what makes values of the text of a cassette."""
    return {
        "line reader": lambda text: document_of(Path("a"), text, aliases=True),
        "event reader": lambda text: parse(text, aliases=True),
        "PyYAML's own loader in C": lambda text: yaml.load(text, Loader=yaml.CSafeLoader),
    }


def best(
    contestants: dict[str, Callable[[str], object]], texts: list[str], rounds: int
) -> dict[str, float]:
    """Return the least CPU seconds that each takes for all texts."""
    found = dict.fromkeys(contestants, float("inf"))
    for _ in range(rounds):
        for name, read in contestants.items():
            with timed() as took:
                for text in texts:
                    read(text)
            found[name] = min(found[name], took[0])
    return found


def whole_read(paths: list[Path], rounds: int) -> float:
    """Return the least CPU seconds of reading all cassettes."""
    found = float("inf")
    for _ in range(rounds):
        with timed() as took:
            for path in paths:
                read_cassette(path)
        found = min(found, took[0])
    return found


@contextlib.contextmanager
def timed() -> Iterator[list[float]]:
    """Give a list that holds the CPU seconds of the block once it is over."""
    took: list[float] = []
    start = time.process_time()
    yield took
    took.append(time.process_time() - start)


if __name__ == "__main__":
    main()
