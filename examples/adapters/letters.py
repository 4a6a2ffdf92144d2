"""Sorts letters to the editor; the client is handed in."""

import anthropic

SORT = "Sort the letter to the editor. Reply with one word: praise or complaint."


def sort_letter(client: anthropic.Anthropic, letter: str) -> str:
    """Return what a letter is: praise or complaint."""
    message = client.messages.create(**_request(letter))
    return message.content[0].text.strip(" .").lower()


async def sort_letter_async(client: anthropic.AsyncAnthropic, letter: str) -> str:
    """Return the same without blocking."""
    message = await client.messages.create(**_request(letter))
    return message.content[0].text.strip(" .").lower()


def _request(letter: str) -> dict:
    return {
        "model": "qwen2.5-coder-1.5b",
        "max_tokens": 10,
        "system": SORT,
        "messages": [{"role": "user", "content": letter}],
    }
