"""Closed answers: a label, a number, a date or a yes, and the form that a text has as an answer."""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pytest_llmregress.behavior.text.facts import extract_dates
from pytest_llmregress.behavior.text.text_facts import JsonForm, ParsedText, words

MAX_LABEL = 40
"""Characters of a label."""
MAX_LABEL_WORDS = 2
MAX_SIGNS = 6
"""Characters of a label in a script without spaces, such as Chinese."""
MAX_PHRASE_WORDS = 6
MAX_PLAIN_WORDS = 3
"""Words of a compared value up to which it is no prose."""
MAX_DATE_WORDS = 4
FEW_SENTENCES = 3
"""Sentences up to which a paragraph is no prose yet."""
MAX_READ = 20_000
"""Characters of a text that sentences and items are counted in."""
OPEN = " …"
"""Ends what stands for an answer that is more than a label, such as "yes …"."""
NEAR_SCORE = Decimal("0.1")
"""Two scores from 0 to 1 that are less than this apart are the same."""


class Form(StrEnum):
    """What a text is as an answer."""

    EMPTY = "empty"
    LABEL = "label"
    """One word or two without a full stop, a letter, a yes or a no."""
    NUMBER = "number"
    DATE = "date"
    ANSWER_LINE = "answer line"
    """Any text whose last line is "Answer: " and a closed answer."""
    JSON = "json"
    CODE = "code"
    LIST = "list"
    PHRASE = "phrase"
    """At most six words on one line without a full stop, or two with one, and no label."""
    SENTENCE = "sentence"
    SENTENCES = "few sentences"
    PROSE = "prose"


_DATA = frozenset({JsonForm.PURE, JsonForm.FENCED})
CLOSED = frozenset({Form.LABEL, Form.NUMBER, Form.DATE, Form.ANSWER_LINE})
"""The forms of a closed answer."""


def describe_form(text: ParsedText, *, is_report: bool = False) -> Form:
    """Return what a text is as an answer.

    :param is_report: whether tools ran before it: then a word with a full stop reports on them.
    """
    stripped = text.text.strip()
    if not stripped:
        return Form.EMPTY
    if text.json_form in _DATA:
        return Form.JSON
    if text.is_program or (text.fences and not text.prose.strip()):
        return Form.CODE
    closed = _read_closed(stripped, is_report=is_report)
    return closed[0] if closed else _describe_open(text, stripped)


def read_answer(text: ParsedText, *, is_report: bool = False) -> str:
    """Return a closed answer in one form: "**Spam.**" is "spam", "60 percent" is "60 %".

    Of a phrase, and of a sentence that begins with a yes or a no, it is that and `OPEN`. Of
    JSON and of any other text it is "".
    """
    stripped = text.text.strip()
    if not stripped or text.json_form in _DATA:
        return ""
    if closed := _read_closed(stripped, is_report=is_report):
        return closed[1]
    opening = _OPENING.match(stripped)
    if opening and (polarity := _POLARITY.get(opening[1].casefold())):
        return f"{polarity}{OPEN}"
    return f"{normalize_answer(stripped)}{OPEN}" if _is_phrase(stripped) else ""


def is_bare(text: ParsedText) -> bool:
    """Say whether a text is a label, a number or a date and nothing else."""
    return _describe_closed(text.text.strip(), is_report=False) is not None


def is_prose(text: str) -> bool:
    """Say whether a text is more than a label of three words, a number or a date."""
    stripped = text.strip()
    if any(sign in stripped.strip(_WRAPPING) for sign in _STRUCTURE):
        return True
    if not stripped or _describe_closed(stripped, is_report=False):
        return False
    is_short = _is_phrase(stripped) and words(stripped) <= MAX_PLAIN_WORDS
    return not (is_token(stripped) or (is_short and not _ends_as_sentence(stripped)))


def is_plain_value(value: Any) -> bool:
    """Say whether there is no prose in a JSON value, nor in what it holds."""
    if isinstance(value, dict):
        return all(is_plain_value(item) for item in value.values())
    if isinstance(value, list):
        return all(is_plain_value(item) for item in value)
    return not (isinstance(value, str) and is_prose(value))


def is_token(text: str) -> bool:
    """Say whether a text is one word, id or code without white space."""
    if not text or any(sign.isspace() for sign in text):
        return False
    return _NO_SPACES.search(text) is None or len(text) <= MAX_SIGNS


def normalize_answer(text: str) -> str:
    """Return a short text without what makes no other answer of it.

    That is letter case, quotes, brackets, emphasis and a full stop; a number and a date are
    written in one way.
    """
    plain = _strip(text)
    if date := _read_date(plain):
        return date
    if number := _NUMBER.fullmatch(plain):
        digits = _read_number(number["digits"])
        unit = (number["before"] or number["unit"] or "").casefold()
        sign = "-" if number["sign"] in {"-", "−"} else ""  # noqa: RUF001  # the minus sign
        return f"{sign}{digits} {_UNITS.get(unit, unit)}".strip()
    return " ".join(plain.casefold().split())


