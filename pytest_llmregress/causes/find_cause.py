"""Finds what a drift is consistent with, from the two recordings; never what caused it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_llmregress.causes.divergence import PARTS, Divergence, FirstDivergence, find_divergence
from pytest_llmregress.causes.model_setting import ModelSetting
from pytest_llmregress.formatting.one_line_diff import plain
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.cause import (
    NOT_COMPARED,
    NOT_KNOWN,
    SAME,
    BeforeAfter,
    Cause,
    CauseKind,
    RequestPartChange,
)
from pytest_llmregress.values.model_names import is_as_requested

MODEL = "model"
_OR_CHANCE = "consistent with a change at the provider, or with chance"
_MANY = 3
"""Names that are told one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSide:
    """What was recorded of one test, as far as causes are concerned."""

    calls: Sequence[Call] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the packages that recorded."""
    recorded_at: str = ""


def find_cause(baseline: RecordedSide, candidate: RecordedSide) -> Cause:
    """Say what the drift between two recordings of a test is consistent with.

    Nothing is raised, whatever the requests hold.
    """
    found = find_divergence(baseline.calls, candidate.calls)
    requested = _shift(baseline, candidate, "requested_model")
    served = _shift(baseline, candidate, "served_model")
    spoken = _shift(baseline, candidate, "provider")
    is_moved = spoken.moved and bool(spoken.before) and bool(spoken.after)
    program = _shift(baseline, candidate, "program")
    is_other = program.moved and bool(program.before) and bool(program.after)
    facts = _Facts(
        found=found,
        served=served,
        providers=str(spoken) if is_moved else None,
        program=str(program) if is_other else "",
    )
    kind = _judge(facts)
    return Cause(
        kind=kind,
        summary=_summary(kind, facts),
        parts=_parts(facts),
        requested=requested,
        served=served,
        alias_moved=bool(found.moves),
        recorded_at=BeforeAfter(
            before=_names([baseline.recorded_at]), after=_names([candidate.recorded_at])
        ),
        versions={
            plain(name): BeforeAfter(
                before=_names([baseline.versions.get(name, "")]),
                after=_names([candidate.versions.get(name, "")]),
            )
            for name in sorted({*baseline.versions, *candidate.versions})
        },
        tool_results=_tool_results(found),
        input_tokens=found.input_tokens,
        divergence=_divergence(facts),
        later=_later(facts),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """The facts that decide the cause."""

    found: Divergence
    served: BeforeAfter
    providers: str | None = None
    """Whose wire format both sides speak, with an arrow; None where it is the same."""
    program: str = ""
    """The versions of the agent's program, with an arrow; empty where it is the same, or untold."""

    @property
    def is_of_program(self) -> bool:
        """Whether the requests differ, and another version of the agent's program wrote them."""
        return bool(self.program) and bool(self.found.parts)

    @property
    def changed(self) -> tuple[str, ...]:
        """The changes of client and request, in words."""
        found = self.found
        words = [] if self.providers is None else [f"provider {self.providers}"]
        parts = _names_of_parts(found)
        words += [f"agent program {self.program} ({_list(parts)})"] if self.is_of_program else parts
        if found.tool_results is not None:
            words.append(f"the result of {found.tool_results.part}")
        if found.switches:
            words.append(f"model {_arrows(found.switches)}")
        if found.moves:
            words.append(f"served model {_arrows(found.moves)}")
        if found.differed_before:
            words.append("an earlier answer of the same model")
        return tuple(words)


def _judge(facts: _Facts) -> CauseKind:
    """Go down the table: what the requests say comes before what the replies say."""
    found = facts.found
    same_served = bool(facts.served.before) and not facts.served.moved
    table = (
        (not any(found.calls), CauseKind.UNKNOWN),
        (len(facts.changed) > 1, CauseKind.SEVERAL),
        (facts.is_of_program, CauseKind.PROGRAM),
        (bool(found.parts), CauseKind.REQUEST),
        (found.tool_results is not None, CauseKind.TOOL_RESULT),
        (bool(found.switches) and not same_served, CauseKind.MODEL),
        (bool(found.moves), CauseKind.SERVED_MODEL),
        (found.parting is not None, CauseKind.PROVIDER),
    )
    return next((kind for applies, kind in table if applies), CauseKind.NONE)


def _summary(kind: CauseKind, facts: _Facts) -> str:
    found = facts.found
    switch, move = _arrows(found.switches), _arrows(found.moves)
    words = {
        CauseKind.REQUEST: f"request changed: {_list(facts.changed)}; not model drift",
        CauseKind.PROGRAM: (
            f"agent program changed: {facts.program}, and with it {_list(_names_of_parts(found))}; "
            "not model drift"
        ),
        CauseKind.TOOL_RESULT: (
            f"{_list(facts.changed)} changed, after the same tool calls; not model drift"
        ),
        CauseKind.MODEL: f"consistent with the model switch {switch}: {_otherwise(facts)}",
        CauseKind.SERVED_MODEL: (
            f"served model changed behind the same name: {move}; {_otherwise(facts)}"
        ),
        CauseKind.PROVIDER: _provider(facts),
        CauseKind.SEVERAL: (
            f"several things changed ({_list(facts.changed)}): none of them is singled out"
        ),
        CauseKind.NONE: "requests and answers are the same in both recordings",
        CauseKind.UNKNOWN: "no calls of a model on either side; cannot attribute",
    }[kind]
    if kind in {CauseKind.MODEL, CauseKind.SERVED_MODEL, CauseKind.PROVIDER}:
        words += _reservation(facts)
    return words + _setting(facts)


