"""The command `compare`: several variants side by side, from what is recorded of them."""

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.selection import FileProblems, select, shorten
from pytest_llmregress.comparison.compare_behavior import compare as compare_behavior
from pytest_llmregress.comparison.merging import merge_changes
from pytest_llmregress.contracts.budget import BudgetKind, measure_usage
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.pipeline.extract import NOW_FAILS
from pytest_llmregress.providers.asked_models import never_asked
from pytest_llmregress.providers.prices import price
from pytest_llmregress.providers.registry import known_providers, read_calls
from pytest_llmregress.reports.variants import render_comparison
from pytest_llmregress.reports.variants_markdown import render_markdown
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.pending import StoredTest
from pytest_llmregress.values.behavior import Behavior, Change, worst_first
from pytest_llmregress.values.call import Call, Calls, sum_known
from pytest_llmregress.values.canonical_json import hash_json
from pytest_llmregress.values.cassette import Cassette, SampleHeader
from pytest_llmregress.values.file_names import slug_of_variant
from pytest_llmregress.values.variants import (
    Comparison,
    Grouping,
    RecordedSample,
    RecordedTest,
    Variant,
)
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.compare_variants import compare_variants

BASELINE = "baseline"
"""How the accepted recordings are named."""

_FEWEST = 2
_ASKED = ("system", "messages", "tools")
"""What of a request has to be equal on both sides; parameters may suit the model."""
_VOLATILE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
)
"""Dates, times and UUIDs: they change with every run, and the question stays the same."""


class Format(StrEnum):
    """What the comparison is written as."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """What is compared of a cassette: its numbers and its behavior."""

    models: tuple[str, ...]
    """Those that it asked for."""
    test: RecordedTest


@dataclass(slots=True, kw_only=True)
class _Stored:
    """What is on disk, read as far as it was needed."""

    tests: dict[str, StoredTest]
    problems: FileProblems = field(default_factory=FileProblems)
    _recorded: dict[Path, _Recorded | None] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The variants that are there, the baseline first."""
        accepted = (BASELINE,) if any(test.cassette for test in self.tests.values()) else ()
        candidates = {name for test in self.tests.values() for name in test.candidates}
        return (*accepted, *sorted(candidates))

    @property
    def waiting(self) -> tuple[str, ...]:
        """The tests with no baseline but one that waits to be accepted."""
        return tuple(
            name
            for name, test in self.tests.items()
            if not test.cassette and any(paths.variant is None for paths in test.pending)
        )

    def recorded(self, variant: str) -> dict[str, _Recorded]:
        """Return what is recorded of a variant by test; what is not there is left out."""
        found = ((name, self._read(test, variant)) for name, test in self.tests.items())
        return {name: recorded for name, recorded in found if recorded is not None}

    def asked(self, variant: str) -> set[tuple[str, ...]]:
        """Return the models that the cassettes of a variant asked for."""
        return {recorded.models for recorded in self.recorded(variant).values()}

    def _read(self, test: StoredTest, variant: str) -> _Recorded | None:
        if variant != BASELINE and variant not in test.candidates:
            return None
        slug = None if variant == BASELINE else slug_of_variant(variant)
        path = TestPaths(
            directory=test.paths.directory, stem=test.paths.stem, variant=slug
        ).cassette
        if path not in self._recorded:
            cassette = self.problems.read(path, read_cassette)
            if cassette is not None and (wrong := never_asked(cassette)):
                self.problems.add_unasked(path, variant, wrong)
                cassette = None
            self._recorded[path] = None if cassette is None else _recorded(cassette)
        return self._recorded[path]


def compare(names: Sequence[str], *, paths: Sequence[Path], by: str, form: Format) -> CommandResult:
    """Compare variants with the first one named, over the tests below the paths.

    A variant is "baseline", a candidate as it was named when it was recorded, or the model that
    one of them asked for. Exit status: 0 fine, 1 a variant regressed, 2 nothing to judge.
    """
    if by not in set(Grouping):
        return _failed(f"--by {by}: tests are not grouped by that; {', '.join(Grouping)}. {_HELP}")
    stored = _find(paths)
    chosen: list[str] = []
    faults: list[str] = []
    for name in names:
        found = _resolve(name, stored)
        if len(found) == 1:
            chosen.append(found[0])
        else:
            faults.append(_unclear(name, found, stored))
    faults += [
        f"{name}: it is compared with itself; name each variant once. {_HELP}"
        for name in sorted({name for name in chosen if chosen.count(name) > 1})
    ]
    if len(names) < _FEWEST and not faults:
        faults.append(f"{names[0]}: nothing to compare it with; {_there(stored)}. {_HELP}")
    if faults:
        return _failed(*stored.problems.messages, *faults)
    reference, *others = (_variant(name, stored) for name in chosen)
    variants = [reference, *(_hold_against(reference, each) for each in others)]
    comparison = compare_variants(variants, by=Grouping(by), gate=GatePolicy())
    return _result(comparison, stored, form)


