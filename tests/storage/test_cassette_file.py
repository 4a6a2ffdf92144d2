"""Cassettes on disk: bodies byte for byte, and damage refused by name."""

import json
import random
import re
from dataclasses import replace

import pytest
import yaml

from pytest_llmregress.storage.cassette_file import (
    digest_of,
    read_cassette,
    write_cassette,
)
from pytest_llmregress.storage.encoding.body_encoding import STYLES
from pytest_llmregress.storage.errors import UnreadableFileError
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response

TEST = "tests/test_support.py::test_refund"
NASTY = [
    "yes", "1:30", "null", "~", "2026-11-22", "", " ", "a \n", "\tx\ny", "a\r\nb", "\x00", "\x85",
    "\u2028", "😀", "\ufeff", "it's \"x\"", "a: b", "- a\n- b", "<<", "=", "x" * 500, "\\", "\x7f",
]  # fmt: skip


def interaction(body=b"", reply=b"", **response):
    return Interaction(
        request=Request(
            method="POST",
            url="https://api.anthropic.com/v1/messages",
            headers={"anthropic-beta": ("a", "b"), "content-type": ("application/json",)},
            body=body,
        ),
        response=Response(
            status=200, reason="OK", headers={"request-id": ("req_1",)}, body=reply, **response
        ),
        latency=1.234,
    )


def cassette(*interactions, **changes):
    return replace(
        Cassette(
            test=TEST,
            requested_models=("claude-opus-5",),
            served_models=("claude-opus-5",),
            recorded_at="2026-11-22T02:10:00Z",
            versions={"anthropic": "2.12.0"},
            interactions=interactions,
        ),
        **changes,
    )


def stored(tmp_path, value):
    """Write, read, and return the document as any reader of YAML sees it."""
    path = tmp_path / "refund.cassette.yaml"
    write_cassette(path, value)
    written = path.read_bytes()
    assert read_cassette(path) == value
    write_cassette(path, read_cassette(path))
    assert path.read_bytes() == written
    return yaml.safe_load(written)


def forms(message):
    return {key for key in message if key in {"json", "json_style", "events", "text", "base64"}}


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        (b"", set()),
        (b'{"a":1,"b":[true,null,1.5,"\xc3\xa9"]}', {"json"}),
        (b'{"a":"\\u00e9"}', {"json", "json_style"}),
        (b'{"a": "\xc3\xa9", "b": 1}', {"json", "json_style"}),
        (b'{"a": "\\u00e9", "b": 1}', {"json", "json_style"}),
        (b'{\n  "a": 1\n}', {"json", "json_style"}),
        (b"null", {"json"}),
        (b"-0.0", {"json"}),
        (b"1e+16", {"json"}),
        (b'""', {"json"}),
        (b"9" * 400, {"json"}),
        (b'{"a":"\\ud83d\\ude00"}', {"json", "json_style"}),
        (b'{"a":"\xe2\x80\xa8\xc2\x85\\u0000"}', {"json"}),
        (b'{"a":"\\ud83d"}', {"text"}),
        (b'{"a":NaN}', {"text"}),
        (b'{"a":-Infinity}', {"text"}),
        (b'{"a":1E400}', {"text"}),
        (b'{"a":1.0e5}', {"text"}),
        (b'{"a":1.10}', {"text"}),
        (b'{"a":-0}', {"text"}),
        (b'{"a":1,"a":1}', {"text"}),
        (b'{"a":"\\/"}', {"text"}),
        (b'{"a":1}\n', {"text"}),
        (b'{"a":1', {"text"}),
        (b"9" * 5000, {"text"}),
        (b"[" * 65 + b"]" * 65, {"text"}),
        (b"[" * 64 + b"]" * 64, {"json"}),
        (b"[" * 100_000 + b"]" * 100_000, {"text"}),
        (b"plain\r\ntext \n", {"text"}),
        (b"yes", {"text"}),
        (b"\xef\xbb\xbf{}", {"text"}),
        (b"a\x00b", {"base64"}),
        (b"\xff\xfe", {"base64"}),
        (b'event: a\ndata: {"b":1}\n\n', {"events"}),
        (b'data: {"b":1}\n\ndata: [DONE]\n\n', {"events"}),
        (b'data: {"b": 1}\n\nevent: x\ndata: {"b": "\\u00e9"}\n\n', {"events", "json_style"}),
        (b'event: ping\ndata: {"type": "ping"}\n\ndata: {"b":{"c":1}    }\n\n', {"events"}),
        (b'event: \ndata: {"b":1}\n\n', {"events"}),
        (b'event: a\ndata: {"b":"\\ud800"}\n\ndata: {"b":1}\n\n', {"events"}),
        (b'event: a\ndata: {"b":1}\n', {"text"}),
        (b'event: a\ndata: {"b":1}\n\nevent: b\nda', {"text"}),
        (b'event: a\r\ndata: {"b":1}\r\n\r\n', {"text"}),
        (b': ping\n\nevent: a\ndata: {"b":1}\n\n', {"text"}),
        (b'data: {"b":1}\n\n: ping\n\n', {"text"}),
        (b'id: 1\ndata: {"b":1}\n\n', {"text"}),
        (b"data: {\ndata: }\n\n", {"text"}),
        (b'data: {"b":1}\n\n\n\n', {"text"}),
        (b"data: [DONE]\n\n", {"text"}),
    ],
    ids=lambda value: ascii(sorted(value) if isinstance(value, set) else value)[:40],
)
def test_a_body_comes_back_byte_for_byte_in_its_most_readable_form(tmp_path, body, keys):
    document = stored(tmp_path, cassette(interaction(body, body)))

    call = document["calls"][0]
    assert forms(call["request"]) == keys
    assert forms(call["response"]) == keys


