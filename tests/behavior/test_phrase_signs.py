"""The signs of a list of phrases: no phrase is looked for in a text that has none of them."""

import random
import re
from re import _constants as kinds
from re import _parser as parser

import pytest

from pytest_llmregress.behavior.text.phrase_rules import LANGUAGES, SIGNED, load_rules
from pytest_llmregress.behavior.text.refusals import find_refusal

DRAWN = 200
"""Texts of each phrase."""
_OF_A_CLASS = {
    kinds.CATEGORY_SPACE: " ",
    kinds.CATEGORY_DIGIT: "1",
    kinds.CATEGORY_NOT_WORD: ",",
}


def draw(parsed, chance):
    """Return a text that a parsed pattern fits, look-arounds apart."""
    return "".join(_draw_one(kind, what, chance) for kind, what in parsed)


def _draw_one(kind, what, chance):  # noqa: PLR0911  # a kind of node each
    if kind is kinds.LITERAL:
        return chr(what)
    if kind in (kinds.ANY, kinds.NOT_LITERAL):
        return "x"
    if kind is kinds.IN:
        return _draw_member(chance.choice(what)) if what[0][0] is not kinds.NEGATE else "x"
    if kind is kinds.BRANCH:
        return draw(chance.choice(what[1]), chance)
    if kind is kinds.SUBPATTERN:
        return draw(what[3], chance)
    if kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT):
        least, most, inner = what
        times = chance.choice([least, min(least + 1, most)])
        return "".join(draw(inner, chance) for _ in range(times))
    assert kind in (kinds.AT, kinds.ASSERT, kinds.ASSERT_NOT), kind
    return ""


def _draw_member(member):
    kind, what = member
    if kind is kinds.LITERAL:
        return chr(what)
    return chr(what[0]) if kind is kinds.RANGE else _OF_A_CLASS.get(what, "x")


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_a_phrase_fits_has_a_sign_of_its_list(language):
    rules = load_rules(language)
    missed = {}
    for phrases, name in SIGNED.items():
        for line in filter(None, rules._lists.get(phrases, "").split("\n")):
            pattern = rules._spell_out(line)
            parsed, chance = parser.parse(pattern), random.Random(line)
            texts = (draw(parsed, chance) for _ in range(DRAWN))
            for text in texts:
                if re.search(pattern, text) and not any(s in text for s in rules.signs[name]):
                    missed.setdefault((name, line), text)

    assert missed == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_has_a_choice_outside_of_brackets(language):
    """Phrases are joined after what they begin with, which holds for each choice of theirs."""
    rules = load_rules(language)
    chosen = []
    for name, phrases in rules._lists.items():
        for line in filter(None, phrases.split("\n")):
            pattern = rules._spell_out(line)
            parsed, chance = parser.parse(pattern), random.Random(line)
            texts = [draw(parsed, chance) for _ in range(DRAWN // 4)]
            if any(re.search(f"(?!){pattern}", text) for text in texts):
                chosen.append((name, line))

    assert chosen == []


@pytest.mark.parametrize(
    "text",
    [
        "I'm going to pass.",
        "Prefiero no hablar de eso.",
        "Posso solo parlare di cucina.",
        "Só posso falar de receitas.",
        "Je décline.",
        "Wolę nie odpowiadać.",
        "Откажусь.",
    ],
)
def test_a_refusal_is_found_by_its_own_words_alone(text):
    assert find_refusal(text)