def _find(paths: Sequence[Path]) -> _Stored:
    problems = FileProblems()
    tests: dict[str, StoredTest] = {}
    for test in select(paths, problems):
        # Two projects below one folder may have the same node id.
        name = f"{shorten(test.paths.directory)}: {test.test}" if test.test in tests else test.test
        tests[name] = test
    return _Stored(tests=tests, problems=problems)


def _resolve(name: str, stored: _Stored) -> tuple[str, ...]:
    """Return the variants that a name may stand for: itself, or those that asked for that model."""
    if name in stored.names:
        return (name,)
    return tuple(each for each in stored.names if (name,) in stored.asked(each))


def _unclear(name: str, found: Sequence[str], stored: _Stored) -> str:
    if name.endswith(".json") and Path(name).is_file():
        return (
            f"{name}: a file; variants are compared by their recordings, and named: "
            f"{_there(stored)}. For a report of a run: pytest-llmregress report {shlex.quote(name)}"
        )
    if found:
        return f"{name}: {', '.join(found)} asked for that model; name one of them. {_HELP}"
    return f"{name}: there is no such variant; {_there(stored)}. pytest-llmregress status"


def _there(stored: _Stored) -> str:
    return f"there are: {', '.join(stored.names)}" if stored.names else "there is no recording"


def _variant(name: str, stored: _Stored) -> Variant:
    recorded = stored.recorded(name)
    models = dict.fromkeys(model for each in recorded.values() for model in each.models)
    return Variant(
        name=name,
        models=", ".join(models) or "no model",
        tests={test: each.test for test, each in recorded.items()},
        waiting=frozenset(stored.waiting if name == BASELINE else ()),
        accepted=name == BASELINE,
    )


def _hold_against(reference: Variant, variant: Variant) -> Variant:
    """Return a variant with what it does otherwise than the first one, test by test."""
    tests = {
        name: replace(test, changes=_find_changes(reference.tests[name], test))
        for name, test in variant.tests.items()
        if name in reference.tests
    }
    return replace(variant, tests={**variant.tests, **tests})


def _find_changes(reference: RecordedTest, test: RecordedTest) -> tuple[Change, ...]:
    """Return what all samples of a test do otherwise, as a run finds it without severities."""
    baseline = [each.behavior for each in reference.samples if not each.confirms]
    has_passed = bool(reference.first) and all(each.passed for each in reference.first)
    return merge_changes(
        [
            worst_first(
                (
                    *((NOW_FAILS,) if has_passed and each.passed is False else ()),
                    *compare_behavior(baseline, each.behavior),
                )
            )
            for each in test.samples
        ]
    )


def _recorded(cassette: Cassette) -> _Recorded:
    providers = known_providers()
    runs = [read_calls(run, providers) for run in cassette.runs]
    first = next((run[0] for run in runs if run), None)
    return _Recorded(
        models=cassette.requested_models,
        test=RecordedTest(
            samples=tuple(map(_sample, cassette.notes, runs)),
            request="" if first is None else _fingerprint(first),
            marks=cassette.marks,
        ),
    )


def _fingerprint(call: Call) -> str:
    fields = call.prompt.fields()
    asked = {key: fields[key] for key in _ASKED if key in fields}
    return hash_json(_VOLATILE.sub("#", json.dumps(asked, sort_keys=True)))


def _sample(note: SampleHeader, calls: Calls) -> RecordedSample:
    costs = measure_usage(BudgetKind.COST_USD, calls, price=price)
    return RecordedSample(
        passed=note.passed,
        failure=note.failure,
        session=note.session,
        confirms=note.confirms,
        calls=len(calls),
        tool_calls=len(calls.tools),
        input_tokens=calls.usage.total_tokens - calls.usage.output_tokens,
        output_tokens=calls.usage.output_tokens,
        latency=sum_known(call.latency for call in calls),
        cost=sum_known(costs),
        behavior=Behavior(traits=extract_traits(calls)),
    )


def _result(comparison: Comparison, stored: _Stored, form: Format) -> CommandResult:
    match form:
        case Format.JSON:
            lines = tuple(json.dumps(comparison.to_json(), indent=2).splitlines())
        case Format.MARKDOWN:
            lines = render_markdown(comparison)
        case Format.TEXT:
            lines = render_comparison(comparison)
    problems = list(stored.problems.messages)
    if not comparison.is_judged:
        out = count(len(comparison.left_out), "test")
        problems.append(
            f"compare: nothing could be judged, {out} left out; samples of the same tests are "
            "wanted of each variant. pytest --llmregress-record rewrite, and with "
            "--llmregress-candidate"
        )
    status = ExitStatus.PENDING if comparison.fails else ExitStatus.FINE
    return CommandResult(
        status=ExitStatus.FAILED if problems else status, lines=lines, problems=tuple(problems)
    )


def _failed(*problems: str) -> CommandResult:
    return CommandResult(status=ExitStatus.FAILED, problems=problems)


_HELP = "pytest-llmregress compare --help"
