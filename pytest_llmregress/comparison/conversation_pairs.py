"""Which conversations of two sides belong together, and how their changes are told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from pytest_llmregress.behavior.registry import CONVERSATION_TRAITS, CONVERSATIONS
from pytest_llmregress.behavior.trait_record import build_trait
from pytest_llmregress.comparison.keep_by_identity import keep_by_identity
from pytest_llmregress.comparison.trait_rules import MAX_DETAIL
from pytest_llmregress.formatting.value_text import printable, truncate
from pytest_llmregress.values.behavior import Behavior, Change, Severity, Trait

MAX_ASKED = 40
"""Characters of what the user asked that a conversation is named by."""
MAX_NAMED = 5
"""Further calls of one change that are named."""
_RECORDS = {record.name: record for record in CONVERSATION_TRAITS}
OF_A_REPLY = frozenset(_RECORDS)
"""Names of the traits that each conversation has for itself."""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """One conversation of a sample, with the traits of its reply."""

    call: int
    """The number of the call that it was answered by, from 1."""
    asked: str
    """What the user said last in its first request."""
    agent: str
    """Which sub-agent gave the answer, and in which turn; empty where it was none."""
    request: str
    """A digest of its first request but for the model; empty for the only one of a sample."""
    values: Mapping[str, Any]
    """The value of each trait of its reply by its name."""
    quotes: Mapping[str, str]
    """Words of its reply that gave a value away, by the trait's name."""

    @cached_property
    def traits(self) -> Mapping[str, Trait]:
        """The traits of its reply by their names."""
        return {
            name: build_trait(record, self.values[name], quote=self.quotes.get(name, ""))
            for name, record in _RECORDS.items()
            if name in self.values
        }

    def __str__(self) -> str:
        if self.agent:
            return f"call {self.call} ({printable(self.agent)})"
        asked = printable(truncate(self.asked, MAX_ASKED))
        return f"call {self.call}, '{asked}'" if asked else f"call {self.call}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepliesBeside:
    """A new reply and those it is held against: the traits whose value none of those has."""

    olds: tuple[Behavior, ...]
    new: Behavior


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationPairs:
    """The conversations of a new recording, with those of the baseline that they stand for."""

    pairs: tuple[tuple[Conversation, RepliesBeside], ...]
    change: Change | None
    """Which conversations only one side has; None where there are none."""


@dataclass(slots=True, kw_only=True)
class _Alignment:
    """The conversations of one sample beside those of the new recording."""

    peers: dict[int, list[Conversation]] = field(default_factory=dict)
    """Those of the sample, by the index of the new one that they stand for."""
    gained: set[int] = field(default_factory=set)
    """Indices of new ones that are one too many."""
    lost: list[Conversation] = field(default_factory=list)


def pair_conversations(samples: Sequence[Behavior], after: Behavior) -> ConversationPairs | None:
    """Put together the conversations of several sides; None where no side has more than one.

    Conversations with the same first request belong together: of several, each may stand for
    each. Of the others, those where the user asked the same come next, then the rest in order.
    """
    if not samples or not have_several((after, *samples)):
        return None
    new = read_conversations(after)
    olds = [read_conversations(sample) for sample in samples]
    alignments = [_align(old, new) for old in olds]
    pairs = []
    for index, conversation in enumerate(new):
        peers = [peer for each in alignments for peer in each.peers.get(index, ())]
        if peers:
            pairs.append((conversation, _put_beside(peers, conversation)))
    gained = frozenset.intersection(*(frozenset(each.gained) for each in alignments))
    lost = min((each.lost for each in alignments), key=len)
    change = _build_change(
        len(olds[0]), len(new), lost=lost, gained=[new[index] for index in sorted(gained)]
    )
    return ConversationPairs(pairs=tuple(pairs), change=change)


