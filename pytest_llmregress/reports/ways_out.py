"""What resolves the misses of a run: one line for all tests of a kind, with one command."""

from collections.abc import Iterator, Sequence

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.values.run_report import Problem, TestRecord

_KINDS = {
    "pending": "a recording that answers waits for a decision",
    "candidate": "a candidate's recording answers, for the code names its model now",
    "renamed": "a recording under another name answers",
    "each_time": "the request is another one each time",
    "record": "no recording answers",
}
"""In the order in which they are told."""
_MAX_NAMED = 10
_OPTION = " --llmregress-record"


def render_ways_out(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    """Return a line for each kind of miss with what resolves all of that kind; none for one test.

    What a single test is told stands in its own failure.
    """
    missed = [problem for test in tests if (problem := _first_miss(test)) is not None]
    if len(missed) < 2:  # noqa: PLR2004 - several
        return ()
    return tuple(_render(missed))


def _render(missed: Sequence[Problem]) -> Iterator[str]:
    for kind, what in _KINDS.items():
        found = [problem.command for problem in missed if problem.way_out == kind]
        if found:
            yield f"  {count(len(found), 'test')}: {what}"
            yield from (f"    {escape_controls(line)}" for line in _join(kind, found))


def _join(kind: str, commands: Sequence[str]) -> list[str]:
    """Return the commands of all tests of a kind as one, or as few as there are."""
    distinct = list(dict.fromkeys(commands))
    if len(distinct) == 1:
        return distinct
    if kind == "pending":
        return ["pytest-llmregress review"]
    if kind == "record":
        options = list(dict.fromkeys(_OPTION + each.partition(_OPTION)[2] for each in distinct))
        return [_record(option, distinct) for option in options]
    more = len(distinct) - _MAX_NAMED
    return [*distinct[:_MAX_NAMED], *([f"and {more} more"] if more > 0 else [])]


def _record(option: str, commands: Sequence[str]) -> str:
    """Return one command that records all tests which miss; of many, what failed last."""
    tests = [each.removesuffix(option) for each in commands if each.endswith(option)]
    names = [each.removeprefix("pytest ") for each in tests]
    return f"pytest {' '.join(names) if len(names) <= _MAX_NAMED else '--lf'}{option}"


def _first_miss(test: TestRecord) -> Problem | None:
    return next((problem for problem in test.problems if problem.way_out), None)
