"""Asks a model for a piece of Python, and takes the code out of what it replies."""

import ast
import os
import re

import anthropic

MODEL = os.environ.get("CODE_MODEL", "qwen2.5-coder-0.5b")
SYSTEM = (
    "You write Python 3 and use its standard library only. "
    "Reply with one code block and nothing else."
)
# A small model forgets what the system prompt says about form by the time that it writes.
BRIEFLY = "Only the code: no docstring, no comments, no type hints, no example."

client = anthropic.Anthropic()

_BLOCK = re.compile(r"^[ \t]*```[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.MULTILINE | re.DOTALL)


def generate(prompt: str) -> str:
    """Return the code that the model writes; empty where it writes none."""
    reply = client.messages.create(
        model=MODEL,
        max_tokens=200,
        system=SYSTEM,
        messages=[{"role": "user", "content": f"{prompt}\n\n{BRIEFLY}"}],
    )
    return extract_code("".join(block.text for block in reply.content if block.type == "text"))


def extract_code(text: str) -> str:
    """Return the first code block of a text, or the whole of it where that is a program.

    A block that was cut off goes on to the end: whether it is still code is for its reader to say.
    """
    block = _BLOCK.search(text)
    if block is not None:
        return block[1]
    return text if _defines_something(text) else ""


def _defines_something(text: str) -> bool:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in tree.body)
