"""Writes headlines over HTTP, on FastAPI."""

from collections.abc import Iterator

import anthropic
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

app = FastAPI()
client = anthropic.Anthropic()
async_client = anthropic.AsyncAnthropic()

MODEL = "qwen2.5-coder-1.5b"
HEADLINE = "Write a headline of at most eight words. Reply with the headline only."
TEASER = "Sum the article up in one short sentence."


class Article(BaseModel):
    """What an editor hands in."""

    text: str


@app.post("/headline")
async def write_headline(article: Article) -> dict[str, str]:
    """Return a headline for an article."""
    message = await async_client.messages.create(
        model=MODEL,
        max_tokens=30,
        system=HEADLINE,
        messages=[{"role": "user", "content": article.text}],
    )
    return {"headline": "".join(block.text for block in message.content if block.type == "text")}


@app.post("/teaser")
def stream_teaser(article: Article) -> StreamingResponse:
    """Stream a sentence that makes readers curious."""
    return StreamingResponse(_teaser(article.text), media_type="text/plain")


def _teaser(text: str) -> Iterator[str]:
    with client.messages.stream(
        model=MODEL,
        max_tokens=50,
        system=TEASER,
        messages=[{"role": "user", "content": text}],
    ) as stream:
        yield from stream.text_stream
