"""Measure which secrets get past the redaction, by kind and place, and what goes that is none.

    python tests/soak/secret_leaks.py --seed 1 --gitleaks gitleaks.toml

With detect-secrets installed, or with the rules of gitleaks as a file, what these find of the same
kinds stands beside it.
"""

import argparse
import base64
import json
import random
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from pytest_llmregress.redaction.redactor import Redactor, find_secrets
from pytest_llmregress.values.http import Interaction, Request, Response
from secret_samples import HARMLESS, KNOWN_FORMS, PROMISED, draw_all, promised_value

URL = "https://api.example.org/v1/messages"
JSON = {"content-type": ("application/json",)}
FORM = {"content-type": ("application/x-www-form-urlencoded",)}
MULTIPART = {"content-type": ("multipart/form-data; boundary=b",)}
EVENTS = {"content-type": ("text/event-stream",)}
LIMITS = {"known forms": 0.02, "promised names": 0.0, "harmless": 1 / 200}
"""Shares of cells that may leak, and of harmless values that may go."""

Place = Callable[[Redactor, str], str]
"""Returns what is written of an exchange with that value in one place."""


def written(redactor: Redactor, request: Request, response: Response) -> str:
    """Return all texts of an interaction as a file would hold them, streams put together."""
    kept = redactor.interaction(Interaction(request=request, response=response))
    parts = [kept.request.url, repr(dict(kept.request.headers)), kept.request.body.decode()]
    parts += [repr(dict(kept.response.headers)), kept.response.body.decode()]
    if kept.response.body.startswith(b"data:"):
        parts.append("".join(_deltas(kept.response.body.decode())))
    return "\n".join(parts)


def _deltas(stream: str) -> Iterator[str]:
    for line in stream.splitlines():
        if line.startswith("data: "):
            yield from json.loads(line[6:])["delta"].values()


def asked(url: str = URL, headers: Mapping[str, tuple[str, ...]] = JSON, body: str = "{}") -> Place:
    """Put a value into a request, for each "@" of these texts as it is written there."""

    def place(redactor: Redactor, value: str) -> str:
        request = Request(
            method="POST",
            url=url.replace("@", quote(value, safe="")),
            headers={name: (each[0].replace("@", value),) for name, each in headers.items()},
            body=body.replace("@", value).encode(),
        )
        return written(redactor, request, Response(status=200))

    return place


def answered(make: Callable[[str], tuple[dict[str, tuple[str, ...]], str]]) -> Place:
    """Put a value into a response."""

    def place(redactor: Redactor, value: str) -> str:
        headers, body = make(value)
        response = Response(status=200, headers=headers, body=body.encode())
        return written(redactor, Request(method="POST", url=URL), response)

    return place


