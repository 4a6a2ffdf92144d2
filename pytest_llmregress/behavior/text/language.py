"""The language of prose, told by its script and its most frequent words."""

import re
import unicodedata
from collections import Counter

MAX_PROSE = 20_000
"""Characters of prose that a language is told from."""
MIN_LETTERS = 10
"""Letters below which no language is told."""
MIN_STOP_WORDS = 3
"""Stop words below which no language in Latin letters is told."""


def language_of(prose: str) -> str:
    """Return an ISO 639 code, or "und" where the prose is too short or undecided.

    Other scripts than Latin stand for their most common language: Cyrillic is "ru". Latin prose
    is told by its stop words.
    """
    sample = prose[:MAX_PROSE].lower()
    letters = Counter(LATIN=len(sample.encode("ascii", "ignore").translate(None, _NO_LETTERS)))
    for char, times in Counter(_NOT_ASCII.findall(sample)).items():
        if char.isalpha():
            script = _script(char)
            letters[script] += times * (_LETTERS_OF_A_SIGN if script in _SIGNS else 1)
    kana = letters.pop("HIRAGANA", 0) + letters.pop("KATAKANA", 0)
    letters["CJK"] += kana
    script, count = max(letters.items(), key=lambda item: item[1])
    if count < MIN_LETTERS:
        return "und"
    if script == "CJK":
        return "ja" if kana * 10 > count else "zh"
    return _vote(sample) if script == "LATIN" else _OF_SCRIPT.get(script, "und")


_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_NO_LETTERS = bytes(byte for byte in range(128) if not chr(byte).isalpha())
_WORDS = re.compile(r"[^\W\d_]+")
_SIGNS = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
_LETTERS_OF_A_SIGN = 3
"""What one sign of those weighs against letters; English terms in a Chinese text are long."""
_LEAD = 1.25
"""How many times the stop words of the runner-up the winning language has to have."""
_MIN_SHARE = 0.05
"""The share of all words that has to be stop words of the winning language."""
_OF_SCRIPT = {
    "CYRILLIC": "ru",
    "HANGUL": "ko",
    "ARABIC": "ar",
    "GREEK": "el",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "THAI": "th",
}
# No word is a single plain letter: those are names of variables in every language.
_STOP_WORDS = {
    code: frozenset(stop_words.split())
    for code, stop_words in {
        "en": "the of and to is in that it for you this with not are be was as on have has from by "
        "or an at can cannot which will if we our us but your there they would should could when "
        "what how do so no after before than then also more all any about please been he she "
        "its",
        "de": "der die das und ist nicht ein eine einen zu den mit von für auf sie ich es auch "
        "wird sind in dem im werden kann können oder wie als wenn aus sich wir nach keine da bei "
        "an um so nur noch bitte uns ihr ihre ihnen haben hat vor bis über durch war",
        "fr": "le la les de des et est une un dans pour que qui pas sur avec ce cette il elle vous "
        "nous du au aux en sont par plus ne je mais à ou été être votre vos peut si après "
        "sans leur ces son se",
        "es": "el la los las de que en un una es por con para no se su sus del al lo como más está "
        "pero son este esta si le ha han puede usted después sin muy ya también nos",
        "it": "il la di che è un una in per non con del della dei sono gli le si nel nella come "
        "più da questo questa anche ma alla lo ha può se dopo senza ci suo",
        "pt": "os as de que em um uma é não para com do da dos das no na por se mais como ao foi "
        "são você mas seu sua está pode após sem também nos já ou",
        "nl": "de het een en van is niet dat op te zijn voor met die in er aan ook als maar om "
        "wordt worden je ik naar we uw kan kunnen na geen bij of dit deze heeft door uit nog",
        "pl": "na nie się do to jest że jak ale po co tak za od przez dla są czy oraz jego ten ta "
        "te tym można może być lub już tylko jeśli które który bez przed",
        "sv": "och att det är en som på av för den med inte ett har jag till om kan men från de vi "
        "när ni du efter vara eller så var utan under din ditt alla",
        "da": "og at det er en som på af for den med ikke et har jeg til om kan men fra de vi der "
        "når efter være eller så var uden din dit alle du ved",
    }.items()
}


_LANGUAGES_OF = {
    word: [code for code, stop_words in _STOP_WORDS.items() if word in stop_words]
    for word in frozenset().union(*_STOP_WORDS.values())
}


def _script(char: str) -> str:
    return unicodedata.name(char, "?").partition(" ")[0]


def _vote(sample: str) -> str:
    counts = _count_words(sample)
    votes = dict.fromkeys(_STOP_WORDS, 0)
    for word in counts.keys() & _LANGUAGES_OF.keys():
        for code in _LANGUAGES_OF[word]:
            votes[code] += counts[word]
    ranked = sorted((count, code) for code, count in votes.items())
    (runner_up, _), (most, code) = ranked[-2:]
    needed = max(MIN_STOP_WORDS, _LEAD * runner_up, _MIN_SHARE * counts.total())
    return code if most >= needed else "und"


def _count_words(sample: str) -> Counter[str]:
    """Count words without their punctuation; most have none, and are not searched for any."""
    parts = Counter(sample.split())
    counts = Counter({part: times for part, times in parts.items() if part.isalpha()})
    for part in parts.keys() - counts.keys():
        for word in _WORDS.findall(part):
            counts[word] += parts[part]
    return counts
