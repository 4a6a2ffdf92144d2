"""What stock phrases of a reply give away: that it refuses, brushes off, sells or hedges.

Every list errs on the side of silence: a phrase that honest answers use, too, is not in it.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from pytest_llmregress.behavior.text.refusal_phrases import (
    ANSWERS_ANYWAY,
    OPENERS,
    REFUSALS,
    SIGNS_OF_REFUSALS,
    TALK_OF_GOODS,
)
from pytest_llmregress.behavior.text.service_phrases import (
    ABOUT_CONTACT,
    ABOUT_PEOPLE,
    ABOUT_PLANS,
    BRUSH_OFFS,
    CONDITIONS,
    COURTESIES,
    HAND_OFFS,
    SIGNS_OF_BRUSH_OFFS,
    SIGNS_OF_HAND_OFFS,
    SIGNS_OF_UPSELLS,
    UPSELLS,
    WHAT_THEY_DO,
    WORDS_ON_HELP,
)

MAX_OPENING = 600
"""Characters from the start of a text within which a refusal has to begin and end."""
MAX_OPENERS = 8
"""Greetings, apologies and the like that may stand before a refusal."""
MAX_OBJECT = 60
"""Characters after the verb of a refusal in which its object is looked for."""
MAX_CHANGE_OF_MIND = 200
"""Characters after a refusal in which an answer has to be announced to undo it."""
MAX_READ = 20_000
"""Characters of a text that are searched for phrases, from its start."""
MAX_BRUSH_OFF = 25
"""Words of a sentence that sends elsewhere, up to what they do there."""
MAX_BESIDE = 25
"""Words beside these: with more, a reply is an answer with a contact."""
MAX_TALK = 45
"""Words of a sentence that only speaks of the help elsewhere; a longer one may well answer."""

_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"')\]]*\s+|(?<=[。！？])|\n+")  # noqa: RUF001  # full stops of Chinese and Japanese
_WORD = re.compile(r"\w+")
_DECORATION = re.compile(r"[*_>#`\"“”„«»¡¿]+|[ \t\u00a0\u202f]+")
_SIGNS_OF_DECORATION = (*'*_>#`"“”„«»¡¿\t\u00a0\u202f', "  ")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_HEDGE = re.compile(
    r"\W(?:i think|i believe|i guess|i suppose|i'm not (?:sure|certain)|i am not (?:sure|certain)"
    r"|not entirely sure|perhaps|probably|possibly|presumably|might be|may be|could be"
    r"|it seems|seems to|appears to be|it depends|as far as i know|to my knowledge"
    r"|vielleicht|wahrscheinlich|vermutlich|möglicherweise|ich glaube|ich denke"
    r"|quizás|tal vez|probablemente|posiblemente|creo que"
    r"|peut-être|probablement|il semble|je pense que"
    r"|forse|probabilmente|credo che|talvez|provavelmente|acho que)\b"
)


def detect_refusal(text: str) -> bool:
    """Say whether a reply refuses in its own words: it declines at the start and does not answer.

    English, German, Spanish, French, Italian, Portuguese, Chinese and Japanese are known. "I can't
    find an error; here is the fix" is no refusal, nor is a rule that is told: "I can't refund this
    order, it came 45 days ago".
    """
    opening = _plain(text.lstrip()[:MAX_OPENING])
    if not _has_one(SIGNS_OF_REFUSALS, opening):
        return False
    refusals, openers, at = _compile(REFUSALS), _compile(OPENERS), 0
    for _ in range(MAX_OPENERS):
        found = refusals.match(opening, at)
        if found:
            return not _is_answered(text, opening, found.start(), found.end())
        opener = openers.match(opening, at)
        if not opener or opener.end() == at:
            return False
        at = opener.end()
    return False


def detect_upsell(text: str) -> bool:
    """Say whether a reply sells: a higher plan, a subscription, a code, an offer."""
    return _holds(_plain(text[:MAX_READ]), UPSELLS, SIGNS_OF_UPSELLS)


def detect_deflection(text: str) -> bool:
    """Say whether a reply brushes off: it sends elsewhere ("please contact support"), and no more.

    A reply that also answers does not brush off, nor does one that offers a contact for later
    ("if you have more questions"). Thanks, apologies and what the other place will do do not
    count as an answer, however long they are; they are recognised in English only.
    """
    plain = _plain(text[:MAX_READ])
    if len(text) > MAX_READ or not _has_one(SIGNS_OF_BRUSH_OFFS, plain):
        return False
    words_beside, is_sent_away = 0, False
    for sentence in _sentences(plain):
        words = len(_WORD.findall(sentence))
        order = _compile(WHAT_THEY_DO).split(sentence, maxsplit=1)[0]
        if len(_WORD.findall(order)) <= MAX_BRUSH_OFF and _compile(BRUSH_OFFS).search(order):
            is_sent_away = is_sent_away or not _compile(CONDITIONS).search(sentence)
        elif not _says_nothing(sentence, words, after_brush_off=is_sent_away):
            words_beside += words
        if words_beside > MAX_BESIDE:
            return False
    return is_sent_away


def _says_nothing(sentence: str, words: int, *, after_brush_off: bool) -> bool:
    """Say whether a sentence is talk around an answer: a greeting, an apology, a word on help."""
    if _compile(OPENERS).match(sentence) or _compile(REFUSALS).match(sentence):
        return True
    if words > MAX_TALK:
        return False
    is_talk = _compile(COURTESIES).match(sentence)
    return bool(is_talk or (after_brush_off and _compile(WORDS_ON_HELP).match(sentence)))


def detect_handoff(text: str) -> bool:
    """Say whether a reply passes the conversation on to a person or to another team."""
    return _holds(_plain(text[:MAX_READ]), HAND_OFFS, SIGNS_OF_HAND_OFFS)


def find_deflections(text: str, *, question: str = "") -> set[str]:
    """Return what a reply does instead of answering: "upsell", "deflection", "hand-off".

    A topic of the question itself is left out: a user who asks for prices may be told prices.
    """
    checks = {
        "upsell": (detect_upsell, ABOUT_PLANS),
        "deflection": (detect_deflection, ABOUT_CONTACT),
        "hand-off": (detect_handoff, ABOUT_PEOPLE),
    }
    return {
        name
        for name, (is_there, about) in checks.items()
        if is_there(text) and not _compile(about).search(_plain(question[-MAX_READ:]))
    }


def detect_hedging(text: str) -> str:
    """Return how often a text hedges: "0", "1" or "2+"."""
    count = sum(1 for _ in _HEDGE.finditer(f" {_plain(text[:MAX_READ])}"))
    return "2+" if count > 1 else str(count)


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """Compile on use: together the patterns take as long as a small suite's replay."""
    return re.compile(pattern)


