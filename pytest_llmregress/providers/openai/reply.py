"""Errors and counts of tokens, whichever of the dialects they came in."""

from collections.abc import Mapping
from typing import Any

from pytest_llmregress.providers.json_access import parse, read_field, read_mapping, read_string
from pytest_llmregress.providers.reply import Reply, is_status_of_no_answer, without_cached
from pytest_llmregress.values.call import Outcome, Usage
from pytest_llmregress.values.http import Response

_OF_THE_REQUEST = ("invalid_", "unsupported_", "image_", "empty_", "tool_use_failed")
"""How the codes of errors begin that the model, or what was asked of it, is to blame for."""
_OUTCOMES = {
    "content_filter": Outcome.REFUSED,
    "responsibleaipolicyviolation": Outcome.REFUSED,
    "moderation_blocked": Outcome.REFUSED,
    "context_length_exceeded": Outcome.CONTEXT_FULL,
    "string_above_max_length": Outcome.CONTEXT_FULL,
}
"""How a call ended that was answered with an error, by its code; all others are errors."""


def read_error(response: Response) -> Reply:
    """Read a reply whose status is an error; a filter and a full context are told as such."""
    error = find_error(parse(response.body))
    words = describe(error) or f"HTTP {response.status} {response.reason}".rstrip()
    outcome = outcome_of(error)
    passing = is_status_of_no_answer(response.status)
    fault = f"the server answered {response.status} {describe(error) or response.reason}".rstrip()
    return Reply(
        outcome=outcome,
        error=words if outcome is Outcome.ERROR else None,
        stop_reason=None if outcome is Outcome.ERROR else code_of(error),
        fault=fault if passing else None,
    )


def read_error_inside(error: Mapping[str, Any], *, streamed: bool) -> Reply:
    """Read the error in a reply whose status says that all is well, as gateways send it."""
    words = describe(error) or "error"
    outcome = outcome_of(error)
    where = "the stream broke off with" if streamed else "the reply is an error:"
    return Reply(
        outcome=outcome,
        error=words if outcome is Outcome.ERROR else None,
        stop_reason=None if outcome is Outcome.ERROR else code_of(error),
        streamed=streamed,
        fault=f"{where} {words}" if is_no_answer(error) else None,
    )


def find_error(body: Any) -> dict[str, Any]:
    """Return the error that a body holds, in any of the forms in use; empty for none."""
    if isinstance(body, list) and body:  # the form of Google's compatible route
        body = body[0]
    data = read_mapping(body)
    error = data.get("error")
    if isinstance(error, str) and error:
        return {"message": error} | {k: data[k] for k in ("code", "type") if k in data}
    if isinstance(error, dict) and error:
        return error
    detail = data.get("message", data.get("detail"))
    is_error = data.get("object") == "error" or (detail is not None and "choices" not in data)
    return {**data, "message": detail if isinstance(detail, str) else None} if is_error else {}


def describe(error: Mapping[str, Any]) -> str | None:
    """Return "code: message" of an error, or None where it says neither."""
    kind = code_of(error) or read_string(error.get("type")) or read_string(error.get("status"))
    message = read_string(error.get("message"))
    return ": ".join(word for word in (kind, message) if word) or None


def code_of(error: Mapping[str, Any]) -> str | None:
    """Return the code of an error as a text."""
    code = error.get("code")
    return str(code) if isinstance(code, int) and not isinstance(code, bool) else read_string(code)


def outcome_of(error: Mapping[str, Any]) -> Outcome:
    """Return how a call ended that was answered with an error."""
    inner = read_mapping(error.get("innererror", error.get("inner_error")))
    codes = (code_of(error), code_of(inner), read_string(error.get("type")))
    found = (_OUTCOMES.get(code.lower()) for code in codes if code)
    outcome = next((each for each in found if each is not None), None)
    if outcome is not None:
        return outcome
    message = (read_string(error.get("message")) or "").lower()
    is_full = "maximum context length" in message or "context length exceeded" in message
    return Outcome.CONTEXT_FULL if is_full else Outcome.ERROR


def is_no_answer(error: Mapping[str, Any]) -> bool:
    """Whether an error tells of the account, the network or the hour, as far as one can know."""
    code = error.get("code")
    if isinstance(code, str) and code.isdecimal():
        code = int(code)
    if isinstance(code, int):
        return is_status_of_no_answer(code)
    is_known = isinstance(code, str) and code.lower().startswith((*_OF_THE_REQUEST, *_OUTCOMES))
    return not is_known


def read_usage(usage: Any) -> Usage:
    """Return the tokens of a reply: those of a cache apart, those of reasoning among the output.

    A stream tells them only where its request wants that (`stream_options`): else they are unknown.
    """
    given = read_field(usage)
    if not given:
        return Usage(unknown=("no count of tokens",))
    inside = read_field(given.get("prompt_tokens_details", given.get("input_tokens_details")))
    outside = read_field(given.get("completion_tokens_details", given.get("output_tokens_details")))
    sent = given.get("prompt_tokens", given.get("input_tokens", 0))
    written_out = given.get("completion_tokens", given.get("output_tokens", 0))
    hits = ("prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens")  # by host
    read = inside.get("cached_tokens", next((given[k] for k in hits if k in given), 0))
    written = inside.get("cache_write_tokens", 0)
    thinking = outside.get("reasoning_tokens", 0)
    if _is_reasoning_apart(given, sent, written_out, thinking):
        written_out += thinking
    return Usage(
        input_tokens=without_cached(sent, read, written),
        output_tokens=written_out,
        cache_read_tokens=read,
        cache_write_tokens=written,
        thinking_tokens=thinking,
    )


def _is_reasoning_apart(given: Mapping[str, Any], sent: Any, out: Any, thinking: Any) -> bool:
    """Whether a host counts reasoning beside the output, as the sum of all tells."""
    counts = (given.get("total_tokens"), sent, out, thinking)
    if not all(type(each) is int for each in counts) or not thinking:
        return False
    total, sent, out, thinking = counts
    return bool(total == sent + out + thinking)
