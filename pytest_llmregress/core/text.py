"""Facts about a text that do not depend on how it is phrased: JSON, code, language, length."""

import ast
import json
import re
import warnings
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, NoReturn

from pytest_llmregress.core.language import language_of

MAX_BLOCKS = 200
"""Fenced blocks of one text that are looked at."""
MAX_CODE = 100_000
"""Characters of Python that are parsed in one text; whether more of it parses is not known."""
MAX_JSON_STARTS = 64
"""Places in prose where a JSON value is tried; each try may read to the end of the text."""
MAX_KEY_PATHS = 200
MAX_KEY_DEPTH = 12
MAX_KEY = 80
"""Characters of one key in a key path."""


class JsonForm(StrEnum):
    """How a text holds JSON: an object or an array, never a bare number or string."""

    NOT_JSON = "not_json"
    PURE = "pure"
    """The whole text parses."""
    FENCED = "fenced"
    """The whole text is one fenced block that parses."""
    WITH_PROSE = "with_prose"
    """A value, fenced or bare, stands among prose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock:
    """One fenced block."""

    language: str
    """The first word of the opening fence in lower case, "py" as "python"; empty without one."""
    parses: bool | None
    """Whether Python code parses; None for any other language, and where it is too large to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fence:
    """Where a fenced block stands: fences included from start to end, its lines in body."""

    start: int
    end: int
    language: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Json:
    """The first JSON value of a text, and where it stands."""

    form: JsonForm
    value: Any = None
    start: int = 0
    end: int = 0


def json_form(text: str) -> JsonForm:
    """Return how a text holds JSON."""
    return _find_json(text).form


def json_value(text: str) -> Any:
    """Return the first JSON object or array that a text holds, or None."""
    return _find_json(text).value


def key_paths(value: Any) -> tuple[str, ...]:
    """Return the paths of a JSON value's keys with their types, sorted: "items[].price: number".

    All elements of an array share a path, so its length does not show. At most `MAX_KEY_PATHS`,
    not deeper than `MAX_KEY_DEPTH`.
    """
    found: set[str] = set()
    level = [("", value)] if isinstance(value, dict | list) else []
    for _ in range(MAX_KEY_DEPTH):
        below: list[tuple[str, Any]] = []
        for path, parent in level:
            if isinstance(parent, dict):
                dot = f"{path}." if path else ""
                children = [(f"{dot}{_key(key)}", child) for key, child in parent.items()]
                found.update(f"{child_path}: {_type(child)}" for child_path, child in children)
            else:
                children = [(f"{path}[]", child) for child in parent]
                found.update(
                    f"{child_path}: {_type(child)}"
                    for child_path, child in children
                    if not isinstance(child, dict | list)
                )
            below += [item for item in children if isinstance(item[1], dict | list)]
        level = below
    return tuple(sorted(found)[:MAX_KEY_PATHS])


def code_blocks(text: str) -> tuple[CodeBlock, ...]:
    """Return the fenced blocks of a text, in order."""
    left = MAX_CODE
    blocks = []
    for fence in _fences(text):
        parses = None
        if fence.language == "python":
            left -= len(fence.body)
            parses = None if left < 0 else _parses(fence.body)
        blocks.append(CodeBlock(language=fence.language, parses=parses))
    return tuple(blocks)


def is_bare_code(text: str) -> bool:
    """Say whether a whole text is a Python program as it stands, such as a function.

    An expression or an assignment is not enough: "No" and "42" are Python, too.
    """
    if len(text) > MAX_CODE or not _DEFINES.search(text):
        return False
    try:
        tree = _tree(text)
    except (RecursionError, MemoryError):
        return False
    return tree is not None and any(isinstance(node, _DEFINITIONS) for node in tree.body)


def language(text: str) -> str:
    """Return the ISO 639 code of the language of a text's prose, or "und" where it does not show.

    Code and JSON are left out.
    """
    return language_of(prose(text))


def prose(text: str) -> str:
    """Return a text without its code and JSON: no fenced block, no program, no `inline code`."""
    if _load(text) is not None or is_bare_code(text):
        return ""
    rest = _without(text, _fences(text))
    found = _find_bare_json(rest)
    return _INLINE_CODE.sub(" ", rest[: found.start] + rest[found.end :])