def random_json(rng, depth):
    if depth == 0 or rng.random() < 0.3:
        number = rng.choice([rng.random(), rng.randrange(10**20), 10.0 ** rng.randrange(-9, 40)])
        return rng.choice([None, True, False, number, rng.choice(NASTY), rng.choice(NASTY)])
    if rng.random() < 0.5:
        return [random_json(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {rng.choice(NASTY): random_json(rng, depth - 1) for _ in range(rng.randrange(5))}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", range(10))
def test_random_json_in_every_known_style_comes_back_and_is_stored_as_json(tmp_path, seed, style):
    rng = random.Random(seed)
    bodies = [STYLES[style](random_json(rng, 6)).encode() for _ in range(10)]

    document = stored(tmp_path, cassette(*(interaction(body, body) for body in bodies)))

    assert all("json" in call["response"] for call in document["calls"])
    assert all({"json", "as_call"} & {*call["request"]} for call in document["calls"])


@pytest.mark.parametrize("seed", range(10))
def test_random_bytes_and_random_texts_come_back(tmp_path, seed):
    rng = random.Random(seed)
    bodies = [rng.randbytes(rng.randrange(40)) for _ in range(20)]
    bodies += ["".join(rng.choice(NASTY) for _ in range(9)).encode() for _ in range(20)]
    bodies += [
        "".join(rng.choice('event: \ndata: {"a":1}\n\n\r: x') for _ in range(30)).encode()
        for _ in range(20)
    ]

    assert stored(tmp_path, cassette(*(interaction(body, body) for body in bodies)))


def test_random_streams_of_mixed_styles_and_paddings_come_back_as_events(tmp_path):
    rng = random.Random(7)
    styles = [render for name, render in STYLES.items() if name != "indented"]
    frames = []
    for _ in range(200):
        data = rng.choice(styles)({"a": random_json(rng, 3)})
        data = data[:-1] + " " * rng.randrange(4) + "}"
        frames.append(rng.choice(["", "event: a b\n", "event: ping\n"]) + f"data: {data}\n\n")

    document = stored(tmp_path, cassette(interaction(reply="".join(frames).encode())))

    assert all("data" in event for event in document["calls"][0]["response"]["events"])


def test_a_cassette_is_made_for_review(tmp_path):
    path = tmp_path / "refund.cassette.yaml"
    body = b'{"model":"claude-opus-5","system":"Be kind.\\nBe brief.","stream":true}'
    reply = b'event: ping\ndata: {"type":"ping"}\n\n'
    value = cassette(interaction(body, reply), candidate="claude-opus-4-8")

    write_cassette(path, value)

    text = path.read_text(encoding="utf-8")
    assert re.sub("sha256:[0-9a-f]{64}", "sha256:…", text) == (
        "llmregress: 1\n"
        "kind: cassette\n"
        "test: tests/test_support.py::test_refund\n"
        "candidate: claude-opus-4-8\n"
        "models: {requested: [claude-opus-5], served: [claude-opus-5]}\n"
        "recorded_at: '2026-11-22T02:10:00Z'\n"
        "versions: {anthropic: '2.12.0'}\n"
        "interactions: 1\n"
        "digest: sha256:…\n"
        "calls:\n"
        "- call: 1\n"
        "  request:\n"
        "    method: POST\n"
        "    url: https://api.anthropic.com/v1/messages\n"
        "    headers: {anthropic-beta: [a, b], content-type: application/json}\n"
        "    json:\n"
        "      model: claude-opus-5\n"
        "      system: |-\n"
        "        Be kind.\n"
        "        Be brief.\n"
        "      stream: true\n"
        "  response:\n"
        "    status: 200\n"
        "    reason: OK\n"
        "    headers: {request-id: req_1}\n"
        "    events:\n"
        "    - event: ping\n"
        "      data: {type: ping}\n"
        "  latency: 1.234\n"
    )


def test_a_cassette_of_nothing_comes_back(tmp_path):
    assert stored(tmp_path, Cassette(test=TEST))["calls"] == []


def test_latencies_are_rounded_to_milliseconds(tmp_path):
    value = replace(interaction(), latency=1.23456)
    write_cassette(tmp_path / "a.yaml", cassette(value, replace(value, latency=None)))

    read = read_cassette(tmp_path / "a.yaml")

    assert [each.latency for each in read.interactions] == [1.235, None]


def test_the_digest_is_of_the_wire_alone():
    value = cassette(interaction(b"a", b"b"))

    other = replace(
        value,
        recorded_at="2027",
        versions={},
        candidate="x",
        interactions=(replace(value.interactions[0], latency=9.0),),
    )
    assert re.fullmatch("sha256:[0-9a-f]{64}", digest_of(value))
    assert digest_of(other) == digest_of(value)


@pytest.mark.parametrize(
    "other",
    [
        interaction(b"A", b"b"),
        interaction(b"a", b"B"),
        interaction(b"ab", b""),
        replace(interaction(b"a", b"b"), request=Request(method="POST", url="x", body=b"a")),
        replace(interaction(b"a", b"b"), response=Response(status=201, body=b"b")),
    ],
)
def test_whatever_changes_on_the_wire_changes_the_digest(other):
    assert digest_of(cassette(other)) != digest_of(cassette(interaction(b"a", b"b")))


COMMAND = f"pytest {TEST} --llmregress-record once"


def damaged(tmp_path, change):
    path = tmp_path / "refund.cassette.yaml"
    write_cassette(path, cassette(*(interaction(b'{"turn":%d}' % n) for n in range(3))))
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(UnreadableFileError) as caught:
        read_cassette(path)
    assert path.read_bytes() == before
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda text: text[: text.rindex("- call:")],
            (
                ": the file was edited or cut off: it says 3 interactions and holds 2; "
                f"restore it from version control, or delete it and record it again: {COMMAND}"
            ),
        ),
        (
            lambda text: text.replace("turn: 2", "turn: 5"),
            (
                ": the file was edited or cut off: its calls do not have the digest that it says; "
                f"restore it from version control, or delete it and record it again: {COMMAND}"
            ),
        ),
        (
            lambda text: text[: text.index("calls:")],
            ": calls is missing, and a list is needed; restore it",
        ),
        (
            lambda text: text[: text.rindex("  response:")],
            (
                ": calls[2].response is null, and a mapping is needed, "
                "calls[2].response.status is missing, and a whole number is needed; restore it"
            ),
        ),
        (
            lambda text: text.replace("status: 200", "status: '200'", 1),
            ": calls[0].response.status is '200', and a whole number is needed; restore it",
        ),
        (
            lambda text: text.replace("content-type: application/json", "content-type: 1", 1),
            ": calls[0].request.headers: content-type is neither a text nor a list of texts;",
        ),
        (
            lambda text: text.replace("    json:", "    base64: '?'\n    json:", 1),
            ": calls[0].request.base64: a body has one form, and json is there too;",
        ),
        (
            lambda text: text.replace("    json:", "    json_style: odd\n    json:", 1),
            ": calls[0].request.json_style is 'odd', and compact or compact-ascii or",
        ),
        (
            lambda text: text.replace("    json: {turn: 0}\n", "    base64: '?'\n", 1),
            ": calls[0].request.base64: it is no base64;",
        ),
        (
            lambda text: text.replace("- call: 2", "- call: 3"),
            ": calls[1].call: it is 3, and the calls are counted: 2;",
        ),
        (
            lambda text: text.replace("kind: cassette", "kind: snapshot"),
            ": its kind is 'snapshot', and cassette is needed;",
        ),
        (
            lambda text: text.replace("interactions: 3", "interactions: 1.5"),
            ": interactions is 1.5, and a whole number is needed; restore it",
        ),
        (
            lambda text: text.replace("latency: 1.234", "latency: fast", 1),
            ": calls[0].latency is 'fast', and a number is needed;",
        ),
        (
            lambda text: text[: len(text) * 9 // 10] + "\n  'half",
            ": it is no YAML: ",
        ),
    ],
)
def test_damage_is_named_with_its_place_and_the_next_command(tmp_path, change, message):
    said = damaged(tmp_path, change)

    assert message in re.sub(r"^:\d+", "", said)


