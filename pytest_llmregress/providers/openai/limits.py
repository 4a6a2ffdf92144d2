"""How many requests a minute a host allows, by the headers that most of them send."""

import re

from pytest_llmregress.values.http import Response

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def read_limit(response: Response) -> int | None:
    """Return how many requests a minute come back, or None where a response does not say.

    A limit may be one a minute (OpenAI) or one a day (Groq): what is used up, and how long that
    takes to come back, tells both apart.
    """
    limit, remaining = (
        _count(response.header(f"x-ratelimit-{name}-requests")) for name in ("limit", "remaining")
    )
    seconds = read_duration(response.header("x-ratelimit-reset-requests") or "")
    if limit is None or remaining is None or not seconds or remaining >= limit:
        return None
    return max(1, round((limit - remaining) / seconds * 60))


def read_duration(text: str) -> float | None:
    """Return the seconds of a duration such as "120ms", "6m0s" or "2", or None for no such text."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _count(value: str | None) -> int | None:
    return int(value) if value is not None and value.isdecimal() else None
