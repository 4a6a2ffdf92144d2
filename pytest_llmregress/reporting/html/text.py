"""Texts of models on a page: nothing hidden in them stays hidden, and none goes on for ever."""

import re

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""What a browser would not show, would obey (directions of text) or could not encode. The joiners
that emoji and some scripts need are left alone."""


def clean(text: str) -> str:
    r"""Return a text in which what cannot be seen is spelled out, as in `\u202e`."""
    return _HIDDEN.sub(lambda match: ascii(match[0])[1:-1], text.replace("\r\n", "\n"))


def shorten(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters, with an ellipsis where something is gone."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
