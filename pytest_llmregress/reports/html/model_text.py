"""Texts of models on a page: nothing hidden in them stays hidden, and none goes on for ever."""

import re

_HIDDEN_CHARACTERS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff"
)
_HIDDEN = re.compile(f"[{_HIDDEN_CHARACTERS}]")
"""What a browser would not show, would obey (directions of text) or could not encode. The joiners
that emoji and some scripts need are left alone."""
_SPECIAL = re.compile(f"[&<>\"'{_HIDDEN_CHARACTERS}]")
"""Those, and what means something between elements or in the quotes of an attribute."""
_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"}
"""The first one first: it is part of the others."""


def clean(text: str) -> str:
    r"""Return a text in which what cannot be seen is spelled out, as in `\u202e`."""
    return text if _is_plain(text) else _HIDDEN.sub(_spell, text.replace("\r\n", "\n"))


def as_text(text: str) -> str:
    """Return a text cleaned, and escaped so that in a page it is a text and nothing else."""
    if _is_plain(text):  # as nearly all are, and this takes a fraction of the time
        for character, reference in _REFERENCES.items():
            text = text.replace(character, reference)
        return text
    return _SPECIAL.sub(_spell, text.replace("\r\n", "\n"))


def shorten(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters, with an ellipsis where something is gone."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _is_plain(text: str) -> bool:
    """Tell whether there is nothing in a text but what is on an American keyboard."""
    return text.isascii() and text.replace("\n", "").isprintable()


def _spell(found: re.Match[str]) -> str:
    character = found[0]
    return _REFERENCES.get(character) or ascii(character)[1:-1]
