"""Where two recordings of one test diverge, and how their requests differ before that."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from pytest_llmregress.causes.model_setting import ModelSetting, put_old_name
from pytest_llmregress.causes.normalized_calls import NormalizedCall, normalize_calls
from pytest_llmregress.causes.request_diff import changes_of_fields, join_first
from pytest_llmregress.formatting.one_line_diff import SideLabels, count, json_change, plain
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.cause import RequestPartChange

SIDES = SideLabels(
    new="not in the baseline", gone="not in the candidate", than="than in the baseline"
)
SYSTEM, MESSAGES, TOOLS, PARAMETERS = PARTS = ("system prompt", "messages", "tools", "parameters")
"""The parts of a request beside its model."""
CALLS = "calls"
"""What differs where one recording has a call more, though all answers before were the same."""


class FirstDivergence(StrEnum):
    """What the first difference between two recordings is."""

    REQUEST = "request"
    ANSWER = "answer"
    CALLS = "calls"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterDifference:
    """A difference after the first one, which may be a consequence of it."""

    call: int
    """The first call whose request differs, or that only one recording has."""
    paired: bool
    """Whether both recordings have that call."""
    parts: tuple[tuple[int, str], ...] = ()
    """Parts that no call of the baseline has and that hold no answer, by their first call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """How the calls of two recordings compare, before and after they diverge."""

    calls: tuple[int, int] = (0, 0)
    """Before and after; without those that failed and were made again."""
    parting: FirstDivergence | None = None
    """What the first difference beside the models is; None for equal recordings."""
    call: int = 0
    """The call where they diverge, counted from 1."""
    parts: tuple[RequestPartChange, ...] = ()
    """The parts of the request that differ there."""
    legible: bool = True
    """Whether the bodies of the requests up to there were read."""
    tool_results: RequestPartChange | None = None
    """The first result of a tool that differs, though the tool calls before were the same."""
    tool_results_compared: int = 0
    tool_results_left: int = 0
    """Results that could not be compared: the tool calls before them differ."""
    switches: tuple[tuple[str, str], ...] = ()
    """Requested models that replaced another one."""
    differed_before: bool = False
    """Whether an answer of the same model differed before any other tool result, or switch."""
    moves: tuple[tuple[str, str], ...] = ()
    """Served models that replaced another one behind the same requested name."""
    input_tokens: tuple[int, int] | None = None
    """Of the first request that is the same byte by byte, the model aside; cached ones included."""
    later: LaterDifference | None = None
    setting: ModelSetting | None = None
    """How the candidate's model was set; None where its prompts do not tell."""


class _Step(NamedTuple):
    old: NormalizedCall | None
    new: NormalizedCall | None

    @property
    def number(self) -> int:
        return self.new.number if self.new else self.old.number if self.old else 0


def find_divergence(baseline: Sequence[Call], candidate: Sequence[Call]) -> Divergence:
    """Compare the calls of two recordings.

    Calls with the same request belong together wherever they stand, since an app may send
    several at once; of the others, the first to the first. What a later request carries of the
    model's own earlier answers does not count as a difference of the request.
    """
    olds = normalize_calls(baseline)
    news, setting = put_old_name(olds, normalize_calls(candidate))
    walk = CallAligner(_Seen(olds))
    for step in _align(olds, news):
        walk.take(step)
    found = replace(walk.result(), calls=(len(olds), len(news)), setting=setting)
    if found.parting is FirstDivergence.CALLS:
        what = f"{len(olds)} → {count(len(news), 'call')}, though every answer before is the same"
        return replace(found, parts=(RequestPartChange(part=CALLS, what=what),))
    return found


class _Seen:
    """Everything that the app has sent in a recording; computed on first use."""

    def __init__(self, calls: Sequence[NormalizedCall]) -> None:
        self._calls = calls
        self.requested = {call.model for call in calls}
        self.served = {call.call.served_model for call in calls}
        self._plain: dict[tuple[str, str], tuple[NormalizedCall, Any]] = {}
        self._masked: set[tuple[str, str]] = set()

    def has(self, part: str, value: Any, *, call: NormalizedCall) -> bool:
        """Whether a piece of another recording's call is here, too, the model's words aside."""
        if not self._plain:
            for own in self._calls:
                for name, said in own.said():
                    self._plain.setdefault((name, dump_canonical_json(said)), (own, said))
        if (part, dump_canonical_json(value)) in self._plain:
            return True
        if not self._masked:
            for (name, _), (own, said) in self._plain.items():
                self._masked.add((name, dump_canonical_json(own.masked(said))))
        return (part, dump_canonical_json(call.masked(value))) in self._masked


