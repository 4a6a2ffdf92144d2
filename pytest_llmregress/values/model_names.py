"""Names of models: which served model is the requested one by another name."""

import re

_MAKER = re.compile(r"(?:[a-z-]+\.)?[a-z]+\.(?=[a-z])|.*/")
"""What Bedrock and gateways put before a name: "us.anthropic.", "anthropic/", "models/"."""
_CLOUD_VERSION = re.compile(r"-v\d+(?::\d+)?$")
"""What Bedrock puts after it: "-v1:0"."""
_PRICE = re.compile(r":[a-z]+$")
"""What a gateway puts after it for another price or speed: ":free"."""
_PART = re.compile(r"\d+|[^\W\d_]+")
_DATE = re.compile(r"[-@](\d{4})-?(\d{2})-?(\d{2})$")
"""What a dated snapshot has after its name: "-20251001", "@20251001", "-2025-10-01"."""
_FLOATING = re.compile(r"(?:-latest|@latest|-0)$")
"""What an alias for the newest snapshot has after its name."""


def is_as_requested(requested: str | None, served: str | None) -> bool:
    """Whether a served model is the requested one: the same id, or its dated snapshot.

    An alias that ends in "-latest" or "-0" stands for any snapshot of its name; what a cloud or a
    gateway puts around a name is looked through, and so is the order of its words and how they
    are joined ("claude-sonnet-4.6", "claude-4.6-sonnet"). Where either side is unknown, nothing
    speaks against it.
    """
    if requested is None or served is None or requested == served:
        return True
    asked, date_asked = _taken_apart(requested)
    answered, date_answered = _taken_apart(served)
    names = {asked, _FLOATING.sub("", asked)} if date_asked is None else {asked}
    return _parts(answered) in map(_parts, names) and (
        None in {date_asked, date_answered} or date_asked == date_answered
    )


def _taken_apart(model: str) -> tuple[str, str | None]:
    """Return the bare name and the date of its snapshot, eight digits, or None."""
    name = _CLOUD_VERSION.sub("", _MAKER.sub("", _PRICE.sub("", model), count=1))
    date = _DATE.search(name)
    return (name, None) if date is None else (name[: date.start()], "".join(date.groups()))


def _parts(name: str) -> tuple[list[str], list[str]]:
    """Return the words of a name in any order, and its numbers in their own."""
    parts = _PART.findall(name)
    words = sorted(part for part in parts if not part.isdecimal())
    return words, [part for part in parts if part.isdecimal()]