def unfenced(text: str) -> str:
    """Return the Markdown of a text: no fenced block, no program, no JSON, "code" for `code`."""
    if _load(text) is not None or is_bare_code(text):
        return ""
    return _INLINE_CODE.sub("code", _without(text, _fences(text)))


def data_of(text: str) -> str:
    """Return the JSON that a whole text is, a fence around it left out; else its prose."""
    found = _find_json(text)
    if found.form is JsonForm.PURE:
        return text
    if found.form is JsonForm.FENCED:
        return _fences(text)[0].body
    return prose(text)


def words(text: str) -> int:
    """Return the number of words; each Chinese or Japanese character counts as one."""
    return sum(1 for _ in _WORD.finditer(text))


_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_JSON_START = re.compile(r'\{\s*"|\[\s*["\[{]')
"""Not every bracket: "[1]" in prose is a footnote, "{x}" a placeholder."""
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]+")
_DEFINES = re.compile(r"^(?:async def|def|class|import|from) ", re.MULTILINE)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def _find_json(text: str) -> _Json:
    value = _load(text)
    if value is not None:
        return _Json(form=JsonForm.PURE, value=value, end=len(text))
    fences = _fences(text)
    for fence in fences:
        value = _load(fence.body)
        if value is not None:
            alone = not text[: fence.start].strip() and not text[fence.end :].strip()
            form = JsonForm.FENCED if alone else JsonForm.WITH_PROSE
            return _Json(form=form, value=value, start=fence.start, end=fence.end)
    return _find_bare_json(_without(text, fences))


def _find_bare_json(prose: str) -> _Json:
    budget = 2 * len(prose)
    for tries, match in enumerate(_JSON_START.finditer(prose)):
        if tries == MAX_JSON_STARTS or budget < 0:
            break
        start = match.start()
        try:
            value, end = _DECODER.raw_decode(prose, start)
        except json.JSONDecodeError as error:
            budget -= error.pos - start
        except (ValueError, RecursionError, MemoryError):
            continue
        else:
            return _Json(form=JsonForm.WITH_PROSE, value=value, start=start, end=end)
    return _Json(form=JsonForm.NOT_JSON)


def _load(text: str) -> Any:
    """Return the object or array that a whole text is, or None."""
    text = text.strip()
    if text[:1] + text[-1:] not in {"{}", "[]"}:
        return None
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError, MemoryError):
        return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _key(key: str) -> str:
    key = key if len(key) <= MAX_KEY else f"{key[: MAX_KEY - 1]}…"
    return key if re.fullmatch(r"[\w$@ /-]+", key) else json.dumps(key)


def _type(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", str: "string", dict: "object", list: "array"}
    return names.get(type(value), "number")


def _fences(text: str) -> list[_Fence]:
    """Find fenced blocks as CommonMark does, at any indentation: models indent them in lists."""
    fences: list[_Fence] = []
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
            return fences
    if opening is not None:
        fences.append(_fence(text, opening, body_end=len(text), end=len(text)))
    return fences


def _fence(text: str, opening: re.Match[str], *, body_end: int, end: int) -> _Fence:
    info = opening[2].strip().strip("{}").split(maxsplit=1)
    language = info[0].strip(".,").lower() if info else ""
    return _Fence(
        start=opening.start(),
        end=end,
        language={"py": "python", "python3": "python"}.get(language, language),
        body=text[opening.end() + 1 : body_end],
    )


def _without(text: str, fences: list[_Fence]) -> str:
    """Return a text with its fenced blocks left out."""
    ends = [0, *(at for fence in fences for at in (fence.start, fence.end)), len(text)]
    return "\n".join(text[start:end] for start, end in list(pairwise(ends))[::2])


def _parses(code: str) -> bool | None:
    lines = code.split("\n")
    margin = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
    try:
        return _tree("\n".join(line[margin:] for line in lines)) is not None
    except (RecursionError, MemoryError):
        return None


def _tree(code: str) -> ast.Module | None:
    """Parse Python; None where it is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a model's code is not a matter of the caller's
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError):
            return None
