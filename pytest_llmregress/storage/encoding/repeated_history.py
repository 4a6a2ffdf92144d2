"""Conversations that grow: the earlier call that a history goes on from."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPrefix:
    """The longest beginning that a history has in common with an earlier one."""

    call: int
    """The call whose history it is: one that has nothing else where there is one, or the latest."""
    length: int


class SharedHistories:
    """The histories of the calls so far; each of their items is known by a text.

    Looking one up and adding one take time in proportion to its items, whatever their number.
    """

    def __init__(self) -> None:
        self._next: dict[tuple[int, str], int] = {}
        self._latest: list[int] = [0]
        """The latest call through each node; of the root, before the first call, it means none."""
        self._whole: dict[int, int] = {}
        """The latest call that ends at a node."""

    def find(self, history: Sequence[str]) -> SharedPrefix | None:
        """Return what a history shares with the earlier ones; None where it is not one item."""
        node = length = 0
        for item in history:
            follower = self._next.get((node, item))
            if follower is None:
                break
            node = follower
            length += 1
        if length == 0:
            return None
        return SharedPrefix(call=self._whole.get(node, self._latest[node]), length=length)

    def add(self, call: int, history: Sequence[str]) -> None:
        """Take in the history of a call."""
        node = 0
        for item in history:
            follower = self._next.setdefault((node, item), len(self._latest))
            if follower == len(self._latest):
                self._latest.append(call)
            node = follower
            self._latest[node] = call
        self._whole[node] = call
