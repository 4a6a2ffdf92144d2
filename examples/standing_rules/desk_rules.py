"""The rules of the desk, as checks of what a model said."""

import re

from pytest_llmregress import rules

SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
SENTENCES = 2
SIGNATURE = r"\[T-4711\]\W*$"


class BrokenRuleError(AssertionError):
    """An answer of a chat broke a rule that holds for all of them."""


def is_short(call):
    """Count sentences; None where nothing was said."""
    sentences = len(SENTENCE_END.findall(re.sub(SIGNATURE, "", call.text)))
    if not call.text.strip():
        return None
    return True if sentences <= SENTENCES else f"{sentences} sentences"


RULES = {
    "metric units only": rules.forbids(
        r"(?i)\b\d[\d.,]* ?(miles?|mi|feet|foot|ft|yards?)\b|°F\b|Fahrenheit"
    ),
    "never a price": rules.forbids(r"(?i)[€$£] ?\d|\b\d+ ?(€|euros?|dollars?|EUR|USD)"),
    "signed with the ticket": rules.requires(SIGNATURE),
    "two sentences": is_short,
}


def broken_by(calls):
    """Return what was broken: a line for each rule, such as "two sentences: kept 6/8"."""
    lines = {}
    for name, rule in RULES.items():
        verdicts = [verdict for call in calls if (verdict := rule(call)) is not None]
        kept = sum(verdict is True for verdict in verdicts)
        if kept < len(verdicts):
            lines[name] = f"{name}: kept {kept}/{len(verdicts)}"
    return lines


def keep_rules(calls, names):
    """Raise how often each of these rules was kept that was broken."""
    lines = [line for name, line in broken_by(calls).items() if name in names]
    if lines:
        raise BrokenRuleError("; ".join(lines))