def is_same_answer(before: str, after: str) -> bool:
    """Say whether two normalized answers are the same, one perhaps without its unit or rounded."""
    old, new = before.removesuffix(OPEN), after.removesuffix(OPEN)
    if old == new:
        return True
    (old_number, old_unit), (new_number, new_unit) = _split(old), _split(new)
    if old_number is None or new_number is None or (old_unit and new_unit and old_unit != new_unit):
        return False
    return is_same_number(old_number, new_number)


def is_equal_number(before: str, after: str) -> bool:
    """Say whether two normalized answers are one number with one unit: 12.50 is 12.5."""
    old, new = _split(before), _split(after)
    return old[0] is not None and old == new


def is_same_number(before: Decimal, after: Decimal) -> bool:
    """Say whether two numbers are the same, rounded, or scores close to each other.

    A number is a rounding of another one that has at least two decimals more. A score has
    decimals and lies from 0 to 1.
    """
    if before == after:
        return True
    short, long = sorted((before, after), key=_decimals)
    places = _decimals(short)
    has_rounded = places >= 1 and _decimals(long) - places >= 2  # noqa: PLR2004  # as said above
    if has_rounded and 2 * abs(long - short) <= Decimal(1).scaleb(-places):
        return True
    are_scores = _decimals(long) > 0 and all(0 <= each <= 1 for each in (before, after))
    return are_scores and abs(before - after) < NEAR_SCORE


# --- forms -----------------------------------------------------------------------------------

_SENTENCE_END = re.compile(r"[.!?…]['\")\]*_”’]*(?=\s|\Z)|[。！？]")  # noqa: RUF001
_ITEM = re.compile(r"[ \t]*(?:[-*+•–]|(?:\*\*)?\d{1,3}[.)])[ \t]+\S")  # noqa: RUF001
_ANSWER_LINE = re.compile(
    r"[\s*_#>]{0,8}(?:the )?(?:final )?(?:answer|antwort|réponse|respuesta|risposta|resposta|答案)"
    r"(?: is)?[*_ ]{0,4}[:：=]\s{0,4}(\S[^\n]{0,80})\Z",  # noqa: RUF001
    re.IGNORECASE,
)
_BOXED = re.compile(r"\\boxed\{([^{}\n]{1,40})\}[\s$.]{0,4}\Z")
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def _read_closed(text: str, *, is_report: bool) -> tuple[Form, str] | None:
    """Return form and answer of a text with a closed answer; None for any other."""
    if answer := _read_answer_line(text):
        return Form.ANSWER_LINE, normalize_answer(answer)
    form = _describe_closed(text, is_report=is_report)
    return (form, normalize_answer(text)) if form else None


def _describe_closed(text: str, *, is_report: bool) -> Form | None:
    """Return the form of a closed answer; None for any other text."""
    if "\n" in text or len(text) > 2 * MAX_LABEL:
        return None
    plain = _strip(text)
    if not plain or len(plain) > MAX_LABEL:
        return None
    if _NUMBER.fullmatch(plain):
        return Form.NUMBER
    if _read_date(plain):
        return Form.DATE
    if plain.casefold() in _POLARITY:
        return Form.LABEL
    return Form.LABEL if _is_label(text, plain, is_report=is_report) else None


def _is_label(text: str, plain: str, *, is_report: bool) -> bool:
    most = 1 if _ends_as_sentence(text) else MAX_LABEL_WORDS
    if is_report and most == 1:
        return False
    if _SENTENCE_END.search(plain) or any(sign in plain for sign in f",;!?！？，{_STRUCTURE}"):  # noqa: RUF001
        return False
    if plain.casefold().partition(" ")[0] in _ACKNOWLEDGEMENTS:
        return False
    if _NO_SPACES.search(plain):
        return not _ends_as_sentence(text) and len(plain) <= MAX_SIGNS
    return len(plain.split()) <= most


def _ends_as_sentence(text: str) -> bool:
    end = text.rstrip(_WRAPPING)
    return end[-1:] in set(".!?…。！？")  # noqa: RUF001


def _describe_open(text: ParsedText, stripped: str) -> Form:
    read = stripped[:MAX_READ]
    lines = [line for line in read.split("\n") if line.strip()]
    items = sum(_ITEM.match(line) is not None for line in lines)
    if items > 1 and 2 * items >= len(lines):
        return Form.LIST
    if _is_phrase(stripped):
        return Form.PHRASE
    ends = sum(1 for _ in _SENTENCE_END.finditer(read)) + (not _ends_as_sentence(read))
    if text.fences or "\n\n" in read or ends > FEW_SENTENCES:
        return Form.PROSE
    return Form.SENTENCE if ends <= 1 and len(lines) == 1 else Form.SENTENCES


