"""How a conversation's turn ended, by Bedrock's word for it and by what the turn holds."""

from pytest_llmregress.values.call import Outcome

BY_CONTENT = frozenset({"end_turn", "stop_sequence", "tool_use"})
"""Words of an ordinary end: what the turn holds says how it ended."""
BY_REASON = {
    "max_tokens": Outcome.TRUNCATED,
    "guardrail_intervened": Outcome.REFUSED,
    "content_filtered": Outcome.REFUSED,
    "refusal": Outcome.REFUSED,
    "pause_turn": Outcome.PAUSED,
    "model_context_window_exceeded": Outcome.CONTEXT_FULL,
    "malformed_model_output": Outcome.ERROR,
    "malformed_tool_use": Outcome.ERROR,
}
"""Words that say it by themselves."""


def judge(reason: str | None, *, has_answer: bool, asks_tools: bool) -> Outcome:
    """Return how a turn ended; a word that nobody knows is an error, whatever came with it."""
    if reason in BY_REASON:
        return BY_REASON[reason]
    if reason not in BY_CONTENT:
        return Outcome.ERROR
    if asks_tools:
        return Outcome.TOOL_USE
    return Outcome.ANSWERED if has_answer else Outcome.EMPTY


def is_known(reason: str) -> bool:
    """Whether a word for the end of a turn has a meaning here."""
    return reason in BY_REASON or reason in BY_CONTENT
