"""The rules of built-in traits: how bad it is that one value became another."""

from collections.abc import Iterable, Mapping
from itertools import product

from pytest_llmregress.behavior.extractors import (
    AS_REQUESTED,
    BARE_CODE,
    DOES_NOT_PARSE,
    FEW_TOOLS,
    OPTIONAL,
)
from pytest_llmregress.behavior.text.closed_answer import CLOSED, Form
from pytest_llmregress.behavior.text.language import CHINESE
from pytest_llmregress.behavior.text.stop_words import SIBLINGS
from pytest_llmregress.behavior.text.text_facts import MAX_KEY_PATHS, JsonForm
from pytest_llmregress.behavior.trait_record import Assessment, gained_and_lost, members
from pytest_llmregress.values.behavior import Severity, Trait

_BREAKING = Assessment(severity=Severity.BREAKING)
_NOTABLE = Assessment(severity=Severity.NOTABLE)
_IMPROVED = Assessment(severity=Severity.NOTABLE, detail="improved")
_NO_LONGER_REFUSES = Assessment(
    severity=Severity.BREAKING, detail="it no longer refuses, as the accepted recording does"
)
_REFUSED = "refused"
"""How the outcome of a refusal begins: its category may follow."""
_PAUSED = "paused"
_COMPLETED = frozenset({"answered", "tool_use"})
"""The outcomes of a test whose last call ended normally."""
_OPPOSITES = {JsonForm.PURE, JsonForm.NOT_JSON}
_NULL = "null"
_BARE = (Form.LABEL, Form.NUMBER, Form.DATE)
_BARE_PAIRS = frozenset(product(_BARE, _BARE))
_WITH_OWN_TRAITS = frozenset({Form.EMPTY, Form.JSON, Form.CODE})
_NEAR_FORMS = frozenset(
    map(
        frozenset,
        [
            (Form.PHRASE, Form.SENTENCE),
            (Form.PHRASE, Form.SENTENCES),
            (Form.SENTENCE, Form.SENTENCES),
            (Form.SENTENCES, Form.PROSE),
            (Form.PROSE, Form.LIST),
        ],
    )
)
"""Pairs of forms that a rewording turns into each other, or that "text.shape" tells apart."""


def assess_outcome(before: Trait, after: Trait) -> Assessment:
    """Rate as breaking: an abnormal outcome, a lost refusal, an end on an unanswered tool call."""
    if str(after.value) == _PAUSED:
        return Assessment(severity=Severity.BREAKING, detail="no call goes on with it")
    if str(after.value) not in _COMPLETED:
        return _BREAKING
    if str(before.value).startswith(_REFUSED):
        return _NO_LONGER_REFUSES
    if str(before.value) not in _COMPLETED:
        return _IMPROVED
    if after.value == "tool_use":
        detail = "ends on a tool call that nothing answers"
        return Assessment(severity=Severity.BREAKING, detail=detail)
    return _NOTABLE


def assess_refusal(before: Trait, after: Trait) -> Assessment:
    """Take a refusal for breaking, and so its end: a refusal that is accepted is a guard.

    That a part of what was asked for is declined beside an answer, or is no longer, is notable.
    """
    if after.value == "soft":
        return Assessment(severity=Severity.BREAKING, detail=_quote(after))
    if before.value == "soft":
        return _NO_LONGER_REFUSES
    if after.value == "partial":
        return Assessment(severity=Severity.NOTABLE, detail=f"declines a part: {_quote(after)}")
    return Assessment(severity=Severity.NOTABLE, detail="no longer declines a part")


def assess_faults(before: Trait, after: Trait) -> Assessment:
    """Take a new member for breaking, in a set of which every member is a fault."""
    gained, lost = gained_and_lost(before, after)
    if not gained:
        return _IMPROVED
    words = [f"gained {', '.join(sorted(gained))}", _quote(after)]
    words += [f"lost {', '.join(sorted(lost))}"] if lost else []
    return Assessment(severity=Severity.BREAKING, detail="; ".join(filter(None, words)))


def assess_interruptions(before: Trait, after: Trait) -> Assessment:
    """Take an abnormal outcome that the baseline has not for breaking, with the calls."""
    gained, lost = gained_and_lost(before, after)
    if not gained:
        return _IMPROVED
    words = [after.quote or f"gained {', '.join(sorted(gained))}"]
    words += [f"lost {', '.join(sorted(lost))}"] if lost else []
    return Assessment(severity=Severity.BREAKING, detail="; ".join(words))


def assess_demands(before: Trait, after: Trait) -> Assessment:
    """Take the loss of demanded words for breaking, unless others of the prompt's stand there."""
    gained, lost = gained_and_lost(before, after)
    if not lost:
        return _IMPROVED
    severity = Severity.NOTABLE if gained else Severity.BREAKING
    said = f"the prompt asks each answer for it; no longer {', '.join(sorted(lost))}"
    return Assessment(severity=severity, detail=said)


def assess_served_model(_before: Trait, after: Trait) -> Assessment:
    """Take the model that was asked for, instead of another one, for an improvement."""
    return _IMPROVED if after.value == AS_REQUESTED else Assessment()


