"""Closed answers, and the form that a text has as an answer."""

import pytest

from pytest_llmregress.behavior.text.closed_answer import (
    describe_form,
    is_same_answer,
    read_answer,
)
from pytest_llmregress.behavior.text.text_facts import parse_text


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("", "empty"),
        ("spam", "label"),
        ("**Not spam**", "label"),
        ("ord_1042", "label"),
        ("(B)", "label"),
        ("Yes.", "label"),
        ("垃圾邮件", "label"),
        ("72", "number"),
        ("$1,299.00", "number"),
        ("60 percent", "number"),
        ("2026-03-04", "date"),
        ("4 March 2026", "date"),
        ("The rule applies.\n\n**ANSWER: C**", "answer line"),
        (r"So the sum is \boxed{42}.", "answer line"),
        ('{"a": 1}', "json"),
        ("```python\nx = 1\n```", "code"),
        ("- milk\n- bread", "list"),
        ("1. Unpack it.\n2. Plug it in.", "list"),
        ("a red boat on a beach", "phrase"),
        ("Not spam.", "phrase"),
        ("Done.", "phrase"),
        ("Search works again.", "sentence"),
        ("搜索已经修好了。", "sentence"),
        ("It left on Monday. It arrives on Friday.", "few sentences"),
        ("It is old. It is big. It is far. It is dear.", "prose"),
        ("It is old.\n\nIt is big.", "prose"),
    ],
)
def test_a_text_has_one_form(text: str, form: str):
    assert describe_form(parse_text(text)) == form


def test_a_word_with_a_full_stop_after_tools_reports_on_them():
    assert read_answer(parse_text("Booked.")) == "booked"
    assert read_answer(parse_text("Booked."), is_report=True) == "booked …"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("spam", "Spam."),
        ("spam", '"SPAM"'),
        ("not spam", "**Not spam.**"),
        ("Yes", "yes!"),
        ("B", "(b)"),
        ("1000", "1,000"),
        ("1.299,00 €", "1299 euros"),
        ("60%", "60 percent"),
        ("72", "72 apples"),
        ("0.8333333", "0.83"),
        ("0.93", "0.91"),
        ("2026-03-04", "4 March 2026"),
        ("ANSWER: C", "It is so.\n\nAnswer: **c**."),
    ],
)
def test_another_way_to_write_an_answer_is_the_same_answer(one: str, other: str):
    assert is_same_answer(read_answer(parse_text(one)), read_answer(parse_text(other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("spam", "ham"),
        ("spam", "not spam"),
        ("Yes", "No"),
        ("72", "73"),
        ("-5", "5"),
        ("12.5", "12"),
        ("120.5", "120.49"),
        ("5 km", "5 miles"),
        ("2026-03-04", "2026-04-03"),
        ("2026-03-04T10:00", "2026-03-04T23:00"),
        ("0.93", "0.2"),
        ("Answer: B", "Answer: C"),
    ],
)
def test_another_answer_is_another_answer(one: str, other: str):
    assert not is_same_answer(read_answer(parse_text(one)), read_answer(parse_text(other)))


@pytest.mark.parametrize("text", ['{"a": 1}', "The parcel is here.", "Search works again.", ""])
def test_what_is_no_short_answer_has_none(text: str):
    assert read_answer(parse_text(text)) == ""


def test_a_number_of_any_length_is_held_against_another_one():
    one, other = "1" * 30 + "." + "2" * 28, "1" * 30 + ".2"

    assert is_same_answer(one, other)
    assert not is_same_answer(one, "2" * 30)
