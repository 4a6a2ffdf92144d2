"""Which calls of a test belong to one conversation, and all that was said in it before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pytest_llmregress.values.call import Call, Calls, Outcome, PromptReader, ToolRunner
from pytest_llmregress.values.canonical_json import hash_json
from pytest_llmregress.values.prompt import History, Prompt
from pytest_llmregress.values.user_words import find_last_words


def find_conversation_starts(calls: Calls) -> tuple[bool, ...]:
    """Say of each call whether it starts a conversation that no call before it belongs to.

    A call goes on with an earlier one where its messages hold the earlier one's last message,
    an assistant's turn after it, and either the same messages before it or that very reply: so
    a history that was cut short is still the same conversation. A call that repeats the messages
    of a call that ended in an error is its retry. Of a message thread that the server holds,
    "create" starts one and "continue" does not. A request that shows no messages belongs to
    whatever came before it. What a session of an agent's program asks again behind a refusal is
    the same conversation. Two agents of a program that tells them apart share no conversation.
    """
    return tuple(before is None for before in _find_previous(calls))


def split_conversations(calls: Calls) -> tuple[tuple[int, ...], ...]:
    """Return the indices of the calls of each conversation, in the order of their first calls."""
    found: list[list[int]] = []
    belongs: list[list[int]] = []
    for at, before in enumerate(_find_previous(calls)):
        if before is None:
            found.append([])
        belongs.append(found[-1] if before is None else belongs[before])
        belongs[-1].append(at)
    return tuple(map(tuple, found))


def find_resumed(calls: Calls) -> frozenset[int]:
    """Return the indices of the paused calls that a later call goes on with.

    A call behind a paused one that sends more messages, and goes on with no other call, is taken
    for its resumption, and so is one whose request holds no conversation.
    """
    paused = [at for at, call in enumerate(calls) if call.outcome is Outcome.PAUSED]
    if not paused:
        return frozenset()
    previous = _find_previous(calls)
    return frozenset(
        at
        for at in paused
        if at in previous
        or (at + 1 < len(calls) and previous[at + 1] is None and _sends_more(calls, at))
    )


def with_whole_conversations(calls: Calls) -> Calls:
    """Return the calls, each with the whole conversation so far as the messages of its prompt.

    They are the "messages" of its request as well. Only a conversation that the server holds
    sends less: it is put together from the calls before. Of several such at once, a call is the
    one's whose tool it answers for, or else the latest one's.
    """
    whole: list[Call] = []
    for call in calls:
        before = _held_by_server(call, whole)
        if before is None:
            whole.append(call)
        else:
            messages = [*before.prompt.messages, _reply(before), *call.prompt.messages]
            read = partial(_read_whole, call.prompt_reader)
            request = {**call.request, "messages": messages}
            whole.append(replace(call, request=request, prompt_reader=read))
    return Calls(whole)


def messages_of(call: Call) -> tuple[tuple[str, tuple[Mapping[str, Any], ...]], ...]:
    """Return the messages of a request: the role of each, and its blocks."""
    return tuple((str(each.get("role")), _blocks(each)) for each in call.prompt.messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """A call as far as it tells to which conversation it belongs."""

    call: Call
    history: History
    sent: tuple[Mapping[str, Any], ...]
    messages: tuple[str, ...]
    """A digest of each, the same for two ways of writing one message."""
    assistants: frozenset[int]
    """Which of them the assistant has said."""


def _turn(call: Call) -> _Turn:
    prompt = call.prompt
    messages = prompt.messages
    return _Turn(
        call=call,
        history=prompt.history,
        sent=messages,
        messages=tuple(hash_json(_comparable(message)) for message in messages),
        assistants=frozenset(n for n, m in enumerate(messages) if m.get("role") == "assistant"),
    )


def _find_previous(calls: Calls) -> tuple[int | None, ...]:
    """Return for each call the one that it goes on with; None where it starts a conversation."""
    if len(calls) == 1:
        return (None,)
    turns = [_turn(call) for call in calls]
    return tuple(_previous(turns, at) for at in range(len(turns)))


def _previous(turns: Sequence[_Turn], at: int) -> int | None:
    turn = turns[at]
    if at == 0:
        return None
    if turn.history is History.CONTINUED or not turn.messages:
        return at - 1
    found = (n for n in range(at - 1, -1, -1) if _goes_on(turn, turns[n]))
    first = next(found, None)
    if first is None or turns[first].call.session == turn.call.session:
        return first
    # Several sessions may ask the same at once; a session that goes on with another one is a fork.
    return next((n for n in found if turns[n].call.session == turn.call.session), first)


def _sends_more(calls: Calls, at: int) -> bool:
    sent_before, sent = calls[at].prompt.messages, calls[at + 1].prompt.messages
    return not (sent and sent_before) or len(sent) > len(sent_before)


def _goes_on(turn: _Turn, earlier: _Turn) -> bool:
    if not earlier.messages or turn.call.agent != earlier.call.agent:
        return False
    if _asks_again(turn.call, earlier.call):
        return True
    if turn.messages == earlier.messages:
        return earlier.call.outcome is Outcome.ERROR
    for at, message in enumerate(turn.messages[:-1]):
        if message != earlier.messages[-1] or at + 1 not in turn.assistants:
            continue
        if turn.messages[: at + 1] == earlier.messages or _is_reply(turn, at + 1, earlier.call):
            return True
    return False


def _asks_again(call: Call, refused: Call) -> bool:
    """Say whether a session asks what was refused, maybe another model, and in other messages."""
    if refused.outcome is not Outcome.REFUSED or not call.session:
        return False
    said, said_before = (find_last_words(each.prompt.messages) for each in (call, refused))
    return call.session == refused.session and said.split() == said_before.split()


def _is_reply(turn: _Turn, at: int, earlier: Call) -> bool:
    """Say whether a message of a request is what an earlier call was answered with."""
    blocks = _blocks(turn.sent[at])
    ids = {block.get("id") for block in blocks if str(block.get("type")).endswith("tool_use")}
    if any(tool.id and tool.id in ids for tool in earlier.tool_calls):
        return True
    text = earlier.text.strip()
    return bool(text) and "".join(_text(block) for block in blocks).strip() == text


def _held_by_server(call: Call, before: Sequence[Call]) -> Call | None:
    """Return the call that a call continues in its message thread, or None."""
    prompt = call.prompt
    if prompt.history is not History.CONTINUED:
        return None
    kept = (each for each in before if each.outcome is not Outcome.ERROR)
    threads = [each for each in kept if each.prompt.history is not History.SENT]
    if not threads:
        return None
    answers = {
        block.get("tool_use_id") for message in prompt.messages for block in _blocks(message)
    }
    asked = (each for each in reversed(threads) if {t.id for t in each.tool_calls} & answers)
    return next(asked, threads[-1])


def _read_whole(read: PromptReader, request: Mapping[str, Any]) -> Prompt:
    """Read a request to which the messages were added that the server holds."""
    body = {key: value for key, value in request.items() if key != "messages"}
    return replace(read(body), messages=tuple(request["messages"]))


def _blocks(message: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    content = message.get("content")
    if isinstance(content, str):
        return ({"type": "text", "text": content},)
    if not isinstance(content, list):
        return ()
    return tuple(block for block in content if isinstance(block, Mapping))


def _comparable(message: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the marks of a cache: they move on with every turn."""
    blocks = [
        {key: value for key, value in block.items() if key != "cache_control"}
        for block in _blocks(message)
    ]
    return {**message, "content": blocks}


def _text(block: Mapping[str, Any]) -> str:
    text = block.get("text")
    return text if block.get("type") == "text" and isinstance(text, str) else ""


def _reply(call: Call) -> dict[str, Any]:
    """Return the reply of a call as the message that the conversation goes on with."""
    blocks: list[dict[str, Any]] = [{"type": "text", "text": call.text}] if call.text else []
    blocks += [
        {"type": "tool_use", "id": tool.id, "name": tool.name, "input": dict(tool.arguments)}
        for tool in call.tool_calls
        if tool.run_by is ToolRunner.CLIENT
    ]
    return {"role": "assistant", "content": blocks}