def _align(old: Sequence[Conversation], new: Sequence[Conversation]) -> _Alignment:
    requests = [each.request for each in new]
    if requests == [each.request for each in old] and len({"", *requests}) > len(requests):
        return _Alignment(peers={at: [each] for at, each in enumerate(old)})  # as almost always
    found = _Alignment()
    by_request: dict[str, list[Conversation]] = {}
    for each in old:
        by_request.setdefault(each.request, []).append(each)
    asking: dict[str, list[int]] = {}
    for index, each in enumerate(new):
        asking.setdefault(each.request, []).append(index)
    same = {request for request in asking if request and request in by_request}
    for request in same:
        known, indices = by_request[request], asking[request]
        found.peers.update(dict.fromkeys(indices, known))
        found.gained.update(indices[len(known) :])
        found.lost += known[len(indices) :]
    rest = [each for each in old if each.request not in same]
    open_ones = [index for index, each in enumerate(new) if each.request not in same]
    for is_any in (False, True):
        open_ones = [at for at in open_ones if not _take(found, rest, at, new[at], is_any=is_any)]
    found.gained.update(open_ones)
    found.lost += rest
    return found


def _take(
    found: _Alignment,
    rest: list[Conversation],
    index: int,
    new: Conversation,
    *,
    is_any: bool,
) -> bool:
    """Give a new conversation the next old one that was asked the same, or the next one."""
    for at, each in enumerate(rest):
        if is_any or each.asked == new.asked:
            found.peers[index] = [rest.pop(at)]
            return True
    return False


def merge_conversations(found: Sequence[tuple[Conversation, Change]]) -> tuple[Change, int]:
    """Return one change of one trait in several conversations, and the index of the worst one."""
    order = sorted(
        range(len(found)), key=lambda at: (-found[at][1].severity.rank, found[at][1].noisy)
    )
    conversation, worst = found[order[0]]
    same = [
        (each, change)
        for each, change in found
        if (change.severity, change.noisy) == (worst.severity, worst.noisy)
    ]
    others = [f"call {each.call}" for each, _ in same if each is not conversation]
    more = f"as in {', '.join(others[:MAX_NAMED])}" if others else ""
    more += f" and {len(others) - MAX_NAMED} more" if len(others) > MAX_NAMED else ""
    detail = "; ".join(filter(None, [str(conversation), worst.detail, more]))
    parts = tuple(
        f"{each.request or each.call} {part}".strip()
        for each, change in same
        for part in change.parts or ("",)
    )
    return replace(worst, detail=truncate(detail, MAX_DETAIL), parts=parts), order[0]


def have_several(samples: Iterable[Behavior]) -> bool:
    """Say whether any sample has more than one conversation, and all have been asked for theirs."""
    counts = [len(_items(each)) for each in samples]
    return min(counts, default=0) > 0 and max(counts) > 1


@keep_by_identity(64)
def read_conversations(behavior: Behavior) -> tuple[Conversation, ...]:
    """Return the conversations of a sample; none where an older version has extracted it."""
    quotes = {trait.name: trait.quote for trait in behavior.traits if trait.quote}
    return tuple(
        Conversation(
            call=item.get("call", 1),
            asked=str(item.get("asked", "")),
            agent=str(item.get("agent", "")),
            request=str(item.get("request", "")),
            values=item["traits"] if isinstance(item.get("traits"), dict) else behavior.values(),
            quotes=item.get("quotes") or quotes,
        )
        for item in _items(behavior)
    )


@keep_by_identity(64)
def _items(behavior: Behavior) -> list[dict[str, Any]]:
    """Return the conversations as JSON; none where an older version has extracted the sample."""
    trait = behavior.get(CONVERSATIONS)
    value: Any = trait.value if trait else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _put_beside(olds: Sequence[Conversation], new: Conversation) -> RepliesBeside:
    """Return the traits of replies that may differ."""
    names = [
        name
        for name in _RECORDS
        if name in new.values and all(old.values.get(name) != new.values[name] for old in olds)
    ]
    return RepliesBeside(olds=tuple(_select(names, old) for old in olds), new=_select(names, new))


def _select(names: Iterable[str], reply: Conversation) -> Behavior:
    traits = reply.traits
    return Behavior(traits=tuple(traits[name] for name in names if name in traits))


def _build_change(
    before: int, after: int, *, lost: Sequence[Conversation], gained: Sequence[Conversation]
) -> Change | None:
    if not lost and not gained:
        return None
    parts = {"lost": lost, "gained": gained}
    said = (f"{word} {'; '.join(map(str, some))}" for word, some in parts.items() if some)
    return Change(
        trait=CONVERSATIONS,
        severity=Severity.NOTABLE,
        before=f"{before} in the test",
        after=f"{after} in the test",
        detail=truncate("; ".join(said), MAX_DETAIL),
    )
