"""What a reply does instead of answering: it sends elsewhere, sells, or hands over.

A brush-off is a reply in which a sentence sends the reader elsewhere (`brush_offs`) and no sentence
says anything else: a contact beside an answer, however short, is none. Openers, courtesies, words
on the help elsewhere and refusals are no answer. A contact "if it does not help" is for later.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from pytest_llmregress.behavior.text.phrase_rules import (
    LANGUAGES,
    SIGNED,
    PhraseRules,
    find_rules,
    load_rules,
    simplify,
    split_sentences,
)
from pytest_llmregress.behavior.text.refusals import MAX_QUOTED, count_words

MAX_READ = 20_000
"""Characters of a text that are searched for phrases, from its start."""
MAX_BRUSH_OFF = 25
"""Words of a sentence that sends elsewhere, up to what they do there."""
MAX_LEAD = 3
"""Words that may stand before the words that send elsewhere; more of them are an answer."""
MAX_IDLE_LEAD = 15
"""Words that may stand before them where they begin as talk does ("for", "please", "sorry")."""
MAX_TALK = 45
"""Words of a sentence that only speaks of the help elsewhere; a longer one may well answer."""
_HAS_CLAUSES = re.compile(r"[;:]").search
_ABOUT = {"upsell": "about_plans", "deflection": "about_contact", "hand-off": "about_people"}
"""The lists of what a question may be about, so that the answer to it is no deflection."""


@lru_cache(maxsize=16)
def find_deflections(text: str, *, question: str = "") -> Mapping[str, str]:
    """Return the words of each deflection: of an "upsell", a "deflection", a "hand-off".

    A topic of the question itself is left out: a user who asks for prices may be told prices.
    """
    checks = {"upsell": find_upsell, "deflection": find_brush_off, "hand-off": find_hand_off}
    found = {name: words for name, find in checks.items() if (words := find(text))}
    return {name: words for name, words in found.items() if not _asks(_ABOUT[name], question)}


def find_upsell(text: str) -> str:
    """Return the words with which a reply sells (a plan, a subscription, an offer), or ""."""
    return _find("upsells", text)


def find_hand_off(text: str) -> str:
    """Return the words that pass the conversation on to a person or a team, or ""."""
    return _find("hand_offs", text)


def find_brush_off(text: str) -> str:
    """Return the words with which a reply sends elsewhere where it does nothing else, or ""."""
    if len(text) > MAX_READ:
        return ""
    plain = simplify(text)
    for rules in find_rules("deflection", plain):
        if words := _find_brush_off(rules, plain):
            return words
    return ""


def _find_brush_off(rules: PhraseRules, plain: str) -> str:
    words = ""
    for sentence in split_sentences(plain):
        if _sends_away(rules, sentence):
            if not rules.pattern("conditions").search(sentence):
                words = words or sentence[:MAX_QUOTED]
        elif not _is_talk(rules, sentence, after_brush_off=bool(words)):
            return ""
    return words


def _sends_away(rules: PhraseRules, sentence: str) -> bool:
    order = rules.pattern("what_they_do").split(sentence, maxsplit=1)[0]
    if count_words(order) > MAX_BRUSH_OFF:
        return False
    found = next(rules.find_signed("brush_offs", order), None)
    if found is None:
        return False
    lead = order[: found.start()]
    if count_words(lead) <= MAX_LEAD:
        return True
    is_idle = rules.pattern("leads").match(lead) or rules.pattern("openers").match(lead)
    return bool(is_idle) and count_words(lead) <= MAX_IDLE_LEAD and not _HAS_CLAUSES(lead)


def _is_talk(rules: PhraseRules, sentence: str, *, after_brush_off: bool) -> bool:
    """Say whether a sentence is talk around an answer: a greeting, an apology, a word on help."""
    words = count_words(sentence)
    if not words:
        return True
    if words > MAX_TALK:
        return False
    if rules.pattern("openers").match(sentence) and words > 1:
        return True
    if rules.has_signed("declines", sentence) or rules.pattern("talk").match(sentence):
        return True
    return after_brush_off and rules.pattern("help_there").match(sentence) is not None


def _find(phrases: str, text: str) -> str:
    plain = simplify(text[:MAX_READ])
    for rules in find_rules(SIGNED[phrases], plain):
        if found := rules.pattern(phrases).search(plain):
            return found[0][:MAX_QUOTED]
    return ""


def _asks(about: str, question: str) -> bool:
    plain = simplify(question[-MAX_READ:])
    rules = (load_rules(language) for language in LANGUAGES)
    return any(each.pattern(about).search(plain) for each in rules)
