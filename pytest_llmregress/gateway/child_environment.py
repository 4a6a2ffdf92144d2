"""What a child process is told by its environment."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_NO_PROXY = ("no_proxy", "NO_PROXY")
_PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_LOOPBACK = "127.0.0.1,localhost,::1"
GUARD = "PYTEST_LLMREGRESS_GUARD"
"""The variable that says where a child asks whether it may connect; read in `child_guard`."""
_GUARD_FOLDER = str(Path(__file__).parent / "child_guard")
_NODE_GUARD = '--require "{}"'.format(f"{_GUARD_FOLDER}/guard.cjs".replace("\\", "\\\\"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildEnvironment:
    """Which variables clients of models read."""

    addresses: Mapping[str, str] = field(default_factory=dict)
    """Variables that hold the base URL of an API, with the one that holds where it is not set;
    empty where a client does without then."""
    keys: tuple[str, ...] = ()
    """Variables that hold credentials."""
    no_key: str = ""
    """What a replay has in the place of credentials."""
    programs: Mapping[str, str] = field(default_factory=dict)
    """What programs need so that they ask for the same each time."""
    folders: tuple[str, ...] = ()
    """Variables that hold a folder which no other program should write to or tidy up meanwhile."""


def fill_environment(
    given: Mapping[str, str],
    known: ChildEnvironment,
    *,
    address_of: Callable[[str], str],
    is_replay: bool,
    folder: str = "",
) -> dict[str, str]:
    """Return an environment by which a child finds its models where it should.

    Parameters: `address_of`, the URL that stands for that of an API; `is_replay`, whether a
    key that is there is replaced by one that is none; `folder`, one that is the child's own.
    """
    own = dict.fromkeys(known.folders, folder) if folder else {}
    filled = {**known.programs, **own, **given}
    for name, default in known.addresses.items():
        upstream = given.get(name) or default
        if upstream:
            filled[name] = address_of(upstream)
    if is_replay:
        filled.update((name, known.no_key) for name in known.keys if filled.get(name))
    for name in _NO_PROXY:
        before = given.get(name, "")
        filled[name] = before if before == "*" else f"{before},{_LOOPBACK}".strip(",")
    return filled


def close_environment(
    given: Mapping[str, str], *, proxy: str, passed: Sequence[str], closed_ports: Collection[int]
) -> dict[str, str]:
    """Return an environment by which a child asks a proxy for all but this machine.

    A child that runs on Python or Node.js asks before it connects by any other way, too.

    Parameters: `passed`, globs of "host" or "host:port" that it may ask as well;
    `closed_ports`, of this machine, that it may not connect to; never the proxy's own.
    """
    direct = ",".join((_LOOPBACK, *(each.partition(":")[0].lstrip("*") for each in passed)))
    ports = ",".join(map(str, sorted({*closed_ports} - {urlsplit(proxy).port})))
    return {
        **given,
        **dict.fromkeys(_PROXIES, proxy),
        **dict.fromkeys(_NO_PROXY, direct),
        GUARD: f"{proxy}/{ports}",
        "PYTHONPATH": _add_first(_GUARD_FOLDER, given.get("PYTHONPATH", ""), os.pathsep),
        "NODE_OPTIONS": _add_first(_NODE_GUARD, given.get("NODE_OPTIONS", ""), " "),
    }


def _add_first(part: str, before: str, between: str) -> str:
    """Return a list with a part at its beginning, once; what was there stays, empty items too."""
    if before == part or before.startswith(f"{part}{between}"):
        return before
    return f"{part}{between}{before}" if before else part
