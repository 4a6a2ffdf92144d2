"""The differences between two values, found by DeepDiff and told one a line."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pytest_llmregress.comparison.json_difference import ABSENT, Difference
from pytest_llmregress.formatting.one_line_diff import WIDTH, text_change

OPTIONS = (
    "custom_operators",
    "cutoff_distance_for_pairs",
    "cutoff_intersection_for_pairs",
    "exclude_obj_callback",
    "exclude_paths",
    "exclude_regex_paths",
    "exclude_types",
    "ignore_numeric_type_changes",
    "ignore_order",
    "ignore_order_func",
    "ignore_string_case",
    "include_obj_callback",
    "include_paths",
    "iterable_compare_func",
    "log_scale_similarity_threshold",
    "math_epsilon",
    "number_format_notation",
    "number_to_string_func",
    "report_repetition",
    "significant_digits",
    "threshold_to_diff_deeper",
    "use_log_scale",
    "zip_ordered_iterables",
)
"""Keyword arguments of DeepDiff that say when two plain JSON values are the same.

Not among them: what chooses how DeepDiff shows, caches or logs, and what is about types that
normalized values do not have.
"""
_DEFAULTS: Mapping[str, Any] = {
    # DeepDiff calls keys such as "__typename" private, and is blind to their changes.
    "ignore_private_variables": False,
    # An object of which most keys are new is still told key by key, not as two whole objects.
    "threshold_to_diff_deeper": 0,
}
_PAIR_EVERYTHING: Mapping[str, Any] = {
    # Without this DeepDiff pairs no items of lists that share few equal ones, compares them by
    # their hashes alone, and so knows nothing of a tolerance together with ignore_order. The
    # price is n x n: a second for 50 items that all differ.
    "cutoff_distance_for_pairs": 1,
    "cutoff_intersection_for_pairs": 1,
}
MAX_LINES = 20
"""Differences that are told; of the others, how many."""
MAX_LINE = 300
"""Characters of a line."""


def diff_values(before: Any, after: Any, *, options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return one line for every difference between two JSON values; none where they are equal.

    As `locate_differences` finds them, of more than `MAX_LINES` the number of the others.
    """
    lines = [found.told for found in locate_differences(before, after, options=options)]
    rest = len(lines) - MAX_LINES
    return (*lines[:MAX_LINES], f"and {rest} more") if rest > 0 else tuple(lines)


def locate_differences(
    before: Any, after: Any, *, options: Mapping[str, Any] | None = None
) -> tuple[Difference, ...]:
    """Return every difference between two JSON values with its place, in the order of the places.

    `options` are keyword arguments of DeepDiff, those of `OPTIONS`. What Python calls equal
    (`1 == 1.0`) is equal under any options.

    Raises TypeError for an option of another name, ValueError for one that DeepDiff refuses.
    """
    options = options or {}
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        names = ", ".join(unknown)
        raise TypeError(
            f"llm_snapshot: unknown option(s) {names}; allowed are {', '.join(OPTIONS)}"
        )
    if before == after:
        return ()
    if not options and not (isinstance(before, _CONTAINERS) and isinstance(after, _CONTAINERS)):
        # Two texts, the most frequent snapshot: nothing of DeepDiff is needed to tell them.
        return (
            Difference(path=(), before=before, after=after, told=_changed("root", before, after)),
        )
    near = {"math_epsilon", "use_log_scale"} & set(options) and options.get("ignore_order")
    defaults = {**_DEFAULTS, **_PAIR_EVERYTHING} if near else _DEFAULTS
    from deepdiff import DeepDiff  # noqa: PLC0415 - half a second, for failing tests alone

    try:
        with _without_useless_warning():
            tree = DeepDiff(before, after, view="tree", **{**defaults, **options})
    except (TypeError, ValueError, re.error) as error:
        given = ", ".join(f"{name}={value!r}" for name, value in options.items())
        raise ValueError(
            f"llm_snapshot: DeepDiff refuses {given}: {error}; "
            "see its documentation for the values of each option"
        ) from error
    found = [
        _located(kind, level)
        for kind, levels in tree.items()
        for level in levels
        if kind == "repetition_change" or level.t1 != level.t2
    ]
    return tuple(sorted(found, key=lambda difference: _order(difference.path)))


_CONTAINERS = (dict, list)


def _located(kind: str, level: Any) -> Difference:
    """Read a level, which is DeepDiff's pair of values at one place."""
    before, after = level.t1, level.t2
    if kind.endswith("_added"):
        before = ABSENT
    elif kind.endswith("_removed"):
        after = ABSENT
    elif kind == "repetition_change":
        times = level.additional["repetition"]
        before, after = f"{times['old_repeat']} times", f"{times['new_repeat']} times"
    return Difference(
        path=tuple(level.path(output_format="list")),
        before=before,
        after=after,
        told=_cut(_told(kind, level)),
    )


def _told(kind: str, level: Any) -> str:
    """Say one difference."""
    path = level.path()
    if kind.endswith("_added"):
        return f"{path}: added {_shown(level.t2)}"
    if kind.endswith("_removed"):
        return f"{path}: removed {_shown(level.t1)}"
    if kind == "repetition_change":
        times = level.additional["repetition"]
        was, now = times["old_repeat"], times["new_repeat"]
        return f"{path}: {_shown(level.t1)} occurs {now} times, not {was}"
    return _changed(path, level.t1, level.t2)


def _changed(path: str, before: Any, after: Any) -> str:
    if isinstance(before, str) and isinstance(after, str):
        what = text_change(before, after)
        return f"{path} {what}" if what.startswith("line ") else f"{path}: {what}"
    return f"{path}: {_shown(before)} → {_shown(after)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def _cut(line: str) -> str:
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"


def _order(path: Sequence[Any]) -> list[tuple[bool, int, str]]:
    """Sort list indices as numbers."""
    return [(False, part, "") if isinstance(part, int) else (True, 0, str(part)) for part in path]


@contextmanager
def _without_useless_warning() -> Iterator[None]:
    """Silence the line of DeepDiff's log that `_PAIR_EVERYTHING` makes untrue."""

    def keep(record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("math_epsilon in conjunction")

    logger = logging.getLogger("deepdiff.diff")
    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)
