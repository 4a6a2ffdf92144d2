"""The stock phrases of each language, read from `phrases/LANGUAGE.toml` once a text needs them.

A list of a file holds one pattern of `re` a line, in lower case and without a choice of its own
outside of brackets, and `<name>` stands for the words under `name` in the table `parts`. The lists
under `signs` are plain words: a text without any of them has none of the phrases. The signs of all
languages are looked for at once, word by word.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pkgutil import get_data

LANGUAGES = (
    *("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "tr"),
    *("ru", "ja", "zh", "ko", "ar"),
)
"""The languages that have a file of phrases, by their ISO 639 codes."""
NOT_LATIN = frozenset({"ru", "ja", "zh", "ko", "ar"})
"""Those that no text in ASCII is written in."""

SIGNED = {
    "declines": "refusal",
    "condemns": "refusal",
    "brush_offs": "deflection",
    "upsells": "upsell",
    "hand_offs": "hand_off",
}
"""The lists whose every phrase holds one of the plain words of a list under `signs`."""
# Begins with the sign itself, and not with what looks back at it: that takes four times as long.
_SENTENCE_END = re.compile(
    r"[.!?…。！？؟\n]"  # noqa: RUF001  # full stops of other scripts
    r"(?:(?<=[^\n])[\"')\]]*\s+|(?<=[。！？])|(?<=\n)\n*)"  # noqa: RUF001  # as above
)
_DECORATION = re.compile(
    r"[*_>#`\"“”„«»¡¿]+|[\t\u00a0\u202f][ \t\u00a0\u202f]*| [ \t\u00a0\u202f]+"
)
_SIGNS_OF_DECORATION = (*'*_>#`"“”„«»¡¿\t\u00a0\u202f', "  ")
_PART = re.compile(r"<(\w+)>")
_NEVER = "(?!)"
_STARTS = ("^", r"\b")
"""What many patterns begin with: most places in a text have neither."""


class PhraseRules:
    """The phrases of one language."""

    def __init__(self, language: str) -> None:
        data = get_data(__package__, f"phrases/{language}.toml") or b""
        found = tomllib.loads(data.decode())
        self._language = language
        self._lists: dict[str, str] = found["refusal"] | found["deflection"]
        self._parts: dict[str, str] = found.get("parts", {})
        self.signs: dict[str, list[str]] = found["signs"]
        """The plain words of each list, by its name."""
        self.causes_first: bool = found.get("causes_first", False)
        """Whether a cause stands before the word that says so, as in Japanese."""
        self._patterns: dict[str, re.Pattern[str]] = {}

    def pattern(self, name: str) -> re.Pattern[str]:
        """Return a list as one pattern, compiled on its first use; a list left out never fits."""
        if name not in self._patterns:
            lines = [line for line in self._lists.get(name, _NEVER).split("\n") if line]
            self._patterns[name] = re.compile(self._spell_out(join_lines(lines)))
        return self._patterns[name]

    def find_signed(self, name: str, plain: str) -> Iterator[re.Match[str]]:
        """Yield the places of a list of `SIGNED`: a text without its signs costs no search."""
        if (SIGNED[name], self._language) in find_signs(plain):
            yield from self.pattern(name).finditer(plain)

    def has_signed(self, name: str, plain: str) -> bool:
        """Say whether a text has one of a list of `SIGNED`."""
        return next(self.find_signed(name, plain), None) is not None

    def _spell_out(self, words: str) -> str:
        """Put the words of a part in the place of its name; parts may name other parts."""
        return _PART.sub(lambda found: self._spell_out(self._parts[found[1]]), words)


def join_lines(lines: Iterable[str]) -> str:
    """Return one pattern of many; what they begin with alike is looked for once at each place."""
    by_start: dict[str, list[str]] = {start: [] for start in (*_STARTS, "")}
    for line in lines:
        start = next((each for each in _STARTS if line.startswith(each)), "")
        by_start[start].append(line.removeprefix(start))
    groups = (f"{start}(?:{'|'.join(each)})" for start, each in by_start.items() if each)
    return f"(?:{'|'.join(groups)})"


@cache
def load_rules(language: str) -> PhraseRules:
    """Return the phrases of a language of `LANGUAGES`."""
    return PhraseRules(language)


def find_rules(name: str, plain: str) -> Iterator[PhraseRules]:
    """Yield the phrases of each language of which a text has a sign."""
    found = find_signs(plain)
    return (load_rules(language) for language in LANGUAGES if (name, language) in found)


_SignedList = tuple[str, str]
"""The name of a list of signs, and its language."""


@lru_cache(maxsize=64)
def find_signs(plain: str) -> frozenset[_SignedList]:
    """Return each list of which a text has a sign; a text in ASCII has none of `NOT_LATIN`."""
    is_ascii = plain.isascii()
    _, spaced = _index_signs(is_ascii=is_ascii)
    found = {each for sign, lists in spaced.items() if sign in plain for each in lists}
    for word in set(plain.split()):
        look = _find_in_word if len(word) <= _MAX_KEPT else _find_in_word.__wrapped__
        found |= look(word, is_ascii=is_ascii)
    return frozenset(found)


_MAX_KEPT = 40
"""Characters of a word whose signs are kept for the next text."""


@lru_cache(maxsize=8192)
def _find_in_word(word: str, *, is_ascii: bool) -> frozenset[_SignedList]:
    by_start, _ = _index_signs(is_ascii=is_ascii)
    found: set[_SignedList] = set()
    for at in range(len(word)):
        for start in {word[at], word[at : at + 2]}:
            for sign, lists in by_start.get(start, {}).items():
                if word.startswith(sign, at):
                    found |= lists
    return frozenset(found)


@cache
def _index_signs(
    *, is_ascii: bool
) -> tuple[dict[str, dict[str, set[_SignedList]]], dict[str, set[_SignedList]]]:
    """Return the signs within one word by their first two characters, and those with a space."""
    by_start: dict[str, dict[str, set[_SignedList]]] = {}
    spaced: dict[str, set[_SignedList]] = {}
    for language in LANGUAGES:
        if is_ascii and language in NOT_LATIN:
            continue
        for name, signs in load_rules(language).signs.items():
            for sign in signs:
                known = by_start.setdefault(sign[:2], {}) if sign.split() == [sign] else spaced
                known.setdefault(sign, set()).add((name, language))
    return by_start, spaced


def has_one(signs: Iterable[str], plain: str) -> bool:
    """Say whether a text holds one of some words."""
    for sign in signs:  # noqa: SIM110 - half of what any() takes, for a hundred signs a text
        if sign in plain:
            return True
    return False


@lru_cache(maxsize=16)
def simplify(text: str) -> str:
    """Return a text in lower case, with plain apostrophes and single spaces, without decoration."""
    plain = text.lower().replace("i̇", "i").replace("’", "'").replace("‘", "'")  # noqa: RUF001  # these very signs
    if has_one(_SIGNS_OF_DECORATION, plain):
        plain = _DECORATION.sub(" ", plain)
    return plain.strip()


@lru_cache(maxsize=8)
def split_sentences(plain: str) -> tuple[str, ...]:
    """Return the sentences of a text, those of Chinese and Japanese too."""
    parts, start = [], 0
    for end in _SENTENCE_END.finditer(plain):
        parts.append(plain[start : end.start() + 1])
        start = end.end()
    stripped = (part.strip() for part in (*parts, plain[start:]))
    return tuple(filter(None, stripped))
