"""YAML that reads back as it was written, and files that are refused by name."""

import datetime as dt
import json
import random
import re
import subprocess
import sys
from enum import StrEnum

import pytest
import yaml

from pytest_llmregress.storage.errors import (
    ForeignFileError,
    UnreadableFileError,
    UnwritableValueError,
)
from pytest_llmregress.storage.vcr_format.safe_yaml import load_yaml
from pytest_llmregress.storage.yaml.document import (
    MAX_BYTES,
    dump,
    dump_and_load,
    load,
    load_header,
)
from pytest_llmregress.storage.yaml.emitter import Alias, Anchor
from pytest_llmregress.storage.yaml.parser import YamlSyntaxError, parse

TEXTS = [
    "", " ", "\n", "\n\n", " \n", "a\n", "a\n\n", "\na", "\n\n a", " a\nb", "  a\n b\n", "a \nb",
    "a\nb ", "a\n \nb", "a\tb", "\ta\nb", "a\n\tb", "\n\ta", "a\r\nb", "a\rb", "\x00", "a\x00\nb",
    "\x1b[0m", "\x7f", "\x85", "a\x85b\nc", "\u2028", "a\u2028\nb", "\u2029", "\ufeff", "a\ufeffb",
    "\ufffe\uffff", "é", "日本\n語", "😀", "😀\n👩‍👩‍👧", "\u202eabc", "\xa0", "a\xa0",
    "yes", "no", "on", "y", "n", "Y", "true", "null", "~", "NULL", "1", "01", "0x1F", "1_000",
    "1:30", "1.5", "1e5", "1.0e+5", ".inf", ".nan", "-", "- a", "--- a", "---", "...", "2026-11-22",
    "2026-11-22T02:10:00Z", "=", "<<", "!tag", "&a", "*a", "%a", "@a", "`a", "?", "? a", ":", ": a",
    "a:", "a: b", "a:b", "a::b", "a:: b", "a::", "a #b", "a#b", "#a", "[a", "a]", "{a}", "a, b",
    "|", ">", "'", "it's", '"', 'say "x"', "\\", "a\\nb", "\\ud800", "a\n---\nb\n...\n",
    "a\n# b\n: c", "<<<<<<< HEAD", "a\n<<<<<<< HEAD\n=======\n>>>>>>> b\n",
    "https://a.b/c?d=e&f#g", "a b  c",
    "a b  c",
    "tests/test_a.py::test_b[x-1]", "x" * 3000, "x " * 2000, "\ud800", "it's \udfff\n",
]  # fmt: skip
SURROGATE = re.compile("[\ud800-\udfff]")
VALUES = [
    0, 1, -1, True, False, None, 10**400, -(2**63), 0.0, -0.0, 1.5, 1e16, 1e-7, 1e300, -2.5e-300,
    float("inf"), float("-inf"), [], {}, [[]], [{}], {"a": {}}, {"a": [[], [[1, [2, {"b": []}]]]]},
    [["a\nb", ["c\nd", {"e": "f\n g", "h": [" i\nj"]}]]], [{"a": 1, "b": [1, {"c": "\n x"}]}],
]  # fmt: skip


def same(one, other):
    """Compare with types and key order, as JSON text does."""
    return json.dumps(one) == json.dumps(other)


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_a_text_survives_as_value_element_and_key(text):
    value = {"a": text, "b": [text, [text]], "c": {text: text, "d": {"e": text}}, text + "k": 1}

    assert same(parse(dump(value)), value)


@pytest.mark.parametrize("text", [text for text in TEXTS if not SURROGATE.search(text)], ids=ascii)
def test_any_other_reader_of_yaml_reads_the_same(text):
    value = {"a": text, "b": [text, [text]], "c": {text: text}}

    assert same(yaml.safe_load(dump(value)), value)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:30])
def test_a_value_survives_with_its_type(value):
    assert same(parse(dump({"a": value, "b": [value]})), {"a": value, "b": [value]})


