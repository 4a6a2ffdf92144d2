"""The assistant that answers engineers out of a handbook: the whole of it goes along each time."""

import os

import anthropic

from handbook import RECORDED_PAGES, handbook

MODEL = os.environ.get("HANDBOOK_MODEL", "qwen2.5-coder-0.5b")
PAGES = int(os.environ.get("HANDBOOK_PAGES", RECORDED_PAGES))

# A model on a CPU may read for ten minutes before its first word.
client = anthropic.Anthropic(timeout=1800)

ANSWER = (
    "You answer the questions of engineers from the handbook below. "
    "Answer in one or two short sentences, with the exact numbers and names of the handbook. "
    "Each part of a question has its answer in another chapter.\n\n"
)
INSTRUCTIONS = ANSWER + handbook(PAGES)


def answer(question: str) -> str:
    """Answer a question out of the handbook."""
    message = client.messages.create(
        model=MODEL,
        max_tokens=100,
        system=INSTRUCTIONS,
        messages=[{"role": "user", "content": question}],
    )
    return "".join(block.text for block in message.content if block.type == "text")
