"""Cassettes that others wrote, read."""

import base64
import gzip
import json
import zlib
from pathlib import Path

import pytest

from pytest_llmregress.storage.errors import UnreadableFileError
from pytest_llmregress.storage.vcr_format.reader import ADVICE, read_foreign
from pytest_llmregress.storage.yaml import document as yaml_document
from pytest_llmregress.values.http import Interaction, Request, Response

URL = "https://api.anthropic.com/v1/messages"
TEXT = '{"text":"Füße 🦆"}'.encode()
STOCK = f"""\
interactions:
- request:
    body: '{{"model":"claude-opus-5"}}'
    headers:
      Content-Type: application/json
      user-agent:
      - Anthropic/Python 2.12.0
    method: POST
    uri: {URL}
  response:
    body:
      string: '{{"text":"hi"}}'
    headers:
      Date:
      - Sun, 22 Nov 2026 01:02:03 GMT
      Set-Cookie:
      - a=1
      - b=2
    status:
      code: 200
      message: OK
version: 1
"""
INTERACTION = Interaction(
    request=Request(
        method="POST",
        url=URL,
        headers={
            "content-type": ("application/json",),
            "user-agent": ("Anthropic/Python 2.12.0",),
        },
        body=b'{"model":"claude-opus-5"}',
    ),
    response=Response(
        status=200,
        reason="OK",
        headers={"date": ("Sun, 22 Nov 2026 01:02:03 GMT",), "set-cookie": ("a=1", "b=2")},
        body=b'{"text":"hi"}',
    ),
)


def document(request: dict | None = None, response: dict | None = None) -> dict:
    return {
        "version": 1,
        "interactions": [
            {
                "request": {"method": "POST", "uri": URL, "headers": {}, "body": None}
                | (request or {}),
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {},
                    "body": {"string": ""},
                }
                | (response or {}),
            }
        ],
    }


def write(folder: Path, content: str | bytes | dict, name: str = "test_a.yaml") -> Path:
    path = folder / name
    if isinstance(content, dict):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def only(folder: Path, content: str | bytes | dict, name: str = "test_a.yaml") -> Interaction:
    [interaction] = read_foreign(write(folder, content, name)).interactions
    return interaction


def test_a_stock_cassette_is_read_with_its_date_and_its_sdk(tmp_path):
    cassette = read_foreign(write(tmp_path, STOCK))

    assert cassette.interactions == (INTERACTION,)
    assert cassette.recorded_at == "2026-11-22T01:02:03Z"
    assert cassette.versions == {"anthropic": "2.12.0"}
    assert cassette.test == ""
    assert cassette.requested_models == ()


@pytest.mark.parametrize("name", ["test_a.json", "test_a.yaml"])
def test_the_json_serializer_is_read_too(tmp_path, name):
    interaction = only(tmp_path, document({"body": "ä"}, {"body": {"string": "ö"}}), name)

    assert interaction.request.body == "ä".encode()
    assert interaction.response.body == "ö".encode()


def test_what_vcrpy_adds_beside_the_interactions_changes_nothing(tmp_path):
    plain = only(tmp_path, document())
    more = {**document(), "metadata": {"seed": 7}, "version": 2}

    assert only(tmp_path, more) == plain


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, b""),
        ("text", b"text"),
        (["a", "b"], b"ab"),
        ({"string": "text"}, b"text"),
        ({"model": "m"}, b'{"model":"m"}'),
        ({}, b"{}"),
        ([{"a": 1}], b'[{"a":1}]'),
    ],
)
def test_a_request_has_its_body_in_any_of_these_forms(tmp_path, body, expected):
    assert only(tmp_path, document({"body": body})).request.body == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("!!binary /wA=", b"\xff\x00"),
        ("!!python/tuple [a, !!binary /w==]", b"a\xff"),
        ("!!python/unicode 'text'", b"text"),
        ("!!python/object/new:_io.BytesIO {state: !!python/tuple [!!binary /w==, 0]}", b"\xff"),
        ("!!python/object/apply:builtins.iter {args: [[a, b]]}", b"ab"),
        ("!!python/object/new:_io.BytesIO {state: 5}", b""),
        ("2026-11-22", b"2026-11-22"),
    ],
)
def test_the_harmless_tags_of_vcrpy_are_known(tmp_path, written, expected):
    text = STOCK.replace("""body: '{"model":"claude-opus-5"}'""", f"body: {written}")

    assert only(tmp_path, text).request.body == expected


