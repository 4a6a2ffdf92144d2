"""Where pytest-recording keeps the cassette of a test, and which test a cassette is of."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = "cassettes"
"""The folder beside the tests that holds one folder for each test file."""

SUFFIXES = (".yaml", ".yml", ".json")

_SKIPPED = frozenset({"__llm__", "__pycache__", "node_modules", "site-packages"})
_FORBIDDEN = re.compile(r"[<>?%*:|\\\"'/]")
"""What pytest-recording replaces by "-" in a name."""
_STEM = re.compile(r"(?:(?P<owner>[^.\[]+)\.)?(?P<test>[^\[]+(?:\[.*)?)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTestId:
    """The test that a cassette is of, as far as its path tells."""

    test_file: Path
    name: str
    """Of the test within its file: "TestRefund::test_late[5]"."""
    sure: bool
    """Whether no other name has the same path."""


def cassette_name(node_id: str) -> str:
    """Return the name that pytest-recording gives the cassette of a test, without its ending."""
    names, bracket, parameters = node_id.partition("::")[2].partition("[")
    owners = names.split("::")
    return _FORBIDDEN.sub("-", ".".join(owners[-2:]) + bracket + parameters)


def find_cassettes(source: Path) -> tuple[Path, ...]:
    """Return the files below a folder that may be cassettes; a file itself.

    In a folder of tests other YAML files lie about: where there are folders named "cassettes",
    only what is in them counts.
    """
    if not source.is_dir():
        return (source,)
    files = [
        path
        for path in sorted(source.rglob("*"))
        if path.suffix in SUFFIXES and path.is_file() and not _is_skipped(path, source)
    ]
    if FOLDER in {source.name, source.parent.name}:
        return tuple(files)
    inside = [path for path in files if FOLDER in path.relative_to(source).parts[:-1]]
    return tuple(inside or files)


def origin_of(path: Path, source: Path, tests: Path | None) -> ForeignTestId | None:
    """Return the test of a cassette, all paths absolute; None where its folder names no test file.

    Parameters: `source`, the folder in which it was looked for; `tests`, the folder of the test
    files where they are not beside the cassettes.
    """
    module, holder = path.parent, path.parent.parent
    if module.name == FOLDER:
        return None
    beside = holder.parent if holder.name == FOLDER else holder
    if tests is not None:
        below = beside.relative_to(source) if beside.is_relative_to(source) else Path()
        beside = tests / below
    stem = path.name.removesuffix(path.suffix)
    named = _STEM.fullmatch(stem)
    if named is None:
        return None
    owner = f"{named['owner']}::" if named["owner"] else ""
    return ForeignTestId(
        test_file=beside / f"{module.name}.py", name=owner + named["test"], sure="-" not in stem
    )


def match_node_id(origin: ForeignTestId, node_ids: Iterable[str]) -> str | None:
    """Return the one node id out of several that a cassette is of; None where none or many are."""
    wanted = cassette_name(f"::{origin.name}")
    found = {
        node_id
        for node_id in node_ids
        if cassette_name(node_id) == wanted
        and f"/{origin.test_file.as_posix()}".endswith(f"/{node_id.partition('::')[0]}")
    }
    return found.pop() if len(found) == 1 else None


def _is_skipped(path: Path, source: Path) -> bool:
    parts = path.relative_to(source).parts
    return any(part in _SKIPPED or part.startswith(".") for part in parts)
