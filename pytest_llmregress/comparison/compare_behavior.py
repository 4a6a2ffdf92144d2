"""What changed between two behaviors: exactly for a replay, by rules for a new recording."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from operator import is_

from pytest_llmregress.behavior.registry import (
    CONVERSATIONS,
    TOOL_ARGUMENT_KEYS,
    TOOL_ORDER,
    find_noise_policy,
    is_in_trajectory,
)
from pytest_llmregress.behavior.trait_record import NoisePolicy, members, number
from pytest_llmregress.comparison.baseline_variance import (
    is_quarantined,
    is_same_trait,
    rank_by_frequency,
    varies,
)
from pytest_llmregress.comparison.compare_answers import (
    compare_answers,
    compare_facts,
    compare_json_values,
)
from pytest_llmregress.comparison.conversation_pairs import (
    OF_A_REPLY,
    Conversation,
    ConversationPairs,
    merge_conversations,
    pair_conversations,
)
from pytest_llmregress.comparison.tool_trajectory import (
    build_mismatch,
    compare_arguments,
    compare_loops,
    without_declared_keys,
)
from pytest_llmregress.comparison.trait_rules import MAX_DETAIL, build_change, compare_pair
from pytest_llmregress.formatting.value_text import format_value, truncate
from pytest_llmregress.values.behavior import (
    Behavior,
    Change,
    Severity,
    Trait,
    TraitKind,
    worst_first,
)
from pytest_llmregress.values.comparison_rules import ArgumentRules, Severities, ToolMatch

Classify = Callable[[Change, Trait | None, Trait | None], Severity | None]
"""From a change, with its trait before and after where it has one, to another severity, or None.

Of a baseline of several samples it is the trait with the most frequent value.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitDifference:
    """A change, and the traits that it was found in."""

    change: Change
    before: Trait | None = None
    """That of the baseline with the most frequent value."""
    after: Trait | None = None


def compare(  # noqa: PLR0913 - one argument for each source of a severity
    before: Behavior | Sequence[Behavior],
    after: Behavior,
    *,
    severities: Severities | None = None,
    classify: Classify | None = None,
    tools: ToolMatch | None = None,
    arguments: ArgumentRules | None = None,
) -> tuple[Change, ...]:
    """Return what a new recording does differently, worst first, then in the order of its traits.

    A built-in trait has its own rule; any other is compared by its kind, with its own severity.
    A trait that only one side has is no change: `pipeline.extract.find_uncompared` tells it.

    With several samples the baseline is held against itself first. A value that one of them
    shows is no change, nor is a number within their range; a set gains what none has, and
    loses what all have; a category or a set of which another value is to be expected is
    quarantined, that is cosmetic. Of the facts in a text only those count that every sample
    states. No name raises a change of what is quarantined; `classify` may.

    :param before: the baseline's behavior, or that of each of its samples.
    :param severities: those of the project, over those of the rules.
    :param classify: has the last word on the severity of each change.
    :param tools: how the tools of the new recording have to relate to the baseline's; where
        they do, which and how many they are is cosmetic. Their arguments count as ever.
    :param arguments: how single arguments of tools are compared.
    """
    samples = (before,) if isinstance(before, Behavior) else tuple(before)
    found = find_changes(samples, after, arguments=arguments)
    return apply_severities(
        _apply_tool_match(tools, found, samples, after) if tools else found,
        severities=severities,
        classify=classify,
    )


def diff_traits(before: Behavior, after: Behavior) -> tuple[Change, ...]:
    """Return every trait that a replay did not reproduce, each with its own severity.

    The recording is the same on both sides, so numbers and texts have to be equal as well.
    Traits that only one side has are left out, as in `compare`.
    """
    return worst_first(
        _build_exact_change(old, new)
        for (old,), new in _common_traits([before], after)
        if not _is_untold(new) and not is_same_trait(old, new)
    )


def _is_untold(trait: Trait) -> bool:
    """Say whether a replay has nothing to say of a trait: other traits do, or it may be any."""
    return trait.name == CONVERSATIONS or find_noise_policy(trait) is NoisePolicy.ALWAYS


