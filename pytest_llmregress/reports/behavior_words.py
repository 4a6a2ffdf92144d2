"""A change of a trait in a few words, as a reader would tell it: "answers fenced in ```"."""

import re
from collections.abc import Callable, Iterable
from functools import partial

from pytest_llmregress.formatting.value_text import printable, truncate
from pytest_llmregress.values.behavior import Change, Drift
from pytest_llmregress.values.evidence import OUTCOME

MAX_WORDS = 60
"""Characters of the words for one change."""
_GAINED, _LOST = "gained ", "lost "
_NONE = "none"
_ENDINGS = {
    "paused": "paused before the end",
    "truncated": "cut off at the token limit",
    "context_full": "stopped at a full context",
    "empty": "empty answer",
    "error": "ended in an error",
    "tool_use": "ended on a tool call without an answer",
}
_JSON_FORMS = {
    "not_json": "no JSON any more",
    "fenced": "answers fenced in ```",
    "with_prose": "text around the JSON",
    "pure": "bare JSON instead of text",
}
_NUMBERS = {
    "text.length": ("longer answers", "shorter answers"),
    "usage.output_tokens": ("more output tokens", "fewer output tokens"),
    "usage.input_tokens": ("more input tokens", "fewer input tokens"),
    "calls": ("more model calls", "fewer model calls"),
    "tool_calls": ("more tool calls", "fewer tool calls"),
}
_PLAIN = {
    "served_model": "served by another model",
    "tools.counts": "tools called another number of times",
    "tools.order": "tools called in another order",
    "tools.arg_keys": "other arguments of a tool",
    "tools.arguments": "other values of tool arguments",
    "tools.loops": "the same tool call again and again",
    "tools.parallel": "tools called together or one by one",
    "text.json_keys": "other keys in the JSON",
    "text.json_values": "other values in the JSON",
    "text.answer": "another answer",
    "text.reasoning": "reasoning before the answer",
    "text.shape": "another layout",
    "text.hedge": "hedging",
    "text.numbers": "other numbers",
    "text.dates": "other dates",
    "text.urls": "other URLs",
    "text": "other wording",
    "agents.depth": "sub-agents of sub-agents",
    "agents.tools": "other tools in sub-agents",
    "conversations": "one of several conversations",
}
_LANGUAGES = {
    "ar": "Arabic",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "hi": "Hindi",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
    "zh-Hans": "Chinese in simplified characters",
    "zh-Hant": "Chinese in traditional characters",
}
_FREQUENCY = re.compile(r"^in \d+ of \d+(?:; |$)")
"""How the detail of a change begins that was seen in some of several samples."""
_TOLD_FIRST = (
    *("outcome", "refusal", "deflection", "demanded_words", "served_model", "agents.count"),
    *("text.json", "tools.set"),
)
"""The traits that say most of what happened, of changes that are as bad."""
_TOLD_LAST = (OUTCOME, "text.json_keys", "tools.counts", "tools.order", "text")
"""Those that follow from others, or say least."""


def name_change(change: Change) -> str:
    """Return what changed in words of behavior, without names of traits where there are words.

    A trait of a plugin, or of a snapshot value, goes by its name.
    """
    name = printable(change.trait)
    tell = _TELLERS.get(name)
    words = tell(change) if tell is not None else _PLAIN.get(name, "")
    return truncate(words or f"{name} changed", MAX_WORDS)


def say_drift(drift: Drift, among: Iterable[str] = ()) -> str:
    """Return the change of a test that says most, and how often it was seen; empty without one.

    :param among: names of traits that count, where any of them is there.
    """
    change = choose_change(drift.changes, among)
    if change is None:
        return ""
    often = say_frequency(change)
    return f"{name_change(change)} ({often})" if often else name_change(change)


def choose_change(changes: Iterable[Change], among: Iterable[str] = ()) -> Change | None:
    """Return the change that says most; None where there is none.

    :param among: names of traits that count, where any of them is there.
    """
    found = list(changes)
    named = frozenset(among)
    wanted = [each for each in found if each.trait in named] or found
    return min(wanted, key=_rank, default=None)