class CallAligner:
    """Goes over the calls of two recordings in order and collects what differs."""

    def __init__(self, seen: _Seen) -> None:
        self._seen = seen
        self._parting: FirstDivergence | None = None
        self._call = 0
        self._parts: tuple[RequestPartChange, ...] = ()
        self._legible = True
        self._same_tool_calls = True
        self._tool_results: RequestPartChange | None = None
        self._results_late: list[bool] = []
        """Whether that difference came after the recordings diverged."""
        self._compared = self._left = 0
        self._switches: dict[tuple[str, str], bool] = {}
        self._moves: dict[tuple[str, str], None] = {}
        self._tokens: tuple[int, int] | None = None
        self._later: tuple[int, bool] | None = None
        self._later_parts: dict[str, int] = {}
        self._parted_by_the_same_model = False

    def take(self, step: _Step) -> None:
        """Take the next call of both, or of one."""
        old, new = step
        if old is None or new is None:
            self._same_tool_calls = False
            if self._parting is None:
                self._part(FirstDivergence.CALLS, step.number)
            elif self._later is None:
                self._later = (step.number, False)
            return
        self._compare_models(old, new)
        self._compare_tokens(old, new)
        results_differ = self._compare_tool_results(old, new)
        if self._parting is None:
            self._compare(old, new, results_differ=results_differ)
        elif old.raw != new.raw:
            self._later = self._later or (new.number, True)
            self._look_for_more(old, new)
        self._same_tool_calls &= old.tool_calls == new.tool_calls

    def result(self) -> Divergence:
        """Return what was collected."""
        later = None
        late = [*self._switches.values(), *self._results_late]
        if self._later is not None:
            call, paired = self._later
            later = LaterDifference(
                call=call,
                paired=paired,
                parts=tuple((call, part) for part, call in self._later_parts.items()),
            )
        return Divergence(
            parting=self._parting,
            call=self._call,
            parts=self._parts,
            legible=self._legible,
            tool_results=self._tool_results,
            tool_results_compared=self._compared,
            tool_results_left=self._left,
            switches=tuple(self._switches),
            differed_before=self._parted_by_the_same_model and any(late) and all(late),
            moves=tuple(self._moves),
            input_tokens=self._tokens,
            later=later,
        )

    def _part(self, parting: FirstDivergence, call: int) -> None:
        self._parting, self._call = parting, call

    def _compare(self, old: NormalizedCall, new: NormalizedCall, *, results_differ: bool) -> None:
        if not (old.call.request and new.call.request):
            self._legible = False
        elif changes := list(changes_of_fields(old.fields, new.fields, sides=SIDES)):
            self._parts = _by_part(changes)
            self._part(FirstDivergence.REQUEST, new.number)
            return
        if results_differ:
            self._part(FirstDivergence.REQUEST, new.number)
        elif old.answer != new.answer:
            self._part(FirstDivergence.ANSWER, new.number)
            self._parted_by_the_same_model = old.model == new.model

    def _compare_models(self, old: NormalizedCall, new: NormalizedCall) -> None:
        """Once the recordings diverged, only a model that no call of the baseline has is new."""
        parted = self._parting is not None
        if old.model != new.model:
            if old.model and new.model and not (parted and new.model in self._seen.requested):
                self._switches.setdefault((old.model, new.model), parted)
            return
        before, after = old.call.served_model, new.call.served_model
        if before and after and before != after:
            if parted and after in self._seen.served:
                return
            self._moves[before, after] = None

    def _compare_tokens(self, old: NormalizedCall, new: NormalizedCall) -> None:
        if self._tokens is None and old.call.request and old.raw == new.raw:
            before, after = _input_tokens(old.call), _input_tokens(new.call)
            if before and after:
                self._tokens = before, after

    def _compare_tool_results(self, old: NormalizedCall, new: NormalizedCall) -> bool:
        """Return whether a result that can be compared differs."""
        both = [
            index
            for index in new.results
            if index in old.results
            and not (
                old.quotes_answer(old.results[index][1])
                and new.quotes_answer(new.results[index][1])
            )
        ]
        if not self._same_tool_calls:
            self._left += len(new.results)
            return False
        self._compared += len(both)
        for index in both:
            (name, before), (_, after) = old.results[index], new.results[index]
            if dump_canonical_json(before) != dump_canonical_json(after):
                if self._tool_results is None:
                    what = json_change(before, after, blocks=True, sides=SIDES)
                    part = f"{plain(name)} (call {new.number})"
                    self._tool_results = RequestPartChange(part=part, what=what)
                    self._results_late.append(self._parting is not None)
                return True
        return False

    def _look_for_more(self, old: NormalizedCall, new: NormalizedCall) -> None:
        """Find the parts of a later request that the other answers do not explain."""
        if not (old.call.request and new.call.request):
            return
        for part, value in new.said():
            if not self._seen.has(part, value, call=new):
                self._later_parts.setdefault(part, new.number)


def _align(olds: Sequence[NormalizedCall], news: Sequence[NormalizedCall]) -> Iterator[_Step]:
    """Yield the calls that belong together, in the order of the candidate."""
    waiting: dict[str, deque[NormalizedCall]] = defaultdict(deque)
    for old in olds:
        waiting[dump_canonical_json(old.fields)].append(old)
    partners: dict[int, NormalizedCall] = {}
    for new in news:
        if same := waiting[dump_canonical_json(new.fields)]:
            partners[new.number] = same.popleft()
    taken = {old.number for old in partners.values()}
    rest = deque(old for old in olds if old.number not in taken)
    steps = []
    for new in news:
        partner = partners.get(new.number) or (rest.popleft() if rest else None)
        steps.append(_Step(partner, new))
    steps += [_Step(old, None) for old in rest]
    return iter(sorted(steps, key=lambda step: (step.number, step.new is not None)))


def _by_part(changes: Iterable[RequestPartChange]) -> tuple[RequestPartChange, ...]:
    """Return one change for each part of a request that differs."""
    told: dict[str, list[str]] = {part: [] for part in PARTS}
    for change in changes:
        if change.part in {SYSTEM, TOOLS, MESSAGES}:
            told[change.part].append(change.what)
        elif change.part.startswith("message "):
            told[MESSAGES].append(f"{change.part}: {change.what}")
        else:
            told[PARAMETERS].append(f"{change.part}: {change.what}")
    return tuple(
        RequestPartChange(part=part, what=join_first(what)) for part, what in told.items() if what
    )


def _input_tokens(call: Call) -> int:
    usage = call.usage
    return usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