def find_changes(
    samples: Sequence[Behavior], after: Behavior, *, arguments: ArgumentRules | None = None
) -> tuple[TraitDifference, ...]:
    """Return what the rules find, in the order of the traits.

    Where a side has several conversations, each reply is held against the baseline's reply to
    the same, and a change of several is told once, with the worst.
    """
    paired = pair_conversations(samples, after)
    found = [
        TraitDifference(change=change, before=rank_by_frequency(olds)[0][0], after=new)
        for olds, new in _common_traits(samples, after)
        if not (paired and new.name in OF_A_REPLY)
        and (change := _compare_trait(olds, new, arguments)) is not None
    ]
    if paired is None:
        return tuple(found)
    order = {trait.name: at for at, trait in enumerate(after.traits)}
    found += _compare_replies(paired)
    return tuple(sorted(found, key=lambda each: order.get(each.change.trait, len(order))))


def _compare_replies(paired: ConversationPairs) -> Iterator[TraitDifference]:
    """Yield one change for each trait that any reply has changed, and that of the conversations."""
    by_trait: dict[str, list[tuple[Conversation, TraitDifference]]] = {}
    for conversation, peers in paired.pairs:
        for difference in find_changes(peers.olds, peers.new):
            known = by_trait.setdefault(difference.change.trait, [])
            known.append((conversation, difference))
    for found in by_trait.values():
        changes = [(conversation, each.change) for conversation, each in found]
        change, worst = merge_conversations(changes)
        yield replace(found[worst][1], change=change)
    if paired.change is not None:
        yield TraitDifference(change=paired.change)


def apply_severities(
    found: Iterable[TraitDifference], *, severities: Severities | None, classify: Classify | None
) -> tuple[Change, ...]:
    """Apply a project's severities to what the rules found; return the changes, worst first."""
    changes = []
    for each in found:
        change = severities.apply_to(each.change) if severities else each.change
        if change is None:
            continue
        severity = classify(change, each.before, each.after) if classify else None
        changes.append(replace(change, severity=severity) if severity else change)
    return worst_first(changes)


def _common_traits(
    samples: Sequence[Behavior], after: Behavior
) -> Iterator[tuple[list[Trait], Trait]]:
    """Yield each trait of a recording with those of the samples that have it, too.

    Those that are one and the same on all sides are left out: they are in most comparisons.
    """
    by_name = [sample.by_name for sample in samples]
    for trait in after.traits:
        name = trait.name
        olds = [traits[name] for traits in by_name if name in traits]
        if not all(map(is_, olds, repeat(trait))):
            yield olds, trait


def _build_exact_change(old: Trait, new: Trait) -> Change:
    has_arguments = find_noise_policy(new) is NoisePolicy.EACH_ARGUMENT
    change = compare_arguments([old.value], new.value) if has_arguments else None
    return replace(change, severity=new.severity) if change else build_change(old, new)


def _compare_trait(
    olds: Sequence[Trait], new: Trait, arguments: ArgumentRules | None
) -> Change | None:
    if arguments is not None and new.name == TOOL_ARGUMENT_KEYS:
        olds = [without_declared_keys(old, arguments) for old in olds]
        new = without_declared_keys(new, arguments)
    policy = find_noise_policy(new)
    if policy not in _OF_PLACES and any(old is new or is_same_trait(old, new) for old in olds):
        return None
    if policy is NoisePolicy.EACH_ARGUMENT:
        return compare_arguments([old.value for old in olds], new.value, rules=arguments)
    compare_values = _COMPARISONS.get(policy)
    return None if compare_values is None else compare_values(olds, new)


def _compare_whole(olds: Sequence[Trait], new: Trait) -> Change | None:
    change = _compare_by_kind(olds, new)
    if change is None:
        return None
    if is_quarantined(olds):
        detail = f"the baseline itself shows {len(rank_by_frequency(olds))} values"
        return replace(change, severity=Severity.COSMETIC, detail=detail, noisy=True)
    return replace(change, noisy=new.kind is TraitKind.TEXT and varies(olds))


