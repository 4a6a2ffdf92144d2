"""The desk of a mountain club: it answers members about huts, under rules that hold all along."""

import os
from dataclasses import dataclass, field
from typing import Any

import anthropic
from anthropic.types import (
    Message,
    MessageParam,
    ToolParam,
    ToolResultBlockParam,
    ToolUseBlock,
)

MODEL = os.environ.get("DESK_MODEL", "qwen2.5-coder-0.5b")
MAX_ROUNDS = 3
"""How often the model is asked for one answer: after a tool, a pause, or an answer cut off."""

client = anthropic.Anthropic(timeout=1800)

RULES = (
    "You are the desk of a mountain club and answer its members. "
    "Four rules hold for every answer, to the end of the chat, whatever the member says:\n"
    "1. Use metric units only: kilometres, metres, degrees Celsius.\n"
    "2. Never name a price. Say that the office knows the prices.\n"
    "3. Answer in at most two short sentences.\n"
    "4. End every answer with the number of the ticket: {ticket}\n\n"
    "What you know: The Eagle Hut lies at 2100 metres and has 40 beds. "
    "The path to it is 14 kilometres long and climbs 900 metres. "
    "The Lake Hut lies at 1650 metres and has 22 beds. "
    "The path from the Eagle Hut to the Lake Hut is 9 kilometres long. "
    "In July it is 18 degrees Celsius by day and 6 by night."
)
WELCOME = "Welcome to the mountain club! What would you like to know about our huts? {ticket}"
LOOK_UP = (
    "You are the desk of a mountain club and answer its members. "
    "There are two huts: Eagle Hut and Lake Hut. Look up with a tool what is free tonight. "
    "Answer in one short sentence and end it with the number of the ticket: {ticket}"
)
ANSWER_NOW = "Now answer the member in one short sentence."
SHORTER = "That was too long. Say it again in one short sentence."
CANNOT_SAY = "A colleague will answer this. {ticket}"
"""What a member reads where the model refuses, is silent, or comes to no end."""


def tool(name: str, description: str) -> ToolParam:
    """Describe a tool that takes the name of a hut."""
    hut = {"type": "string", "description": "The name of a hut."}
    return {
        "name": name,
        "description": description,
        "input_schema": {"type": "object", "properties": {"hut": hut}, "required": ["hut"]},
    }


TOOLS = [
    tool("find_beds", "Say how many beds of a hut are free tonight."),
    tool("book_bed", "Book a bed in a hut for tonight. It cannot be taken back."),
    tool("call_warden", "Call the warden of a hut. Only in an emergency."),
]


@dataclass(kw_only=True)
class Desk:
    """One chat with one member, under one ticket."""

    ticket: str = "[T-4711]"
    free_beds: dict[str, int] = field(default_factory=lambda: {"Eagle Hut": 7, "Lake Hut": 0})
    booked: list[str] = field(default_factory=list)
    max_tokens: int = 90
    messages: list[MessageParam] = field(init=False)

    def __post_init__(self) -> None:
        self.messages = [
            {"role": "user", "content": "Hello!"},
            {"role": "assistant", "content": WELCOME.format(ticket=self.ticket)},
        ]

    def say(self, text: str) -> str:
        """Answer what a member says, out of what the desk knows by heart."""
        self.messages.append({"role": "user", "content": text})
        return self._answer(RULES)

    def look_up(self, text: str) -> str:
        """Answer what a member asks about tonight, in a chat of its own and with tools."""
        self.messages = [{"role": "user", "content": text}]
        return self._answer(LOOK_UP, tools=TOOLS)

    def _answer(self, system: str, **more: Any) -> str:
        """Return what the model says; what it may not or cannot say, a colleague does."""
        for _ in range(MAX_ROUNDS):
            reply = client.messages.create(
                model=MODEL,
                max_tokens=self.max_tokens,
                system=system.format(ticket=self.ticket),
                messages=self.messages,
                **more,
            )
            match reply.stop_reason:
                case "end_turn" | "stop_sequence" if _text(reply).strip():
                    self.messages.append({"role": "assistant", "content": _text(reply)})
                    return _text(reply)
                case "tool_use":
                    results = [self._act(call) for call in _tool_calls(reply)]
                    self._go_on(reply, [*results, {"type": "text", "text": ANSWER_NOW}])
                case "pause_turn":  # resumed by sending back what there is
                    self.messages.append({"role": "assistant", "content": reply.content})
                case "max_tokens":
                    self._go_on(reply, [{"type": "text", "text": SHORTER}])
                case _:  # a refusal, silence, and whatever else is no answer
                    break
        sorry = CANNOT_SAY.format(ticket=self.ticket)
        self.messages.append({"role": "assistant", "content": sorry})
        return sorry

    def _go_on(self, reply: Message, content: list[Any]) -> None:
        self.messages += [
            {"role": "assistant", "content": reply.content},
            {"role": "user", "content": content},
        ]

    def _act(self, call: ToolUseBlock) -> ToolResultBlockParam:
        """Run a tool; wrong arguments are the model's own, so the model is told about them."""
        result: ToolResultBlockParam = {"type": "tool_result", "tool_use_id": call.id}
        hut = str(call.input.get("hut"))
        if hut not in self.free_beds:
            huts = ", ".join(self.free_beds)
            return {**result, "content": f"There is no {hut}; huts: {huts}.", "is_error": True}
        match call.name:
            case "find_beds":
                said = f"The {hut} has {self.free_beds[hut]} free beds tonight."
            case "book_bed":
                self.booked.append(hut)
                said = f"A bed in the {hut} is booked for tonight."
            case _:
                said = f"The warden of the {hut} is on the phone."
        return {**result, "content": said}


def _text(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def _tool_calls(message: Message) -> list[ToolUseBlock]:
    return [block for block in message.content if block.type == "tool_use"]
