"""Where children begin: each gets an environment of its own, and this process keeps its own."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any, Protocol

from pytest_llmregress.process.attribute_patch import AttributePatch

try:
    import _posixsubprocess
except ImportError:  # Windows
    _posixsubprocess = None  # type: ignore[assignment]


class Prepare(Protocol):
    """Makes the environment that a child gets."""

    def __call__(
        self, given: Mapping[str, str], child: str, *, shared: bool = False
    ) -> dict[str, str]:
        """Return it, from the one that the child was to have, and the child in words.

        :param shared: whether it goes on for later tests, whichever starts it.
        """


_ENVIRONMENT_OF_POPEN = 9
"""Where `env` stands among the arguments of Popen that follow the command."""
_ENVIRONMENT_OF_FORK_EXEC = 5
_FORK_SERVER = b"multiprocessing.forkserver"
_MAX_WORDS = 60


@contextmanager
def prepared_children(
    prepare: Prepare, *, before_fork: Callable[[], Callable[[], None]]
) -> Iterator[None]:
    """Have each child that starts meanwhile prepared.

    Parameters: `before_fork`, called before this process is forked; what it returns is called
    in the fork.
    """
    starts = _READY.pop() if _READY else _Starts()
    starts.prepare, starts.before_fork = prepare, before_fork
    try:
        starts.put()
        yield
    finally:
        starts.replaced.restore()
        _READY.append(starts)


class _Starts:
    """What stands where children begin: built once, since each test needs it and few start any."""

    prepare: Prepare
    before_fork: Callable[[], Callable[[], None]]

    def __init__(self) -> None:
        self.replaced = AttributePatch()

    def put(self) -> None:
        """Stand there."""
        popen, wrap = subprocess.Popen, self.replaced.wrap
        if isinstance(popen, type):  # not where something else stands in its place
            wrap(popen, "__init__", partial(_popen, self))
        wrap(os, "system", partial(_system, self))
        for name in ("posix_spawn", "posix_spawnp"):
            if hasattr(os, name):
                wrap(os, name, partial(_posix_spawn, self))
        for name in ("fork", "forkpty"):
            if hasattr(os, name):
                wrap(os, name, partial(_fork, self))
        if _posixsubprocess is not None:
            wrap(_posixsubprocess, "fork_exec", partial(_fork_exec, self))


_READY: list[_Starts] = []
"""What nobody uses now. Several, where a test runs pytest in its own process."""


def _popen(starts: _Starts, real: Callable[..., None]) -> Callable[..., None]:
    @wraps(real)
    def init(self: Any, args: Any, *rest: Any, **named: Any) -> None:
        if len(rest) > _ENVIRONMENT_OF_POPEN:
            before, given = rest[:_ENVIRONMENT_OF_POPEN], rest[_ENVIRONMENT_OF_POPEN]
            after = rest[_ENVIRONMENT_OF_POPEN + 1 :]
            rest = (*before, starts.prepare(_mapping(given), _words(args)), *after)
        else:
            named["env"] = starts.prepare(_mapping(named.get("env")), _words(args))
        real(self, args, *rest, **named)

    return init


def _posix_spawn(starts: _Starts, real: Callable[..., int]) -> Callable[..., int]:
    @wraps(real)
    def spawn(path: Any, argv: Any, env: Any, /, *rest: Any, **named: Any) -> int:
        return real(path, argv, starts.prepare(_mapping(env), _words(argv)), *rest, **named)

    return spawn


def _system(starts: _Starts, real: Callable[[Any], int]) -> Callable[[Any], int]:
    @wraps(real)
    def system(command: Any) -> int:
        before = dict(os.environ)
        given = starts.prepare(before, _words(command)).items() - before.items()
        os.environ.update(given)  # and no more: other threads read and set their own meanwhile
        try:
            return real(command)
        finally:
            for name, value in given:
                if os.environ.get(name) != value:
                    continue
                if name in before:
                    os.environ[name] = before[name]
                else:
                    del os.environ[name]

    return system


def _fork(starts: _Starts, real: Callable[[], Any]) -> Any:
    @wraps(real)
    def fork() -> Any:
        in_fork = starts.before_fork()
        made = real()
        if (made[0] if isinstance(made, tuple) else made) == 0:
            in_fork()
        return made

    return fork


def _fork_exec(starts: _Starts, real: Callable[..., int]) -> Callable[..., int]:
    """Return what stands in the place by which multiprocessing starts a fresh interpreter."""

    @wraps(real)
    def fork_exec(*arguments: Any) -> int:
        if arguments[_ENVIRONMENT_OF_FORK_EXEC] is not None:
            return real(*arguments)
        command = b" ".join(map(os.fsencode, arguments[0]))
        is_shared = _FORK_SERVER in command  # one for all, from its first use on
        filled = starts.prepare(dict(os.environ), _words(arguments[0]), shared=is_shared)
        written = [os.fsencode(f"{name}={value}") for name, value in filled.items()]
        before = arguments[:_ENVIRONMENT_OF_FORK_EXEC]
        return real(*before, written, *arguments[_ENVIRONMENT_OF_FORK_EXEC + 1 :])

    return fork_exec


def _mapping(given: Any) -> Mapping[str, str]:
    if given is None:
        return dict(os.environ)
    return {os.fsdecode(name): os.fsdecode(value) for name, value in given.items()}


def _words(command: Any) -> str:
    """Return a command in one short line."""
    parts: Sequence[Any] = [command] if isinstance(command, str | bytes | os.PathLike) else command
    words = " ".join(" ".join(os.fsdecode(part).split()) for part in parts)
    return words if len(words) <= _MAX_WORDS else f"{words[: _MAX_WORDS - 1]}…"
