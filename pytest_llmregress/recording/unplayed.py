"""What was recorded and has not been asked for yet, found by the request that asks."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Sequence

from pytest_llmregress.recording.newer_program import OtherVersions
from pytest_llmregress.values.http import FEATURE_HEADERS, Interaction, Request


class UnplayedInteractions:
    """The recordings of one run that are still to be given, each of them once.

    Nearly every replay asks with the very bytes of its recording. Those are looked up as they
    are; only what is not found so is compared by its key, which takes redacting and parsing all
    bodies. Not thread-safe: the tape has a lock.

    Parameters: `key_of`, the key of a recording by the rules of the test; `by_bytes`, whether
    equal bytes may be given first: not where a rule leaves a part of them out; `versions`, what
    finds the recording of another version of an agent's program, where nothing else is found.
    """

    def __init__(
        self,
        recorded: Sequence[Interaction],
        *,
        key_of: Callable[[Interaction], str],
        by_bytes: bool,
        versions: OtherVersions | None = None,
    ) -> None:
        self._recorded = recorded
        self._versions = versions
        self._key_of = key_of
        self._left = dict.fromkeys(range(len(recorded)))
        self._same: dict[Hashable, deque[int]] = defaultdict(deque)
        for index, each in enumerate(recorded if by_bytes else ()):
            self._same[_bytes_of(each.request, judge=each.judge)].append(index)
        self._alike: dict[str, deque[int]] | None = None
        self._times: Counter[str] = Counter()

    @property
    def left(self) -> list[int]:
        """The places of what has not been asked for, in recorded order."""
        return list(self._left)

    def take_same(self, request: Request, *, judge: bool) -> int | None:
        """Take the first recording with the very bytes of a request, or None."""
        if not self._same:
            return None
        return self._take(self._same.get(_bytes_of(request, judge=judge)))

    def take_alike(self, key: str, request: Request, *, judge: bool) -> int | None:
        """Take the first recording with the key of a request, or of another version, or None."""
        place = self._take(self._by_key().get(key))
        if place is None and self._versions is not None and self._versions.rules:
            place = self._versions.find(request, self._recorded, self._left, judge=judge)
            if place is not None:
                del self._left[place]
        return place

    def times_recorded(self, key: str) -> int:
        """Return how many recordings have that key, whether they were taken or not."""
        self._by_key()
        return self._times[key]

    def _take(self, places: deque[int] | None) -> int | None:
        while places:
            index = places.popleft()
            if index in self._left:
                del self._left[index]
                return index
        return None

    def _by_key(self) -> dict[str, deque[int]]:
        if self._alike is None:
            self._alike = defaultdict(deque)
            for index, interaction in enumerate(self._recorded):
                key = self._key_of(interaction)
                self._alike[key].append(index)
                self._times[key] += 1
        return self._alike


def _bytes_of(request: Request, *, judge: bool) -> Hashable:
    """Return everything that a key, or a redaction, looks at; the host is not in it."""
    rest = request.url.partition("://")[2].partition("/")[2]
    headers = (*map(request.headers.get, FEATURE_HEADERS), request.headers.get("content-type"))
    return judge, request.method, rest, headers, request.body
