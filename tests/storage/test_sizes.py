"""What recurs is stored once: sizes of recordings, as ratios to what is in them once.

`python tests/storage/test_sizes.py` prints sizes and times.
"""

import hashlib
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pytest_llmregress.providers.event_stream import parse_events
from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette
from pytest_llmregress.storage.encoding.repeated_history import message_of_stream
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response

PHRASES = (
    "the of and to in is that for it as was with be by on not he this are or his from at which but "
    "have an had they you were their one all we can her has there been if more when will would who "
    "so no refund order customer policy within days please check returned shipping label invoice "
    "amount paid account number because however therefore agent looked found item “quoted” it's "
    "café naïve (see above) warehouse delivery delayed damaged replacement section 4.2 step "
    "result: total price 14.50 EUR"
)
WORDS = PHRASES.split()
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789"


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def prose(rng, size):
    """Return paragraphs, lists and some code, of about that many characters."""
    lines, length = [], 0
    while length < size:
        kind = rng.random()
        if kind < 0.15:
            line = ""
        elif kind < 0.3:
            line = "- " + " ".join(rng.choice(WORDS) for _ in range(rng.randrange(4, 12)))
        else:
            line = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(15, 60))) + "."
        lines.append(line)
        length += len(line) + 1
    return "\n".join(lines)[:size].strip() + "."


def identifier(rng, prefix):
    return prefix + "".join(rng.choice(LETTERS) for _ in range(22))


def tools(rng):
    return [
        {
            "name": f"tool_{n}",
            "description": prose(rng, 300),
            "input_schema": {
                "type": "object",
                "properties": {"query": {"type": "string", "description": "What to look for."}},
                "required": ["query"],
            },
        }
        for n in range(5)
    ]


def again(block):
    """Return a block of an answer as the SDK sends it: its fields in another order."""
    order = {"text": ("citations", "text", "type"), "tool_use": ("id", "input", "name", "type")}
    return {key: block[key] for key in order[block["type"]] if key in block}


def loop(turns, *, cache_control=False, streamed=False):
    """Return the exchanges of an agent that sends its whole history in each turn."""
    rng = random.Random(turns)
    head = {
        "max_tokens": 4096,
        "model": "claude-opus-5",
        "system": prose(rng, 2000),
        "tools": tools(rng),
    }
    history = [{"role": "user", "content": prose(rng, 600)}]
    exchanges = []
    for turn in range(turns):
        messages = list(history)
        if cache_control and isinstance(messages[-1]["content"], list):
            *rest, last = messages[-1]["content"]
            messages[-1] = {
                "role": "user",
                "content": [*rest, {**last, "cache_control": {"type": "ephemeral"}}],
            }
        tool = identifier(rng, "toolu_01")
        blocks = [
            {"type": "text", "text": prose(rng, rng.randrange(300, 1400)), "citations": None},
            {
                "type": "tool_use",
                "id": tool,
                "name": f"tool_{turn % 5}",
                "input": {"query": prose(rng, 60)},
            },
        ]
        reply = {
            "model": "claude-opus-5",
            "id": identifier(rng, "msg_01"),
            "type": "message",
            "role": "assistant",
            "content": blocks,
            "stop_reason": "tool_use",
            "stop_sequence": None,
            "usage": {
                "input_tokens": 1000 * turn,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": 300,
                "service_tier": "standard",
            },
        }
        body = {**head, "messages": messages}
        if streamed:
            body["stream"] = True
        exchanges.append((compact(body), stream_of(reply) if streamed else compact(reply)))
        result = {
            "type": "tool_result",
            "tool_use_id": tool,
            "content": prose(rng, rng.randrange(400, 2600)),
        }
        history += [
            {"role": "assistant", "content": [again(block) for block in blocks]},
            {"role": "user", "content": [result]},
        ]
    return exchanges


def documents(size, questions):
    """Return the exchanges of independent questions about one document."""
    rng = random.Random(size)
    document = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": prose(rng, size)},
    }
    return [
        (
            compact(
                {
                    "max_tokens": 1024,
                    "messages": [
                        {
                            "role": "user",
                            "content": [document, {"type": "text", "text": prose(rng, 100)}],
                        }
                    ],
                    "model": "claude-opus-5",
                }
            ),
            compact(
                {
                    "id": identifier(rng, "msg_01"),
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "text", "text": prose(rng, 300)}],
                    "model": "claude-opus-5",
                    "stop_reason": "end_turn",
                }
            ),
        )
        for _ in range(questions)
    ]


def event(name, **data):
    return f"event: {name}\ndata: {compact({'type': name, **data})}\n\n"


def stream_of(reply, piece=12):
    """Return a reply as the events in which it is streamed."""
    frames = [event("message_start", message={**reply, "content": [], "stop_reason": None})]
    for index, block in enumerate(reply["content"]):
        if block["type"] == "text":
            text, kind, field = block["text"], "text_delta", "text"
            start = {**block, "text": ""}
        else:
            text, kind, field = json.dumps(block["input"]), "input_json_delta", "partial_json"
            start = {**block, "input": {}}
        frames.append(event("content_block_start", index=index, content_block=start))
        for at in range(0, len(text), piece):
            delta = {"type": kind, field: text[at : at + piece]}
            frames.append(event("content_block_delta", index=index, delta=delta))
        frames.append(event("content_block_stop", index=index))
    ended = {"stop_reason": reply["stop_reason"], "stop_sequence": None}
    frames += [
        event("message_delta", delta=ended, usage={"output_tokens": 9}),
        event("message_stop"),
    ]
    return "".join(frames)


