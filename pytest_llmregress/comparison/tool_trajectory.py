"""The tool calls of a test: how two trajectories relate, and which arguments differ."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_llmregress.behavior.registry import TOOL_ARGUMENTS, TOOL_LOOPS
from pytest_llmregress.comparison.argument_rules import (
    ArgumentRating,
    find_argument_differences,
    rate_argument,
)
from pytest_llmregress.comparison.json_difference import (
    Difference,
    format_difference,
    format_json_path,
)
from pytest_llmregress.comparison.trait_rules import MAX_DETAIL
from pytest_llmregress.formatting.value_text import format_value, printable, truncate
from pytest_llmregress.values.behavior import Change, Severity, Trait
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.comparison_rules import ArgumentRules, ToolMatch

SHUFFLED = "the same calls in another order"
MAX_LOOP = 3
"""How often a tool may be called with the same arguments where the baseline calls it once; and
how many times the baseline's number it may be."""


def build_mismatch(match: ToolMatch, before: Sequence[str], after: Sequence[str]) -> Change:
    """Return the change of a candidate whose tools break the relation that a test declares."""
    old, new = Counter(before), Counter(after)
    parts = {"gained": new - old, "lost": old - new}
    words = [f"{word} {format_value(dict(some))}" for word, some in parts.items() if some]
    return Change(
        trait="tools.match",
        severity=Severity.BREAKING,
        before=format_value(list(before)),
        after=format_value(list(after)),
        detail=truncate(f"not {match}: {'; '.join(words) or SHUFFLED}", MAX_DETAIL),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One tool call of a sample."""

    tool: str
    number: int
    """Which of the calls of this tool, from 0."""
    arguments: Any
    text: str = field(repr=False)
    """The arguments as canonical JSON."""
    agent: str
    """Which sub-agent has called it, and in which turn; empty where it was none."""
    closed: frozenset[str]
    """The places whose values the tool's schema lists: "kind", "lines[].state"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _RatedDifference:
    """One argument that differs, and how bad it is."""

    tool: str
    agent: str
    """Which sub-agent has called it on the new side, and in which turn, or ""."""
    difference: Difference
    rating: ArgumentRating


def compare_arguments(
    samples: Sequence[Any], after: Any, *, rules: ArgumentRules | None = None
) -> Change | None:
    """Return how the arguments of tool calls differ from the baseline's; None where they do not.

    Calls with the same tool and arguments belong together wherever they stand, the others of a
    tool in their order. A call that only one side has is left to the other traits of tools.
    Of several samples the closest one is told; what any of them shows is no difference.

    :param samples: what "tools.arguments" is in each sample of the baseline: a list of objects
        with "name" and "arguments".
    :param rules: how the test says that single arguments are compared.
    """
    new = _calls(after)
    olds = [_calls(sample) for sample in samples]
    closest = min(olds, key=lambda old: _distance(old, new))
    rated = list(_rate_pairs(closest, new, olds, rules or ArgumentRules()))
    if rated:
        return _build_change(sorted(rated, key=_order))
    if any(_is_shuffled(old, new) for old in olds):
        words = (
            format_value([call.text for call in olds[0]]),
            format_value([call.text for call in new]),
        )
        return Change(
            trait=TOOL_ARGUMENTS,
            severity=Severity.COSMETIC,
            before=words[0],
            after=words[1],
            detail=SHUFFLED,
        )
    return None


def without_declared_keys(trait: Trait, rules: ArgumentRules) -> Trait:
    """Return "tools.arg_keys" without the keys that a test allows to be there or not."""
    if not isinstance(trait.value, dict):
        return trait
    kept = {}
    for tool, combinations in trait.value.items():
        held = [
            [key for key in each.split(",") if not rules.allows_absence(f"{tool}.{key}")]
            for each in combinations
        ]
        kept[tool] = sorted({",".join(keys) for keys in held})
    return replace(trait, value=kept)


def compare_loops(olds: Sequence[Trait], new: Trait) -> Change | None:
    """Return the tools that are called with the same arguments far more often; None for none."""
    known = [_counts(old.value) for old in olds]
    loops = {}
    for tool, times in _counts(new.value).items():
        before = max((each.get(tool, 1) for each in known), default=1)
        if times > MAX_LOOP * before:
            loops[tool] = before, times
    if not loops:
        return None
    return Change(
        trait=TOOL_LOOPS,
        severity=Severity.BREAKING,
        before=format_value({tool: before for tool, (before, _) in loops.items()}),
        after=format_value({tool: times for tool, (_, times) in loops.items()}),
        detail=truncate(f"the same arguments each time: {', '.join(loops)}", MAX_DETAIL),
        parts=tuple(loops),
    )


def _counts(value: Any) -> Mapping[str, int]:
    items = value.items() if isinstance(value, dict) else ()
    return {str(tool): times for tool, times in items if isinstance(times, int)}


def _rate_pairs(
    closest: Sequence[_Call],
    new: Sequence[_Call],
    olds: Sequence[Sequence[_Call]],
    rules: ArgumentRules,
) -> Iterator[_RatedDifference]:
    for was, now in _pairs(closest, new):
        seen = _seen(was, olds)
        for difference in find_argument_differences(was.arguments, now.arguments):
            place = format_json_path(difference.path, any_index=True)
            rating = rate_argument(
                difference,
                seen,
                match=rules.find(f"{was.tool}.{place}"),
                is_listed=bool({place, f"{place}[]"} & (was.closed | now.closed)),
            )
            if rating is not None:
                yield _RatedDifference(
                    tool=was.tool, agent=now.agent, difference=difference, rating=rating
                )


def _order(rated: _RatedDifference) -> tuple[int, bool]:
    return -rated.rating.severity.rank, rated.rating.noisy


def _calls(value: Any) -> tuple[_Call, ...]:
    """Read a value of the trait; skip an item that an edited file holds and that is not a call."""
    numbers: Counter[str] = Counter()
    calls = []
    for item in value if isinstance(value, list | tuple) else ():
        if not isinstance(item, dict):
            continue
        tool, arguments = str(item.get("name", "")), item.get("arguments", {})
        call = _Call(
            tool=tool,
            number=numbers[tool],
            arguments=arguments,
            text=dump_canonical_json(arguments),
            agent=str(item.get("agent", "")),
            closed=frozenset(map(str, item.get("closed") or ())),
        )
        numbers[tool] += 1
        calls.append(call)
    return tuple(calls)


def _pairs(old: Sequence[_Call], new: Sequence[_Call]) -> tuple[tuple[_Call, _Call], ...]:
    """Put together the calls of each tool that have no equal on the other side, in order."""
    unmatched = Counter((call.tool, call.text) for call in new)
    changed: dict[str, list[_Call]] = {}
    for call in old:
        key = call.tool, call.text
        if unmatched[key]:
            unmatched[key] -= 1
        else:
            changed.setdefault(call.tool, []).append(call)
    pairs = []
    for call in new:
        key = call.tool, call.text
        if unmatched[key]:
            unmatched[key] -= 1
            if changed.get(call.tool):
                pairs.append((changed[call.tool].pop(0), call))
    return tuple(pairs)


def _distance(old: Sequence[_Call], new: Sequence[_Call]) -> tuple[int, int]:
    """Return how many calls have no counterpart, and how many arguments differ in those that do."""
    counts = Counter(call.tool for call in old), Counter(call.tool for call in new)
    alone = (counts[0] - counts[1]).total() + (counts[1] - counts[0]).total()
    pairs = _pairs(old, new)
    differ = (find_argument_differences(was.arguments, now.arguments) for was, now in pairs)
    return alone, sum(len(list(found)) for found in differ)


def _seen(call: _Call, samples: Sequence[Sequence[_Call]]) -> list[Any]:
    """Return the arguments that each sample gives to the same call of the same tool."""
    return [
        other.arguments
        for sample in samples
        for other in sample
        if (other.tool, other.number) == (call.tool, call.number)
    ]


def _is_shuffled(old: Sequence[_Call], new: Sequence[_Call]) -> bool:
    """Say whether only the calls of one and the same tool changed places."""
    if [call.tool for call in old] != [call.tool for call in new]:
        return False
    texts = [call.text for call in old], [call.text for call in new]
    return texts[0] != texts[1] and Counter(texts[0]) == Counter(texts[1])


def _build_change(rated: Sequence[_RatedDifference]) -> Change:
    before, after = _in_words(rated[0])
    others = [" → ".join(_in_words(each)) for each in rated[1:]]
    told = [f"in {printable(rated[0].agent)}"] if rated[0].agent else []
    told += [f"and {len(others)} more: {'; '.join(others)}"] if others else []
    worst = rated[0].rating
    return Change(
        trait=TOOL_ARGUMENTS,
        severity=worst.severity,
        before=before,
        after=after,
        detail=truncate("; ".join(told), MAX_DETAIL),
        parts=tuple(
            f"{each.tool}: {format_json_path(each.difference.path)}"
            for each in rated
            if each.rating == worst
        ),
        noisy=worst.noisy,
    )


def _in_words(rated: _RatedDifference) -> tuple[str, str]:
    before, after = format_difference(rated.difference)
    return f"{rated.tool}: {format_json_path(rated.difference.path)} {before}", after
