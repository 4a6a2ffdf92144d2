"""How a choice of a chat completion ended, by the word that its host gives and by what it holds."""

from pytest_llmregress.values.call import Outcome

BY_CONTENT = frozenset({"stop", "tool_calls", "function_call", "eos", "eos_token", "stop_sequence"})
"""Words of an ordinary end: what the choice holds says how it ended."""
BY_REASON = {
    "length": Outcome.TRUNCATED,
    "max_tokens": Outcome.TRUNCATED,
    "content_filter": Outcome.REFUSED,
    "sensitive": Outcome.REFUSED,  # z.ai
    "model_length": Outcome.CONTEXT_FULL,  # Mistral
    "model_context_window_exceeded": Outcome.CONTEXT_FULL,  # z.ai
    "error": Outcome.ERROR,  # OpenRouter, Mistral
    "insufficient_system_resource": Outcome.ERROR,  # DeepSeek
    "network_error": Outcome.ERROR,  # z.ai
    "abort": Outcome.ERROR,  # vLLM
}
"""Words that say it by themselves."""
_FROM_BEST = (
    Outcome.ANSWERED,
    Outcome.TOOL_USE,
    Outcome.PAUSED,
    Outcome.EMPTY,
    Outcome.TRUNCATED,
    Outcome.CONTEXT_FULL,
    Outcome.REFUSED,
    Outcome.ERROR,
)


def judge(reason: str, *, text: str, asks_tools: bool, refusal: str | None) -> Outcome:
    """Return how a choice ended; a word that nobody knows is an error, whatever came with it."""
    if reason in BY_REASON:
        return BY_REASON[reason]
    if refusal:
        return Outcome.REFUSED
    if asks_tools:
        return Outcome.TOOL_USE
    if reason not in BY_CONTENT:
        return Outcome.ERROR
    return Outcome.ANSWERED if text.strip() else Outcome.EMPTY


def is_known(reason: str) -> bool:
    """Whether a word for the end of a choice has a meaning here."""
    return reason in BY_REASON or reason in BY_CONTENT


def worst(outcomes: list[Outcome]) -> Outcome:
    """Return the worst of the outcomes of several choices."""
    return max(outcomes, key=_FROM_BEST.index)
