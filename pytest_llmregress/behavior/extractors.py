"""The extractors of built-in traits that take more than one expression."""

from collections import Counter
from itertools import pairwise
from typing import Any

from pytest_llmregress.behavior.normalize import normalize
from pytest_llmregress.behavior.text.code_blocks import CodeBlock
from pytest_llmregress.behavior.text.phrases import detect_refusal, find_deflections
from pytest_llmregress.behavior.text.text_facts import JsonForm, code_blocks
from pytest_llmregress.behavior.trait_record import ExtractorInput, Served
from pytest_llmregress.values.call import Call, Calls, Outcome

AS_REQUESTED = "as requested"
"""The value of "served_model" where every model served was the one that was asked for."""
BARE_CODE = "python (bare)"
"""Stands in "text.code" where the whole text is a program, ready to run without any parsing."""
DOES_NOT_PARSE = "python (does not parse)"

_ENDINGS = frozenset({Outcome.ANSWERED, Outcome.TOOL_USE})
"""The outcomes that interrupt nothing."""


def extract_outcome(given: ExtractorInput) -> str:
    """Return how the last call ended, with the category of a refusal where it has one."""
    call = given.calls[-1]
    if call.outcome is Outcome.REFUSED and call.refusal_category:
        return f"{call.outcome} ({call.refusal_category})"
    return str(call.outcome)


def extract_refusal(given: ExtractorInput) -> str:
    """Return "soft" for an answer that refuses in words, else "none"."""
    return "soft" if detect_refusal(_answer(given)) else "none"


def extract_deflections(given: ExtractorInput) -> set[str]:
    """Return what an answer does instead of answering, such as an upsell nobody asked for."""
    return find_deflections(_answer(given), question=_question(given.last))


def extract_interruptions(given: ExtractorInput) -> set[str]:
    """Return the abnormal outcomes of the calls before the last one."""
    return {
        str(call.outcome)
        for call, following in pairwise(given.calls)
        if call.outcome not in _ENDINGS
        and not (call.outcome is Outcome.PAUSED and _resumes(following, call))
    }


def extract_served_model(calls: Calls, is_legitimate: Served) -> str | list[str]:
    """Return the models that were served instead of another one, or `AS_REQUESTED`."""
    pairs = {(call.requested_model, call.served_model) for call in calls}
    others = {
        f"{requested} → {served}"
        for requested, served in pairs
        if requested and served and not is_legitimate(requested, served)
    }
    return sorted(others) or AS_REQUESTED


def extract_tool_counts(given: ExtractorInput) -> dict[str, int]:
    """Return how often each tool was called, by its name."""
    return dict(sorted(Counter(given.calls.tools).items()))


def extract_argument_keys(given: ExtractorInput) -> dict[str, list[str]]:
    """Return by tool the combinations of argument names that it was called with."""
    found: dict[str, set[str]] = {name: set() for name in sorted(given.calls.tools)}
    for tool in given.calls.tool_calls:
        found[tool.full_name].add(",".join(sorted(tool.arguments)))
    return {name: sorted(keys) for name, keys in found.items()}


def extract_arguments(given: ExtractorInput) -> list[dict[str, Any]]:
    """Return tool and arguments of each tool call in order, without the provider's own ids."""
    return [
        {"name": tool.full_name, "arguments": normalize(tool.arguments)}
        for tool in given.calls.tool_calls
    ]


def extract_code(given: ExtractorInput) -> list[str]:
    """Return the language of each code block, and which Python does not parse."""
    blocks = [_describe_block(block) for block in code_blocks(given.text)]
    return [BARE_CODE] if not blocks and given.text.is_program else blocks


def count_output_tokens(given: ExtractorInput) -> int | None:
    """Return the tokens of all replies; None where one of them holds no count of tokens."""
    usage = given.calls.usage
    return None if usage.unknown else usage.output_tokens


def count_input_tokens(given: ExtractorInput) -> int | None:
    """Return the tokens of all requests, cached or not; None where a reply holds no count."""
    usage = given.calls.usage
    return None if usage.unknown else usage.total_tokens - usage.output_tokens


def count_calls(given: ExtractorInput) -> int:
    """Count model calls; a paused call and the one that resumes it are one."""
    return len(given.calls) - sum(
        call.outcome is Outcome.PAUSED and _resumes(following, call)
        for call, following in pairwise(given.calls)
    )


def _answer(given: ExtractorInput) -> str:
    """Return the text whose phrases count: that of a call that was answered, unless it is JSON.

    Any other outcome speaks for itself, and JSON is data however it is worded.
    """
    is_data = given.text.json_form in {JsonForm.PURE, JsonForm.FENCED}
    if given.last is None or given.last.outcome is not Outcome.ANSWERED or is_data:
        return ""
    return given.last.text


def _question(call: Call | None) -> str:
    """Return the last text of the user in a request, or "" where it has none."""
    messages = call.request.get("messages") if call else None
    for message in reversed(messages if isinstance(messages, list) else []):
        if not isinstance(message, dict) or message.get("role") != "user":
            continue
        content = message.get("content")
        blocks = content if isinstance(content, list) else [{"text": content}]
        texts = [block.get("text") for block in blocks if isinstance(block, dict)]
        if text := "\n".join(text for text in texts if isinstance(text, str)):
            return text
    return ""


def _resumes(following: Call, paused: Call) -> bool:
    """Say whether a call resumes a paused one: it sends the same conversation, and more.

    A call whose request holds no conversation is taken to resume the one before it.
    """
    sent, sent_before = following.request.get("messages"), paused.request.get("messages")
    if not (isinstance(sent, list) and isinstance(sent_before, list)):
        return True
    return len(sent) > len(sent_before)


def _describe_block(block: CodeBlock) -> str:
    return DOES_NOT_PARSE if block.parses is False else block.language or "text"
