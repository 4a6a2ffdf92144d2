"""Facts about a text that do not depend on how it is phrased: JSON, code, language, length."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, NoReturn

from pytest_llmregress.behavior.text.chinese import script_of_chinese
from pytest_llmregress.behavior.text.code_blocks import (
    CodeBlock,
    Fence,
    find_fences,
    is_program,
    parsed_blocks,
    without_fences,
)
from pytest_llmregress.behavior.text.language import CHINESE, MAX_PROSE, language_of

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
class ParsedText:
    """A text and its parts, parsed once: every fact about the text is read from them."""

    text: str
    fences: tuple[Fence, ...]
    json_form: JsonForm
    json_value: Any
    """The first JSON object or array in it, or None."""
    is_program: bool
    """Whether it is Python as it stands."""
    prose: str
    """Without code and JSON: no fenced block, no program, no `inline code`."""
    markdown: str
    """Without fenced blocks, with "code" for `code`; empty for a program or for JSON."""


def parse_text(text: str | ParsedText) -> ParsedText:
    """Return the parts of a text; a parsed text is returned as it is."""
    return text if isinstance(text, ParsedText) else _parse(text)


@lru_cache(maxsize=8)
def _parse(text: str) -> ParsedText:
    fences, value = find_fences(text), _load(text)
    if value is not None:
        return ParsedText(
            text=text,
            fences=fences,
            json_form=JsonForm.PURE,
            json_value=value,
            is_program=False,
            prose="",
            markdown="",
        )
    rest = without_fences(text, fences) if fences else text
    bare = _find_bare_json(rest)
    form, value = _fenced_json(text, fences) or (bare.form, bare.value)
    program = is_program(text)
    return ParsedText(
        text=text,
        fences=fences,
        json_form=form,
        json_value=value,
        is_program=program,
        prose="" if program else _INLINE_CODE.sub(" ", rest[: bare.start] + rest[bare.end :]),
        markdown="" if program else _INLINE_CODE.sub("code", rest),
    )


def json_form(text: str | ParsedText) -> JsonForm:
    """Return how a text holds JSON."""
    return parse_text(text).json_form


def json_value(text: str | ParsedText) -> Any:
    """Return the first JSON object or array that a text holds, or None."""
    return parse_text(text).json_value


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


def code_blocks(text: str | ParsedText) -> tuple[CodeBlock, ...]:
    """Return the fenced blocks of a text, in order."""
    return parsed_blocks(parse_text(text).fences)


def language(text: str | ParsedText) -> str:
    """Return the ISO 639 code of the language of a text's prose, or "und" where it does not show.

    Code and JSON are left out.
    """
    return language_of(parse_text(text).prose)


def written_language(text: str | ParsedText) -> str:
    """Return the language of a text, and the script of Chinese where it shows: "zh-Hant"."""
    code = language(text)
    script = script_of_chinese(parse_text(text).prose[:MAX_PROSE]) if code == CHINESE else ""
    return f"{code}-{script}" if script else code


def extract_data(text: str | ParsedText) -> str:
    """Return the JSON that a whole text is, a fence around it left out; else its prose."""
    found = parse_text(text)
    match found.json_form:
        case JsonForm.PURE:
            return found.text
        case JsonForm.FENCED:
            return found.fences[0].body
    return found.prose


def words(text: str) -> int:
    """Return the number of words; each Chinese or Japanese character counts as one."""
    if text.isascii():
        return len(text.split())
    rest, signs = _SIGN.subn(" ", text)
    return signs + len(rest.split())


_JSON_START = re.compile(r'\{\s*"|\[\s*["\[{]')
"""Not every bracket: "[1]" in prose is a footnote, "{x}" a placeholder."""
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_SIGN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Json:
    """The first JSON value among prose, and where it stands."""

    form: JsonForm = JsonForm.NOT_JSON
    value: Any = None
    start: int = 0
    end: int = 0


def _fenced_json(text: str, fences: Sequence[Fence]) -> tuple[JsonForm, Any] | None:
    for fence in fences:
        value = _load(fence.body)
        if value is not None:
            alone = not text[: fence.start].strip() and not text[fence.end :].strip()
            return JsonForm.FENCED if alone else JsonForm.WITH_PROSE, value
    return None


def _find_bare_json(prose: str) -> _Json:
    if "{" not in prose and "[" not in prose:
        return _Json()
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
    return _Json()


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