def stream(field: str, pieces: int, wrap: Callable[[str], str] = str) -> Place:
    def make(value: str) -> tuple[dict[str, tuple[str, ...]], str]:
        text = wrap(value)
        size = -(-len(text) // pieces)
        cut = [text[start : start + size] for start in range(0, len(text), size)]
        events = [{"index": 0, "delta": {field: piece}} for piece in cut]
        return EVENTS, "".join(f"data: {json.dumps(event)}\n\n" for event in events)

    return answered(make)


def in_json(value: str) -> str:
    return json.dumps({"content": [{"type": "text", "text": f"It is {value} today."}]})


def in_tool(value: str) -> str:
    tool = {"type": "tool_use", "name": "login", "input": {"user": "a", "with": value}}
    return json.dumps({"content": [tool]})


def quoted(redactor: Redactor, value: str) -> str:
    url = f"{URL}?user=1&key={quote(value, safe='')}"
    return redactor.text(f"RuntimeError: 401 for url {url} (sent: {value})")


def reported(redactor: Redactor, value: str) -> str:
    return json.dumps(redactor.value({"problems": [{"message": f"it said: {value}\n"}]}))


def in_request_json(redactor: Redactor, value: str) -> str:
    return asked(body=in_json("@"))(redactor, json.dumps(value, ensure_ascii=False)[1:-1])


PLACES: dict[str, Place] = {
    "request header": asked(headers={"x-api-key": ("@",), "accept": ("@",)}),
    "query": asked(url=f"{URL}?a=1&key=@"),
    "path": asked(url="https://api.example.org/gw/@/v1/messages"),
    "JSON": in_request_json,
    "form": lambda redactor, value: asked(headers=FORM, body="a=1&b=@")(redactor, quote(value)),
    "multipart": asked(
        headers=MULTIPART,
        body='--b\r\nContent-Disposition: form-data; name="note"\r\n\r\n@\r\n--b--\r\n',
    ),
    "answer": answered(lambda value: (JSON, in_json(value))),
    "answer header": answered(
        lambda value: ({**JSON, "link": (f"<{URL}?key={quote(value)}>; rel=next",)}, "{}")
    ),
    "cookie": answered(lambda value: ({**JSON, "set-cookie": (f"s={value}",)}, "{}")),
    "stream": stream("text", 3),
    "stream in 9": stream("text", 9),
    "tool": answered(lambda value: (JSON, in_tool(value))),
    "tool in stream": stream("partial_json", 4, lambda value: json.dumps({"with": value})),
    "report": reported,
    "exception": quoted,
}


def leaks(value: str, text: str) -> bool:
    """Tell whether most of a value is in a text, in a way in which it may be written."""
    parts = [part for part in re.split(r"[^A-Za-z0-9_-]+", value) if len(part) >= 8]
    core = max(parts, key=len, default=value)
    kept = core[len(core) // 3 :] if len(core) > 12 else core
    ways = (kept, quote(value), base64.b64encode(value.encode()).decode()[4:-4])
    return any(way in text for way in ways)


def measure(kinds: dict[str, str], redactor: Redactor) -> dict[str, list[str]]:
    """Return in which places each kind gets through."""
    return {
        kind: [name for name, place in PLACES.items() if leaks(value, place(redactor, value))]
        for kind, value in kinds.items()
    }


def measure_known(seed: int) -> dict[str, list[str]]:
    return measure(dict(draw_all(KNOWN_FORMS, each=1, seed=seed)), Redactor())


def measure_promised(seed: int) -> dict[str, list[str]]:
    values = {name: promised_value(random.Random(f"{seed} {name}")) for name in PROMISED}
    return measure(values, Redactor.of_environment(values))


def measure_harmless(seed: int, each: int = 20) -> list[tuple[str, str]]:
    """Return the kinds and harmless values that do not stay as they are in an answer."""
    redactor, place = Redactor(), PLACES["answer"]
    return [
        (kind, value)
        for kind, value in draw_all(HARMLESS, each=each, seed=seed)
        if json.dumps(value)[1:-1] not in place(redactor, value)
    ]


def scan_misses(seed: int) -> list[str]:
    """Return the kinds that `scan` does not see in a line of text."""
    return [
        kind
        for kind, value in draw_all(KNOWN_FORMS, each=1, seed=seed)
        if not find_secrets(f"it is {value} today", redactor=Redactor())
    ]


def _others(gitleaks: Path | None) -> Iterator[tuple[str, Callable[[str], bool]]]:
    """Yield other sets of rules, and whether one of them finds something in a line."""
    if gitleaks is not None:
        rules = [
            each["regex"]
            for each in tomllib.loads(gitleaks.read_text())["rules"]
            if "regex" in each
        ]
        compiled = list(_compile(rules))
        yield "gitleaks", lambda line: any(rule.search(line) for rule in compiled)
    try:
        from detect_secrets.core.scan import scan_line
        from detect_secrets.settings import default_settings
    except ImportError:
        return

    def found(line: str) -> bool:
        with default_settings():
            return any(True for _ in scan_line(line))

    yield "detect-secrets", found


def _compile(rules: list[str]) -> Iterator[Any]:
    for rule in rules:
        text = re.sub(
            r"\(\?-i:", "(?:", rule.replace("[[:alnum:]]", "[0-9A-Za-z]").replace(r"\z", r"\Z")
        )
        flags = re.IGNORECASE if "(?i)" in text else 0
        try:
            yield re.compile(text.replace("(?i)", "").replace("(?i:", "(?:"), flags)
        except re.error:
            continue


def main() -> None:
    """Read the command line, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gitleaks", type=Path)
    options = parser.parse_args()
    for line in _lines(options.seed, options.gitleaks):
        sys.stdout.write(f"{line}\n")


def _lines(seed: int, gitleaks: Path | None) -> Iterator[str]:
    for title, found in (
        ("known forms", measure_known(seed)),
        ("promised names", measure_promised(seed)),
    ):
        cells = len(found) * len(PLACES)
        leaked = sum(map(len, found.values()))
        share = f"{leaked / cells:.1%}, at most {LIMITS[title]:.0%}"
        yield f"{title}: {leaked} of {cells} cells leak ({share})"
        yield from (f"  {kind:24} {', '.join(each)}" for kind, each in found.items() if each)
    wrong, harmless = measure_harmless(seed), list(draw_all(HARMLESS, each=20, seed=seed))
    yield f"harmless: {len(wrong)} of {len(harmless)} values go, at most 1 in 200"
    yield from (f"  {kind:24} {value[:60]}" for kind, value in wrong)
    kinds = dict(draw_all(KNOWN_FORMS, each=1, seed=seed))
    yield f"scan: {len(kinds) - len(scan_misses(seed))} of {len(kinds)} kinds found"
    for name, finds in _others(gitleaks):
        seen = sum(finds(f'it is "{value}" today') for value in kinds.values())
        wrong_too = sum(finds(f'it is "{value}" today') for _, value in harmless)
        yield f"{name}: {seen} of {len(kinds)} kinds, {wrong_too} of {len(harmless)} harmless"


if __name__ == "__main__":
    main()
