"""Print what extraction and comparison of a large suite cost, and how they grow with one text.

    python tests/bench/traits.py --short

A suite of as many tests as asked for, ten samples each: prose, labels, JSON, agents with tools and
several independent calls, in equal parts. CPU seconds of this process. Nothing fails.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable

from pytest_llmregress.behavior.traits import extract_text_traits, extract_traits
from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.values.behavior import Behavior
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall

SAMPLES = 10
WORDS = (
    "The parcel left our warehouse on Monday, and it will be with you by Friday at the latest. "
    "If it is damaged, send us a picture within 14 days, and you get 39.00 EUR back. "
)
ADVERSARIAL = {
    "letters": "a",
    "words": "yes no ",
    "spaces": " ",
    "open brackets": '[{"a": [',
    "digits": "1,000.",
    "dates": "2026-03-04 ",
    "answers": "Answer: B\n",
    "full stops": ". ",
    "emphasis": "**",
    "items": "- a\n",
    "signs": "是。",
    "list of JSON": None,
}


def call(asked: str, text: str, **fields: object) -> Call:
    """Return one call that was asked and answered."""
    messages = [{"role": "user", "content": asked}]
    outcome = fields.pop("outcome", Outcome.ANSWERED)
    request = {"model": "m", "max_tokens": 400, "messages": messages, **fields.pop("request", {})}
    return Call(provider="x", outcome=outcome, text=text, request=request, **fields)


def agent(test: int, sample: int) -> list[Call]:
    """Return an agent that calls three tools, each with the history so far."""
    calls: list[Call] = []
    history: list[dict[str, object]] = [{"role": "user", "content": f"order {test}"}]
    for step in range(3):
        tool = ToolCall(name=f"tool_{step}", arguments={"order": f"A{test}"}, id=f"id_{step}")
        made = call("", "", outcome=Outcome.TOOL_USE, tool_calls=(tool,))
        calls.append(Call(**{**_fields(made), "request": {"messages": list(history)}}))
        block = {"type": "tool_use", "id": tool.id, "name": tool.name, "input": {}}
        result = {"type": "tool_result", "tool_use_id": tool.id, "content": "ok"}
        history += [
            {"role": "assistant", "content": [block]},
            {"role": "user", "content": [result]},
        ]
    last = call("", f"Order A{test} is number {sample}. {WORDS}")
    return [*calls, Call(**{**_fields(last), "request": {"messages": list(history)}})]


def _fields(made: Call) -> dict[str, object]:
    return {name: getattr(made, name) for name in Call.__dataclass_fields__}


def sample_of(test: int, sample: int) -> Calls:
    """Return the calls of one sample; what they are depends on the test's number."""
    match test % 5:
        case 0:
            return Calls([call(f"tell {test}", f"{WORDS * 6} This is way {sample} to say it.")])
        case 1:
            return Calls([call(f"sort {test}", "billing" if sample else "technical")])
        case 2:
            lines = [{"sku": f"A{n}", "count": n, "note": f"{WORDS} {sample}"} for n in range(8)]
            return Calls([call(f"read {test}", json.dumps({"lines": lines, "ok": True}))])
        case 3:
            return Calls(agent(test, sample))
    return Calls(call(f"{n} of {test}", f"{WORDS} {n} {sample}") for n in range(5))


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def measure(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def print_suite(tests: int) -> None:
    """Print the CPU seconds of a whole suite: its extraction, and each candidate's comparison."""
    suite = [[sample_of(test, sample) for sample in range(SAMPLES)] for test in range(tests)]
    found: list[list[Behavior]] = []

    def extract() -> None:
        found.extend([Behavior(traits=extract_traits(calls)) for calls in some] for some in suite)

    def compare_all() -> None:
        for samples in found:
            for at, after in enumerate(samples):
                compare([*samples[:at], *samples[at + 1 :]], after)

    say(f"{tests:,} tests x {SAMPLES} samples, CPU seconds")
    say(f"  extraction  {measure(extract):6.2f}")
    say(f"  comparison  {measure(compare_all):6.2f}  each sample with the nine others")


def print_growth(size: int) -> None:
    """Print how many times as long a text takes that is twice as long, and its CPU seconds."""
    say(f"one text of {size:,} characters, CPU seconds, and the ratio to one of half the size")
    for name, unit in ADVERSARIAL.items():
        half, whole = (text_of(unit, each) for each in (size // 2, size))
        times = [
            measure(
                lambda text=text: compare(
                    [Behavior(traits=extract_text_traits(text))],
                    Behavior(traits=extract_text_traits(f"{text}x")),
                )
            )
            for text in (half, whole)
        ]
        say(f"  {name:14}  {times[1]:6.2f}  {times[1] / max(times[0], 1e-3):5.1f}x")


def text_of(unit: str | None, size: int) -> str:
    """Return a text of about so many characters; None for a list of JSON objects."""
    if unit is None:
        return json.dumps([{"id": f"x{n}", "n": n} for n in range(size // 24)])
    return unit * (size // len(unit))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of the suite and of the text")
    parts = 10 if parser.parse_args().short else 1
    print_suite(1000 // parts)
    print_growth(1_000_000 // parts)