def random_value(rng, depth):
    if depth == 0 or rng.random() < 0.4:
        pick = rng.random()
        if pick < 0.3:
            return rng.choice(TEXTS)
        if pick < 0.8:
            return "".join(rng.choice(" \n\t:#-'\"\\ab1,[]{}é😀\u2028\x85\r") for _ in range(12))
        return rng.choice(VALUES[:17])
    if rng.random() < 0.5:
        return [random_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {
        rng.choice(TEXTS) + str(n): random_value(rng, depth - 1) for n in range(rng.randrange(4))
    }


@pytest.mark.parametrize("seed", range(40))
def test_random_structures_survive_and_give_the_same_bytes_again(seed):
    rng = random.Random(seed)
    value = {f"k{n}": random_value(rng, 5) for n in range(15)}

    text = dump(value)

    assert same(parse(text), value)
    assert dump(parse(text)) == text


def test_without_libyaml_the_same_files_are_read_and_written():
    code = """
import sys
sys.modules["yaml._yaml"] = None
import yaml
from pytest_llmregress.storage.yaml.document import dump
from pytest_llmregress.storage.yaml.parser import parse
assert not yaml.__with_libyaml__
value = {"a": "x\\n\\ty \\U0001f600\\n", "b": [" i\\nj", 1.5, None, {"c": "\\x85"}], "z" * 2000: 1}
assert parse(dump(value)) == value
sys.stdout.buffer.write(dump(value).encode())
"""
    value = {"a": "x\n\ty 😀\n", "b": [" i\nj", 1.5, None, {"c": "\x85"}], "z" * 2000: 1}

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert out.stdout.decode() == dump(value)


def test_many_lines_are_a_block_that_a_reviewer_can_read():
    text = dump({"text": 'Dear 😀,\n\n\tit\'s 14 days: "sure"\n', "key": "a"})

    assert text == 'text: |\n  Dear 😀,\n\n  \tit\'s 14 days: "sure"\nkey: a\n'


def test_long_lines_are_not_folded():
    assert len(dump({"a": "word " * 500 + "end"}).splitlines()) == 1


def test_white_space_that_a_commit_hook_would_remove_is_never_at_the_end_of_a_line():
    text = dump({"a": "x  \ny", "b": ["x\n\n\n", " \n", "\t\n"], "c": "z\n\n"})

    assert not re.search(r"[ \t]$|\n\n\Z", text, re.MULTILINE)


class Word(StrEnum):
    A = "a"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": [1, (2,)]}, "a[1]: it is a value of type tuple, not a JSON value; a file holds"),
        ({"a": {"b": Word.A}}, "a.b: it is a value of type Word, not a JSON value"),
        ({"a": dt.date(2026, 1, 1)}, "a: it is a value of type date"),
        ({"a": b"x"}, "a: it is a value of type bytes"),
        ({"a": {1: 2}}, "a: the key 1 is a value of type int, not text"),
        ({"a": 10**5000}, "a: it is an integer of more than 3870 digits"),
    ],
    ids=["tuple", "enum", "date", "bytes", "key", "integer"],
)
def test_what_would_not_read_back_is_not_written(value, message):
    with pytest.raises(UnwritableValueError) as caught:
        dump(value)

    assert str(caught.value).startswith(message)


def test_what_would_be_too_large_to_read_is_not_written():
    with pytest.raises(UnwritableValueError, match="the file would be larger than 64 MiB"):
        dump({"a": "x" * MAX_BYTES})


def aliased():
    """Return a value in which everything that can be has a name, as any reader sees it, and so."""
    long, items, mapping = "x\n y\n", ["a", ["b"], {"c": "d"}], {"a": {"b": []}, "c": [1]}
    plain, named = {"top": []}, {"top": []}
    for n, each in enumerate([long, "z", items, mapping, [], {}, None, 1.5]):
        one, two = Anchor(f"n-{n}a", each), Anchor(f"n-{n}b", each)
        plain |= {f"k{n}": each, f"l{n}": [each, [each], each, {"m": each}]}
        named |= {f"k{n}": one, f"l{n}": [two, [Alias(one.name)], Alias(two.name), {"m": each}]}
    inner = Anchor("inner", long)
    plain["nested"] = [[long, "q"], [long, "q"], long]
    named["nested"] = [Anchor("outer", [inner, "q"]), Alias("outer"), Alias("inner")]
    return plain, named


def test_what_has_a_name_is_told_by_it_and_is_the_same_object():
    plain, named = aliased()

    text, loaded = dump_and_load(named, aliases=True)

    assert same(loaded, plain)
    assert same(yaml.safe_load(text), plain)
    assert loaded["k2"] is loaded["l2"][1][0]
    assert loaded["l3"][0] is not loaded["k3"]