def test_bodies_kept_as_structure_are_read_as_the_sdk_writes_them(tmp_path):
    parsed = {"temperature": 0.5, "messages": [{"content": "ü\n"}], "stream": False, "n": None}
    headers = {"content-length": ["416"], "content-encoding": ["gzip"]}
    interaction = only(
        tmp_path,
        document(
            {"parsed_body": parsed, "headers": headers},
            {"parsed_body": parsed, "body": None, "headers": headers},
        ),
    )
    written = '{"temperature":0.5,"messages":[{"content":"ü\\n"}],"stream":false,"n":null}'

    assert interaction.request.body == written.encode()
    assert interaction.response.body == written.encode()
    assert interaction.response.headers == {}
    assert "content-length" not in interaction.request.headers


@pytest.mark.parametrize("parsed", [{}, [], "", 0, False])
def test_an_empty_structure_is_a_body(tmp_path, parsed):
    interaction = only(tmp_path, document({"parsed_body": parsed}))

    assert interaction.request.body == json.dumps(parsed).encode()


def test_half_of_a_surrogate_pair_survives(tmp_path):
    interaction = only(tmp_path, document({"parsed_body": ["\ud83d"]}), "test_a.json")

    assert json.loads(interaction.request.body) == ["\ud83d"]


def test_the_old_form_of_httpx_is_read(tmp_path):
    old = document()
    old["interactions"][0]["response"] = {
        "status_code": 529,
        "http_version": "HTTP/1.1",
        "headers": {"Content-Encoding": "gzip", "Content-Length": "5"},
        "content": "not zipped any more",
    }
    response = only(tmp_path, old).response

    assert response == Response(status=529, body=b"not zipped any more")


def raw_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(body) + stream.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("GZIP", gzip.compress(TEXT[:4], mtime=0) + gzip.compress(TEXT[4:], mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("deflate, gzip", gzip.compress(zlib.compress(TEXT), mtime=0)),
        ("identity", TEXT),
        ("gzip", TEXT),
        ("br", TEXT),
        ("zstd", TEXT),
    ],
)
def test_a_compressed_response_is_decompressed_and_says_so_no_more(tmp_path, encoding, body):
    written = base64.b64encode(body).decode()
    text = STOCK.replace("""string: '{"text":"hi"}'""", f"string: !!binary {written}")
    text = text.replace("Date:", f"content-encoding: [{encoding!r}]\n      Date:")
    response = only(tmp_path, text).response

    assert response.body == TEXT
    assert "content-encoding" not in response.headers


@pytest.mark.parametrize(
    ("encoding", "body", "why"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)[:-4], "cut off"),
        ("gzip", b"\xff\xfe", "incorrect header check"),
        ("lzma", b"\xfd7zXZ", "lzma is none of gzip, x-gzip, deflate, br, zstd"),
    ],
)
def test_a_body_that_cannot_be_decompressed_is_named(tmp_path, encoding, body, why):
    written = base64.b64encode(body).decode()
    text = STOCK.replace("""string: '{"text":"hi"}'""", f"string: !!binary {written}")
    text = text.replace("Date:", f"content-encoding: [{encoding}]\n      Date:")

    with pytest.raises(UnreadableFileError, match=r"interactions\[0\]\.response\.body") as error:
        only(tmp_path, text)
    assert why in str(error.value)


