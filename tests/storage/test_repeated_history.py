"""Which earlier call a history goes on from."""

import random

import pytest

from pytest_llmregress.storage.encoding.repeated_history import SharedHistories, SharedPrefix


def found(*histories, last):
    """Return what the last history shares with the earlier ones, calls counted from 1."""
    known = SharedHistories()
    for call, history in enumerate(histories, start=1):
        known.add(call, tuple(history))
    return known.find(tuple(last))


def test_nothing_is_shared_with_nothing():
    assert found(last="a") is None
    assert found("", last="a") is None
    assert found("a", last="") is None
    assert found("a", last="b") is None


@pytest.mark.parametrize(
    ("histories", "last", "call", "length"),
    [
        (["a"], "ab", 1, 1),
        (["ab"], "a", 1, 1),
        (["ab", "abcd"], "abcdef", 2, 4),
        (["ab", "xy", "abcd"], "xyz", 2, 2),
        (["abcd", "ab"], "abx", 2, 2),
        (["ab", "abcd"], "abx", 1, 2),
        (["abc", "abd"], "abx", 2, 2),
        (["ab", "ab"], "abx", 2, 2),
        (["abc"], "axc", 1, 1),
    ],
    ids=[
        "goes on", "shortened", "the longest", "two conversations", "a fork, the whole one",
        "a fork, the whole one came first", "a fork, the latest", "the same twice",
        "an edit in the middle",
    ],
)  # fmt: skip
def test_a_history_goes_on_from_the_call_that_shares_the_most(histories, last, call, length):
    assert found(*histories, last=last) == SharedPrefix(call=call, length=length)


@pytest.mark.parametrize("seed", range(20))
def test_the_length_is_that_of_the_longest_common_beginning(seed):
    rng = random.Random(seed)
    histories = ["".join(rng.choice("ab") for _ in range(rng.randrange(8))) for _ in range(12)]
    known = SharedHistories()

    for call, history in enumerate(histories):
        common = [
            next((n for n, (a, b) in enumerate(zip(history, other, strict=False)) if a != b),
                 min(len(history), len(other)))
            for other in histories[:call]
        ]  # fmt: skip
        shared = known.find(history)

        assert (shared.length if shared else 0) == max(common, default=0)
        assert shared is None or common[shared.call] == shared.length
        known.add(call, history)