@pytest.mark.parametrize(
    "value",
    [
        {"a": Alias("x")},
        {"a": Alias("x"), "b": Anchor("x", 1)},
        {"a": Anchor("x", 1), "b": Anchor("x", 2)},
        {"a": Anchor("x", [Alias("x")])},
    ],
    ids=["nothing", "later", "twice", "itself"],
)
def test_a_name_that_does_not_stand_for_one_thing_before_it_is_not_written(value):
    with pytest.raises(UnwritableValueError, match="the file would be unreadable: "):
        dump_and_load(value, aliases=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: *x\n", "the YAML alias *x stands for nothing that ends before it"),
        ("a: *x\nb: &x 1\n", "the YAML alias *x stands for nothing that ends before it"),
        ("a: &x [*x]\n", "the YAML alias *x stands for nothing that ends before it"),
        ("a: &x {b: *x}\n", "the YAML alias *x stands for nothing that ends before it"),
        ("a: &x 1\nb: &x 1\n", "the YAML anchor &x stands there twice"),
        (f"- &a0 {'[' * 60}{']' * 60}\n- {'[' * 60}*a0{']' * 60}\n",
         "with the YAML alias *a0 it is nested more than 100 deep"),
        ("- &a0 [" + "x" * 99 + "]\n"
         + "".join(f"- &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20)),
         "with the YAML alias *a6 it stands for more than 512 MiB"),
        ("- &a [1]\n- {*a : 1}\n", "a list or mapping is used as a key"),
    ],
    ids=["unknown", "later", "itself", "itself in a mapping", "twice", "deep", "bomb", "key"],
)  # fmt: skip
def test_aliases_are_followed_within_bounds(text, words):
    with pytest.raises(YamlSyntaxError) as caught:
        parse(text, aliases=True)

    assert caught.value.words == words


NESTED = {
    "101 lists": "\n\na: " + "[" * 101 + "]" * 101,
    "lists in a line": "\n\na: " + "[" * 5000,
    "lists in a line, closed": "\n\na: " + "[" * 1500 + "]" * 1500,
    "lists with anchors": "\n\na: " + "".join(f"&n{n} [" for n in range(1500)),
    "mappings in a line": "\n\n" + "{a: " * 5000,
    "mappings as keys": "\n\n" + "{" * 5000,
    "lists by dashes": "a:\n\n" + "- " * 30_000 + "x\n",
    "lists in lines": "a:\n" + " [\n" * 5000,
    "mappings in lines": "".join(f"{' ' * n}a:\n" for n in range(1500)),
}
LINES = {"lists in lines": 101, "mappings in lines": 101}
"""Of the list or mapping that is one too deep; in the others it is the third."""
READERS = [parse, load_yaml]


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("nesting", NESTED)
def test_deep_nesting_is_named_with_its_line_whichever_part_notices_it_first(nesting, read):
    with pytest.raises(YamlSyntaxError) as caught:
        read(NESTED[nesting])

    assert caught.value.words == "it is nested more than 100 deep"
    assert caught.value.line == LINES.get(nesting, 3)


def test_without_libyaml_deep_nesting_is_named_in_the_same_words():
    code = """
import json, sys
sys.modules["yaml._yaml"] = None
import yaml
from pytest_llmregress.storage.vcr_format.safe_yaml import load_yaml
from pytest_llmregress.storage.yaml.parser import YamlSyntaxError, parse
assert not yaml.__with_libyaml__
for text in json.load(sys.stdin):
    for read in (parse, load_yaml):
        try:
            read(text)
        except YamlSyntaxError as fault:
            print(f"{fault.line}: {fault.words}")
"""
    expected = [LINES.get(name, 3) for name in NESTED for _ in READERS]

    out = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(list(NESTED.values())),
        capture_output=True,
        text=True,
        check=True,
    )

    assert out.stdout.splitlines() == [f"{n}: it is nested more than 100 deep" for n in expected]


def test_what_is_nested_too_deep_is_not_written():
    value = {}
    value["a"] = value

    with pytest.raises(UnwritableValueError, match="it is nested more than 100 deep"):
        dump(value)


