"""How two texts differ, word by word."""

import pytest

from pytest_llmregress.formatting.word_diff import diff_words

TEXTS = [
    ("", ""),
    ("", "new"),
    ("old", ""),
    ("30 days", "30 days"),
    ("You have 30 days.", "You have 14 days, at most."),
    ("  leading\n\n and trailing \n", "leading and\ttrailing"),
    ("返品は三十日です", "返品は十四日です"),
    ("a b " * 2000, "b a " * 2000),
    ("naïve café 🗼 \ud800", "naïve tea 🗼"),
]


def words(before: str, after: str) -> list[tuple[str, str]]:
    return [(p.before.strip(), p.after.strip()) for p in diff_words(before, after) if not p.same]


@pytest.mark.parametrize(("before", "after"), TEXTS)
def test_all_pieces_joined_are_the_two_texts(before, after):
    pieces = diff_words(before, after)

    assert "".join(piece.before for piece in pieces) == before
    assert "".join(piece.after for piece in pieces) == after
    assert all(p.before.split() == p.after.split() for p in pieces if p.same and p.before.split())


def test_only_the_words_that_differ_are_a_difference():
    assert words("You have 30 days to return it.", "You have 14 days to return it.") == [
        ("30", "14")
    ]


def test_a_word_that_is_gone_or_new_has_nothing_on_its_other_side():
    assert words("Please send it back", "send it back today") == [("Please", ""), ("", "today")]


def test_white_space_alone_is_no_difference():
    assert words("one\ntwo  three", "one two three\n") == []


def test_a_script_without_spaces_is_told_apart_by_its_characters():
    assert words("返品は三日です", "返品は五日です") == [("三", "五")]


def test_a_full_stop_between_two_changes_is_no_island():
    assert words("red fox. Blue whale", "green cat. Grey mouse") == [
        ("red fox. Blue whale", "green cat. Grey mouse")
    ]


def test_texts_of_few_words_repeated_very_often_are_two_middles():
    assert words("x " + "a b " * 3000 + "y", "x " + "b a " * 3000 + "y") != []
    assert len(diff_words("a b " * 3000, "b a " * 3000)) == 1