def assess_tool_set(before: Trait, after: Trait) -> Assessment:
    """Take a new tool for breaking, and so the loss of all of them."""
    gained, _ = gained_and_lost(before, after)
    return _BREAKING if gained or not members(after) else _NOTABLE


def assess_parallel(before: Trait, after: Trait) -> Assessment | None:
    """See no change where a side has fewer than two tool calls: neither parallel nor serial."""
    return None if FEW_TOOLS in (before.value, after.value) else Assessment()


def assess_json_form(before: Trait, after: Trait) -> Assessment:
    """Take prose that turns into bare JSON for as bad as the reverse: a reader is no parser."""
    forms = {before.value, after.value}
    if before.value == JsonForm.PURE or after.value == JsonForm.NOT_JSON or forms == _OPPOSITES:
        return _BREAKING
    return _IMPROVED if after.value == JsonForm.PURE else _NOTABLE


def assess_json_keys(before: Trait, after: Trait) -> Assessment:
    """Take a key that is lost or has another type for breaking.

    Null and what is empty are values of their key, and a schema may call a key optional. Of a
    full list, which is cut off, only the keys count that both lists reach.
    """
    full = [max(paths) for paths in map(members, (before, after)) if len(paths) >= MAX_KEY_PATHS]
    gained, lost = gained_and_lost(before, after)
    reached = {path for path in lost if path <= min(full, default=path)}
    old, new = _types(members(before)), _types(members(after))
    if any(_is_gone(path, old, new) for path in reached):
        return _BREAKING
    now_empty = sorted({path for path in _types(reached) if new.get(path, {_NULL}) == {_NULL}})
    filled = sorted(each for each in gained if _types([each]).keys().isdisjoint(now_empty))
    said = {"gained": filled, "null, empty or absent": now_empty}
    detail = "; ".join(f"{word} {', '.join(some)}" for word, some in said.items() if some)
    return Assessment(severity=Severity.NOTABLE, detail=detail)


def assess_form(before: Trait, after: Trait) -> Assessment | None:
    """Take the loss of a closed answer's form for breaking; leave JSON and code to their traits.

    A phrase is close to a label and to a sentence, and a few sentences to one and to prose.
    """
    old, new = str(before.value), str(after.value)
    if old in CLOSED and new not in {Form.EMPTY, Form.PHRASE} and (old, new) not in _BARE_PAIRS:
        lost = "ends on an answer line" if old == Form.ANSWER_LINE else f"a bare {old}"
        return Assessment(severity=Severity.BREAKING, detail=f"no longer {lost}")
    is_told_elsewhere = {old, new} & _WITH_OWN_TRAITS or (new in CLOSED and old == Form.PHRASE)
    if is_told_elsewhere or old in CLOSED or frozenset({old, new}) in _NEAR_FORMS:
        return None
    return _NOTABLE


def _types(paths: Iterable[str]) -> dict[str, set[str]]:
    """Return the types of each key by its path, without the mark of an optional one."""
    found: dict[str, set[str]] = {}
    for each in paths:
        path, _, kind = each.rpartition(": ")
        found.setdefault(path.removesuffix(OPTIONAL), set()).add(kind)
    return found


def _is_gone(lost: str, old: Mapping[str, set[str]], new: Mapping[str, set[str]]) -> bool:
    """Say whether a key is lost or has another type, and is not null, empty or optional."""
    path = lost.rpartition(": ")[0]
    if path.endswith(OPTIONAL) and path.removesuffix(OPTIONAL) not in new:
        return False
    path = path.removesuffix(OPTIONAL)
    if path in new:
        return not (_NULL in old[path] | new[path] or old[path] & new[path])
    parents = [path[:at] for at in _ends_of_parents(path)]
    if any(parent in old and parent not in new for parent in parents):
        return False  # the parent itself is lost
    parent = next((parent for parent in parents if parent in new), "")
    if not parent:
        return not path.startswith("[]") or any(each.startswith("[]") for each in new)
    return any(each.startswith((f"{parent}.", f"{parent}[")) for each in new)


def _ends_of_parents(path: str) -> list[int]:
    """Return where the paths of the objects and lists around a key end, the nearest first."""
    return [at for at in range(len(path) - 1, 0, -1) if path[at] in ".["]


def assess_code(before: Trait, after: Trait) -> Assessment:
    """Take Python that no longer parses, or no longer stands alone, for breaking."""
    old, new = members(before), members(after)
    if BARE_CODE in old:
        detail = "the text is no longer code as it stands"
        return Assessment(severity=Severity.BREAKING, detail=detail)
    if DOES_NOT_PARSE in new and DOES_NOT_PARSE not in old and "python" in old:
        return _BREAKING
    if DOES_NOT_PARSE in old and DOES_NOT_PARSE not in new and new & {"python", BARE_CODE}:
        return _IMPROVED
    return _NOTABLE


def assess_language(before: Trait, after: Trait) -> Assessment | None:
    """See no change where a language is unknown, nor between two that are hardly told apart.

    Chinese in other characters is notable.
    """
    codes = {str(before.value), str(after.value)}
    if "und" in codes or codes == SIBLINGS:
        return None
    if {code.partition("-")[0] for code in codes} != {CHINESE}:
        return Assessment()
    return None if CHINESE in codes else _NOTABLE


def _quote(trait: Trait) -> str:
    return f'"{trait.quote}"' if trait.quote else ""
