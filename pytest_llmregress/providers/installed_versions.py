"""Versions of the packages that this one stands on, and which of them it can stand on."""

import platform
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion

SUPPORTED: Mapping[str, str] = {"anthropic": ">=1.9,<3", "vcrpy": ">=9.4.2,<10"}
"""Ranges by package. Outside of them recordings go wrong without a word: vcrpy before 8.2 does
not see what anthropic 1.0 and later send, and the live API is called. Before anthropic 1.9 the
recordings of the examples do not replay: its tool runner sends a header more."""
_MISSING = "not installed"
_OWN = ("pytest-llmregress", "vcrpy")
"""The packages whose versions each cassette names; with them stand the SDKs of its calls."""


@cache
def installed() -> Mapping[str, str]:
    """Return the versions that a report or a cassette names: reading them takes a while."""
    found = {name: _version(name) for name in ("pytest-llmregress", "pytest", *SUPPORTED)}
    return MappingProxyType({**found, "python": platform.python_version()})


def unsupported(versions: Mapping[str, str]) -> tuple[str, ...]:
    """Say, one line each, which packages are outside of the range that is known to work."""
    lines = []
    for name, allowed in SUPPORTED.items():
        found = versions[name]
        try:
            fits = SpecifierSet(allowed).contains(found, prereleases=True)
        except InvalidVersion:
            fits = False
        if not fits:
            lines.append(
                f"{name} {found}: pytest-llmregress cannot record or replay with this version; "
                f'{name}{allowed}. python -m pip install "{name}{allowed}"'
            )
    return tuple(lines)


def recorded_with(sdks: Iterable[str]) -> dict[str, str]:
    """Return the versions that a cassette names: of what makes it, and of SDKs that there are."""
    found = {name: number for name in sorted(sdks) if (number := _version(name)) != _MISSING}
    return found | {name: installed()[name] for name in _OWN}


def versions_among(versions: Mapping[str, str], sdks: Iterable[str]) -> dict[str, str]:
    """Return of the versions in a cassette those that are about its calls.

    Cassettes that were made before each SDK was named have one of an SDK that made no call.
    """
    return {name: versions[name] for name in (*sorted(sdks), *_OWN) if name in versions}


def name_sdks(versions: Mapping[str, str]) -> str:
    """Return the SDKs among packages, each with its version: "NAME 1.9.0"; "-" for none."""
    sdks = (f"{name} {number}" for name, number in versions.items() if name not in _OWN)
    return ", ".join(sdks) or "-"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return _MISSING
