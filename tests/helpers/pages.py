"""The pages for contributors, and what their words in backticks stand for in the code."""

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "pytest_llmregress"
ARCHITECTURE = PACKAGE / "README.md"
CONTRIBUTING = ROOT / ".github" / "CONTRIBUTING.md"
TESTS = ROOT / "tests" / "README.md"
README = ROOT / "README.md"
GUIDES = tuple(sorted((ROOT / "examples" / "guides").glob("*.md")))
"""The pages for users, beside the README."""
PAGES = tuple(page for page in (ARCHITECTURE, CONTRIBUTING, TESTS) if page.exists())

_FILE = re.compile(r"[\w./-]+(?:\.(?:py|md|toml|json|yml|sh)|/)|[\w.-]+(?:/[\w.-]+)+")
_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_TEXT_BLOCK = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FUNCTION = re.compile(r"(?:\w+\.)?\w+\(\)")
_CONSTANT = re.compile(r"[A-Z]{3,}(?:_[A-Z]+)*")
_CLASS = re.compile(r"(?:[A-Z][a-z0-9]+){1,4}")
_MADE = re.compile(r"NAME|MODEL|__llm__|tests/test_app\.py")
"""What a path has that stands for files of a user."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a page names of a file: a function or a constant, and the file named before it."""

    file: Path | None
    name: str


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def text_for_users() -> str:
    """Return README and guides in one text."""
    return "\n".join(map(text_of, (README, *GUIDES)))


def words(text: str) -> list[str]:
    """Return what stands in backticks, code blocks apart."""
    return re.findall(
        r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    )


def block(page: Path, section: str, number: int = 0) -> list[str]:
    """Return the lines of a code block of a section."""
    body = section_of(page, section)
    return re.findall(r"^```text\n(.*?)^```$", body, flags=re.MULTILINE | re.DOTALL)[
        number
    ].splitlines()


def section_of(page: Path, title: str, level: str = "##") -> str:
    """Return a section without its title."""
    found = re.search(
        rf"^{level} {re.escape(title)}$\n(.*?)(?=^#{{2,{len(level)}}} |\Z)",
        text_of(page),
        flags=re.MULTILINE | re.DOTALL,
    )
    assert found, f"{page.name} has no section {title!r}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """Return the cells of the rows of all tables, their heads apart."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = {index - 1 for index, line in enumerate(lines) if set(line) <= set("|- ")}
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for index, line in enumerate(lines)
        if index not in heads and index - 1 not in heads
    ]


def find_file(name: str) -> Path | None:
    """Return the file or folder of a path: from the package, or from the root."""
    places = (PACKAGE / name, ROOT / name)
    return next((place for place in places if place.exists()), None)


def files_on(page: Path) -> list[str]:
    """Return the paths that a page names, those of a user's project apart."""
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text_of(page)) if "://" not in link]
    named = [word for word in words(text_of(page)) if _FILE.fullmatch(word)]
    return [*(link for link in links), *(word for word in named if not _MADE.search(word))]


def definitions_on(page: Path) -> Iterator[Named]:
    """Yield the functions and constants that a page names, each with the file before it."""
    for line in text_of(page).splitlines():
        file: Path | None = None
        for word in words(line):
            if word.endswith(".py"):
                file = find_file(word)
            elif _FUNCTION.fullmatch(word) or (file and _CONSTANT.fullmatch(word)):
                yield Named(file, word.removesuffix("()"))


def classes_on(page: Path) -> set[str]:
    """Return the names in backticks that are written as those of classes."""
    named = {word for word in words(text_of(page)) if _CLASS.fullmatch(word)}
    return {word for word in named if not hasattr(builtins, word)}


@cache
def parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def classes() -> frozenset[str]:
    """Return the names of all classes of package and tests."""
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    return frozenset(
        node.name
        for file in files
        for node in ast.walk(parse(file))
        if isinstance(node, ast.ClassDef)
    )


def find_definition(named: Named) -> ast.AST | None:
    """Return a function, a method or a constant as its file defines it, or None."""
    if named.file is None:
        return None
    scope: ast.AST = parse(named.file)
    for part in named.name.split("."):
        body = getattr(scope, "body", ())
        found = next((each for each in body if part in names_defined_by(each)), None)
        if found is None:
            return None
        scope = found
    return scope


def names_defined_by(statement: ast.AST) -> list[str]:
    """Return the names that a statement defines."""
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [each.id for each in targets if isinstance(each, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def names_used_in(function: ast.AST) -> set[str]:
    """Return all names and attributes that a function uses."""
    return {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Name | ast.Attribute)
    }