AGAIN = "pytest … --llmregress-record once"
RESTORE = f"restore it from version control, or delete it and record it again: {AGAIN}"
HEAD = b"llmregress: 1\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", f": it is empty; {RESTORE}"),
        (b" \n\t\n", f": it is empty; {RESTORE}"),
        (b"# nothing\n", f": it is empty; {RESTORE}"),
        (HEAD + b"a: \xff\n", f":2: it is not UTF-8; {RESTORE}"),
        (HEAD + b"a: \x01\n", f":2: the character U+0001 is not allowed in YAML; {RESTORE}"),
        (HEAD + b"a: 'b\n", f":3: it is no YAML: found unexpected end of stream; {RESTORE}"),
        (HEAD + b"a: b: c\n",
         f":2: it is no YAML: mapping values are not allowed in this context; {RESTORE}"),
        (HEAD + b"<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> x\n",
         f":2: a merge conflict was left in it (<<<<<<<); settle it, {RESTORE}"),
        (HEAD + b"a: 1\r\n=======\r\n",
         f":3: a merge conflict was left in it (=======); settle it, {RESTORE}"),
        (HEAD + b"a: !!python/object/apply:os.system [ls]\n",
         f":2: the YAML tag !!python/object/apply:os.system is not allowed here; {RESTORE}"),
        (HEAD + b"a: !!python/name:os.system x\n",
         f":2: the YAML tag !!python/name:os.system is not allowed here; {RESTORE}"),
        (HEAD + b"a: !json 12\n",
         f":2: !json marks something that is no JSON string; {RESTORE}"),
        (HEAD + b"a: &x [1]\nb: *x\n", f":3: the YAML alias *x is not allowed here; {RESTORE}"),
        (HEAD + b"a: 1\nb: 2\na: 3\n", f":4: the key 'a' stands there twice; {RESTORE}"),
        (HEAD + b"[a]: 1\n", f":2: a list or mapping is used as a key; {RESTORE}"),
        (HEAD + b"---\na: 1\n", f":2: a second YAML document starts here; {RESTORE}"),
        (HEAD + b"a: " + b"[" * 5000, f":2: it is nested more than 100 deep; {RESTORE}"),
        (HEAD + b"a:\n" + b"- " * 300_000 + b"x\n",
         f":3: it is nested more than 100 deep; {RESTORE}"),
        (HEAD + b"a: " + b"1" * 5000,
         f":2: '{'1' * 20}'… is no number that can be read; {RESTORE}"),
        (b"- a\n", f":1: it holds a list, not a mapping; {RESTORE}"),
        (b"hello\n", f":1: it holds text, not a mapping; {RESTORE}"),
        (b"kind: cassette\n", f": it does not start with `llmregress: 1`; {RESTORE}"),
        (b"llmregress: true\n", f": llmregress: True is no format number; {RESTORE}"),
        (b"llmregress: 0\n", f": llmregress: 0 is no format number; {RESTORE}"),
        (b"llmregress: 3\n", (": it was written by a newer pytest-llmregress (format 3); this one "
         "reads up to 1. Upgrade: python -m pip install -U pytest-llmregress")),
    ],
    ids=lambda value: ascii(value)[:30],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named_with_fault_and_line(tmp_path, data, message):
    path = tmp_path / "a.yaml"
    path.write_bytes(data)

    with pytest.raises(UnreadableFileError) as caught:
        load(path)

    assert str(caught.value) == f"{path}{message}"
    assert path.read_bytes() == data


def test_a_giant_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "a.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)

    with pytest.raises(UnreadableFileError, match="it is 64 MiB large, and 64 MiB is the limit"):
        load(path)


def test_a_folder_in_place_of_a_file_is_named(tmp_path):
    with pytest.raises(UnreadableFileError, match="it is a folder"):
        load(tmp_path)


def test_no_file_is_no_damaged_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbfllmregress: 1\na: |\n  x\n  y\n", b"llmregress: 1\r\na: |\r\n  x\r\n  y\r\n"],
    ids=["byte order mark", "line ends of Windows"],
)
def test_what_editors_on_windows_do_to_a_file_changes_nothing(tmp_path, data):
    path = tmp_path / "a.yaml"
    path.write_bytes(data)

    assert load(path) == {"llmregress": 1, "a": "x\ny\n"}


def test_a_date_that_somebody_wrote_without_quotes_stays_text(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("llmregress: 1\nat: 2026-11-22\nn: 0x1F\nf: 1.5\ny: yes\n")

    assert load(path) == {"llmregress": 1, "at": "2026-11-22", "n": 31, "f": 1.5, "y": True}


def test_a_header_is_read_without_what_follows(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("llmregress: 1\ntest: 't'\ncalls:\n- {broken\n")

    assert load_header(path) == {"llmregress": 1, "test": "t"}


@pytest.mark.parametrize(
    "text",
    [
        "interactions:\n- request: {}\nversion: 1\n",
        "interactions:\n- response:\n    string: !!binary |\n      H4sI\nversion: 1\n",
        "version: 1\r\ninteractions:\r\n  - request: !!python/unicode x\r\n",
        "interactions:\n- request: &a {}\n- request: *a\n",
    ],
    ids=["plain", "binary", "a tag of Python", "alias"],
)
def test_a_cassette_of_vcrpy_is_told_from_a_damaged_one(tmp_path, text):
    path = tmp_path / "a.cassette.yaml"
    path.write_bytes(text.encode())

    with pytest.raises(ForeignFileError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}: it is a cassette of vcrpy, not one of pytest-llmregress (no `llmregress: 1`); "
        f"pytest-llmregress import {path}"
    )


def test_a_damaged_cassette_of_ours_is_none_of_vcrpy(tmp_path):
    path = tmp_path / "a.cassette.yaml"
    path.write_text("llmregress: 1\ninteractions:\n- a: !!binary x\n")

    with pytest.raises(
        UnreadableFileError, match=r":3: the YAML tag !!binary is not allowed"
    ) as caught:
        load(path)
    assert type(caught.value) is UnreadableFileError
