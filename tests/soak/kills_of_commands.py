"""Kill commands that write between two steps of theirs; nothing may be lost or half done for good.

    python tests/soak/kills_of_commands.py --kills 300 --seed 1

`accept`, `reject`, `review`, `move`, `merge` and `import` are killed, each time before another one
of their opens, renames and deletions in the project. Every file is whole then, and the same command
once more comes to what it comes to without a kill. Run by the test suite with a few kills each.
"""

import argparse
import json
import os
import pty
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from select import select
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

import reports
from patience import PATIENCE
from pytest_llmregress.cli.main import main as run_command
from pytest_llmregress.storage.cassette_file import digest_of, read_cassette, write_cassette
from pytest_llmregress.storage.file_paths import build_test_paths
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.snapshot import PendingReason, PendingState, Snapshot

FILE, OLD, NEW = "test_app.py", "model-old", "model-new"
TESTS = [f"{FILE}::test_{number}" for number in range(4)]
RECORDED = Path(__file__).resolve().parents[1] / "data" / "cassettes" / "pytest_recording"
_STEPS = frozenset({"open", "os.rename", "os.remove"})
_ASKS = b"q leave"
"""What `review` shows once it reads keys."""
_WRITES = os.O_WRONLY | os.O_RDWR


def cassette_of(test: str, model: str, candidate: str | None = None) -> Cassette:
    url = "https://api.example.org/v1/answers"
    asked = Request(method="POST", url=url, body=json.dumps({"model": model}).encode())
    answer = Interaction(request=asked, response=Response(status=200, body=b'{"done": true}'))
    return Cassette(
        test=test, candidate=candidate, requested_models=(model,), interactions=(answer,)
    )


def store(folder: Path) -> None:
    """Store tests with a baseline and a candidate that waits for a decision."""
    (folder / FILE).touch()
    for test in TESTS:
        old, new = cassette_of(test, OLD), cassette_of(test, NEW, candidate=NEW)
        paths = build_test_paths(folder / FILE, test, None)
        beside = build_test_paths(folder / FILE, test, NEW)
        waits = PendingState(why=PendingReason.DRIFTED, candidate=NEW, baseline=OLD)
        write_cassette(paths.cassette, old)
        write_cassette(beside.cassette, new)
        write_snapshot(paths.snapshot, Snapshot(test=test, cassette=digest_of(old)))
        pending = Snapshot(test=test, cassette=digest_of(new), pending=waits)
        write_snapshot(beside.pending_snapshot, pending)


def store_moved(folder: Path) -> None:
    store(folder)
    (folder / "unit").mkdir()
    (folder / FILE).rename(folder / "unit" / FILE)


def store_reports(folder: Path) -> None:
    for name in ("a", "b"):
        report = reports.run(reports.record(f"t.py::test_{name}"))
        (folder / f"{name}.json").write_text(json.dumps(report.to_json()))


def store_foreign(folder: Path) -> None:
    shutil.copytree(RECORDED, folder / "cassettes" / "test_app")
    (folder / FILE).touch()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is killed."""

    prepare: Callable[[Path], None]
    arguments: tuple[str, ...]
    keys: str = ""
    """What a person types, where it needs a terminal."""


COMMANDS: Mapping[str, Command] = {
    "accept": Command(prepare=store, arguments=("accept", "--all", "--reason", "better")),
    "reject": Command(prepare=store, arguments=("reject", "--all")),
    "review": Command(prepare=store, arguments=("review",), keys="Ay"),
    "move": Command(prepare=store_moved, arguments=("move", FILE, f"unit/{FILE}")),
    "merge": Command(
        prepare=store_reports, arguments=("merge", "a.json", "b.json", "-o", "c.json")
    ),
    "import": Command(prepare=store_foreign, arguments=("import", "cassettes", "--tests", ".")),
}


def execute(command: Command, folder: Path, *, kill_at: int | None) -> int:
    """Run a command in a process of its own, and return how many steps it took; -1 if killed."""
    told, tell = os.pipe()
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        _run(command, folder, kill_at, tell)
    os.close(tell)
    _type(terminal, command.keys)
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    with os.fdopen(told) as told_file:
        steps = told_file.read()
    if os.WIFSIGNALED(status):
        return -1
    if not steps:
        raise AssertionError(f"{command.arguments[0]} ended without a word: {status}")
    return int(steps)


def _type(terminal: int, keys: str) -> None:
    """Read a terminal to its end, and type once it is asked."""
    seen, left = b"", keys.encode()
    with suppress(OSError):  # the end of a terminal is an error
        while select([terminal], [], [], PATIENCE)[0] and (said := os.read(terminal, 65536)):
            seen += said
            if left and _ASKS in seen:
                os.write(terminal, left)
                left = b""


def _run(command: Command, folder: Path, kill_at: int | None, tell: int) -> None:
    """Run the command here, and never return."""
    done = 0

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal done
        if event not in _STEPS or folder not in Path.cwd().joinpath(str(arguments[0])).parents:
            return
        if event == "open" and not arguments[2] & _WRITES:
            return
        done += 1
        if done == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stdout
    sys.addaudithook(count)
    status = 2
    with suppress(BaseException):
        status = run_command(command.arguments)
    os.write(tell, str(done).encode())
    os._exit(status)


def contents(folder: Path) -> dict[str, Any]:
    """Return what lies below a folder, whole; dates of decisions apart."""
    found: dict[str, Any] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.name.endswith(".tmp"):
            continue
        if path.parent.parent.name != "__llm__":
            found[name] = path.read_bytes()
        elif ".cassette." in path.name:
            found[name] = read_cassette(path)
        elif ".snapshot." in path.name:
            snapshot = read_snapshot(path)
            found[name] = snapshot.cassette, snapshot.pending, snapshot.decision is not None
    return found


def run(kills: int, *, seed: int, folder: Path, names: tuple[str, ...] = tuple(COMMANDS)) -> int:
    """Kill each command so often; return how many kills came. AssertionError where one lost."""
    draw, came = random.Random(seed), 0
    for name in names:
        command = COMMANDS[name]
        place = folder / name
        rebuild = partial(_rebuild, command, place)
        steps = execute(command, rebuild(), kill_at=None)
        wanted = contents(place)
        for number in range(kills):
            kill_at = number % steps + 1 if kills >= steps else draw.randint(1, steps)
            came += execute(command, rebuild(), kill_at=kill_at) < 0
            contents(place)  # raises where a file is not whole
            execute(command, place, kill_at=None)
            if (found := contents(place)) != wanted:
                differ = {key for key in found | wanted if found.get(key) != wanted.get(key)}
                raise AssertionError(f"{name}, killed before step {kill_at}: {sorted(differ)}")
    return came


def _rebuild(command: Command, place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    command.prepare(place)
    return place


def main() -> None:
    """Read the command line, and print a line for each command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300, help="of each command")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for command in COMMANDS:
            folder = Path(name).resolve()
            came = run(options.kills, seed=options.seed, folder=folder, names=(command,))
            sys.stdout.write(f"{command}: {came} kills, nothing lost\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
