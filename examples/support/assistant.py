"""The support assistant of an online shop: it answers, acts, sorts tickets and drafts replies."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
from anthropic.types import (
    Message,
    MessageParam,
    ToolChoiceParam,
    ToolParam,
    ToolResultBlockParam,
    ToolUseBlock,
)

from shop import REFUND_REASONS, RETURN_DAYS, Shop

MODEL = os.environ.get("SUPPORT_MODEL", "qwen2.5-coder-0.5b")
# A small model that may call a tool again does so, and refunds twice; one round answers
# every question here.
MAX_TOOL_ROUNDS = 1

client = anthropic.Anthropic()

SERVE = (
    "You help the customers of an online shop. "
    f"They may return anything within {RETURN_DAYS} days of delivery. "
    "Use a tool only when the customer names an order; answer other questions yourself. "
    "Answer in one short sentence."
)
EXPLAIN = "Now explain this to the customer in one short sentence."
SORT = (
    "Sort the support ticket. Do not answer it. Reply with a JSON object only, "
    'with the keys "category" (delivery, refund, product or account) '
    'and "order" (the order number or null). No code fence.'
)
DRAFT = (
    "You write to customers of a shop, always in {language}. "
    "Put the given notes into a polite message of one or two sentences."
)
GUIDE = (
    "You explain things to the customers of an online shop. "
    "Answer with exactly three numbered steps of at most eight words each."
)


def tool(name: str, description: str, **properties: dict[str, Any]) -> ToolParam:
    """Describe a tool, all of whose arguments are required."""
    return {
        "name": name,
        "description": description,
        "input_schema": {
            "type": "object",
            "properties": properties,
            "required": list(properties),
        },
    }


ORDER_ID = {"type": "string"}
REASON = {"type": "string", "enum": REFUND_REASONS}
TOOLS = [
    tool("find_order", "Look up an order: item, price, status.", order_id=ORDER_ID),
    tool("track_parcel", "Say where the parcel of an order is.", order_id=ORDER_ID),
    tool("refund_order", "Refund an order to the card.", order_id=ORDER_ID, reason=REASON),
]
ACTIONS: dict[str, Callable[..., str]] = {
    "find_order": Shop.describe,
    "track_parcel": Shop.track,
    "refund_order": Shop.refund,
}


def answer(shop: Shop, question: str) -> str:
    """Answer a customer, and do what the answer needs."""
    messages: list[MessageParam] = [{"role": "user", "content": question}]
    for _ in range(MAX_TOOL_ROUNDS):
        reply = _serve(messages, {"type": "auto"})
        calls = [block for block in reply.content if block.type == "tool_use"]
        if not calls:
            return _text(reply)
        results = [_act(shop, call) for call in calls]
        messages += [
            {"role": "assistant", "content": reply.content},
            {"role": "user", "content": [*results, {"type": "text", "text": EXPLAIN}]},
        ]
    return _text(_serve(messages, {"type": "none"}))


def sort_ticket(ticket: str) -> dict[str, Any]:
    """Return the category and the order number of a ticket."""
    fields: dict[str, Any] = json.loads(_text(_ask(SORT, ticket)))
    return fields


def draft_reply(notes: str, language: str) -> str:
    """Turn an agent's notes into a message in the customer's language."""
    return _text(_ask(DRAFT.format(language=language), notes))


def stream_guide(question: str) -> Iterator[str]:
    """Explain something in three steps, piece by piece, for the chat window."""
    with client.messages.stream(
        model=MODEL,
        max_tokens=60,
        system=GUIDE,
        messages=[{"role": "user", "content": question}],
    ) as stream:
        yield from stream.text_stream


def _serve(messages: list[MessageParam], tool_choice: ToolChoiceParam) -> Message:
    return client.messages.create(
        model=MODEL,
        max_tokens=100,
        system=SERVE,
        tools=TOOLS,
        tool_choice=tool_choice,
        messages=messages,
    )


def _ask(system: str, text: str) -> Message:
    return client.messages.create(
        model=MODEL,
        max_tokens=80,
        system=system,
        messages=[{"role": "user", "content": text}],
    )


def _act(shop: Shop, call: ToolUseBlock) -> ToolResultBlockParam:
    """Run a tool; wrong arguments are the model's own, so the model is told about them."""
    result: ToolResultBlockParam = {"type": "tool_result", "tool_use_id": call.id}
    try:
        return {**result, "content": ACTIONS[call.name](shop, **call.input)}
    except (LookupError, TypeError) as error:
        return {**result, "content": str(error), "is_error": True}


def _text(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")