def _rank(change: Change) -> tuple[int, int]:
    return -change.severity.rank, _place(change.trait)


def _place(trait: str) -> int:
    if trait in _TOLD_FIRST:
        return _TOLD_FIRST.index(trait)
    last = trait in _TOLD_LAST
    return len(_TOLD_FIRST) + (1 + _TOLD_LAST.index(trait) if last else 0)


def _tell_test(change: Change) -> str:
    return "the test passes now" if change.after == "passed" else "the test's own assert fails"


def _tell_outcome(change: Change) -> str:
    before, after = printable(change.before), printable(change.after)
    if after.startswith("refused"):
        return "refused"
    if before.startswith("refused"):
        return "no longer refused"
    return _ENDINGS.get(after, f"{after} instead of {before}")


def _tell_refusal(change: Change) -> str:
    if change.after == "soft":
        return "refused in words"
    if change.before == "soft":
        return "no longer refused"
    return "a part declined" if change.after == "partial" else "no part declined any more"


def _tell_faults(change: Change) -> str:
    gained = _find_members(change, _GAINED)
    return f"put off: {gained}" if gained else "no longer puts off"


def _tell_interruptions(change: Change) -> str:
    after = printable(change.after)
    return f"an earlier call ended {after}" if after != _NONE else "no earlier call interrupted"


def _tell_demands(change: Change) -> str:
    before, after = printable(change.before), printable(change.after)
    return f"no longer {before}, as the prompt asks" if after == _NONE else f"now {after}"


def _tell_agents(change: Change) -> str:
    return f"{printable(change.after)} sub-agents instead of {printable(change.before)}"


def _tell_tools(change: Change) -> str:
    gained, lost = _find_members(change, _GAINED), _find_members(change, _LOST)
    if gained:
        return f"{gained} called" + (f" instead of {lost}" if lost else "")
    return f"{lost} not called" if lost else ""


def _tell_json(change: Change) -> str:
    return _JSON_FORMS.get(change.after, "")


def _tell_form(change: Change) -> str:
    detail = _detail(change)
    return detail or f"{printable(change.after)} instead of {printable(change.before)}"


def _tell_code(change: Change) -> str:
    before, after = printable(change.before), printable(change.after)
    if "does not parse" in after:
        return "code that does not parse"
    if "bare" in before and after != _NONE:
        return "code fenced in ```"
    return "no code any more" if after == _NONE else "other code blocks"


def _tell_language(change: Change) -> str:
    before, after = (
        _LANGUAGES.get(code, code) for code in (printable(change.before), printable(change.after))
    )
    return f"{after} text instead of {before}"


def _tell_number(words: tuple[str, str], change: Change) -> str:
    detail = _detail(change)
    is_less = detail.startswith(("0.", "-")) or detail == "to 0" or "e-" in detail
    return words[1] if is_less else words[0]


def _detail(change: Change) -> str:
    """Return the detail without how often the change was seen."""
    return _FREQUENCY.sub("", printable(change.detail))


def say_frequency(change: Change) -> str:
    """Return in how many of several samples a change was seen: "6 of 6"; empty for one sample."""
    found = _FREQUENCY.match(change.detail)
    return found[0].removeprefix("in ").rstrip("; ") if found else ""


def _find_members(change: Change, word: str) -> str:
    """Return what a set gained or lost, of the detail that says it."""
    for part in _detail(change).split("; "):
        if part.startswith(word):
            return part.removeprefix(word)
    return ""


_TELLERS: dict[str, Callable[[Change], str]] = {
    OUTCOME: _tell_test,
    "outcome": _tell_outcome,
    "refusal": _tell_refusal,
    "deflection": _tell_faults,
    "interruptions": _tell_interruptions,
    "demanded_words": _tell_demands,
    "agents.count": _tell_agents,
    "tools.set": _tell_tools,
    "text.json": _tell_json,
    "text.form": _tell_form,
    "text.code": _tell_code,
    "text.language": _tell_language,
    **{name: partial(_tell_number, words) for name, words in _NUMBERS.items()},
}
