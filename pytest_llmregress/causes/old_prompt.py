"""Replaces a new prompt by the old one, to tell a change of prompt from one of the model."""

from collections.abc import Mapping, Sequence
from typing import Any

OF_THE_CALL = frozenset({"messages", "model", "stream"})
"""Keys of a request that are no part of its prompt."""


class OldPrompt:
    """Puts the prompts of a recording in the place of those that an app sends now.

    A request that opens a conversation gets system prompt, tools, parameters and messages of the
    recorded request that opens the same one, counted in order. A request that goes on with a
    conversation keeps what was said since. Where the recording has no such conversation, the
    request stays as it is.
    """

    def __init__(self, openings: Sequence[Mapping[str, Any]]) -> None:
        """Take the JSON bodies of the recorded requests that open a conversation."""
        self._openings = tuple(openings)
        self._sent: list[list[Any]] = []
        """The messages of each conversation that the app has opened, as it wanted to send them."""

    def put_into(self, body: Mapping[str, Any], *, retry: bool = False) -> dict[str, Any]:
        """Return a request's body with the recorded prompt.

        :param retry: whether it is a further attempt at a request that was sent before.
        """
        messages = body.get("messages")
        if not isinstance(messages, list):
            return dict(body)
        number = self._conversation(messages, retry=retry)
        if number >= len(self._openings):
            return dict(body)
        old = self._openings[number]
        prompt = {key: value for key, value in old.items() if key not in OF_THE_CALL}
        own = {key: value for key, value in body.items() if key in OF_THE_CALL}
        since = messages[len(self._sent[number]) :]
        return {**own, **prompt, "messages": [*old.get("messages", ()), *since]}

    def _conversation(self, messages: list[Any], *, retry: bool) -> int:
        """Return the number of the conversation that a request belongs to, from 0."""
        for number in reversed(range(len(self._sent))):
            opening = self._sent[number]
            goes_on = len(messages) > len(opening) or (retry and len(messages) == len(opening))
            if goes_on and messages[: len(opening)] == opening:
                return number
        self._sent.append(list(messages))
        return len(self._sent) - 1