def test_the_next_command_names_the_candidate_and_quotes_the_test(tmp_path):
    path = tmp_path / "a.yaml"
    write_cassette(path, cassette(interaction(), test="t.py::test_a[x y]", candidate="m"))
    path.write_text(path.read_text().replace("interactions: 1", "interactions: 2"))

    with pytest.raises(UnreadableFileError) as caught:
        read_cassette(path)

    assert str(caught.value).endswith(
        "pytest 't.py::test_a[x y]' --llmregress-candidate m --llmregress-record once"
    )


def test_all_problems_are_said_at_once_and_many_are_counted(tmp_path):
    path = tmp_path / "a.yaml"
    write_cassette(path, cassette(*(interaction() for _ in range(12))))
    path.write_text(path.read_text().replace("status: 200", "status: x"))

    with pytest.raises(UnreadableFileError) as caught:
        read_cassette(path)

    assert str(caught.value).count("status is 'x'") == 8
    assert "(and 4 more)" in str(caught.value)


def test_any_change_of_a_single_line_of_the_calls_is_noticed(tmp_path):
    path = tmp_path / "a.yaml"
    body = json.dumps({"text": "one\ntwo", "n": 1}).encode()
    write_cassette(path, cassette(interaction(body, b'data: {"a":1}\n\n')))
    lines = path.read_text().splitlines(keepends=True)
    start = lines.index("calls:\n")
    missed = []

    for number in range(start, len(lines)):
        if "latency" in lines[number]:
            continue
        path.write_text("".join(lines[:number] + lines[number + 1 :]))
        try:
            read_cassette(path)
        except UnreadableFileError:
            continue
        missed.append(lines[number])

    assert missed == []


def test_the_marks_of_a_test_are_kept(tmp_path):
    document = stored(tmp_path, cassette(marks=("billing", "slow")))

    assert document["marks"] == ["billing", "slow"]
