"""Several candidates in one run: each marked test is run once for each of them.

A test then is several items of pytest, `FUNCTION@CANDIDATE` each. Its recordings are those of a run
with that candidate alone; only pytest, its reports and plugins know the longer name.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import TestCase

import pytest

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.text_table import align
from pytest_llmregress.runner import output
from pytest_llmregress.runner.settings_reader import read_candidates, read_settings, read_sources
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.file_names import slug_of_variant
from pytest_llmregress.values.run_report import RunReport
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.verdicts.event_text import FAILS, SPARES
from pytest_llmregress.verdicts.verdict_text import NAMES

if TYPE_CHECKING:
    from pytest_llmregress.pipeline.session_context import SessionContext

_NUMBER = pytest.StashKey[int]()
"""Of an item: which candidate it is run with."""
_NODE_ID = pytest.StashKey[str]()
"""Of an item: the node id of its test."""
_CONTEXTS = pytest.StashKey[dict[int, "SessionContext"]]()
"""Of a session: what all tests share, by candidate."""
_ALONE = ("accept", "history", "cross")
"""The settings of which only one candidate can make sense."""


def check(config: pytest.Config) -> None:
    """Refuse several candidates together with what takes one alone."""
    names = read_candidates(config)
    settings, *_ = (read_settings(config, candidate=n) for n in range(max(1, len(names))))
    if len(set(names)) < len(names):
        raise output.usage_error(
            f"--llmregress-candidate: {', '.join(names)}: name each candidate once"
        )
    given = [name for name in _ALONE if getattr(settings, name)]
    if len(names) > 1 and given:
        raise output.usage_error(
            f"--llmregress-{given[0]}: it takes one candidate, and there are {len(names)} "
            f"({', '.join(names)}); run once for each"
        )


def repeat_tests(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put an item for each candidate in the place of each marked test."""
    names = read_candidates(config)
    if len(names) > 1:
        items[:] = [
            each
            for item in items
            for each in (_repeat(item, names) if item.get_closest_marker("llm") else (item,))
        ]


def find_node_id(item: pytest.Item) -> str:
    """Return the node id of a test, whichever candidate it is run with."""
    return item.stash.get(_NODE_ID, item.nodeid)


def choose_context(item: pytest.Item, context: "SessionContext") -> "SessionContext":
    """Return what holds for all tests of a session with the candidate of an item."""
    number = item.stash.get(_NUMBER, 0)
    if not number:
        return context
    contexts = item.config.stash.setdefault(_CONTEXTS, {})
    if number not in contexts:
        contexts[number] = replace(
            context,
            sources=read_sources(item.config, candidate=number),
            settings=read_settings(item.config, candidate=number),
            plain_rules=[],
        )
    return contexts[number]


def split_by_candidate(
    records: Mapping[str, Any], names: Sequence[str]
) -> tuple[Mapping[str, Any], ...]:
    """Return what is known by the node ids of items for each candidate; all where there is one."""
    if len(names) < 2:  # noqa: PLR2004
        return (records,)
    found: dict[str, dict[str, Any]] = {name: {} for name in names}
    for item, each in records.items():
        found[_find_candidate(item, names)][item] = each
    return tuple(found.values())


def name_reports(paths: Sequence[str], candidate: str | None) -> tuple[str, ...]:
    """Return where the reports on one of several candidates are written: PATH@CANDIDATE.END."""
    if candidate is None:
        return tuple(paths)
    slug = slug_of_variant(candidate)
    return tuple(str(Path(path).with_stem(f"{Path(path).stem}@{slug}")) for path in paths)


def render_side_by_side(reports: Sequence[RunReport]) -> tuple[str, ...]:
    """Return several candidates beside each other, a line each; nothing for a single one."""
    if len(reports) < 2:  # noqa: PLR2004
        return ()
    names = [report.candidate or "" for report in reports]
    rows = [
        (
            escape_controls(report.candidate or ""),
            *(str(report.count(severity)) for severity in reversed(Severity)),
            "-" if report.verdict is None else _say_verdict(report.verdict),
        )
        for report in reports
    ]
    head = ("candidate", *map(str, reversed(Severity)), "verdict")
    more = f"side by side: pytest-llmregress compare baseline {shlex.join(names)}"
    return ("", *align([head, *rows]), more)


def _say_verdict(verdict: SuiteVerdict) -> str:
    return f"{NAMES[verdict.verdict]}, {FAILS if verdict.fails else SPARES}"


def _ending(name: str) -> str:
    return f"@{name}"


def _find_candidate(item: str, names: Sequence[str]) -> str:
    """Return the candidate that an item was run with, by its node id.

    A name may end with another one, or begin with it: the one that begins first counts, and of
    several the longest. Parameters of the test may follow it. An item that names none, as it was
    marked later, is run with the first candidate.
    """
    function = f"{item.partition('::')[2]}["
    places = ((function.find(f"{_ending(name)}["), -len(name), name) for name in names)
    return min((place for place in places if place[0] >= 0), default=(0, 0, names[0]))[2]


def _repeat(item: pytest.Item, names: Sequence[str]) -> list[pytest.Item]:
    if not isinstance(item, pytest.Function) or issubclass(item.cls or object, TestCase):
        raise output.usage_error(
            f"{item.nodeid}: it is no function of pytest, and is run with one candidate alone; "
            "name one: --llmregress-candidate MODEL"
        )
    return [_copy(item, name, number) for number, name in enumerate(names)]


def _copy(item: pytest.Function, name: str, number: int) -> pytest.Item:
    original, ending = item.originalname, _ending(name)
    made: pytest.Function = _build_class(type(item), ending).from_parent(
        item.parent,
        name=f"{original}{ending}{item.name.removeprefix(original)}",
        callspec=getattr(item, "callspec", None),
        fixtureinfo=item._fixtureinfo,  # noqa: SLF001 - as pytest-asyncio does
        originalname=f"{original}{ending}",
    )
    made.own_markers = list(item.own_markers)
    made.keywords.update(item.keywords)
    made.stash[_NUMBER], made.stash[_NODE_ID] = number, item.nodeid
    return made


@cache
def _build_class(kind: type[pytest.Function], ending: str) -> type[pytest.Function]:
    """Return a kind of item whose function has a name without the candidate."""

    class WithCandidate(kind):  # type: ignore[valid-type,misc]
        def _getobj(self) -> Any:
            longer: str = self.originalname  # type: ignore[has-type]
            self.originalname = longer.removesuffix(ending)
            try:
                return super()._getobj()
            finally:
                self.originalname = longer

    return WithCandidate