def _compare_by_kind(olds: Sequence[Trait], new: Trait) -> Change | None:
    match new.kind:
        case TraitKind.CATEGORY:
            return _compare_category(olds, new)
        case TraitKind.SET:
            return _compare_set(olds, new)
        case TraitKind.NUMBER:
            return _compare_with_range(olds, new)
        case TraitKind.TEXT:
            return compare_pair(olds[0], new)


def _compare_category(olds: Sequence[Trait], new: Trait) -> Change | None:
    """Hold a value against the most frequent one that the rule has something to say about."""
    ranked = rank_by_frequency(olds)
    changes = (compare_pair(old, new) for old, _ in ranked)
    change = next((change for change in changes if change is not None), None)
    if change is None or len(ranked) == 1:
        return change
    shown = ", ".join(f"{format_value(old.value)} x{count}" for old, count in ranked)
    said = f"{change.detail}; " if change.detail else ""
    return replace(change, detail=truncate(f"{said}baseline: {shown}", MAX_DETAIL))


def _compare_set(olds: Sequence[Trait], new: Trait) -> Change | None:
    """Hold a set against what all samples have, and what any of them shares with it."""
    sets, now = [members(old) for old in olds], members(new)
    expected = frozenset.intersection(*sets) | (frozenset.union(*sets) & now)
    if expected == now:
        return None
    return compare_pair(replace(olds[0], value=sorted(expected)), new)


def _compare_with_range(olds: Sequence[Trait], new: Trait) -> Change | None:
    """Hold a number against the nearer end of what the samples span."""
    numbers = [found for old in olds if (found := number(old)) is not None]
    now = number(new)
    if now is None or len(numbers) < len(olds):  # a value is not a number
        return build_change(rank_by_frequency(olds)[0][0], new)
    low, high = min(numbers), max(numbers)
    if low <= now <= high:
        return None
    change = compare_pair(replace(olds[0], value=high if now > high else low), new)
    if change is None or low == high:
        return change
    return replace(change, before=f"{format_value(low)} to {format_value(high)}")


def _apply_tool_match(
    match: ToolMatch, found: Sequence[TraitDifference], samples: Sequence[Behavior], after: Behavior
) -> Iterator[TraitDifference]:
    """Yield a broken relation first; where it holds, make the traits that it covers cosmetic."""
    now = after.get(TOOL_ORDER)
    olds = [order for sample in samples if (order := sample.get(TOOL_ORDER)) is not None]
    if now is None or not olds:
        yield from found
        return
    is_kept = any(match.allows(_names(old), _names(now)) for old in olds)
    if not is_kept:
        old = rank_by_frequency(olds)[0][0]
        yield TraitDifference(
            change=build_mismatch(match, _names(old), _names(now)), before=old, after=now
        )
    for each in found:
        if is_kept and is_in_trajectory(each.change.trait):
            yield replace(each, change=replace(each.change, severity=Severity.COSMETIC))
        else:
            yield each


def _names(order: Trait) -> list[str]:
    return [str(name) for name in order.value] if isinstance(order.value, list | tuple) else []


_COMPARISONS: Mapping[NoisePolicy, Callable[[Sequence[Trait], Trait], Change | None]] = {
    NoisePolicy.WHOLE: _compare_whole,
    NoisePolicy.EACH_FACT: compare_facts,
    NoisePolicy.EACH_LOOP: compare_loops,
    NoisePolicy.EACH_VALUE: compare_json_values,
    NoisePolicy.ANSWER: compare_answers,
    NoisePolicy.ALWAYS: lambda _olds, _new: None,
}
"""By policy, how all samples of a baseline are held against a new one."""
_OF_PLACES = frozenset({NoisePolicy.EACH_VALUE, NoisePolicy.EACH_CONVERSATION})
"""Policies whose comparisons find out place by place that two values are the same."""
