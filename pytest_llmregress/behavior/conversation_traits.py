"""The traits of each conversation of a sample: of all independent calls that a test makes."""

from collections.abc import Iterable, Sequence
from typing import Any

from pytest_llmregress.behavior.extractors import extract_question
from pytest_llmregress.behavior.text.text_facts import parse_text
from pytest_llmregress.behavior.trait_record import (
    ExtractorInput,
    Served,
    TraitRecord,
    extract_values,
)
from pytest_llmregress.values.call import Call, Calls
from pytest_llmregress.values.canonical_json import hash_json
from pytest_llmregress.values.conversations import split_conversations

MAX_ASKED = 60
"""Characters of what a conversation is named by."""
_DIGITS = 16
"""Hexadecimal digits of a request's digest: they tell the conversations of one test apart."""


def read_sample(calls: Calls, *, served: Served) -> ExtractorInput:
    """Return what extractors read of the calls of a sample: the last text counts."""
    last = next((call for call in reversed(calls) if call.text.strip()), None)
    text = parse_text(last.text if last else "")
    return ExtractorInput(text=text, calls=calls, last=last, served=served)


def extract_conversations(
    given: ExtractorInput, records: Iterable[TraitRecord]
) -> list[dict[str, Any]]:
    """Return the number of the reply, what was asked, and the traits of each conversation.

    The only conversation of a sample has the traits of the sample: they are not repeated.

    :param records: of the traits that a conversation has.
    """
    found = [[given.calls[at] for at in indices] for indices in split_conversations(given.calls)]
    if len(found) == 1:
        return [_name(given, given.calls, given.calls)]
    whole = [read_sample(Calls(calls), served=given.served) for calls in found]
    return [_describe(each, given, records) for each in whole]


def _describe(
    given: ExtractorInput, of: ExtractorInput, records: Iterable[TraitRecord]
) -> dict[str, Any]:
    found = list(extract_values(records, given))
    quotes = {record.name: quote for record, _, quote in found if quote}
    named = _name(given, given.calls, of.calls)
    agent = of.agents.locate(named["call"])
    return {
        **named,
        **({"agent": agent} if agent else {}),
        "request": _digest(given.calls[0]),
        "traits": {record.name: value for record, value, _ in found},
        **({"quotes": quotes} if quotes else {}),
    }


def _name(given: ExtractorInput, calls: Sequence[Call], of: Sequence[Call]) -> dict[str, Any]:
    """Return the number of the call that a conversation was answered by, and what was asked."""
    reply = given.last or calls[-1]
    number = next(n for n, call in enumerate(of, 1) if call is reply)
    return {"call": number, "asked": " ".join(extract_question(calls[0]).split())[:MAX_ASKED]}


def _digest(call: Call) -> str:
    """Return a digest of a request but for its model."""
    request = {key: value for key, value in call.request.items() if key != "model"}
    return hash_json(request)[:_DIGITS]
