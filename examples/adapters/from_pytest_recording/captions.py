"""Writes captions for pictures: the application, which moves nowhere."""

from collections.abc import Iterator

import anthropic

client = anthropic.Anthropic()

MODEL = "qwen2.5-coder-1.5b"
CAPTION = "Write a caption of at most ten words for the picture. Reply with the caption only."


def write_caption(picture: str) -> str:
    """Return a caption for a picture that is described in words."""
    message = client.messages.create(**_request(picture))
    return "".join(block.text for block in message.content if block.type == "text")


def stream_caption(picture: str) -> Iterator[str]:
    """Return the same piece by piece."""
    with client.messages.stream(**_request(picture)) as stream:
        yield from stream.text_stream


def _request(picture: str) -> dict:
    return {
        "model": MODEL,
        "max_tokens": 30,
        "system": CAPTION,
        "messages": [{"role": "user", "content": picture}],
    }
