"""The built-in traits: from the model calls of a test to its behavior."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from pytest_llmregress.core.behavior import Severity, Trait, TraitKind
from pytest_llmregress.core.call import Call, Calls, Outcome
from pytest_llmregress.core.models import is_as_requested
from pytest_llmregress.core.text import (
    CodeBlock,
    code_blocks,
    is_bare_code,
    json_form,
    json_value,
    key_paths,
    language,
    words,
)

Served = Callable[[str, str], bool]
"""Says whether a served model (second) is what was asked for (first)."""

AS_REQUESTED = "as requested"
"""The value of "served_model" where every model served was the one that was asked for."""
BARE_CODE = "python (bare)"
"""Stands in "text.code" where the whole text is a program, ready to run without any parsing."""
DOES_NOT_PARSE = "python (does not parse)"


def traits_of(calls: Calls, *, served: Served | None = None) -> tuple[Trait, ...]:
    """Return the traits of one sample of a test: always the same ones, in the same order.

    Args:
        calls: All model calls of the test, in order. Without any there are no traits.
        served: Which served models are legitimate; None for `is_as_requested`.

    """
    if not calls:
        return ()
    return (
        _category("outcome", _outcome_in_words(calls[-1]), Severity.BREAKING),
        _set("interruptions", _interruptions(calls)),
        _category("served_model", _served(calls, served or is_as_requested), Severity.BREAKING),
        *_tool_traits(calls),
        *text_traits(next((call.text for call in reversed(calls) if call.text.strip()), "")),
        _number("usage.output_tokens", calls.usage.output_tokens),
        _number("usage.input_tokens", calls.usage.total_tokens - calls.usage.output_tokens),
        _number("calls", len(calls)),
        _number("tool_calls", len(calls.tools)),
    )


def text_traits(text: str) -> tuple[Trait, ...]:
    """Return the traits of one text."""
    return (
        _category("text.json", str(json_form(text)), Severity.BREAKING),
        _set("text.json_keys", set(key_paths(json_value(text)))),
        _category("text.code", _code(text), Severity.BREAKING),
        _category("text.language", language(text), Severity.BREAKING),
        _number("text.length", words(text)),
        Trait(name="text", value=text, kind=TraitKind.TEXT, severity=Severity.COSMETIC),
    )


_ENDINGS = frozenset({Outcome.ANSWERED, Outcome.TOOL_USE})
"""The outcomes that interrupt nothing."""


def _category(name: str, value: Any, severity: Severity) -> Trait:
    return Trait(name=name, value=value, kind=TraitKind.CATEGORY, severity=severity)


def _set(name: str, value: set[str]) -> Trait:
    return Trait(name=name, value=sorted(value), kind=TraitKind.SET, severity=Severity.BREAKING)


def _number(name: str, value: int) -> Trait:
    return Trait(name=name, value=value, kind=TraitKind.NUMBER, severity=Severity.NOTABLE)


def _outcome_in_words(call: Call) -> str:
    if call.outcome is Outcome.REFUSED and call.refusal_category:
        return f"{call.outcome} ({call.refusal_category})"
    return str(call.outcome)


def _interruptions(calls: Calls) -> set[str]:
    return {
        str(call.outcome)
        for call, following in pairwise(calls)
        if call.outcome not in _ENDINGS
        and not (call.outcome is Outcome.PAUSED and _resumes(following, call))
    }


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
    )


def _code(text: str) -> list[str]:
    blocks = [_block_in_words(block) for block in code_blocks(text)]
    return [BARE_CODE] if not blocks and is_bare_code(text) else blocks


def _block_in_words(block: CodeBlock) -> str:
    return DOES_NOT_PARSE if block.parses is False else block.language or "text"
