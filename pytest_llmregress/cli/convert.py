"""The commands `import` and `export`: cassettes of pytest-recording into ours, and back."""

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.selection import (
    FileProblems,
    resolve,
    select,
    select_target,
    shorten,
)
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.text_table import align
from pytest_llmregress.formatting.value_text import models_in_words
from pytest_llmregress.providers.registry import (
    known_providers,
    read_call,
    read_calls,
)
from pytest_llmregress.redaction.redactor import Redactor, carries_credentials
from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette
from pytest_llmregress.storage.errors import UnwritableValueError
from pytest_llmregress.storage.file_paths import FOLDER as OURS
from pytest_llmregress.storage.file_paths import build_test_paths
from pytest_llmregress.storage.vcr_format.folders import (
    FOLDER,
    cassette_name,
    find_cassettes,
    match_node_id,
    origin_of,
)
from pytest_llmregress.storage.vcr_format.reader import drop_retries, read_foreign
from pytest_llmregress.storage.vcr_format.writer import write_vcr_yaml
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.file_names import slug_of_variant
from pytest_llmregress.values.http import Interaction


class _Fate(StrEnum):
    """What became of a cassette."""

    IMPORTED = "imported"
    EXPORTED = "exported"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One cassette, and what became of it."""

    file: Path
    fate: _Fate
    test: str = ""
    target: Path | None = None
    cassette: Cassette | None = None
    calls: int = 0
    notes: tuple[str, ...] = ()
    """Why it was skipped; otherwise what one has to know."""
    sure: bool = True
    """Whether the path leaves no doubt of which test it is."""


@dataclass(slots=True, kw_only=True)
class _Work:
    """What the conversions of one run share."""

    dry_run: bool = False
    problems: FileProblems = field(default_factory=FileProblems)
    faults: list[str] = field(default_factory=list)
    taken: dict[Path, Path] = field(default_factory=dict)
    """From what is written to what it comes from."""

    def write(self, row: _Row, writer: Callable[[Path, Cassette], None]) -> _Row:
        """Write the cassette of a row to its target, unless something is there already."""
        assert row.target is not None  # noqa: S101 - both callers have set them
        assert row.cassette is not None  # noqa: S101
        if row.target in self.taken:
            return _skip(row, f"{shorten(self.taken[row.target])} is of the same test")
        if row.target.exists():
            return _skip(row, f"{shorten(row.target)} is there already; delete it to replace it")
        self.taken[row.target] = row.file
        if self.dry_run:
            return row
        try:
            writer(row.target, row.cassette)
        except UnwritableValueError as error:
            self.faults.append(str(error))
        except OSError as error:
            self.faults.append(f"{shorten(row.target)}: {error.strerror or error}")
        else:
            return row
        return _skip(row, "it could not be written")


def import_cassettes(
    sources: Sequence[Path],
    *,
    tests: Path | None = None,
    ids: Path | None = None,
    dry_run: bool = False,
    as_json: bool = False,
) -> CommandResult:
    """Turn cassettes of pytest-recording into ours, beside the tests; the originals stay.

    Parameters: `sources`, folders or cassettes; `tests`, the folder of the test files where it is
    not the one that holds `cassettes`; `ids`, a file with the output of
    `pytest --collect-only -q`, which tells names apart that have the same path.
    """
    work = _Work(dry_run=dry_run)
    node_ids = None if ids is None else _read_ids(ids, work)
    redactor = Redactor.of_environment(os.environ)
    rows: list[_Row] = []
    for source in sources:
        if not source.exists():
            work.problems.add_missing(source)
            continue
        for file in find_cassettes(resolve(source)):
            row = _prepare(file, resolve(source), tests, node_ids, work)
            if row.fate is _Fate.IMPORTED:
                row = _harmless(row, redactor)
            if row.fate is _Fate.IMPORTED:
                row = work.write(row, write_cassette)
            rows.append(row)
    return _result(rows, work, as_json=as_json, hints=_hints(rows, ids))


def export_cassettes(
    targets: Sequence[str], *, to: Path | None = None, dry_run: bool = False, as_json: bool = False
) -> CommandResult:
    """Write cassettes as vcrpy's, named as pytest-recording names them; ours stay.

    Parameters: `targets`, tests, folders, or cassettes (a candidate's, too); none are all below
    the current folder. `to`, the folder to hold a folder for each test file; without it, the
    folder `cassettes` beside the tests.
    """
    work = _Work(dry_run=dry_run)
    rows: list[_Row] = []
    for target in targets or ["."]:
        files = _files_of(target, work)
        for file in files:
            row = _read_ours(file, to, work)
            rows.append(row if row.cassette is None else work.write(row, write_vcr_yaml))
    return _result(rows, work, as_json=as_json, hints=())


def _prepare(
    file: Path, source: Path, tests: Path | None, node_ids: Sequence[str] | None, work: _Work
) -> _Row:
    """Read a cassette of others, and find its test."""
    row = _Row(file=file, fate=_Fate.IMPORTED)
    cassette = work.problems.read(file, read_foreign)
    if cassette is None:
        return _skip(row, "it cannot be read")
    if not cassette.interactions:
        return _skip(row, "nothing is recorded in it")
    variant = "" if cassette.candidate is None else f"@{slug_of_variant(cassette.candidate)}"
    named = file.with_name(f"{file.stem.removesuffix(variant)}{file.suffix}")
    candidate = None if named == file else cassette.candidate
    origin = origin_of(named, source, None if tests is None else resolve(tests))
    if origin is None:
        return _skip(row, f"its test is unknown; {FOLDER}/TEST_FILE/TEST.yaml says it")
    test_file, _, said = cassette.test.partition("::")  # as an export from another folder says it
    exported = f"{Path(test_file).name}::{said}"
    node_id = match_node_id(origin, [exported] if node_ids is None else node_ids)
    if node_id is None and node_ids is not None:
        return _skip(row, "no test that was collected has this cassette, or several have")
    name = origin.name if node_id is None else node_id.partition("::")[2]
    test = f"{shorten(origin.test_file)}::{name}"
    notes = () if origin.test_file.exists() else (f"no {shorten(origin.test_file)}",)
    return replace(
        row,
        test=test,
        target=build_test_paths(origin.test_file, test, candidate).cassette,
        cassette=replace(cassette, test=test, candidate=candidate),
        notes=notes,
        sure=origin.sure or node_id is not None,
    )


def _harmless(row: _Row, redactor: Redactor) -> _Row:
    """Leave out what is never stored, and name the models."""
    assert row.cassette is not None  # noqa: S101 - the caller has read it
    recorded = row.cassette.interactions
    stored = [each for each in recorded if not carries_credentials(each.request)]
    if not stored:
        return _skip(row, "it holds nothing but credentials")
    attempts = drop_retries(stored)
    clean = tuple(map(redactor.interaction, attempts))
    calls = read_calls(clean, known_providers())
    cassette = replace(
        row.cassette,
        requested_models=_distinct(call.requested_model for call in calls),
        served_models=_distinct(call.served_model for call in calls),
        interactions=clean,
    )
    notes = list(row.notes)
    if left_out := len(recorded) - len(stored):
        notes.append(f"{count(left_out, 'exchange')} of credentials left out")
    if left_out := len(stored) - len(attempts):
        notes.append(f"{left_out} failed before a retry left out")
    if any(_bodies(one) != _bodies(other) for one, other in zip(attempts, clean, strict=True)):
        notes.append("secrets taken out")
    if not calls:
        notes.append("no call of a model in it")
    return replace(row, cassette=cassette, calls=len(calls), notes=tuple(notes))


def _files_of(target: str, work: _Work) -> list[Path]:
    path = Path(target)
    if path.is_file() and resolve(path).parent.parent.name == OURS:
        return [resolve(path)]
    tests = select([path], work.problems) if path.exists() else select_target(target)
    if not path.exists() and not tests:
        work.faults.append(f"{target}: no such recording; a test, a file or a folder is wanted")
    return [test.paths.cassette for test in tests if test.cassette]


def _read_ours(file: Path, to: Path | None, work: _Work) -> _Row:
    row = _Row(file=file, fate=_Fate.EXPORTED)
    cassette = work.problems.read(file, read_cassette)
    if cassette is None:
        return _skip(row, "it cannot be read")
    module = file.parent
    variant = "" if cassette.candidate is None else f"@{slug_of_variant(cassette.candidate)}"
    folder = module.parent.parent / FOLDER if to is None else resolve(to)
    providers = known_providers()
    return replace(
        row,
        test=cassette.test,
        target=folder / module.name / f"{cassette_name(cassette.test)}{variant}.yaml",
        cassette=cassette,
        calls=sum(read_call(each, providers) is not None for each in cassette.interactions),
    )


def _read_ids(file: Path, work: _Work) -> list[str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        work.faults.append(f"{file}: {why}; pytest --collect-only -q prints what is wanted")
        return []
    return [line for line in lines if "::" in line]


def _result(
    rows: Sequence[_Row], work: _Work, *, as_json: bool, hints: Sequence[str]
) -> CommandResult:
    problems = (*work.problems.messages, *work.faults)
    if as_json:
        report = {
            "dry_run": work.dry_run,
            "cassettes": [_to_json(row) for row in rows],
            "problems": list(problems),
        }
        lines = tuple(json.dumps(report, indent=2).splitlines())
    else:
        lines = (*_table(rows), _summary(rows, dry_run=work.dry_run), *hints)
    return CommandResult(
        status=ExitStatus.FAILED if problems else ExitStatus.FINE, lines=lines, problems=problems
    )


def _table(rows: Sequence[_Row]) -> tuple[str, ...]:
    if not rows:
        return ()
    head = ("", "test or cassette", "calls", "models", "notes")
    return align([head, *map(_cells, rows)])


def _cells(row: _Row) -> tuple[str, ...]:
    if row.fate is _Fate.SKIPPED or row.cassette is None:
        return row.fate, shorten(row.file), "-", "-", ", ".join(row.notes)
    models = models_in_words(row.cassette.requested_models, row.cassette.served_models)
    return row.fate, row.test, str(row.calls), models, ", ".join(row.notes)


def _summary(rows: Sequence[_Row], *, dry_run: bool) -> str:
    if not rows:
        return "no cassettes found"
    found = Counter(row.fate for row in rows)
    words = ", ".join(f"{found[fate]} {fate}" for fate in _Fate if found[fate])
    return f"{words} (dry run: nothing was written)" if dry_run else words


def _hints(rows: Sequence[_Row], ids: Path | None) -> tuple[str, ...]:
    done = [row for row in rows if row.fate is _Fate.IMPORTED]
    hints = []
    if unsure := sum(not row.sure for row in done):
        hints.append(
            f'{count(unsure, "name")} with "-" may have had another character there; '
            "to be sure: pytest --collect-only -q > ids.txt, and --ids ids.txt"
            if ids is None
            else ""
        )
    if done:
        hints.append(
            "next: mark the tests with @pytest.mark.llm instead of @pytest.mark.vcr, then "
            "pytest --llmregress-accept"
        )
    return tuple(filter(None, hints))


def _to_json(row: _Row) -> dict[str, Any]:
    cassette = row.cassette
    return {
        "file": shorten(row.file),
        "fate": row.fate,
        "test": row.test or None,
        "target": None if row.target is None else shorten(row.target),
        "sure": row.sure,
        "requests": None if cassette is None else len(cassette.interactions),
        "calls": row.calls,
        "requested_models": [] if cassette is None else list(cassette.requested_models),
        "served_models": [] if cassette is None else list(cassette.served_models),
        "notes": list(row.notes),
    }


def _skip(row: _Row, why: str) -> _Row:
    return replace(row, fate=_Fate.SKIPPED, notes=(why,))


def _distinct(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _bodies(interaction: Interaction) -> tuple[str, bytes, bytes]:
    return interaction.request.url, interaction.request.body, interaction.response.body
