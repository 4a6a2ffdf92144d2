"""The built-in traits: from the model calls of a test to its behavior."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

from pytest_llmregress.behavior.normalize import normalize
from pytest_llmregress.behavior.text.code_blocks import CodeBlock
from pytest_llmregress.behavior.text.facts import extract_dates, extract_numbers, extract_urls
from pytest_llmregress.behavior.text.phrases import deflections, detect_hedging, detect_refusal
from pytest_llmregress.behavior.text.structure import describe_structure, reasoning
from pytest_llmregress.behavior.text.text_facts import (
    JsonForm,
    ParsedText,
    code_blocks,
    data_of,
    key_paths,
    language,
    parse_text,
    words,
)
from pytest_llmregress.values.behavior import Severity, Trait, TraitKind
from pytest_llmregress.values.call import Call, Calls, Outcome, Usage
from pytest_llmregress.values.model_names import is_as_requested

Served = Callable[[str, str], bool]
"""Says whether a served model (second) is what was asked for (first)."""

AS_REQUESTED = "as requested"
"""The value of "served_model" where every model served was the one that was asked for."""
BARE_CODE = "python (bare)"
"""Stands in "text.code" where the whole text is a program, ready to run without any parsing."""
DOES_NOT_PARSE = "python (does not parse)"


def extract_traits(calls: Calls, *, served: Served | None = None) -> tuple[Trait, ...]:
    """Return the traits of one sample of a test: always the same ones, in the same order.

    Args:
        calls: All model calls of the test, in order. Without any there are no traits, and none of
            tokens where a reply gave what is no count of them.
        served: Which served models are legitimate; None for `is_as_requested`.

    """
    if not calls:
        return ()
    last = next((call for call in reversed(calls) if call.text.strip()), None)
    found = parse_text(last.text if last else "")
    return (
        _category("outcome", _outcome_in_words(calls[-1]), Severity.BREAKING),
        *_phrase_traits(last, found),
        _set("interruptions", _interruptions(calls)),
        _category("served_model", _served(calls, served or is_as_requested), Severity.BREAKING),
        *_tool_traits(calls),
        *text_traits(found),
        *_usage_traits(calls.usage),
        _number("calls", len(calls) - _pauses_resumed(calls)),
        _number("tool_calls", len(calls.tools)),
    )


def declare_served(traits: Sequence[Trait], calls: Calls, *, served: Served) -> tuple[Trait, ...]:
    """Return traits as they are where a test declares which served models are legitimate.

    Args:
        traits: All traits of a sample, those of other plugins included.
        calls: The model calls of that sample.
        served: What the test declares.

    """
    return tuple(
        replace(trait, value=_served(calls, served)) if trait.name == "served_model" else trait
        for trait in traits
    )


def text_traits(text: str | ParsedText) -> tuple[Trait, ...]:
    """Return the traits of one text."""
    found = parse_text(text)
    data = data_of(found)
    return (
        _category("text.json", str(found.json_form), Severity.BREAKING),
        _set("text.json_keys", set(key_paths(found.json_value))),
        _category("text.code", _code(found), Severity.BREAKING),
        _category("text.language", language(found), Severity.BREAKING),
        _category("text.reasoning", reasoning(found.prose), Severity.NOTABLE),
        _set("text.shape", describe_structure(found), Severity.NOTABLE),
        _category("text.hedge", detect_hedging(found.prose), Severity.COSMETIC),
        _set("text.numbers", extract_numbers(data), Severity.NOTABLE),
        _set("text.dates", extract_dates(data), Severity.NOTABLE),
        _set("text.urls", extract_urls(found.text), Severity.NOTABLE),
        _number("text.length", words(found.text)),
        Trait(name="text", value=found.text, kind=TraitKind.TEXT, severity=Severity.COSMETIC),
    )


_ENDINGS = frozenset({Outcome.ANSWERED, Outcome.TOOL_USE})
"""The outcomes that interrupt nothing."""


def _category(name: str, value: Any, severity: Severity) -> Trait:
    return _word(name, value, severity) if type(value) is str else _any(name, value, severity)


@lru_cache(maxsize=256)
def _word(name: str, value: str, severity: Severity) -> Trait:
    """Return a trait whose value is a word: most tests have the same."""
    return _any(name, value, severity)


def _any(name: str, value: Any, severity: Severity) -> Trait:
    return Trait(name=name, value=value, kind=TraitKind.CATEGORY, severity=severity)


def _set(name: str, value: set[str], severity: Severity = Severity.BREAKING) -> Trait:
    return Trait(name=name, value=sorted(value), kind=TraitKind.SET, severity=severity)


def _number(name: str, value: int) -> Trait:
    return Trait(name=name, value=value, kind=TraitKind.NUMBER, severity=Severity.NOTABLE)


def _usage_traits(usage: Usage) -> tuple[Trait, ...]:
    """Return how many tokens it took; nothing where a reply gave what is no count of them."""
    if usage.unknown:
        return ()
    return (
        _number("usage.output_tokens", usage.output_tokens),
        _number("usage.input_tokens", usage.total_tokens - usage.output_tokens),
    )


def _outcome_in_words(call: Call) -> str:
    if call.outcome is Outcome.REFUSED and call.refusal_category:
        return f"{call.outcome} ({call.refusal_category})"
    return str(call.outcome)


def _phrase_traits(last: Call | None, found: ParsedText) -> tuple[Trait, ...]:
    """Return what stock phrases give away, where a call was answered.

    Any other outcome speaks for itself, and JSON is data however it is worded.
    """
    refusal, deflected = "none", set[str]()
    if last is not None and last.outcome is Outcome.ANSWERED:
        text = "" if found.json_form in {JsonForm.PURE, JsonForm.FENCED} else last.text
        refusal = "soft" if detect_refusal(text) else "none"
        deflected = deflections(text, question=_question(last))
    return (
        _category("refusal", refusal, Severity.BREAKING),
        _set("deflection", deflected),
    )


def _question(call: Call) -> str:
    """Return the last text of the user that a request shows; empty where it shows none."""
    messages = call.request.get("messages")
    for message in reversed(messages if isinstance(messages, list) else []):
        if not isinstance(message, dict) or message.get("role") != "user":
            continue
        content = message.get("content")
        blocks = content if isinstance(content, list) else [{"text": content}]
        texts = [block.get("text") for block in blocks if isinstance(block, dict)]
        if text := "\n".join(text for text in texts if isinstance(text, str)):
            return text
    return ""


def _interruptions(calls: Calls) -> set[str]:
    return {
        str(call.outcome)
        for call, following in pairwise(calls)
        if call.outcome not in _ENDINGS
        and not (call.outcome is Outcome.PAUSED and _resumes(following, call))
    }


def _pauses_resumed(calls: Calls) -> int:
    """Count the calls that another one goes on with: the two are one answer in two pieces."""
    return sum(
        call.outcome is Outcome.PAUSED and _resumes(following, call)
        for call, following in pairwise(calls)
    )


def _resumes(following: Call, paused: Call) -> bool:
    """Say whether a call goes on with a paused one: it sends the same conversation, and more.

    Where a request does not show its conversation, a call that follows is taken to go on.
    """
    sent, sent_before = following.request.get("messages"), paused.request.get("messages")
    if not (isinstance(sent, list) and isinstance(sent_before, list)):
        return True
    return len(sent) > len(sent_before)


def _served(calls: Calls, is_legitimate: Served) -> str | list[str]:
    pairs = {(call.requested_model, call.served_model) for call in calls}
    others = {
        f"{requested} → {served}"
        for requested, served in pairs
        if requested and served and not is_legitimate(requested, served)
    }
    return sorted(others) or AS_REQUESTED


def _tool_traits(calls: Calls) -> tuple[Trait, ...]:
    arguments: dict[str, set[str]] = {name: set() for name in sorted(calls.tools)}
    for tool in calls.tool_calls:
        arguments[tool.name].add(",".join(sorted(tool.arguments)))
    counts = dict(sorted(Counter(calls.tools).items()))
    key_sets = {name: sorted(keys) for name, keys in arguments.items()}
    return (
        _set("tools.set", set(calls.tools)),
        _category("tools.counts", counts, Severity.NOTABLE),
        _category("tools.order", list(calls.tools), Severity.NOTABLE),
        _category("tools.arg_keys", key_sets, Severity.NOTABLE),
        _category(
            "tools.arguments",
            [
                {"name": tool.name, "arguments": normalize(tool.arguments)}
                for tool in calls.tool_calls
            ],
            Severity.NOTABLE,
        ),
    )


def _code(found: ParsedText) -> list[str]:
    blocks = [_block_in_words(block) for block in code_blocks(found)]
    return [BARE_CODE] if not blocks and found.is_program else blocks


def _block_in_words(block: CodeBlock) -> str:
    return DOES_NOT_PARSE if block.parses is False else block.language or "text"