def _names_of_parts(found: Divergence) -> list[str]:
    return [part.part for part in found.parts]


def _setting(facts: _Facts) -> str:
    """Say whether the application was set to the new model, where its prompts name a model."""
    switches = _arrows(facts.found.switches)
    match facts.found.setting if switches else None:
        case ModelSetting.OWN:
            return "; the application itself was set to it: its prompts name the new model"
        case ModelSetting.REWRITTEN:
            return "; its requests were rewritten: the prompts still name the old model"
    return ""


def _provider(facts: _Facts) -> str:
    if facts.found.switches:
        name = f"another name for the model ({_arrows(facts.found.switches)})"
        return f"{name}, same served model ({_list(facts.served.after)}): {_OR_CHANCE}"
    request = "same request" if facts.found.legible else "same model, request not known"
    served = _list(facts.served.after)
    model = f"same served model ({served})" if served else "served model not known"
    return f"{request}, {model}, other behavior: {_OR_CHANCE}"


def _otherwise(facts: _Facts) -> str:
    """Say how much of the requests is the same up to where the recordings part."""
    found = facts.found
    if not found.legible:
        return "what else the requests hold is not known"
    if found.parting is None:
        return "every request is otherwise identical, and so is every answer"
    if facts.found.calls == (1, 1):
        return "the request is otherwise identical"
    first = "first request is" if found.call == 1 else f"first {found.call} requests are"
    return f"the {first} otherwise identical"


def _reservation(facts: _Facts) -> str:
    """Name the facts that a claim about the model leaves open."""
    words = ""
    asked = [new for _, new in facts.found.switches]
    served = facts.served.after
    if served and any(not any(is_as_requested(name, one) for one in served) for name in asked):
        words += f"; served by {_list(served)}"
    later = facts.found.later
    if later is not None and later.parts:
        call, part = later.parts[0]
        place = f"the {plain(part)} of call {call}"
        words += f"; another difference, in {place}, may follow from it or not"
    return words


def _parts(facts: _Facts) -> tuple[RequestPartChange, ...]:
    found = facts.found
    told = {change.part: change.what for change in found.parts}
    rest = SAME if found.legible and all(facts.found.calls) else NOT_KNOWN
    parts = [RequestPartChange(part=part, what=told.pop(part, rest)) for part in PARTS]
    model = _arrows(found.switches) or (SAME if all(facts.found.calls) else NOT_KNOWN)
    parts.append(RequestPartChange(part=MODEL, what=model))
    if facts.providers is not None:
        parts.append(RequestPartChange(part="provider", what=facts.providers))
    return (*parts, *(RequestPartChange(part=part, what=what) for part, what in told.items()))


def _tool_results(found: Divergence) -> str:
    if found.tool_results is not None:
        return f"{found.tool_results.part}: {found.tool_results.what}"
    if found.tool_results_compared:
        return SAME
    return NOT_COMPARED if found.tool_results_left else ""


def _divergence(facts: _Facts) -> str:
    call = f"call {facts.found.call}"
    match facts.found.parting:
        case None:
            return ""
        case FirstDivergence.REQUEST:
            return f"the recordings part at the request of {call}"
        case FirstDivergence.ANSWER:
            return f"the recordings part at the answer of {call}: its request is the same"
        case FirstDivergence.CALLS:
            side = "candidate" if facts.found.calls[1] > facts.found.calls[0] else "baseline"
            return f"the recordings part at {call}, which only the {side} makes"


def _later(facts: _Facts) -> str:
    found = facts.found
    if found.later is None or found.parting is not FirstDivergence.ANSWER:
        return ""
    other = "the other model's" if found.switches or found.moves else "other"
    if not found.later.paired:
        side = "candidate" if facts.found.calls[1] > facts.found.calls[0] else "baseline"
        return f"call {found.later.call} is made by the {side} only, behind {other} answers"
    words = f"from call {found.later.call} on the requests differ: they carry {other} answers"
    if not found.later.parts:
        return words
    named = [f"the {plain(part)} of call {call}" for call, part in found.later.parts]
    return f"{words}; beyond that, differences in {_list(named)}"


def _shift(baseline: RecordedSide, candidate: RecordedSide, model: str) -> BeforeAfter:
    before, after = (
        _names(getattr(call, model) or "" for call in side.calls) for side in (baseline, candidate)
    )
    return BeforeAfter(before=before, after=after)


def _names(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in printable form, in order of first use."""
    return tuple(dict.fromkeys(plain(name) for name in names if name))


def _arrows(pairs: Iterable[tuple[str, str]]) -> str:
    return _list([f"{plain(old)} → {plain(new)}" for old, new in pairs])


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return ", ".join(names[:_MANY]) + more
