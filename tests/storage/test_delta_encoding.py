"""Histories that are sent again and again: told once, and back byte for byte."""

import json
import random
import re

import pytest
import yaml

from pytest_llmregress.storage import cassette_file
from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette
from pytest_llmregress.storage.encoding.body_encoding import STYLES
from pytest_llmregress.storage.errors import UnreadableFileError, UnwritableValueError
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response

LONG = "A long text, as prompts and documents are. " * 20


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def exchange(body, reply=None, *, url="https://x/v1/messages", **headers):
    return Interaction(
        request=Request(
            method="POST",
            url=url,
            headers={name.replace("_", "-"): (value,) for name, value in headers.items()},
            body=body if isinstance(body, bytes) else compact(body),
        ),
        response=Response(status=200, body=reply if isinstance(reply, bytes) else compact(reply)),
    )


def user(text):
    return {"role": "user", "content": text}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks)}


def text(words):
    return {"type": "text", "text": words}


def reply(*blocks):
    return {"id": "msg_1", "type": "message", "role": "assistant", "content": list(blocks)}


def stored(tmp_path, *interactions):
    """Store interactions, assert that every byte comes back, twice, and return the file's text."""
    path = tmp_path / "a.cassette.yaml"
    value = Cassette(test="t.py::test_a", interactions=interactions)
    write_cassette(path, value)
    written = path.read_text(encoding="utf-8")
    assert read_cassette(path) == value
    write_cassette(path, read_cassette(path))
    assert path.read_text(encoding="utf-8") == written
    return written


def requests_of(written):
    return [call["request"] for call in yaml.safe_load(written)["calls"]]


def test_each_call_shows_what_is_new_in_it(tmp_path):
    first = {"model": "m", "system": "Be kind.", "messages": [user("Where is my refund?")]}
    asked = {**first, "messages": [*first["messages"], assistant(text("Which?")), user("No. 7")]}

    written = stored(
        tmp_path,
        exchange(first, reply(text("Which?")), accept="application/json"),
        exchange(asked, reply(text("It is on its way.")), accept="application/json"),
    )

    assert written.partition("calls:\n")[2] == (
        "- call: 1\n"
        "  request:\n"
        "    method: POST\n"
        "    url: https://x/v1/messages\n"
        "    headers: {accept: application/json}\n"
        "    json:\n"
        "      model: m\n"
        "      system: Be kind.\n"
        "      messages:\n"
        "      - {role: user, content: 'Where is my refund?'}\n"
        "  response:\n"
        "    status: 200\n"
        "    json:\n"
        "      id: msg_1\n"
        "      type: message\n"
        "      role: assistant\n"
        "      content:\n"
        "      - {type: text, text: 'Which?'}\n"
        "- call: 2\n"
        "  request:\n"
        "    as_call: 1\n"
        "    messages_then:\n"
        "    - {answer_of_call: 1}\n"
        "    - {role: user, content: No. 7}\n"
        "  response:\n"
        "    status: 200\n"
        "    json:\n"
        "      id: msg_1\n"
        "      type: message\n"
        "      role: assistant\n"
        "      content:\n"
        "      - {type: text, text: It is on its way.}\n"
    )


def test_a_changed_turn_changes_its_own_lines_only(tmp_path):
    def talk(third):
        messages, calls = [], []
        for turn, words in enumerate(["one", "two", third, "four", "five"]):
            messages = [*messages, user(words)]
            answer = text(f"answer {turn}")
            calls.append(exchange({"model": "m", "messages": messages}, reply(answer)))
            messages = [*messages, assistant(answer)]
        return stored(tmp_path, *calls).splitlines()

    pairs = list(zip(talk("three"), talk("drei"), strict=True))

    changed = [(old, new) for old, new in pairs if old != new and "digest" not in old]
    assert changed == [("    - {role: user, content: three}", "    - {role: user, content: drei}")]


def test_the_same_request_again_is_one_line(tmp_path):
    calls = [exchange({"messages": [user("hi")]}, reply(text(f"{n}"))) for n in range(3)]

    assert requests_of(stored(tmp_path, *calls))[1:] == [{"as_call": 1}, {"as_call": 2}]