def bomb(levels: int, width: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        aliases = ", ".join([f"*a{level - 1}"] * width)
        lines.append(f"a{level}: &a{level} [{aliases}]")
    return "\n".join(lines)


def test_aliases_are_followed(tmp_path):
    text = STOCK.replace("      - a=1\n", "      - &one a=1\n").replace("- b=2", "- *one")

    assert only(tmp_path, text).response.headers["set-cookie"] == ("a=1", "a=1")


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("", None, "it is empty"),
        (" \n\n", None, "it is empty"),
        ("- request: {}\n", None, "vcrpy before 1.0"),
        ("text", None, "it holds no mapping"),
        ("llmregress: 1\n", None, "a file of pytest-llmregress already"),
        ("http_interactions: []\n", None, "a cassette of Ruby's VCR"),
        ("settings: {}\n", None, "no `interactions`"),
        ("interactions: null\n", None, "interactions is null, and a list is needed"),
        ("interactions: [5]\n", None, "interactions[0] is 5, and a mapping is needed"),
        ("interactions:\n- a: b\n  c\n", 4, "it is no YAML"),
        ("<<<<<<< ours\ninteractions: []\n=======\n", 2, "it is no YAML"),
        ("interactions: !!python/object/apply:os.system [ls]\n", 1, "os.system"),
        ("interactions: !!binary 'ä'\n", 1, "it is no YAML"),
        ("interactions: []\n--- \ninteractions: []\n", 2, "document"),
        ("interactions: [\x07]\n", None, "it is no YAML"),
        ("interactions: [{[a]: b}]\n", 1, "unhashable key"),
        (f"interactions: {'9' * 5000}\n", None, "it is no YAML"),
        ("interactions: " + "[" * 101 + "]" * 101, 1, "nested more than 100 deep"),
        ("interactions: " + "[" * 100_000, 1, "nested more than 100 deep"),
        (bomb(9, 10), 6, "its aliases stand for more than can be read"),
        ("a: &a [*a]\n", 1, "*a stands for nothing, or for itself"),
        ("a: *b\n", 1, "*b stands for nothing, or for itself"),
        ("a: &a " + "[" * 60 + "]" * 60 + "\nb: " + "[" * 60 + "*a" + "]" * 60, 2, "nested"),
        (b"interactions: []\n# \xff\n", 2, "it is not UTF-8"),
    ],
)
def test_anything_else_is_named_with_its_fault(tmp_path, text, line, fault):
    path = write(tmp_path, text)

    with pytest.raises(UnreadableFileError) as error:
        read_foreign(path)
    assert fault in error.value.fault
    assert error.value.line == line
    assert str(error.value).endswith(ADVICE)


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("{", 1, "it is no JSON"),
        ("[" * 100_000, None, "it is no JSON"),
        ('{"interactions": []}\n}', 2, "it is no JSON: Extra data"),
    ],
)
def test_damaged_json_is_named_with_its_fault(tmp_path, text, line, fault):
    path = write(tmp_path, text, "test_a.json")

    with pytest.raises(UnreadableFileError) as error:
        read_foreign(path)
    assert fault in error.value.fault
    assert error.value.line == line


@pytest.mark.parametrize(
    ("request_", "response", "fault"),
    [
        ({"body": 5}, {}, "interactions[0].request.body: it is no body"),
        ({"method": None}, {}, "interactions[0].request.method is null"),
        ({"headers": {"a": [None]}}, {}, "interactions[0].request.headers: a is neither"),
        ({"headers": [["a", "b"]]}, {}, "interactions[0].request.headers is a list"),
        ({"parsed_body": [float("nan")]}, {}, "interactions[0].request.parsed_body: it is no JSON"),
        ({}, {"status": 200}, "interactions[0].response.status is 200, and a mapping"),
        ({}, {"status": {"code": "200"}}, "interactions[0].response.status.code is '200'"),
        ({}, {"body": {"text": "hi"}}, "interactions[0].response.body: it is a mapping"),
    ],
)
def test_a_message_of_an_unknown_form_is_named(tmp_path, request_, response, fault):
    path = write(tmp_path, document(request_, response), "test_a.json")

    with pytest.raises(UnreadableFileError) as error:
        read_foreign(path)
    assert fault in error.value.fault


def test_a_body_under_an_unknown_key_is_no_empty_body(tmp_path):
    content = document({"json_body": {"model": "m"}})
    del content["interactions"][0]["request"]["body"]

    with pytest.raises(
        UnreadableFileError, match="there is no body, neither as body nor as parsed"
    ):
        only(tmp_path, content)


def test_all_faults_are_told_at_once(tmp_path):
    content = document({"method": 1, "uri": 2}, {"status": {}})

    with pytest.raises(UnreadableFileError) as error:
        only(tmp_path, content)
    assert error.value.fault.count("interactions[0]") == 3


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "test_a.yaml"
    with path.open("wb") as file:
        file.truncate(yaml_document.MAX_BYTES + 1)

    with pytest.raises(UnreadableFileError, match="64 MiB is the limit"):
        read_foreign(path)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_foreign(tmp_path / "nothing.yaml")
    with pytest.raises(UnreadableFileError, match="it is a folder"):
        read_foreign(tmp_path)
