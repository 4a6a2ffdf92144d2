"""Runs code that nobody has read, with its checks, in a process that may do little."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

_CHILD = Path(__file__).with_name("sandbox_child.py")
_MEBIBYTE = 2**20


class Outcome(StrEnum):
    """What became of the code."""

    PASSED = "passed"
    NO_CODE = "no code"
    MISUNDERSTOOD = "misunderstood"
    WRONG = "wrong"
    CRASHED = "crashed"
    TOO_SLOW = "too slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the code may use."""

    cpu_seconds: int = 1
    seconds: float = 60.0
    """By the clock on the wall, the start of the process included."""
    memory: int = 512 * _MEBIBYTE
    """Bytes of address space."""
    file_size: int = _MEBIBYTE
    files: int = 20
    """Open at a time, and opened for writing in all."""
    processes: int = 64
    """Those and threads, beyond what runs on the whole system. It does not hold for root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of the code, and why."""

    outcome: Outcome
    detail: str = ""
    """In a line; empty where it passed."""


def run(code: str, checks: str, limits: Limits | None = None) -> Result:
    """Run code, then the checks that import it from a module `generated`.

    Needs the resource limits of a POSIX system. This is no security boundary: see README.md.
    """
    limits = limits or Limits()
    order = json.dumps({"code": code, "checks": checks, "limits": asdict(limits)})
    with TemporaryDirectory(prefix="sandbox-") as folder:
        process = subprocess.Popen(  # noqa: S603 - our own file; what it runs comes through stdin
            [sys.executable, "-I", "-S", "-B", str(_CHILD)],
            cwd=folder,
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            reply, _ = process.communicate(order.encode(), timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            return Result(outcome=Outcome.TOO_SLOW, detail=f"not over after {limits.seconds:g} s")
        finally:
            _end_all_of(process)
    return _read(reply, process.returncode, limits)


def _end_all_of(process: subprocess.Popen[bytes]) -> None:
    """End the process, and whatever it may have started in its session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _read(reply: bytes, status: int, limits: Limits) -> Result:
    if status == -signal.SIGXCPU:
        return Result(
            outcome=Outcome.TOO_SLOW, detail=f"more than {limits.cpu_seconds} s of processor time"
        )
    try:
        found = json.loads(reply)
        return Result(outcome=Outcome(found["outcome"]), detail=str(found["detail"]))
    except (ValueError, TypeError, KeyError):
        detail = f"the process ended by itself, with status {status}"
        return Result(outcome=Outcome.CRASHED, detail=detail)