def test_two_conversations_that_alternate_each_go_on_from_their_own(tmp_path):
    one, two, calls = [user("one")], [user("two")], []
    for turn in range(3):
        for history in (one, two):
            calls.append(exchange({"messages": list(history)}, reply(text(f"{turn}{len(calls)}"))))
            history += [assistant(text(f"{turn}{len(calls) - 1}")), user("go on")]

    found = requests_of(stored(tmp_path, *calls))

    assert [request.get("as_call") for request in found] == [None, 1, 1, 2, 3, 4]


def test_a_fork_and_a_shortened_history_say_how_much_they_keep(tmp_path):
    messages = [user("a"), assistant(text("b")), user("c")]
    calls = [
        exchange({"messages": messages}, reply(text("d"))),
        exchange({"messages": [*messages[:2], user("C")]}, reply(text("e"))),
        exchange({"messages": messages[:1]}, reply(text("f"))),
    ]

    assert requests_of(stored(tmp_path, *calls))[1:] == [
        {"as_call": 1, "messages_first": 2, "messages_then": [user("C")]},
        {"as_call": 2, "messages_first": 1},
    ]


def test_fields_that_change_come_or_go_are_told(tmp_path):
    messages = [user("a")]
    calls = [
        exchange({"model": "m", "messages": messages, "stream": True}, b""),
        exchange({"model": "n", "messages": messages, "stream": True}, b""),
        exchange({"model": "n", "messages": messages, "stream": True, "tools": []}, b""),
        exchange({"model": "n", "messages": messages}, b""),
        exchange({"messages": messages, "model": "n"}, b""),
    ]

    assert requests_of(stored(tmp_path, *calls))[1:] == [
        {"as_call": 1, "but": {"model": "n"}},
        {"as_call": 2, "but": {"tools": []}},
        {"as_call": 3, "fields": ["model", "messages"]},
        {"as_call": 4, "fields": ["messages", "model"]},
    ]


def test_another_address_header_or_style_is_told(tmp_path):
    body = {"messages": [user("a")]}
    calls = [
        exchange(body, b"", accept="x"),
        exchange(body, b"", url="https://y", accept="x"),
        exchange(body, b"", url="https://y"),
        exchange(json.dumps(body).encode(), b"", url="https://y"),
    ]

    assert requests_of(stored(tmp_path, *calls))[1:] == [
        {"as_call": 1, "url": "https://y"},
        {"as_call": 2, "headers": {}},
        {"as_call": 3, "json_style": "spaced"},
    ]


def test_a_streamed_answer_is_recognised_when_it_is_sent_again(tmp_path):
    stream = b"".join(
        b"event: %s\ndata: %s\n\n" % (event["type"].encode(), compact(event))
        for event in [
            {"type": "message_start", "message": reply()},
            {"type": "content_block_start", "index": 0, "content_block": text("")},
            *(
                {"type": "content_block_delta", "index": 0,
                 "delta": {"type": "text_delta", "text": words}}
                for words in ("Hel", "lo, ", "you")
            ),
            {"type": "content_block_stop", "index": 0},
        ]
    )  # fmt: skip
    answer = {"text": "Hello, you", "type": "text"}
    messages = [user("hi"), assistant(answer), user("go on")]

    written = stored(
        tmp_path,
        exchange({"messages": messages[:1]}, stream),
        exchange({"messages": messages}, reply()),
    )

    assert "    - {answer_of_call: 1, keys: [[text, type]]}\n" in written
    assert "      cut_at: '|'\n" in written
    assert "text: 'Hel|lo, |you'}}" in written


def test_events_with_every_cut_in_their_text_stay_apart(tmp_path):
    data = [compact({"a": words}) for words in ("x|", "¦‖│", "⁞␟")]

    written = stored(tmp_path, exchange({}, b"".join(b"data: %s\n\n" % each for each in data)))

    assert len(yaml.safe_load(written)["calls"][0]["response"]["events"]) == 3


@pytest.mark.parametrize("words", [["a|b", "c"], ["a", "", "", "b"], ["", "\n", " \n", "\x00"]])
def test_a_run_of_events_comes_back_with_its_paddings(tmp_path, words):
    frames = [
        b'event: e\ndata: {"i":0,"t":%s%s}\n\n' % (compact(word), b" " * (len(words) - n))
        for n, word in enumerate(words)
    ]

    written = stored(tmp_path, exchange({}, b"".join(frames)))

    (event,) = yaml.safe_load(written)["calls"][0]["response"]["events"]
    assert event["padding"] == list(range(len(words), 0, -1))


