"""Puts a front page together: its parts are written side by side, the title after them."""

import asyncio

import anthropic

client = anthropic.AsyncAnthropic()

MODEL = "qwen2.5-coder-1.5b"
HEADLINE = "Write a headline of at most six words. Reply with the headline only."
CHOOSE = "Repeat the more important one of these headlines, and write nothing else."


async def make_front_page(articles: list[str]) -> tuple[str, list[str]]:
    """Return the main headline, and a headline for each article in their order."""
    headlines = await asyncio.gather(*(_ask(HEADLINE, article) for article in articles))
    return await _ask(CHOOSE, "\n".join(headlines)), headlines


async def _ask(system: str, text: str) -> str:
    message = await client.messages.create(
        model=MODEL,
        max_tokens=30,
        system=system,
        messages=[{"role": "user", "content": text}],
    )
    return "".join(block.text for block in message.content if block.type == "text")