def _has_one(signs: tuple[str, ...], plain: str) -> bool:
    for sign in signs:  # noqa: SIM110 - half of what any() takes, for a hundred signs a text
        if sign in plain:
            return True
    return False


def _holds(plain: str, pattern: str, signs: tuple[str, ...]) -> bool:
    return _has_one(signs, plain) and _compile(pattern).search(plain) is not None


@lru_cache(maxsize=8)
def _plain(text: str) -> str:
    """Return a text in lower case, with plain apostrophes and single spaces, without decoration."""
    plain = text.lower().replace("’", "'").replace("‘", "'")  # noqa: RUF001  # these very signs
    if _has_one(_SIGNS_OF_DECORATION, plain):
        plain = _DECORATION.sub(" ", plain)
    return plain.strip()


def _sentences(text: str) -> Iterator[str]:
    return (sentence for part in _SENTENCE_END.split(text) if (sentence := part.strip()))


def _rest_of_sentence(text: str, at: int) -> str:
    return re.split(r"[.!?]", text[at : at + MAX_OBJECT], maxsplit=1)[0]


def _is_answered(text: str, opening: str, start: int, end: int) -> bool:
    """Say whether a reply that declines goes on to answer, or only tells a rule."""
    return bool(
        _compile(TALK_OF_GOODS).search(opening[start:end] + _rest_of_sentence(opening, end))
        or _compile(ANSWERS_ANYWAY).search(opening[end : end + MAX_CHANGE_OF_MIND])
        or _FENCE.search(text[:MAX_READ])
    )
