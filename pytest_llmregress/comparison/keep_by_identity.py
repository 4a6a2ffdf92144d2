"""Keeps what was found of a value that has no hash, for the next time that it is asked about."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

Given = TypeVar("Given")
Found = TypeVar("Found")


def keep_by_identity(size: int) -> Callable[[Callable[[Given], Found]], Callable[[Given], Found]]:
    """Have a function of one value work once for each, as `lru_cache` does for values with a hash.

    The value must not change. A comparison holds each sample of a baseline against many others.

    :param size: how many values are kept, with what was found; the oldest goes first.
    """

    def decorate(function: Callable[[Given], Found]) -> Callable[[Given], Found]:
        kept: dict[int, tuple[Given, Found]] = {}

        @wraps(function)
        def find(given: Given) -> Found:
            known = kept.get(id(given))  # what is kept is alive: no other value has its id
            if known is None:
                known = kept[id(given)] = given, function(given)
                if len(kept) > size:
                    kept.pop(next(iter(kept)), None)
            return known[1]

        return find

    return decorate
