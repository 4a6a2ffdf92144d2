"""Refusals of numbers that no sample can have, by the name of the argument."""

import math
from collections.abc import Sequence


def check_counts(
    a: int, n1: int, b: int, n2: int, *, names: tuple[str, str, str, str] = ("a", "n1", "b", "n2")
) -> None:
    """Raise ValueError unless `a` of `n1` and `b` of `n2` can be counts."""
    check_count(a, n1, names=names[:2])
    check_count(b, n2, names=names[2:])


def check_count(k: int, n: int, *, names: tuple[str, str] = ("k", "n")) -> None:
    """Raise ValueError unless `k` of `n` samples can have passed."""
    # A comparison with NaN is false, and its remainder is not 0: both refuse it.
    if n % 1 or not n >= 0:
        raise ValueError(f"{names[1]}={n!r}: it is a count, 0 or more.")
    if k % 1 or not 0 <= k <= n:
        raise ValueError(f"{names[0]}={k!r}: it is a count from 0 to {names[1]}={n}.")


def check_at_least(number: float, least: int, *, name: str) -> None:
    """Raise ValueError unless a number is finite and `least` or more."""
    if not least <= number < math.inf:
        raise ValueError(f"{name}={number!r}: it is a number, {least} or more.")


def check_inside(number: float, *, name: str) -> None:
    """Raise ValueError unless a number lies strictly between 0 and 1."""
    if not 0 < number < 1:
        raise ValueError(f"{name}={number!r}: it lies between 0 and 1, both excluded.")


def check_share(number: float, *, name: str) -> None:
    """Raise ValueError unless a number lies from 0 to 1."""
    if not 0 <= number <= 1:
        raise ValueError(f"{name}={number!r}: it lies from 0 to 1.")


def check_numbers(numbers: Sequence[float], *, name: str, least: int = 1) -> None:
    """Raise ValueError unless there are `least` numbers or more, and all of them finite."""
    check_at_least(len(numbers), least, name=f"len({name})")
    for position, number in enumerate(numbers):
        if not math.isfinite(number):
            raise ValueError(f"{name}[{position}]={number!r}: it is a finite number.")
