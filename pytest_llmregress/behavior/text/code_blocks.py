"""The code of a text: its fenced blocks, and whether it is a program as it stands."""

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MAX_BLOCKS = 200
"""Fenced blocks of one text that are looked at."""
MAX_CODE = 100_000
"""Characters of Python that are parsed in one text; whether more of it parses is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock:
    """One fenced block."""

    language: str
    """The first word of the opening fence in lower case, "py" as "python"; empty without one."""
    parses: bool | None
    """Whether Python code parses; None for any other language, and where it is too large to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """Where a fenced block stands: fences included from start to end, its lines in body."""

    start: int
    end: int
    language: str
    body: str


def find_fences(text: str) -> tuple[Fence, ...]:
    """Find fenced blocks as CommonMark does, at any indentation: models indent them in lists."""
    if "```" not in text and "~~~" not in text:
        return ()
    fences: list[Fence] = []
    opening: re.Match[str] | None = None
    for match in _FENCE.finditer(text):
        mark, info = match[1], match[2].strip()
        if opening is None:
            if not (mark[0] == "`" and "`" in info):
                opening = match
        elif mark.startswith(opening[1]) and not info:
            fences.append(_fence(text, opening, body_end=match.start(), end=match.end()))
            opening = None
        if len(fences) == MAX_BLOCKS:
            return tuple(fences)
    if opening is not None:
        fences.append(_fence(text, opening, body_end=len(text), end=len(text)))
    return tuple(fences)


def without_fences(text: str, fences: Sequence[Fence]) -> str:
    """Return a text with its fenced blocks left out."""
    ends = [0, *(at for fence in fences for at in (fence.start, fence.end)), len(text)]
    return "\n".join(text[start:end] for start, end in list(pairwise(ends))[::2])


def parsed_blocks(fences: Sequence[Fence]) -> tuple[CodeBlock, ...]:
    """Return what the fenced blocks of one text hold, in order."""
    left = MAX_CODE
    blocks = []
    for fence in fences:
        parses = None
        if fence.language == "python":
            left -= len(fence.body)
            parses = None if left < 0 else _parses(fence.body)
        blocks.append(CodeBlock(language=fence.language, parses=parses))
    return tuple(blocks)


def is_program(text: str) -> bool:
    """Say whether a whole text is a Python program as it stands, such as a function.

    An expression or an assignment is not enough: "No" and "42" are Python, too.
    """
    if len(text) > MAX_CODE or not (_DEFINES.match(text) or _DEFINES_BELOW.search(text)):
        return False
    try:
        tree = _tree(text)
    except (RecursionError, MemoryError):
        return False
    return tree is not None and any(isinstance(node, _DEFINITIONS) for node in tree.body)


_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_KEYWORDS = r"(?:async def|def|class|import|from) "
_DEFINES = re.compile(_KEYWORDS)
_DEFINES_BELOW = re.compile(rf"\n{_KEYWORDS}")
"""Begins with a sign and not with ^, which is looked for many times as fast."""
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def _fence(text: str, opening: re.Match[str], *, body_end: int, end: int) -> Fence:
    info = opening[2].strip().strip("{}").split(maxsplit=1)
    language = info[0].strip(".,").lower() if info else ""
    return Fence(
        start=opening.start(),
        end=end,
        language={"py": "python", "python3": "python"}.get(language, language),
        body=text[opening.end() + 1 : body_end],
    )


def _parses(code: str) -> bool | None:
    lines = code.split("\n")
    margin = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
    try:
        return _tree("\n".join(line[margin:] for line in lines)) is not None
    except (RecursionError, MemoryError):
        return None


def _tree(code: str) -> ast.Module | None:
    """Parse Python; return None for a text that is not Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a model's code is not a matter of the caller's
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError):
            return None
