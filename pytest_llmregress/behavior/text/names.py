"""Answers that are a name: one word or two in title case, which belong to no closed set.

A label is one of a few that a program knows; a name ("Berlin", "Luna") is one of any number, and
two runs may well find two. So another name is another answer, but not a failure by itself. What
the request names ("Answer with Refund or Question.") and what sorts things ("Positive") is a label,
however it is written; and so is a word with a full stop ("Booked.").
"""

import re

from pytest_llmregress.behavior.text.closed_answer import Form, describe_form
from pytest_llmregress.behavior.text.text_facts import ParsedText

_NAME = re.compile(r"[*_\"'“„]{0,4}([^\W\d_]{3,30}(?:[ -][^\W\d_]{2,30})?)[*_\"'”“]{0,4}")
_BETWEEN = re.compile(r"[ -]")
_WORDS_THAT_SORT = """
    yes no true false positive negative neutral mixed high medium low critical severe major
    minor urgent normal pass fail passed failed success failure error warning info approved
    rejected accepted declined denied allowed blocked safe unsafe toxic spam ham valid invalid
    correct incorrect open closed active inactive pending resolved unresolved agree disagree
    support oppose relevant irrelevant supported unsupported entailment contradiction fact
    opinion formal informal billing technical sales shipping refund return complaint question
    feedback bug feature request account other none unknown unclear buy sell hold accept reject
    allow deny block grant revoke confirm cancel escalate proceed continue stop retry fraud
    fraudulent legitimate genuine fake suspicious benign malignant healthy sick likely unlikely
    certain uncertain happy sad angry calm satisfied dissatisfied hot cold public private
    confidential internal external automatic manual sports politics business finance science
    technology health entertainment positiv negativ hoch mittel niedrig positif negatif positivo
    negativo alto basso haut bas
    """
_SORTING = frozenset(_WORDS_THAT_SORT.split())
"""Words that sort things, in lower case."""


def read_name(text: ParsedText) -> str:
    """Return the name that a text is, as it is written; "" for any other text."""
    found = _NAME.fullmatch(text.text.strip())
    if found is None or describe_form(text) != Form.LABEL:
        return ""
    words = _BETWEEN.split(found[1])
    is_name = all(word.istitle() and word.casefold() not in _SORTING for word in words)
    return found[1] if is_name else ""


def is_name(answer: str) -> bool:
    """Say whether what "text.answer" says is a name: labels are in lower case there."""
    return answer != answer.casefold()
