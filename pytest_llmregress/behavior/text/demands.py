"""Words that a prompt asks each answer to begin or to end with, and an answer that does.

A standing instruction, such as "Always end your answer with the word DONE" in a memory file. It is
looked for from the answer: its first or last word stands in the prompt, in quotes, in capitals, or
behind "the word", in a sentence that speaks of each answer, and of its beginning or end, and does
not forbid them there. Such sentences are known in English, German, French, Spanish, Italian,
Portuguese and Dutch. An instruction about anything but the first and the last words is not seen.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pytest_llmregress.values.prompt import Prompt

_BEGIN, _END = "begins with", "ends with"
_EACH = re.compile(
    r"\b(?:always|must|shall|every|each|all|any|never forget"
    r"|your (?:answers|replies|responses|messages)"
    r"|immer|stets|jede[mnrs]?|alle[nr]?|toujours|chaque|tous|toutes"
    r"|siempre|cada|tod[oa]s?|sempre|ogni|tutt[ei]|altijd|elke?|iedere?)\b",
    re.IGNORECASE,
)
_PLACES = {
    _BEGIN: re.compile(
        r"\b(?:begin|start|open|first|beginn|anfang|start|erste|commence|début|premier"
        r"|empie[cz]|comien|primer|inizi|cominci|prim[ao]|comece|inici|eerste)\w*",
        re.IGNORECASE,
    ),
    _END: re.compile(
        r"\b(?:end|finish|clos|conclud|sign off|last|beend|schlie|letzt|termin|finis|dern"
        r"|acab|finali|últim|conclud|ultim|encerr|eindig|sluit|laatste)\w*",
        re.IGNORECASE,
    ),
}
_FORBIDS = re.compile(
    r"\b(?:never|not|avoid|stop|refrain from|don['’]t|mustn['’]t)(?: \w+){0,3}? "  # noqa: RUF001
    r"(?:begin|start|open|end|finish|clos|conclud|sign)\w*"
    r"|\b(?:nie|niemals|nicht|jamais|nunca|mai|não|nooit|niet)\b",
    re.IGNORECASE,
)
"""A sentence that asks for the words not to stand there."""
_FORGET = re.compile(
    r"\b(?:forget|fail|miss|vergiss|vergessen|oublie|olvid|dimentica|esque|vergeet)\w*",
    re.IGNORECASE,
)
"""What must not be forgotten is asked for."""
_NAMINGS = (
    *(" word", " words", " phrase", " sentence", " line", " tag", " wort", " satz", " zeile"),
    *(" mot", " mots", " palabra", " palabras", " frase", " parola", " parole", " palavra"),
    *(" palavras", " woord", " zin"),
)
"""What words are called right before them, in lower case."""
_QUOTES = "\"'`“”„«»‘’"  # noqa: RUF001 - quotation marks of other scripts
_QUOTE_SIGNS = frozenset(_QUOTES)
_AROUND = _QUOTES + ".!?…:;,*_()[] \t"
_SENTENCE_END = re.compile(r"[.!?;]\s|\n\s*\n|\n\s*[-*#]")
_MAX_SENTENCE = 300
"""Characters of a sentence before the demanded words."""
_MAX_WORDS = 80
"""Characters of demanded words."""
_MAX_PLACES = 20
"""Places of a prompt at which a word is looked at."""
_MAX_ANSWER = 200
"""Characters of both ends of an answer that are looked at."""
_MAX_NAMING = 24
"""Characters before the demanded words in which they may be called a word."""
_MIN_CAPITALS = 2


def find_kept_demands(answer: str, prompt: Prompt) -> frozenset[str]:
    """Return the words that a prompt demands at the begin or end of answers, where they stand.

    Each as 'begins with "Dear customer"' or 'ends with "DONE"'.
    """
    begin, end = answer[:_MAX_ANSWER].split(), answer[-_MAX_ANSWER:].split()
    if not begin or not end:
        return frozenset()
    texts = tuple(_texts(prompt))
    found = set()
    for place, words, word in ((_BEGIN, begin, begin[0]), (_END, end, end[-1])):
        bare = word.strip(_AROUND)
        for text in texts if bare else ():
            if bare in text:
                said = " ".join(words)
                found |= {f'{place} "{each}"' for each in _demanded(text, bare, place, said)}
    return frozenset(found)


def _demanded(text: str, word: str, place: str, answer: str) -> Iterator[str]:
    """Yield the words that a text demands there, and that an answer has there."""
    at = -1
    for _ in range(_MAX_PLACES):
        at = text.find(word, at + 1)
        if at < 0:
            return
        start, end = _widen(text, at, at + len(word), place)
        said = " ".join(text[start:end].split()).strip(_AROUND)
        if (
            _is_named(text, start, end)
            and _stands(said, answer, place)
            and _is_asked(text, start, place)
        ):
            yield said


def _widen(text: str, start: int, end: int, place: str) -> tuple[int, int]:
    """Return where the quoted words lie that begin or end with a word; the word where none do."""
    if place == _BEGIN and start and text[start - 1] in _QUOTES:
        close = next(
            (n for n in range(end, min(len(text), start + _MAX_WORDS)) if _closes(text, n)), end
        )
        return start, close
    if place == _END and text[end : end + 2].lstrip(".!?")[:1] in _QUOTE_SIGNS:
        opens = range(start - 1, max(-1, start - _MAX_WORDS), -1)
        return next((n + 1 for n in opens if _opens(text, n)), start), end
    return start, end


def _opens(text: str, at: int) -> bool:
    return text[at] in _QUOTES and (at == 0 or not text[at - 1].isalnum())


def _closes(text: str, at: int) -> bool:
    return text[at] in _QUOTES and (at + 1 == len(text) or not text[at + 1].isalnum())


def _stands(said: str, answer: str, place: str) -> bool:
    """Say whether an answer begins or ends with words, whatever stands around them."""
    if place == _BEGIN:
        bare = answer.lstrip(_AROUND)
        return bare.startswith(said) and not bare[len(said) : len(said) + 1].isalnum()
    bare = answer.rstrip(_AROUND)
    before = bare[: len(bare) - len(said)]
    return bare.endswith(said) and not before[-1:].isalnum()


def _is_named(text: str, start: int, end: int) -> bool:
    """Say whether words stand in quotes or capitals, or behind "the word"."""
    words = text[start:end]
    is_loud = len(words) >= _MIN_CAPITALS and words.isupper()
    if is_loud or text[start - 1 : start] in _QUOTE_SIGNS:
        return True
    before = text[max(0, start - _MAX_NAMING) : start]
    return before.rstrip(": *_").lower().endswith(_NAMINGS)


def _is_asked(text: str, start: int, place: str) -> bool:
    """Say whether the sentence before some words asks each answer for them at that place."""
    before = text[max(0, start - _MAX_SENTENCE) : start]
    ends = [found.end() for found in _SENTENCE_END.finditer(before)]
    sentence = before[ends[-1] if ends else 0 :]
    if _FORBIDS.search(sentence) and not _FORGET.search(sentence):
        return False
    return _EACH.search(sentence) is not None and _PLACES[place].search(sentence) is not None


def _texts(prompt: Prompt) -> Iterator[str]:
    """Yield the texts of a prompt that the model has not said itself."""
    yield from _of_content(prompt.system)
    for message in prompt.messages:
        if message.get("role") != "assistant":
            yield from _of_content(message.get("content"))


def _of_content(content: Any) -> Iterable[str]:
    if isinstance(content, str):
        return (content,)
    parts = content if isinstance(content, list | tuple) else ()
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return (text for text in texts if isinstance(text, str))
