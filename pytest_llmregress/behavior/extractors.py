"""The extractors of built-in traits that take more than one expression."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_llmregress.behavior.normalize import normalize
from pytest_llmregress.behavior.requested_schema import (
    find_closed_places,
    find_optional_places,
    find_tool_schema,
)
from pytest_llmregress.behavior.text.closed_answer import (
    describe_form,
    is_bare,
    read_answer,
)
from pytest_llmregress.behavior.text.code_blocks import CodeBlock
from pytest_llmregress.behavior.text.deflections import find_deflections
from pytest_llmregress.behavior.text.demands import find_kept_demands
from pytest_llmregress.behavior.text.names import read_name
from pytest_llmregress.behavior.text.refusals import find_partial_refusal, find_refusal
from pytest_llmregress.behavior.text.structure import describe_structure
from pytest_llmregress.behavior.text.text_facts import JsonForm, code_blocks, key_paths
from pytest_llmregress.behavior.trait_record import ExtractorInput, Served
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.conversations import find_resumed
from pytest_llmregress.values.user_words import find_last_words

AS_REQUESTED = "as requested"
"""The value of "served_model" where every model served was the one that was asked for."""
BARE_CODE = "python (bare)"
"""Stands in "text.code" where the whole text is a program, ready to run without any parsing."""
FEW_TOOLS = "fewer than two calls"
"""The value of "tools.parallel" where no two calls of tools could go together."""
DOES_NOT_PARSE = "python (does not parse)"
OPTIONAL = "?"
"""Ends the path of a key that the requested schema does not require: "due?: string"."""
MAX_JSON_DEPTH = 40
"""Levels of a JSON answer whose values are compared."""

_DATA = frozenset({JsonForm.PURE, JsonForm.FENCED})
"""The forms of a text that is JSON as a whole."""


def extract_outcome(given: ExtractorInput) -> str:
    """Return how the last call ended, with the category of a refusal where it has one."""
    call = given.calls[-1]
    if call.outcome is Outcome.REFUSED and call.refusal_category:
        return f"{call.outcome} ({call.refusal_category})"
    return str(call.outcome)


def extract_refusal(given: ExtractorInput) -> str:
    """Return "soft" for an answer that refuses in words, "partial" for a part of it, or "none"."""
    answer = _answer(given)
    if find_refusal(answer):
        return "soft"
    return "partial" if find_partial_refusal(answer) else "none"


def quote_refusal(given: ExtractorInput) -> str:
    """Return the words with which an answer refuses, or ""."""
    answer = _answer(given)
    return find_refusal(answer) or find_partial_refusal(answer)


def quote_deflections(given: ExtractorInput) -> str:
    """Return the words of each deflection of an answer, or ""."""
    return " … ".join(_deflections(given).values())


def extract_deflections(given: ExtractorInput) -> set[str]:
    """Return what an answer does instead of answering, such as an upsell nobody asked for."""
    return set(_deflections(given))


def _deflections(given: ExtractorInput) -> Mapping[str, str]:
    return find_deflections(_answer(given), question=extract_question(given.last))


def extract_served_model(calls: Calls, is_legitimate: Served) -> str | list[str]:
    """Return the models that were served instead of another one, or `AS_REQUESTED`."""
    pairs = {(call.requested_model, call.served_model) for call in calls if not call.is_alias}
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


def extract_tool_order(given: ExtractorInput) -> list[str]:
    """Return the name of each tool call in order; calls that go together are sorted."""
    return [tool.full_name for _, _, tool in _in_order(given.calls)]


def extract_arguments(given: ExtractorInput) -> list[dict[str, Any]]:
    """Return tool and arguments of each tool call, without the provider's own ids.

    In the order of `extract_tool_order`. "closed" has the places whose values the tool's schema
    lists, "agent" the sub-agent that has called the tool, and its turn; each is left out where
    there are none.
    """
    found = []
    for number, call, tool in _in_order(given.calls):
        item = {"name": tool.full_name, "arguments": normalize(tool.arguments)}
        closed = find_closed_places(find_tool_schema(call.prompt.tools or (), tool.name))
        agent = given.agents.locate(number)
        told = {"closed": list(closed), "agent": agent}
        found.append({**item, **{key: value for key, value in told.items() if value}})
    return found


def extract_loops(given: ExtractorInput) -> dict[str, int]:
    """Return how often each tool was called with the same arguments, where more than once."""
    times = Counter(
        (tool.full_name, dump_canonical_json(normalize(tool.arguments)))
        for tool in given.calls.tool_calls
    )
    found: dict[str, int] = {}
    for (name, _), count in times.items():
        if count > 1:
            found[name] = max(count, found.get(name, 0))
    return dict(sorted(found.items()))


def extract_parallel(given: ExtractorInput) -> str:
    """Return whether any tool calls were asked for together; `FEW_TOOLS` for fewer than two."""
    together = Counter(
        (number, tool.round) for number, call in enumerate(given.calls) for tool in call.tool_calls
    )
    if together.total() < 2:  # noqa: PLR2004 - one call has no order
        return FEW_TOOLS
    return "parallel" if max(together.values()) > 1 else "serial"


def extract_kept_demands(given: ExtractorInput) -> frozenset[str]:
    """Return the words that the prompt asks each answer to begin or end with, where they stand."""
    if given.last is None:
        return frozenset()
    return find_kept_demands(given.last.text, given.last.prompt)


def extract_form(given: ExtractorInput) -> str:
    """Return what the text is as an answer: a label, a number, a list or a sentence."""
    return str(describe_form(given.text, is_report=bool(given.calls.tools)))


def extract_answer(given: ExtractorInput) -> str:
    """Return the closed answer that the text is; "" where it is none.

    It is in lower case, unless it is a name that the request does not hold.
    """
    is_report = bool(given.calls.tools)
    name = "" if is_report else read_name(given.text)
    if name and name.casefold() not in _read_request(given.last):
        return name
    return read_answer(given.text, is_report=is_report)


def _read_request(call: Call | None) -> str:
    return dump_canonical_json(dict(call.request)).casefold() if call else ""


def extract_json_keys(given: ExtractorInput) -> list[str]:
    """Return the key paths of the JSON in a text; those that may be absent end with `OPTIONAL`."""
    optional = find_optional_places(_schema(given))
    pairs = (path.rpartition(": ") for path in key_paths(given.text.json_value))
    return [f"{path}{OPTIONAL if path in optional else ''}: {kind}" for path, _, kind in pairs]


def extract_json_values(given: ExtractorInput) -> dict[str, Any]:
    """Return the JSON that the whole text is, with the places whose values the schema lists.

    It is an empty object for any other text.
    """
    if given.text.json_form not in _DATA:
        return {}
    value = normalize(_cut_depth(given.text.json_value, MAX_JSON_DEPTH))
    closed = find_closed_places(_schema(given))
    return {"json": value, "closed": list(closed)} if closed else {"json": value}


def extract_shape(given: ExtractorInput) -> set[str]:
    """Return the elements that the text is built of; of a bare label or number none."""
    return set() if is_bare(given.text) else describe_structure(given.text)


def extract_code(given: ExtractorInput) -> list[str]:
    """Return the language of each code block, and which Python does not parse."""
    blocks = [_describe_block(block) for block in code_blocks(given.text)]
    return [BARE_CODE] if not blocks and given.text.is_program else blocks


def count_output_tokens(given: ExtractorInput) -> int | None:
    """Return the tokens of all replies; None where one of them holds no count of tokens."""
    usage = given.usage
    return None if usage.unknown else usage.output_tokens


def count_input_tokens(given: ExtractorInput) -> int | None:
    """Return the tokens of all requests, cached or not; None where a reply holds no count."""
    usage = given.usage
    return None if usage.unknown else usage.total_tokens - usage.output_tokens


def count_calls(given: ExtractorInput) -> int:
    """Count model calls; a paused call and the one that resumes it are one."""
    return len(given.calls) - len(find_resumed(given.calls))


def _in_order(calls: Calls) -> Iterator[tuple[int, Call, ToolCall]]:
    """Yield each tool call with the call that asked for it, by number; a round is sorted."""
    for number, call in enumerate(calls, start=1):
        if len(call.tool_calls) < 2:  # noqa: PLR2004 - one has no order
            yield from ((number, call, tool) for tool in call.tool_calls)
            continue
        keyed = [
            ((tool.round, tool.full_name, dump_canonical_json(normalize(tool.arguments))), tool)
            for tool in call.tool_calls
        ]
        yield from ((number, call, tool) for _, tool in sorted(keyed, key=lambda each: each[0]))


def _answer(given: ExtractorInput) -> str:
    """Return the text whose phrases count: that of a call that was answered, unless it is JSON.

    Any other outcome speaks for itself, and JSON is data however it is worded.
    """
    is_data = given.text.json_form in _DATA
    if given.last is None or given.last.outcome is not Outcome.ANSWERED or is_data:
        return ""
    return given.last.text


def _schema(given: ExtractorInput) -> Mapping[str, Any]:
    return given.last.prompt.schema if given.last else {}


def _cut_depth(value: Any, left: int) -> Any:
    """Return a JSON value without what lies deeper than so many levels."""
    match value:
        case dict() | list() if not left:
            return "…"
        case dict():
            return {key: _cut_depth(item, left - 1) for key, item in value.items()}
        case list():
            return [_cut_depth(item, left - 1) for item in value]
    return value


def extract_question(call: Call | None) -> str:
    """Return the last text of the user in a request, or "" where it has none."""
    return find_last_words(call.prompt.messages) if call else ""


def _describe_block(block: CodeBlock) -> str:
    return DOES_NOT_PARSE if block.parses is False else block.language or "text"
