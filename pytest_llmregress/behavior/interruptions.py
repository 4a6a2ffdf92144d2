"""The calls before the last one that ended abnormally, and what their program did then."""

from itertools import pairwise

from pytest_llmregress.behavior.trait_record import ExtractorInput
from pytest_llmregress.values.call import Call, Outcome
from pytest_llmregress.values.conversations import find_resumed, split_conversations

_ENDINGS = frozenset({Outcome.ANSWERED, Outcome.TOOL_USE})
"""The outcomes that interrupt nothing."""
_MAX_TOLD = 3
"""Interruptions that a report names."""


def extract_interruptions(given: ExtractorInput) -> set[str]:
    """Return the abnormal outcomes of the calls before the last one."""
    return {str(given.calls[at].outcome) for at in _find_interrupted(given)}


def quote_interruptions(given: ExtractorInput) -> str:
    """Return which calls were interrupted, by which sub-agents, and how they were asked again.

    A program may ask another model what one has refused: then its user sees an answer.
    """
    interrupted = _find_interrupted(given)
    if not interrupted:
        return ""
    following: dict[int, int] = {}
    for conversation in split_conversations(given.calls):
        following.update(pairwise(conversation))
    seen: set[int] = set()
    told = [_say_chain(given, at, following, seen) for at in interrupted if at not in seen]
    more = len(told) - _MAX_TOLD
    return "; ".join(told[:_MAX_TOLD]) + (f"; and {more} more" if more > 0 else "")


def _find_interrupted(given: ExtractorInput) -> list[int]:
    """Return the indices of the interrupted calls."""
    resumed = find_resumed(given.calls)
    return [
        at
        for at, call in enumerate(given.calls[:-1])
        if call.outcome not in _ENDINGS and at not in resumed
    ]


def _say_chain(given: ExtractorInput, at: int, following: dict[int, int], seen: set[int]) -> str:
    """Say how a call ended, and how the calls ended that asked the same again."""
    words = f"{given.agents.name_call(at + 1)} {_say_end(given.calls[at])}"
    seen.add(at)
    while given.calls[at].outcome is Outcome.REFUSED and at in following:
        last, at = given.calls[at], following[at]
        call = given.calls[at]
        is_moved = call.requested_model != last.requested_model
        whom = f" to {call.requested_model}" if is_moved and call.requested_model else ""
        words += f", sent again{whom} in call {at + 1}: {_say_end(call)}"
        seen.add(at)
    return words


def _say_end(call: Call) -> str:
    if call.outcome is Outcome.PAUSED:
        return f"{call.outcome}, and no call goes on with it"
    return (
        f"{call.outcome} ({call.refusal_category})" if call.refusal_category else f"{call.outcome}"
    )
