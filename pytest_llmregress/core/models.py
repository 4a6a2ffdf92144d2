"""Names of models: which served model is the requested one by another name."""

import re

_DATED = re.compile(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2})(?:-v\d+(?::\d+)?)?")
"""What a dated snapshot has after the model's name: "-20251001", "@20251001", "-2025-10-01"."""
_FLOATING = re.compile(r"(?:-latest|-0)$")
_CLOUD_PREFIX = re.compile(r"^(?:[a-z-]+\.)?anthropic\.|^anthropic/")


def is_as_requested(requested: str | None, served: str | None) -> bool:
    """Whether a served model is the requested one: the same id, or its dated snapshot.

    An alias that ends in "-latest" or "-0" stands for any snapshot of its name. A prefix that
    a cloud puts before the name is looked through. Where either side is unknown, nothing
    speaks against it.
    """
    if requested is None or served is None or requested == served:
        return True
    asked, answered = _CLOUD_PREFIX.sub("", requested), _CLOUD_PREFIX.sub("", served)
    if asked == answered:
        return True
    name = _FLOATING.sub("", asked)
    for stem in {asked, name}:
        if answered.startswith(stem) and _DATED.fullmatch(answered[len(stem) :]):
            return True
    # A dated request that a cloud answers with the bare name.
    return asked.startswith(answered) and bool(_DATED.fullmatch(asked[len(answered) :]))