def test_what_recurs_has_a_name_and_any_reader_of_yaml_finds_it(tmp_path):
    document = {"type": "document", "data": LONG * 10}
    bodies = [
        {"messages": [{"role": "user", "content": [document, text(LONG), text("1")]}]},
        {"input": [{"role": "user", "content": [document, text(LONG), text("2")]}]},
        {"contents": LONG, "x": {"document": document}},
    ]

    written = stored(tmp_path, *(exchange(body, {"echo": LONG}) for body in bodies))

    assert written.count(LONG * 10) == 1
    assert len(re.findall(f"{LONG.strip()}(?! A long)", written)) <= 2
    assert re.search(r"(?m)^repeated:\n- &document-[0-9a-f]{6}\n  type: document\n", written)
    assert re.search(r"(?m)^    json: \{?echo: \*|^      echo: \*text-[0-9a-f]{6}$", written)
    assert [request["json"] for request in requests_of(written)] == bodies


@pytest.mark.parametrize(
    "odd",
    [
        {"answer_of_call": 1},
        {"answer_of_call": 1, "keys": [["type", "text"]]},
        {"as_call": 1, "messages_then": []},
        {"as_call": "x", "call": 3, "json": {}, "events": [], "cut_at": "|"},
        {"repeated": "text-123456"},
        {"<<": {"role": "user"}},
        "*text-123456",
        "&text-123456 x",
        {"&a": "*a", "*a": "&a"},
        ["*a", "&a b", "| x", "|"],
        None,
        {},
        [],
    ],
    ids=lambda value: ascii(sorted(value) if isinstance(value, set) else value)[:40],
)
def test_bodies_that_look_like_our_own_words_come_back(tmp_path, odd):
    answer = assistant(text("b"))
    bodies = [
        {"messages": [odd]},
        {"messages": [odd, answer, odd, user(odd)]},
        {"messages": [odd, answer, odd, user(odd), odd], "as_call": 1, "messages_first": 0},
        {"messages": odd, "messages_then": [odd], "but": odd, "fields": odd},
        {"messages": odd, "messages_then": [odd], "but": [odd], "fields": odd, "long": LONG},
        {"messages": [odd, LONG], "but": [odd], "fields": odd, "long": LONG},
        {"input": [[odd, LONG], odd]},
        odd,
    ]

    assert stored(tmp_path, *(exchange(body, reply(text("b"), odd)) for body in bodies))


def random_blocks(rng):
    words = rng.choice(["a", "b\nc", " x\n\n|", "", LONG, f"{LONG}\n{LONG}", "*a", "é😀"])
    words += rng.choice(["", str(rng.random())])
    blocks = [text(words)]
    if rng.random() < 0.3:
        blocks.insert(0, {"type": "thinking", "thinking": words, "signature": "Eq=="})
    if rng.random() < 0.5:
        value = rng.choice([{}, {"b": 1, "a": [words, 1.0, None]}, {"q": words}])
        name = f"toolu_{rng.randrange(10**6)}"
        blocks.append({"type": "tool_use", "id": name, "name": "f", "input": value})
    return blocks


def random_reply(rng, blocks):
    """Return an answer as the bytes of a JSON body or of a stream."""
    if rng.random() < 0.5:
        return compact(reply(*blocks))
    events = [{"type": "message_start", "message": reply()}]
    for index, block in enumerate(blocks):
        field = {"text": "text", "thinking": "thinking", "tool_use": "partial_json"}[block["type"]]
        whole = compact(block["input"]).decode() if field == "partial_json" else block[field]
        start = {**block, "input": {}} if field == "partial_json" else {**block, field: ""}
        kind = {"partial_json": "input_json_delta"}.get(field, f"{field}_delta")
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        size = rng.randrange(1, 9)
        events += [
            {"type": "content_block_delta", "index": index,
             "delta": {"type": kind, field: whole[at : at + size]}}
            for at in range(0, len(whole), size)
        ]  # fmt: skip
    events.append({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})
    frames = [b"event: %s\ndata: %s" % (each["type"].encode(), compact(each)) for each in events]
    if rng.random() < 0.5:
        frames = [frame[:-1] + b" " * rng.randrange(4) + b"}" for frame in frames]
    return b"".join(frame + b"\n\n" for frame in frames)


