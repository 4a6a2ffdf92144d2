"""The nights of a canary in words."""

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.values.history import NightTally


def say_nights(night: NightTally) -> str:
    """Return the day of a night, or that of the first of several and how many they are."""
    return night.first if night.nights == 1 else f"{night.first}, {count(night.nights, 'night')}"
