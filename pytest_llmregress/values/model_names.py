"""Names of models: which served model is the requested one by another name."""

import re

_CLOUD_PREFIX = re.compile(r"(?:(?:[a-z-]+\.)?anthropic\.|anthropic/)(?=claude)")
"""What Bedrock and gateways put before a name: "us.anthropic.", "anthropic/"."""
_CLOUD_VERSION = re.compile(r"-v\d+(?::\d+)?$")
"""What Bedrock puts after it: "-v1:0"."""
_DATE = re.compile(r"[-@](\d{4})-?(\d{2})-?(\d{2})$")
"""What a dated snapshot has after its name: "-20251001", "@20251001", "-2025-10-01"."""
_FLOATING = re.compile(r"(?:-latest|@latest|-0)$")
"""What an alias for the newest snapshot has after its name."""


def is_as_requested(requested: str | None, served: str | None) -> bool:
    """Whether a served model is the requested one: the same id, or its dated snapshot.

    An alias that ends in "-latest" or "-0" stands for any snapshot of its name; what a cloud
    puts around a name is looked through. Where either side is unknown, nothing speaks
    against it.
    """
    if requested is None or served is None or requested == served:
        return True
    asked, date_asked = _taken_apart(requested)
    answered, date_answered = _taken_apart(served)
    names = {asked, _FLOATING.sub("", asked)} if date_asked is None else {asked}
    return answered in names and (
        None in {date_asked, date_answered} or date_asked == date_answered
    )


def _taken_apart(model: str) -> tuple[str, str | None]:
    """Return the bare name and the date of its snapshot, eight digits, or None."""
    name = _CLOUD_VERSION.sub("", _CLOUD_PREFIX.sub("", model, count=1))
    date = _DATE.search(name)
    return (name, None) if date is None else (name[: date.start()], "".join(date.groups()))
