"""The queue of a review, the classes of drift, and two texts side by side."""

import pytest

from pytest_llmregress.reports.review_queue import (
    MarkedText,
    QueueEntry,
    ReviewChoice,
    ReviewQueue,
    ReviewState,
    classify_drift,
    mark_words,
    pair_lines,
)
from pytest_llmregress.values.behavior import Change, Severity
from pytest_llmregress.values.snapshot import PendingReason


def change(trait, severity=Severity.NOTABLE, after="b"):
    return Change(trait=trait, severity=severity, before="a", after=after)


LONGER = classify_drift([change("length")], PendingReason.DRIFTED)
TOOLS = classify_drift([change("tools.set", Severity.BREAKING)], PendingReason.DRIFTED)


def queue(*entries):
    return ReviewQueue(entries=tuple(QueueEntry(test=test, drift=drift) for test, drift in entries))


@pytest.mark.parametrize(
    ("changes", "why", "same"),
    [
        ([change("b"), change("a")], PendingReason.DRIFTED, True),
        ([change("a", after="other"), change("b")], PendingReason.DRIFTED, True),
        ([change("a"), change("b"), change("b")], PendingReason.DRIFTED, True),
        ([change("a")], PendingReason.DRIFTED, False),
        ([change("a"), change("b"), change("c")], PendingReason.DRIFTED, False),
        ([change("a"), change("b", Severity.BREAKING)], PendingReason.DRIFTED, False),
        ([change("a"), change("b")], PendingReason.FAILED, False),
        ([change("a"), change("b")], None, False),
    ],
)
def test_a_class_is_which_traits_changed_how_badly_and_why_it_waits(changes, why, same):
    one = classify_drift([change("a"), change("b")], PendingReason.DRIFTED)

    assert (classify_drift(changes, why) == one) is same


def test_a_class_is_said_with_its_worst_trait_first():
    drift = classify_drift(
        [change("a"), change("tools.set", Severity.BREAKING)], PendingReason.DRIFTED
    )

    assert str(drift) == "tools.set (breaking), a (notable)"
    assert str(classify_drift([], PendingReason.FAILED)) == "no change of a trait"


def test_the_rest_of_a_class_leaves_out_what_is_decided_or_of_another_class():
    review = queue(("a", LONGER), ("b", TOOLS), ("c", LONGER), ("d", LONGER)).mark(
        {2}, ReviewState.SKIPPED
    )

    assert review.rest_of_class(ReviewChoice.REJECT) == (0, 3)
    assert review.mark({0, 3}, ReviewState.REJECTED).rest_of_class(ReviewChoice.ACCEPT) == (1,)
    assert review.mark({0, 1, 3}, ReviewState.ACCEPTED).rest_of_class(ReviewChoice.SKIP) == ()


def test_of_one_test_a_class_accepts_one_variant_and_rejects_all():
    review = queue(("a", LONGER), ("a", LONGER), ("b", LONGER))

    assert review.rest_of_class(ReviewChoice.ACCEPT) == (0, 2)
    assert review.rest_of_class(ReviewChoice.REJECT) == (0, 1, 2)
    assert review.mark({0}, ReviewState.ACCEPTED).rest_of_class(ReviewChoice.ACCEPT) == (2,)


def test_a_queue_goes_on_with_the_first_open_one_and_counts_what_still_waits():
    review = queue(("a", LONGER), ("b", TOOLS), ("c", LONGER), ("d", TOOLS))
    later = (
        review.mark({0}, ReviewState.ACCEPTED)
        .mark({1}, ReviewState.SKIPPED)
        .mark({2}, ReviewState.FAILED)
    )

    assert (review.current, later.current) == (0, 3)
    assert later.mark({3}, ReviewState.REJECTED).current is None
    assert later.mark({3}, ReviewState.REJECTED).remaining == 2
    assert later.count(ReviewState.SKIPPED) == 1


def test_the_words_that_differ_are_marked_on_both_sides():
    old, new = mark_words("It arrives on Thursday morning.", "It arrives on Friday morning.")

    assert [piece.text.strip() for piece in old if piece.changed] == ["Thursday"]
    assert [piece.text.strip() for piece in new if piece.changed] == ["Friday"]
    assert "".join(piece.text for piece in old) == "It arrives on Thursday morning."
    assert "".join(piece.text for piece in new) == "It arrives on Friday morning."


def test_lines_stand_beside_what_they_became():
    pairs = pair_lines(["Hello", "the first", "end"], ["Hello", "the second", "more", "end"])

    assert [pair.same for pair in pairs] == [True, False, False, True]
    assert pairs[2].old is None
    assert pairs[2].new == (MarkedText("more", changed=True),)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([], ["a"]),
        (["a"], []),
        (["a", "b", "a"], ["b", "a", "c"]),
        (["", "a"], ["a", ""]),
        ([], []),
    ],
)
def test_no_line_is_lost_or_invented(old, new):
    pairs = pair_lines(old, new)
    sides = [
        ["".join(piece.text for piece in side) for side in each if side is not None]
        for each in ([pair.old for pair in pairs], [pair.new for pair in pairs])
    ]

    assert sides == [old, new]


def test_a_long_text_of_one_word_is_compared_at_once():
    lines = ["the same"] * 5_000
    pairs = pair_lines(lines, [*lines, "another"])

    assert len(pairs) == 5_001
    assert sum(not pair.same for pair in pairs) == 1
