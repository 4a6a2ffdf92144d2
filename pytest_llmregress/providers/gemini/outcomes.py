"""How a candidate ended, by Google's word for it and by what the candidate holds."""

from pytest_llmregress.values.call import Outcome

BY_CONTENT = frozenset({"STOP"})
"""Words of an ordinary end: what the candidate holds says how it ended."""
BY_REASON = {
    "MAX_TOKENS": Outcome.TRUNCATED,
    "CONTINUATION": Outcome.PAUSED,
    **dict.fromkeys(
        (
            *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
            *("ESCALATION", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
        ),
        Outcome.REFUSED,
    ),
    **dict.fromkeys(
        (
            *("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"),
            *("MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE", "LANGUAGE", "NO_IMAGE"),
            *("IMAGE_OTHER", "OTHER"),
        ),
        Outcome.ERROR,
    ),
}
"""Words that say it by themselves."""


def judge(reason: str | None, *, has_answer: bool, asks_tools: bool) -> Outcome:
    """Return how a candidate ended; a word that nobody knows is an error, whatever came with it."""
    if reason in BY_REASON:
        return BY_REASON[reason]
    if reason not in BY_CONTENT:
        return Outcome.ERROR
    if asks_tools:
        return Outcome.TOOL_USE
    return Outcome.ANSWERED if has_answer else Outcome.EMPTY


def is_known(reason: str) -> bool:
    """Whether a word for the end of a candidate has a meaning here."""
    return reason in BY_REASON or reason in BY_CONTENT
