"""What a user has said, without what a program has put beside it."""

import pytest

from pytest_llmregress.values.user_words import find_last_words

REMINDER = "<system-reminder>\nUpgrade plans are described in PLANS.md.\n</system-reminder>\n"
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "two users"}


def user(*texts, results=()):
    return {"role": "user", "content": [*results, *({"type": "text", "text": t} for t in texts)]}


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], ""),
        ([{"role": "user", "content": "How many users?"}], "How many users?"),
        ([user(REMINDER, REMINDER, "How many users?")], "How many users?"),
        ([user("Two parts", "of a question")], "Two parts\nof a question"),
        ([user(REMINDER, "Count."), user(results=[RESULT])], "Count."),
        ([user(REMINDER, "Count."), user(REMINDER, results=[RESULT])], "Count."),
        ([user("<document>\nA plan.\n</document>")], "<document>\nA plan.\n</document>"),
        ([user("<b>No</b> and <b>yes</b>?")], "<b>No</b> and <b>yes</b>?"),
        ([user("First."), {"role": "assistant", "content": "Yes?"}, user("Second.")], "Second."),
        ([{"role": "user", "content": None}, {"role": "user", "content": [None, {"text": 3}]}], ""),
    ],
)
def test_the_last_words_of_the_user_are_found(messages, said):
    assert find_last_words(messages) == said
