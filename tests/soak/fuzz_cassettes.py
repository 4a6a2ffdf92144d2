"""Damage cassettes at random; each has to load to the same value, or to fail with the named error.

    python tests/soak/fuzz_cassettes.py --count 20000 --seed 1

Run by the test suite with a small count. A read that takes longer than a few seconds, or more
memory than a few hundred megabytes, ends the run: see `MAX_SECONDS` and `MAX_BYTES`.
"""

import argparse
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pytest_llmregress.storage.cassette_file import digest_of, read_cassette, write_cassette
from pytest_llmregress.storage.errors import UnreadableFileError
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response

MAX_SECONDS = 10.0
MAX_BYTES = 2_000_000_000
HEADERS = {"content-type": ("application/json",)}
STREAM = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1"}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"Bonjour \xc3\xa9"}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)


def make_cassette() -> Cassette:
    """Return a cassette with every form of body: JSON, repeated history, stream, text, binary."""
    messages: list[str] = []
    interactions = []
    for turn in range(4):
        messages.append(f'{{"role":"user","content":"question {turn} {"word " * 150}"}}')
        body = f'{{"model":"m","max_tokens":10,"messages":[{",".join(messages)}]}}'
        reply = f'{{"type":"message","content":[{{"type":"text","text":"answer\\n{turn}"}}]}}'
        interactions.append(_exchange(body.encode(), reply.encode()))
        messages.append(
            f'{{"role":"assistant","content":[{{"type":"text","text":"answer\\n{turn}"}}]}}'
        )
    interactions += [
        _exchange(b'{"stream":true}', STREAM),
        _exchange(b"plain: text", b"\x00\xff\x80"),
    ]
    return Cassette(
        test="tests/test_a.py::test_a",
        requested_models=("m",),
        recorded_at="2026-01-01T00:00:00Z",
        versions={"anthropic": "2.12.0"},
        interactions=tuple(interactions),
    )


def _exchange(body: bytes, reply: bytes) -> Interaction:
    return Interaction(
        request=Request(method="POST", url="https://a.b/v1/messages", headers=HEADERS, body=body),
        response=Response(status=200, reason="OK", headers=HEADERS, body=reply),
        latency=0.5,
    )


def cut_off(data: bytes, chance: random.Random) -> bytes:
    """Cut the file off."""
    return data[: chance.randrange(len(data))]


def flip_bits(data: bytes, chance: random.Random) -> bytes:
    """Flip a few bits."""
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 5)):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def move_lines(data: bytes, chance: random.Random) -> bytes:
    """Drop, double, swap or indent a line."""
    lines = data.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[one]
        case 1:
            lines.insert(other, lines[one])
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case _:
            lines[one] = b" " * chance.randint(1, 4) + lines[one]
    return b"\n".join(lines)


def put_in(data: bytes, chance: random.Random) -> bytes:
    """Put something into a place: YAML that explodes, conflicts, tags, numbers beyond reason."""
    bomb = b"x: &a [1,2]\ny: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nz: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
    choices = [
        bomb,
        b"<<<<<<< ours\n",
        b"!!python/object/apply:os.system ['true']",
        b"9" * 5000,
        b"1e999999999",
        b"[" * 3000,
        b"{a: " * 500,
        b"\x00",
        b"\xff\xfe",
        b"- " * 1000,
        b"? ",
        b"---\n",
        b"&x *x",
        b"!!binary ////",
        b"\t",
        b"|9\n",
        b"'",
        b'"',
        b"null",
        b"llmregress: 99\n",
    ]
    place = chance.randrange(len(data) + 1)
    return data[:place] + chance.choice(choices) + data[place:]


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    cut_off,
    flip_bits,
    move_lines,
    put_in,
)


def fuzz(count: int, *, seed: int, folder: Path) -> Counter[str]:
    """Damage a cassette `count` times; return how often it loaded or was refused, by damage.

    Raises whatever a read raises that is not the named error, and AssertionError for a cassette
    that reads as another one or takes too long.
    """
    chance = random.Random(seed)
    path = folder / "fuzzed.cassette.yaml"
    write_cassette(path, make_cassette())
    whole, expected = path.read_bytes(), read_cassette(path)
    wire = digest_of(expected)
    found: Counter[str] = Counter()
    for number in range(count):
        damage = chance.choice(DAMAGES)
        data = damage(whole, chance)
        path.write_bytes(data)
        started = time.perf_counter()
        try:
            cassette = read_cassette(path)
        except UnreadableFileError as error:
            if str(path) not in str(error):
                raise
            found[f"{damage.__name__}: refused"] += 1
        else:
            # What the digest does not cover may differ: a date, a latency, the name of the test.
            assert digest_of(cassette) == wire, f"seed {seed}, number {number}: another value"
            found[f"{damage.__name__}: the same value"] += 1
        took = time.perf_counter() - started
        assert took < MAX_SECONDS, f"seed {seed}, number {number}: {took:.1f} s"
    return found


def main() -> int:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    with tempfile.TemporaryDirectory() as folder:
        found = fuzz(arguments.count, seed=arguments.seed, folder=Path(folder))
    for what, times in sorted(found.items()):
        sys.stdout.write(f"{times:>7,}  {what}\n")
    sys.stdout.write(
        f"{found.total():>7,}  in all, seed {arguments.seed}; none crashed or changed\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