def _is_phrase(text: str) -> bool:
    """Say whether a text is one line of a few words; with a full stop, of as many as a label."""
    if "\n" in text or len(text) > MAX_LABEL * 2:
        return False
    return words(text) <= (MAX_LABEL_WORDS if _ends_as_sentence(text) else MAX_PHRASE_WORDS)


def _read_answer_line(text: str) -> str | None:
    """Return the closed answer that the last line of a text names; None where it names none."""
    line = text.rsplit("\n", 1)[-1][-200:]
    found = _ANSWER_LINE.match(line) or _BOXED.search(line)
    if found is None:
        return None
    answer = found[1].strip()
    return answer if _describe_closed(answer, is_report=False) else None


# --- answers ---------------------------------------------------------------------------------

_WRAPPING = " \t\n*_`~\"'“”„«»‘’‚‹›()[]\\"  # noqa: RUF001
_FINAL = ".。!！:："  # noqa: RUF001
_STRUCTURE = '{}[]"`<>|='
"""Signs of JSON, code and markup: no label has them."""
_MAX_DIGITS = 30
_NUMBER = re.compile(
    r"(?P<sign>[-−+]?)(?P<before>[$€£¥])?[ ]?"  # noqa: RUF001
    rf"(?P<digits>\d[\d.,'’\u00a0\u202f]{{0,{_MAX_DIGITS}}})[ ]?"  # noqa: RUF001
    r"(?P<unit>%|[$€£¥]|°?[CF]|[^\W\d_]{1,12})?"
)
_UNITS = {
    name: unit
    for unit, names in {
        "%": "% percent pct prozent",
        "$": "$ usd dollar dollars",
        "€": "€ eur euro euros",
        "£": "£ gbp pound pounds",
    }.items()
    for name in names.split()
}
_GROUPS = re.compile(r"\d{1,3}(?:([,.'’\u00a0\u202f])\d{3})(?:\1\d{3})*")  # noqa: RUF001
_POLARITY = {
    word: polarity
    for polarity, listed in {
        "yes": "yes yep yeah ja oui sí sì sim да tak evet 是 是的 はい 네 예 نعم",
        "no": "no nope nein non não nee nej нет nie hayır 否 不是 いいえ 아니요 لا",  # noqa: RUF001  # a letter of Turkish
    }.items()
    for word in listed.split()
}
"""What says yes and no; of one word that is both in two languages the English one counts."""
_OPENING = re.compile(r"[*_\"'“]{0,4}([^\W\d_]{1,6})[*_]{0,2}[,.!:;，。！、–—-]")  # noqa: RUF001
_ACKNOWLEDGEMENTS = frozenset(
    ["done", "ok", "okay", "sure", "thanks", "hello", "hi", "welcome", "understood", "ready"]
)
"""Words that report or greet, alone or before another one: "OK 200" is no label."""


def _strip(text: str) -> str:
    """Return a text without what is wrapped around it, and without the sign at its end."""
    plain = text.strip(_WRAPPING)
    while plain[-1:] and plain[-1] in _FINAL:
        plain = plain[:-1].rstrip(_WRAPPING)
    return plain


def _read_date(plain: str) -> str:
    """Return the one date that a short text is, with its time; "" for any other text."""
    if plain.isdigit() or len(plain.split()) > MAX_DATE_WORDS:
        return ""
    dates = extract_dates(plain)
    if len(dates) != 1:
        return ""
    time = _TIME.search(plain)
    return f"{min(dates)} {time[0]}" if time and time[0].strip("0:") else min(dates)


_TIME = re.compile(r"\d\d?:\d\d(?::\d\d)?(?:\.\d+)?")


def _read_number(digits: str) -> str:
    """Return digits without the marks between thousands, and with a point before decimals."""
    if group := _GROUPS.fullmatch(digits):
        is_decimal = group[1] == "." and digits.count(".") == 1
        return digits if is_decimal else digits.replace(group[1], "")
    whole, mark, decimals = re.sub(r"['’\u00a0\u202f]", "", digits).rpartition(  # noqa: RUF001
        "." if digits.rfind(".") > digits.rfind(",") else ","
    )
    if not mark:
        return decimals
    return f"{re.sub('[.,]', '', whole)}.{decimals}".rstrip(".")


def _split(answer: str) -> tuple[Decimal | None, str]:
    digits, _, unit = answer.partition(" ")
    return (Decimal(digits), unit) if _PLAIN_NUMBER.fullmatch(digits) else (None, "")


_PLAIN_NUMBER = re.compile(rf"-?\d{{1,{_MAX_DIGITS}}}(?:\.\d{{1,{_MAX_DIGITS}}})?")


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0
