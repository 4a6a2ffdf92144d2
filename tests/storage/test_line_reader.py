"""Tests of the quick reader of our files: it says what `parse` says, or nothing at all."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from pytest_llmregress.storage.yaml.emitter import Alias, Anchor, FlowList, FlowMapping, dump_yaml
from pytest_llmregress.storage.yaml.line_reader import MAX_COLUMN, OTHER, read_lines
from pytest_llmregress.storage.yaml.parser import YamlSyntaxError, parse

EXAMPLES = sorted(Path(__file__).resolve().parents[2].glob("examples/**/__llm__/**/*.yaml"))
WRITTEN = {
    "llmregress": 1,
    "text": "two words",
    "empty": "",
    "number": "12",
    "word": "yes",
    "lines": "first\n  second\n\nlast",
    "ending": "first\nlast\n",
    "indented": "  first\nlast",
    "quotes": 'it\'s "so"',
    "path": "C:\\users, {a}",
    "url": "https://api.anthropic.com/v1?x=1#y",
    "unicode": "Zürich 👍 — 東京",
    "values": [None, True, False, 0, -7, 12.5, 1e-7, "a: b", "- c", "#d", "null"],
    "$ref": {"not plain": {"deep": [[1, [2]], {"a": []}, {}]}},
    "models": FlowMapping(requested=["claude-opus-5"], served=[], at="2026-01-02T03:04:05Z"),
    "flow": FlowList([{"type": "text", "text": "x, y"}, [1.5, "it's", ""]]),
    "anchored": Anchor("text-1a2b", "repeated\ntext"),
    "items": [Anchor("part-3c", {"role": "user", "content": ["x"]}), Alias("part-3c")],
    "again": {"text": Alias("text-1a2b"), "list": Anchor("list-4d", [1, 2])},
}
FOREIGN = [
    "a: 1",
    "a: 1\r\n",
    "# a comment\na: 1\n",
    "a: 1 # a comment\n",
    "a: 1\n\nb: 2\n",
    "---\na: 1\n",
    "a: 1\na: 2\n",
    "a: {b: 1, b: 2}\n",
    "a: first\n  second\n",
    "a: 'first\n  second'\n",
    "a: [1,\n  2]\n",
    "a: &x 1\nb: *y\n",
    "a: &x [*x]\n",
    "a: !json '\"x\"'\n",
    "a: !!str 1\n",
    "a: ~\n",
    "a: Yes\n",
    "a: 0x10\n",
    "a: 010\n",
    "a: 1_000\n",
    "a: 1:30\n",
    "a: 1e3\n",
    "a: .5\n",
    "a: 2026-01-02\n",
    "a: >\n  folded\n",
    "a: |+\n  kept\n",
    "a: |\n    deep\n",
    "a: |\n  x\n\nb: 1\n",
    "a: \tx\n",
    'a: "\\ud83d\\ude00"\n',
    'a: "\\x41"\n',
    "a: 'it''s'\n",
    "a: {b: }\n",
    "a: {b:1}\n",
    "a: [1, ]\n",
    "a:\nb: 1\n",
    "a:\n - 1\n",
    "- 1\n",
    "null: 1\n",
    "1: 1\n",
    "a : 1\n",
    "? a\n: 1\n",
    "<<: {a: 1}\n",
    "a: x\u2028y\n",
    "\ufeffa: 1\n",
]
PIECES = [
    *(" ", "  ", "\n", "\n\n", ":", ": ", "- ", "#", " #", "'", '"', "\\", "{", "}", "[", "]"),
    *(", ", "|", "|-", "|2", "&a ", "*a", "? ", "!", "%", "@", "~", "null", "yes", "0x1", "1_0"),
    *("1:30", ".5", "---\n", "\t", "é", "\u2028", "\x85", "key: ", "<<: ", "\\u0041", "\\/", "-1"),
]


def is_same(one: Any, other: Any) -> bool:
    """Compare with types, the order of keys, and the sign of zero."""
    return repr(one) == repr(other)


def test_what_is_written_here_is_read_line_by_line():
    text = dump_yaml(WRITTEN)

    assert is_same(read_lines(text, aliases=True), parse(text, aliases=True))


def test_an_alias_gives_the_very_object_that_has_its_anchor():
    found = read_lines(dump_yaml(WRITTEN), aliases=True)

    assert found["items"][0] is found["items"][1]


def test_what_two_files_say_alike_is_no_object_of_both():
    text = "a: {b: [], c: x}\n"
    one, other = read_lines(text), read_lines(text)
    one["a"]["b"].append(1)

    assert other == read_lines(text) == {"a": {"b": [], "c": "x"}}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_files_of_the_examples_are_read_line_by_line(path: Path):
    text = path.read_text(encoding="utf-8")

    assert is_same(read_lines(text, aliases=True), parse(text, aliases=True))


@pytest.mark.parametrize("text", FOREIGN, ids=json.dumps)
def test_whatever_else_may_be_yaml_is_left_to_the_other_reader(text: str):
    assert read_lines(text, aliases=True) is OTHER


def test_an_alias_is_left_to_the_other_reader_where_there_must_be_none():
    assert read_lines("a: &x 1\nb: *x\n") is OTHER


def test_what_is_nested_deep_is_left_to_the_other_reader():
    depth = MAX_COLUMN // 2 + 2
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}

    assert read_lines(dump_yaml(value)) is OTHER
    assert parse(dump_yaml(value)) == value


def test_an_alias_inside_of_another_anchor_is_followed_and_counts_for_both():
    text = f"one: &a {'x' * 1000}\ntwo: &b\n  in: *a\n  also: *a\nthree: *b\n"

    assert is_same(read_lines(text, aliases=True), parse(text, aliases=True))

    levels = [f"n{n}: &n{n}\n  in: *n{n - 1}\n  also: *n{n - 1}\n" for n in range(1, 40)]
    assert read_lines(f"n0: &n0 {'x' * 1000}\n{''.join(levels)}", aliases=True) is OTHER


def test_aliases_that_stand_for_too_much_are_left_to_the_other_reader():
    text = f"a: &x '{'x' * 1_000_000}'\n" + "".join(f"b{n}: *x\n" for n in range(600))

    assert read_lines(text, aliases=True) is OTHER
    with pytest.raises(YamlSyntaxError, match="it stands for more than 512 MiB"):
        parse(text, aliases=True)


def test_a_damaged_text_is_never_read_as_something_else():
    random_ = random.Random(20)
    whole = [dump_yaml(WRITTEN), *(path.read_text(encoding="utf-8") for path in EXAMPLES[:12])]
    read = 0
    for _ in range(1500):
        text = random_.choice(whole)
        at = random_.randrange(len(text))
        piece = random_.choice(PIECES)
        kept = random_.choice([at, at + 1, at + 3])
        damaged = text[:at] + random_.choice(["", piece]) + text[kept:]
        found = read_lines(damaged, aliases=True)
        if found is not OTHER:
            read += 1
            assert is_same(found, parse(damaged, aliases=True)), damaged

    assert read > 150
