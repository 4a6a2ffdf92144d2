"""The option `accept --control`: what the old model was asked again joins its baseline."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.selection import FileProblems, select, select_target, shorten
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.providers.asked_models import find_candidate_of
from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette
from pytest_llmregress.storage.errors import UnreadableFileError, UnwritableValueError
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.pending import StoredTest, deciding
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.file_names import slug_of_variant

CONTROL = ".control"
"""How the name of a control's recording ends, behind that of its candidate."""


def take_control(
    targets: Sequence[str], *, everything: bool, candidate: str | None
) -> CommandResult:
    """Have the samples of the old model wait as further samples of the baseline.

    Nothing of the candidate is accepted. What the test's own code makes of the samples is known
    once they are replayed: a run with `--llmregress-accept` does that, and accepts them.

    :param candidate: whose control it is; None where each test has one at most.
    """
    problems = FileProblems()
    if not targets and not everything:
        fault = "accept --control: name a TEST, or --all below the current folder"
        return CommandResult(status=ExitStatus.FAILED, problems=(fault,))
    tests = (
        [test for target in targets for test in select_target(target)]
        if targets
        else select([Path()], problems)
    )
    lines: list[str] = []
    faults: list[str] = []
    for test in tests:
        names = [name for name in test.candidates if name.endswith(CONTROL)]
        names = [name for name in names if candidate in {None, find_candidate_of(name)}]
        if len(names) > 1:
            owners = ", ".join(find_candidate_of(name) for name in names)
            faults.append(
                f"{test.test}: it has {len(names)} controls ({owners}); --candidate MODEL"
            )
        elif names:
            said, fault = _take(test, names[0])
            lines += said
            faults += [fault] if fault else []
        elif targets:
            faults.append(
                f"{test.test}: no control is recorded beside a candidate of it: the old model is "
                "asked again where a candidate looks different"
            )
    return CommandResult(
        status=ExitStatus.FAILED if faults or problems.messages else ExitStatus.FINE,
        lines=tuple(lines) or (() if faults else ("no control is recorded",)),
        problems=(*problems.messages, *faults),
    )


def _take(test: StoredTest, name: str) -> tuple[list[str], str]:
    """Return what was done with the control of a test, and why it could not be."""
    paths = test.paths
    place = replace(paths, variant=slug_of_variant(name)).cassette
    try:
        with deciding(paths):
            baseline, control = read_any_cassette(paths.cassette), read_cassette(place)
            fault = _find_fault(test, paths, baseline, control)
            if not fault:
                write_cassette(paths.pending_cassette, _join(baseline, control))
    except FileNotFoundError as error:
        return [], f"{test.test}: {shorten(Path(error.filename))} is not there; record it again"
    except (UnreadableFileError, UnwritableValueError) as error:
        return [], str(error)
    if fault:
        return [], fault
    more = f"{count(len(control.runs), 'sample')} of {', '.join(control.requested_models)}"
    waiting = f"{more} wait as further ones of the baseline, which has {len(baseline.runs)}"
    return [
        f"{test.test}: {waiting}",
        f"  wrote {shorten(paths.pending_cassette)}",
        f"  pytest {shlex.quote(test.test)} --llmregress-accept     # replays and accepts them",
    ], ""


def _find_fault(test: StoredTest, paths: TestPaths, baseline: Cassette, control: Cassette) -> str:
    """Say why the samples of a control are none of the baseline; empty where they are."""
    asked, accepted = control.requested_models, baseline.requested_models
    if set(asked) != set(accepted):
        return (
            f"{test.test}: its control has asked {', '.join(asked)}, and the baseline is of "
            f"{', '.join(accepted)}: samples of two models are no baseline"
        )
    if all(run in baseline.runs for run in control.runs):
        return f"{test.test}: the baseline has these samples already"
    if paths.pending_cassette.exists() or paths.has_pending_snapshot:
        command = f"pytest-llmregress accept {shlex.quote(test.test)}, or reject"
        return f"{test.test}: another recording of the baseline waits for a decision: {command}"
    return ""


def _join(baseline: Cassette, control: Cassette) -> Cassette:
    """Return the baseline with the samples of the control behind its own."""
    return replace(
        baseline,
        interactions=baseline.interactions + control.interactions,
        samples=(*baseline.notes, *control.notes),
        served_models=tuple(dict.fromkeys((*baseline.served_models, *control.served_models))),
    )
