"""What a reply does instead of answering: it sends elsewhere, sells, hands over, or hedges.

A brush-off is a reply in which a sentence sends the reader elsewhere (`brush_offs`) and neither
another sentence nor another clause of it (after a colon, a semicolon or one of `turns`) says
anything else: a contact beside an answer, however short, is none. Openers, courtesies, words on the
help elsewhere, refusals and doubts (`unsure`) are no answer. A contact "if it does not help" is for
later.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from pytest_llmregress.behavior.text.phrase_rules import (
    LANGUAGES,
    SIGNED,
    PhraseRules,
    find_rules,
    has_one,
    load_rules,
    simplify,
    split_sentences,
)
from pytest_llmregress.behavior.text.refusals import MAX_QUOTED, count_words

"""Characters of a text that are searched, from its start."""

_HEDGES = (
    *("i think", "i believe", "i guess", "i suppose", "i'm not sure", "i'm not certain"),
    *("i am not sure", "i am not certain", "not entirely sure", "perhaps", "probably", "possibly"),
    *("presumably", "might be", "may be", "could be", "it seems", "seems to", "appears to be"),
    *("it depends", "as far as i know", "to my knowledge"),
    *("vielleicht", "wahrscheinlich", "vermutlich", "möglicherweise", "ich glaube", "ich denke"),
    *("quizás", "tal vez", "probablemente", "posiblemente", "creo que"),
    *("peut-être", "probablement", "il semble", "je pense que"),
    *("forse", "probabilmente", "credo che", "talvez", "provavelmente", "acho que"),
)
_HEDGE = re.compile(rf"\W(?:{'|'.join(_HEDGES)})\b")
_MAX_READ = 20_000
"""Characters of a text that are searched for phrases, from its start."""
MAX_BRUSH_OFF = 25
"""Words of a clause that sends elsewhere, up to what they do there."""
MAX_LEAD = 3
"""Words that may stand before the words that send elsewhere; more of them are an answer."""
MAX_IDLE_LEAD = 15
"""Words that may stand before them where they begin as talk does ("for", "please", "sorry")."""
MAX_TALK = 45
"""Words of a sentence that only speaks of the help elsewhere; a longer one may well answer."""
MIN_CLAUSE = 2
"""Words of a clause that answers beside one that sends elsewhere."""
_CLAUSE_END = re.compile(r"[:：;；] ?(?=\S)")  # noqa: RUF001  # signs of Chinese
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
    if len(text) > _MAX_READ:
        return ""
    plain = simplify(text)
    for rules in find_rules("deflection", plain):
        if words := _find_brush_off(rules, plain):
            return words
    return ""


def _find_brush_off(rules: PhraseRules, plain: str) -> str:
    words = ""
    for sentence in split_sentences(plain):
        clauses = _split_clauses(rules, sentence)
        others = [clause for clause in clauses if not _sends_away(rules, clause)]
        if len(others) == len(clauses):
            if not _is_talk(rules, sentence, after_brush_off=bool(words)):
                return ""
        elif any(_answers(rules, clause) for clause in others):
            return ""
        elif not rules.pattern("conditions").search(sentence):
            words = words or sentence[:MAX_QUOTED]
    return words


def _split_clauses(rules: PhraseRules, sentence: str) -> list[str]:
    parts = _CLAUSE_END.split(sentence)
    return [clause.strip() for part in parts for clause in rules.pattern("turns").split(part)]


def _answers(rules: PhraseRules, clause: str) -> bool:
    """Say whether a clause answers that stands beside one that sends elsewhere."""
    words = count_words(clause)
    is_lead = words <= MAX_LEAD and rules.pattern("leads").match(clause)
    is_idle = words < MIN_CLAUSE or is_lead
    return not is_idle and not _is_talk(rules, clause, after_brush_off=True)


def _sends_away(rules: PhraseRules, clause: str) -> bool:
    order = rules.pattern("what_they_do").split(clause, maxsplit=1)[0]
    if count_words(order) > MAX_BRUSH_OFF:
        return False
    found = next(rules.find_signed("brush_offs", order), None)
    if found is None:
        return False
    lead = order[: found.start()]
    if count_words(lead) <= MAX_LEAD:
        return True
    is_idle = rules.pattern("leads").match(lead) or rules.pattern("openers").match(lead)
    return bool(is_idle) and count_words(lead) <= MAX_IDLE_LEAD


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
    if rules.pattern("unsure").match(sentence):
        return True
    return after_brush_off and rules.pattern("help_there").match(sentence) is not None


def _find(phrases: str, text: str) -> str:
    plain = simplify(text[:_MAX_READ])
    for rules in find_rules(SIGNED[phrases], plain):
        if found := rules.pattern(phrases).search(plain):
            return found[0][:MAX_QUOTED]
    return ""


def _asks(about: str, question: str) -> bool:
    plain = simplify(question[-_MAX_READ:])
    rules = (load_rules(language) for language in LANGUAGES)
    return any(each.pattern(about).search(plain) for each in rules)


@lru_cache(maxsize=16)
def detect_hedging(text: str) -> str:
    """Return how often a text hedges: "0", "1" or "2+"."""
    plain = simplify(text[:_MAX_READ])
    # The words alone are looked for many times as fast as the pattern of all of them.
    count = sum(1 for _ in _HEDGE.finditer(f" {plain}")) if has_one(_HEDGES, plain) else 0
    return "2+" if count > 1 else str(count)