def answer(size):
    rng = random.Random(size)
    return {
        "id": identifier(rng, "msg_01"),
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5",
        "content": [{"type": "text", "text": prose(rng, size)}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10},
    }


def unique_bytes(exchanges):
    """Return the bytes of each distinct content block, system prompt, tool list and answer."""
    parts = set()
    for sent, received in exchanges:
        request = json.loads(sent)
        parts |= {compact(request.get("system", "")), compact(request.get("tools", ""))}
        for message in request["messages"]:
            content = message["content"]
            if message["role"] == "user":
                blocks = content if isinstance(content, list) else [content]
                # The mark of the cache wanders from block to block; the block stays the same.
                parts |= {
                    compact(
                        {key: value for key, value in block.items() if key != "cache_control"}
                        if isinstance(block, dict)
                        else block
                    )
                    for block in blocks
                }
        events = parse_events(received.encode()) if received.startswith("event:") else ()
        message = message_of_stream([json.loads(event.data) for event in events])
        parts.add(compact(message) if events else received)
    return sum(len(part.encode()) for part in parts)


def cassette(exchanges):
    return Cassette(
        test="tests/test_agent.py::test_loop",
        requested_models=("claude-opus-5",),
        served_models=("claude-opus-5",),
        recorded_at="2026-11-22T02:10:00Z",
        versions={"anthropic": "2.12.0", "pytest-llmregress": "0.1.0", "vcrpy": "9.4.2"},
        interactions=tuple(
            Interaction(
                request=Request(
                    method="POST",
                    url="https://api.anthropic.com/v1/messages",
                    headers={
                        "accept": ("application/json",),
                        "anthropic-version": ("2026-10-21",),
                        "content-type": ("application/json",),
                    },
                    body=sent.encode(),
                ),
                response=Response(
                    status=200,
                    reason="OK",
                    headers={
                        "content-type": ("application/json",),
                        "request-id": (f"req_011{hashlib.md5(received.encode()).hexdigest()}",),
                    },
                    body=received.encode(),
                ),
                latency=1.234,
            )
            for sent, received in exchanges
        ),
    )


def size_of(tmp_path, exchanges):
    """Store exchanges, assert that they come back, and return the size of the file."""
    path = tmp_path / "a.cassette.yaml"
    value = cassette(exchanges)
    write_cassette(path, value)
    assert read_cassette(path) == value
    return path.stat().st_size


@pytest.mark.parametrize("turns", [10, 50, 200])
def test_an_agent_that_sends_its_whole_history_costs_what_is_in_it_once(tmp_path, turns):
    exchanges = loop(turns)

    assert size_of(tmp_path, exchanges) <= 1.25 * unique_bytes(exchanges)


def test_a_mark_of_the_cache_that_wanders_through_the_history_costs_little(tmp_path):
    exchanges = loop(50, cache_control=True)

    assert size_of(tmp_path, exchanges) <= 1.35 * unique_bytes(exchanges)


def test_a_streamed_answer_that_is_sent_again_is_stored_once(tmp_path):
    exchanges = loop(50, streamed=True)

    assert size_of(tmp_path, exchanges) <= 1.8 * unique_bytes(exchanges)


def test_ten_questions_about_one_document_cost_the_document_once(tmp_path):
    exchanges = documents(150_000, 10)

    assert size_of(tmp_path, exchanges) <= 1.1 * unique_bytes(exchanges)


def test_a_streamed_answer_costs_little_more_than_its_text(tmp_path):
    exchanges = [(compact({"messages": [], "stream": True}), stream_of(answer(1500)))]

    assert size_of(tmp_path, exchanges) <= 6000


def _print_measures():
    cases = {
        **{f"loop of {turns} turns": loop(turns) for turns in (1, 10, 50, 100, 200)},
        "loop of 200 turns, cache_control": loop(200, cache_control=True),
        "loop of 200 turns, streamed": loop(200, streamed=True),
        "150 KB document x 10": documents(150_000, 10),
        "1,500 characters in 12s": [
            (compact({"messages": [], "stream": True}), stream_of(answer(1500)))
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, exchanges in cases.items():
            path, value = Path(folder) / "a.yaml", cassette(exchanges)
            wire = sum(len(sent.encode()) + len(got.encode()) for sent, got in exchanges)
            start = time.process_time()
            write_cassette(path, value)
            written = time.process_time()
            read_cassette(path)
            read = time.process_time()
            size, unique = path.stat().st_size, unique_bytes(exchanges)
            sys.stdout.write(
                f"{name:34} wire {wire:11,}  unique {unique:9,}  file {size:9,}  "
                f"x {size / max(unique, 1):5.2f}  write {written - start:6.2f} s  "
                f"read {read - written:6.2f} s\n"
            )


if __name__ == "__main__":
    _print_measures()