def sent_again(rng, blocks):
    """Return an answer as a client may send it again."""
    pick = rng.random()
    if pick < 0.1:
        return {"role": "assistant", "content": blocks[-1].get("text", "x")}
    kept = [block for block in blocks if pick < 0.7 or block["type"] != "thinking"]
    if pick < 0.5:
        kept = [dict(sorted(block.items())) for block in kept]
    if pick > 0.9:
        kept = [{**block, "cache_control": {"type": "ephemeral"}} for block in kept]
    return assistant(*kept)


@pytest.mark.parametrize("seed", range(30))
def test_random_conversations_come_back(tmp_path, seed):
    rng = random.Random(seed)
    talks = [[user(LONG if rng.random() < 0.5 else f"q{n}")] for n in range(rng.randrange(1, 4))]
    calls = []
    for _ in range(12):
        talk = rng.choice(talks)
        body = {"max_tokens": rng.choice([1, 2]), "messages": list(talk), "model": "m"}
        if rng.random() < 0.5:
            body["system"] = rng.choice([LONG, "Be kind."])
        blocks = random_blocks(rng)
        style = STYLES[rng.choice([*STYLES] if rng.random() < 0.2 else ["compact"])]
        calls.append(exchange(style(body).encode(), random_reply(rng, blocks)))
        talk += [sent_again(rng, blocks), user(f"and {rng.random()}")]
        if rng.random() < 0.2:  # an edit in the middle, or a history cut short at either end
            del talk[rng.randrange(len(talk))]
        if rng.random() < 0.1:
            talks.append(talk[: rng.randrange(1, len(talk) + 1)])

    assert stored(tmp_path, *calls)


def test_a_cassette_without_any_reference_still_reads(tmp_path):
    path = tmp_path / "a.yaml"
    messages = [user(LONG), assistant(text("b")), user("c")]
    calls = [
        exchange({"messages": messages[:1]}, reply(text("b"))),
        exchange({"messages": messages}, reply(text("d"))),
    ]
    value = Cassette(test="t", interactions=tuple(calls))
    document = {
        "llmregress": 1, "kind": "cassette", "test": "t", "models": {}, "interactions": 2,
        "digest": cassette_file.digest_of(value),
        "calls": [
            {
                "request": {"method": "POST", "url": call.request.url,
                            "json": json.loads(call.request.body)},
                "response": {"status": 200, "json": json.loads(call.response.body)},
            }
            for call in calls
        ],
    }  # fmt: skip
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    assert read_cassette(path) == value


