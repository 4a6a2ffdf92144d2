"""The process in which foreign code runs: limits it, refuses it the rest, and tells how it went.

Started by `sandbox.py` with an order on stdin and an empty folder as its working directory.
"""

import ast
import json
import os
import resource
import sys
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

_GENERATED = "generated"
_CODE_FILE = "<generated>"
_CHECKS_FILE = "<checks>"
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_LOOKS = frozenset({"os.listdir", "os.scandir", "os.walk", "os.fwalk"})
_CHANGES = frozenset({"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.utime"})
_HARMLESS = frozenset({"os.putenv", "os.unsetenv"})
_REFUSED = frozenset({
    *("os", "pty", "signal", "subprocess", "shutil", "fcntl", "mmap", "syslog", "resource"),
    *("socket", "urllib", "http", "ftplib", "imaplib", "poplib", "smtplib", "telnetlib"),
    *("ctypes", "sqlite3", "webbrowser", "winreg", "msvcrt"),
})  # fmt: skip
"""Families of audit events."""
_UNHEARD = frozenset({"_posixsubprocess", "_ctypes", "ctypes", "_testcapi", "_multiprocessing"})
"""Modules that reach the system without an audit event."""


class RefusedError(PermissionError):
    """Something that code in the sandbox may not do."""


def main() -> None:
    """Carry out one order, and write what came of it to stdout."""
    order = json.load(sys.stdin)
    reply = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    _limit(order["limits"])
    sys.addaudithook(_Guard(Path.cwd(), order["limits"]))
    outcome, detail = _judge(order["code"], order["checks"])
    os.write(reply, json.dumps({"outcome": outcome, "detail": detail}).encode())
    os._exit(0)  # threads that wait for ever must not hold it up


def _limit(limits: dict[str, Any]) -> None:
    ceilings = {
        resource.RLIMIT_CPU: limits["cpu_seconds"],
        resource.RLIMIT_AS: limits["memory"],
        resource.RLIMIT_FSIZE: limits["file_size"],
        resource.RLIMIT_NOFILE: limits["files"],
        resource.RLIMIT_CORE: 0,
    }
    tasks = Path("/proc/loadavg")
    if tasks.exists():  # a user's processes and threads are counted together, all over the system
        running = int(tasks.read_text(encoding="ascii").split()[3].partition("/")[2])
        ceilings[resource.RLIMIT_NPROC] = running + limits["processes"]
    for kind, ceiling in ceilings.items():
        _, hard = resource.getrlimit(kind)
        # A second beyond the soft limit, for a handler that ignores its signal.
        last = ceiling + 1 if kind == resource.RLIMIT_CPU else ceiling
        last = last if hard == resource.RLIM_INFINITY else min(last, hard)
        resource.setrlimit(kind, (min(ceiling, last), last))


class _Guard:
    """Refuses what is about to be done outside the folder, or by another process."""

    def __init__(self, folder: Path, limits: dict[str, Any]) -> None:
        self._own = os.path.realpath(folder)
        self._readable = (self._own, *(os.path.realpath(path) for path in sys.path))
        self._writes_left = limits["files"]

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        match event:
            case "open":
                self._open(*args)
            case "import":
                self._import(args[0])
            case _ if event in _LOOKS:
                self._hold(event, args[0], self._readable)
            case _ if event in _CHANGES:
                for path in args:
                    if isinstance(path, str | bytes | os.PathLike):
                        self._hold(event, path, (self._own,))
            case _ if event.partition(".")[0] in _REFUSED and event not in _HARMLESS:
                raise RefusedError(event)

    def _open(self, path: Any, _mode: str | None, flags: int | None) -> None:
        writes = bool((flags or 0) & _WRITING)
        if not isinstance(path, int):
            self._hold("open", path, (self._own,) if writes else self._readable)
        if writes:
            self._writes_left -= 1
            if self._writes_left < 0:
                raise RefusedError("more files")

    def _import(self, name: str) -> None:
        if name in _UNHEARD:
            raise RefusedError(f"import {name}")

    def _hold(self, event: str, path: Any, folders: tuple[str, ...]) -> None:
        real = os.path.realpath(os.fsdecode(path if path is not None else "."))
        if not any(real == folder or real.startswith(folder + os.sep) for folder in folders):
            raise RefusedError(f"{event} {real}")


def _judge(code: str, checks: str) -> tuple[str, str]:
    """Return how it went: one of the outcomes of `sandbox.Outcome`, and why."""
    try:
        tree = ast.parse(code, _CODE_FILE)
        program = compile(tree, _CODE_FILE, "exec")
    except (SyntaxError, ValueError) as error:
        return "no code", f"it does not parse: {error}"
    if not tree.body:
        return "no code", "there is nothing in it"
    module = ModuleType(_GENERATED)
    module.__dict__["__source__"] = code
    sys.modules[_GENERATED] = module
    try:
        exec(program, module.__dict__)  # noqa: S102 - that is what this process is for
        exec(compile(checks, _CHECKS_FILE, "exec"), {"__name__": "checks"})  # noqa: S102
    except BaseException as error:  # noqa: BLE001 - foreign code raises what it likes
        return _sort(error, checks)
    return "passed", ""


def _sort(error: BaseException, checks: str) -> tuple[str, str]:
    """Tell by where an exception comes from whose fault it is."""
    frames = list(_frames(error.__traceback__))
    said = f"{type(error).__name__}: {error}".splitlines()[0]
    at = [line for name, line in frames if name == _CHECKS_FILE]
    if not at or frames[-1][0] != _CHECKS_FILE:
        return "crashed", f"{said}, at {_statement(checks, at[-1])}" if at else said
    if isinstance(error, AssertionError):
        return "wrong", str(error) or _statement(checks, at[-1])
    if isinstance(error, ImportError):
        return "misunderstood", error.msg.partition(" from ")[0]
    # The checks call it as it was asked for: their own line only fails where that is not it.
    return "misunderstood", f"{said}, at {_statement(checks, at[-1])}"


def _frames(trace: TracebackType | None) -> Any:
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next


def _statement(checks: str, line: int) -> str:
    """Return the innermost statement of the checks on a line, on one line."""
    around = [
        node
        for node in ast.walk(ast.parse(checks))
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or line)
    ]
    innermost = max(around, key=lambda node: node.lineno)
    return " ".join(ast.unparse(innermost).split())[:150]


if __name__ == "__main__":
    main()
