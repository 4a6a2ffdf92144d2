"""What a user has said in a request, without what a program has put beside it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_OPENS = re.compile(r"\s*<([A-Za-z][\w-]*)>")


def find_last_words(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the last text of the user in a conversation, or "" where there is none.

    A part that is one XML element as a whole (a reminder of an agent's program, a document) was
    put there by a program. It counts where the user has said nothing else.
    """
    first_found = ""
    for message in reversed(messages):
        texts = _texts(message)
        own = [text for text in texts if not is_element(text)]
        if own:
            return "\n".join(own)
        first_found = first_found or "\n".join(texts)
    return first_found


def is_element(text: str) -> bool:
    """Say whether a text is one XML element without attributes, such as "<note>…</note>"."""
    opens = _OPENS.match(text)
    return opens is not None and text.rstrip().endswith(f"</{opens[1]}>")


def _texts(message: Mapping[str, Any]) -> list[str]:
    """Return the texts of a message of the user that are not empty."""
    if message.get("role") != "user":
        return []
    content = message.get("content")
    blocks = content if isinstance(content, list) else [{"text": content}]
    texts = [block.get("text") for block in blocks if isinstance(block, Mapping)]
    return [text for text in texts if isinstance(text, str) and text]
