"""Free text as an argument: its facts count, and its words do not."""

import re
from collections.abc import Iterable

from pytest_llmregress.behavior.text.facts import extract_dates, extract_numbers, extract_urls

MAX_READ = 10_000
"""Characters of a text that are read."""
MAX_PHRASE = 4
"""Words; with as many and without a function word, a text reads as a name or a label."""
_MAX_SEARCH = 2
"""Words."""
_MAX_NAMED = 20
"""Words of a text whose names are facts; a longer one has greetings, headings and a signature."""
_STEM = 4
"""Letters that a word keeps at least when its ending is left out."""

_ENGLISH = """
a about after all an and any are as at be been before but by can could did do does for from had has
have how i if in into is it its may me my no not of on or our out please should so some than that
the their them then there these they this those to up us was we were what when where which who why
will with would you your
"""
_OTHERS = """
au aus avec bei como con da das de del dem den der des die du ein eine einen el en est et für dans
ich il im in ist je la las le les los mit mon nach nicht o os ou para per pour por que qui sie sind
sont su sur um un una und une uns von vor wie zu zum zur über y è é à
"""
FUNCTION_WORDS = frozenset(_ENGLISH.split()) | frozenset(_OTHERS.split())
"""Words that hold a sentence together, in English, German, French, Spanish, Italian, Portuguese."""
_GERMAN = frozenset({"und", "für", "mit", "ist", "ein", "eine", "einen", "dem", "zu", "zum", "zur"})
"""Of a text with one of these no capital letter tells a name: all its nouns have one."""
_NEGATIONS = frozenset({"not", "no", "never", "cannot", "without", "nicht", "kein", "keine", "pas"})

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")  # noqa: RUF001 - the apostrophe of print
_NAME = re.compile(r"(?<=[\w,;:)] )[A-ZÀ-ÖØ-Þ][^\W\d_]+")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_IDENTIFIER = re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z_])[\w-]{2,64}")


def is_phrase(text: str) -> bool:
    """Say whether a text reads as a name or a label of a few words, and as no sentence."""
    words = _words(text)
    is_short = 0 < len(words) <= MAX_PHRASE and text.rstrip()[-1:] not in set(".!?")
    return is_short and not FUNCTION_WORDS & set(words)


def read_facts(text: str) -> frozenset[str]:
    """Return what a text states: numbers, dates, addresses, ids, and English names."""
    text = text[:MAX_READ]
    dates = extract_dates(text)
    found = {*extract_numbers(text), *dates, *extract_urls(text)}
    found.update(address.lower() for address in _ADDRESS.findall(text))
    found.update(each for each in _IDENTIFIER.findall(text) if not extract_dates(each))
    return frozenset(found | _names(text))


def find_lost_facts(seen: Iterable[str], text: str) -> frozenset[str]:
    """Return the facts that all texts of the baseline state and a new one does not."""
    stable = frozenset.intersection(*map(read_facts, seen))
    facts, words = read_facts(text), set(_words(text))
    return frozenset(fact for fact in stable - facts if fact.lower() not in words)


def is_other_search(before: str, after: str) -> bool:
    """Say whether two searches of a word or two have none in common."""
    old, new = _words(before), _words(after)
    is_short = 0 < len(old) <= _MAX_SEARCH and 0 < len(new) <= _MAX_SEARCH
    is_bare = FUNCTION_WORDS.isdisjoint(old) and FUNCTION_WORDS.isdisjoint(new)
    return is_short and is_bare and not _content(before) & _content(after)


def is_denial(before: str, after: str) -> bool:
    """Say whether one of two texts denies what the other one says in the same words."""
    differing = _content(before) ^ _content(after)
    return len(differing) <= 1 and _denies(before) != _denies(after)


def is_same_content(before: str, after: str) -> bool:
    """Say whether two texts have the same words, but for case, order, and function words."""
    return _content(before) == _content(after)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text[:MAX_READ])]


def _content(text: str) -> frozenset[str]:
    """Return the words that say what a text is about, without their endings."""
    words = (word for word in _words(text) if word not in FUNCTION_WORDS | _NEGATIONS)
    numbers = extract_numbers(text[:MAX_READ])
    return frozenset({*map(_stem, words), *numbers})


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            return word.removesuffix(ending)
    return word


def _denies(text: str) -> bool:
    return any(word in _NEGATIONS or word.endswith(("n't", "n’t")) for word in _words(text))  # noqa: RUF001 - the apostrophe of print


def _names(text: str) -> set[str]:
    """Return the words within sentences that begin with a capital letter, unless most do."""
    words = _WORD.findall(text)
    capital = [word for word in words if word[0].isupper()]
    is_german = not _GERMAN.isdisjoint(word.lower() for word in words)
    if is_german or len(words) > _MAX_NAMED or 2 * len(capital) > len(words):
        return set()
    return set(_NAME.findall(text))