HEAD = "llmregress: 1\nkind: cassette\ntest: t\nmodels: {}\ninteractions: 2\ndigest: x\ncalls:\n"
FIRST = (
    "- request: {method: POST, url: u, json: {messages: [{role: user, content: a}]}}\n"
    "  response: {status: 200, json: {role: assistant, content: [{type: text, text: b}]}}\n"
)
LAST = "\n  response: {status: 200}\n"


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        ("{as_call: 2}", "as_call: it is 2, and the number of an earlier call whose request is"),
        ("{as_call: 3}", "as_call: it is 3, and the number of an earlier call whose request is"),
        ("{as_call: 0}", "as_call: it is 0, and the number of an earlier call whose request is"),
        ("{as_call: x}", "as_call is 'x', and a whole number is needed"),
        ("{as_call: 1, json: {}}", "json: a body has one form, and as_call is there too"),
        ("{as_call: 1, messages_first: 2}", "messages_first: it is 2, and there are 1"),
        ("{as_call: 1, messages_first: -1}", "messages_first: it is -1, and there are 1"),
        ("{as_call: 1, messages_then: x}", "messages_then is 'x', and a list is needed"),
        ("{as_call: 1, but: x}", "but is 'x', and a mapping with texts for keys is needed"),
        ("{as_call: 1, fields: [x]}", "fields: there is no x"),
        (
            "{as_call: 1, messages_then: [{answer_of_call: 2}]}",
            "answer_of_call: it is 2, and the number of an earlier call that was answered with",
        ),
        (
            "{as_call: 1, messages_then: [{answer_of_call: [1]}]}",
            "answer_of_call: it is [1], and the number of an earlier call that was answered",
        ),
        (
            "{as_call: 1, messages_then: [{answer_of_call: 1, keys: [1, 2]}]}",
            "answer_of_call: the answer of call 1 cannot be sent again like that",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(tmp_path, request_, fault):
    path = tmp_path / "a.yaml"
    path.write_text(f"{HEAD}{FIRST}- request: {request_}{LAST}", encoding="utf-8")

    with pytest.raises(UnreadableFileError) as caught:
        read_cassette(path)

    assert f": calls[1].request.{fault}" in str(caught.value)


@pytest.mark.parametrize(
    ("event", "fault"),
    [
        ("{cut_at: '|', data: {a: b}}", "data: 0 texts in it have the cut |, and one has to"),
        ("{cut_at: '|', data: ['|', '|']}", "data: 2 texts in it have the cut |, and one has to"),
        ("{cut_at: 'x', data: {a: x}}", "cut_at is 'x', and | or ¦ or"),
        ("{cut_at: '|', data: 'a|b', padding: [1]}", "padding: it is no number of spaces, nor a"),
        ("{data: 1, padding: -1}", "padding: it is no number of spaces, nor a list of 1"),
        ("{cut_at: '|'}", "data is missing"),
    ],
)
def test_events_that_cannot_be_cut_are_named(tmp_path, event, fault):
    path = tmp_path / "a.yaml"
    last = f"- request: {{method: GET, url: u}}\n  response: {{status: 200, events: [{event}]}}\n"
    path.write_text(HEAD + FIRST + last, encoding="utf-8")

    with pytest.raises(UnreadableFileError) as caught:
        read_cassette(path)

    assert f": calls[1].response.events[0].{fault}" in str(caught.value)


def bombs():
    """Yield files of a few kilobytes that stand for terabytes."""
    doubled = "".join(f"- &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 13))
    yield "aliases", f"repeated:\n- &a0 {'x' * 100}\n{doubled}", "", "with the YAML alias *a"
    many = ", ".join(["*m"] * 999)
    many = "".join(
        f"- request: {{as_call: {n}, messages_then: [{many}]}}\n  response: {{status: 200}}\n"
        for n in range(1, 200)
    )
    first = FIRST.replace("content: a", f"content: &m {'x' * 2000}")
    yield "histories", "", first + many, "its bodies come to more than 512 MiB"
    answers = ", ".join(["{answer_of_call: 1}"] * 999)
    many = "".join(
        f"- request: {{as_call: {n}, messages_then: [{answers}]}}\n  response: {{status: 200}}\n"
        for n in range(1, 60)
    )
    first = FIRST.replace("text: b", f"text: {'x' * 2000}")
    yield "answers", "", first + many, "its bodies come to more than 512 MiB"
    long = "x" * 100_000
    run = f"{{cut_at: '|', data: {{a: '{'|' * 100_000}', b: '{long}'}}}}"
    last = f"- request: {{method: GET, url: u}}\n  response: {{status: 200, events: [{run}]}}\n"
    yield "events", "", FIRST + last, "its bodies come to more than 512 MiB"
    run = "{data: {}, padding: 9999999999999}"
    last = f"- request: {{method: GET, url: u}}\n  response: {{status: 200, events: [{run}]}}\n"
    yield "padding", "", FIRST + last, "its bodies come to more than 512 MiB"


@pytest.mark.parametrize(
    ("repeated", "calls", "fault"),
    [rest for _, *rest in bombs()],
    ids=[name for name, *_ in bombs()],
)
def test_a_file_that_stands_for_too_much_is_refused(tmp_path, repeated, calls, fault):
    path = tmp_path / "a.yaml"
    count = calls.count("- request:")
    head = HEAD.replace("interactions: 2", f"interactions: {count}")
    path.write_text(head.replace("calls:\n", f"{repeated}calls:\n{calls}"), encoding="utf-8")

    with pytest.raises(UnreadableFileError) as caught:
        read_cassette(path)

    assert fault in str(caught.value)


def test_what_would_be_too_much_to_read_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(cassette_file, "MAX_EXPANDED", 10_000)
    value = Cassette(test="t", interactions=(exchange({"a": "x" * 10_001}, b""),))

    with pytest.raises(
        UnwritableValueError, match=r"its bodies come to more than .* nothing was written"
    ):
        write_cassette(tmp_path / "a.yaml", value)

    assert list(tmp_path.iterdir()) == []
