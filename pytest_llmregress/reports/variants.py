"""Variants side by side, for a terminal: a row each, then the verdict on each against the first."""

import textwrap
from collections import Counter

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.text_table import WIDTH, align
from pytest_llmregress.formatting.value_text import truncate
from pytest_llmregress.reports.verdict import head_of_suite, render_test
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.variants import (
    Comparison,
    ComparisonWithBaseline,
    Grouping,
    TestGroup,
    VariantStanding,
)
from pytest_llmregress.values.verdict import Bounds, TestVerdict, Verdict
from pytest_llmregress.verdicts.verdict_text import (
    NAMES,
    format_bounds,
    format_names,
    format_p,
    format_points,
)

HEAD = (
    "variant",
    "passed",
    "rate",
    "95 % CI",
    "flips",
    "latency",
    "tokens",
    "tools",
    "USD/passed",
)
"""Of the table of variants; `cells` returns what stands below."""
MAX_NAME = 24
"""Columns of a variant's name in a table."""
MAX_TOLD = 10
"""Tests whose verdict is told below that of their variant, and reasons for being left out."""
MAX_GROUPS = 20
MAX_CLASSES = 5
"""Classes of failures that are named; the others are counted."""
UNKNOWN = "unknown"

_INDENT = "  "
_FOUND = (Verdict.BROKEN, Verdict.REGRESSED, Verdict.DRIFTED, Verdict.IMPROVED)


def render_comparison(comparison: Comparison) -> tuple[str, ...]:
    """Return the comparison in lines of at most `WIDTH` columns, names of tests apart."""
    lines = [*_wrap(format_head(comparison)), ""]
    lines += align([HEAD, *map(cells, comparison.overall.standings)])
    lines += [line for text in format_notes(comparison) for line in _wrap(text)]
    for standing in comparison.overall.standings:
        if standing.against is not None:
            lines += ["", *_verdict(standing.variant, standing.against, comparison)]
    lines += _groups(comparison)
    lines += _left_out(comparison)
    return tuple(line.rstrip() for line in lines)


def format_head(comparison: Comparison) -> str:
    """Say what is compared with what."""
    told = [name if name == models else f"{name} ({models})" for name, models in comparison.models]
    tests = count(comparison.overall.tests, "test")
    return f"{', '.join(told[1:])} against {told[0]}: {tests}, from their recordings"


def cells(standing: VariantStanding) -> tuple[str, ...]:
    """Return the row of one variant."""
    return (
        truncate(escape_controls(standing.variant), MAX_NAME),
        str(standing.tally),
        format_rate(standing.tally),
        format_interval(standing.interval),
        format_flips(standing.against),
        UNKNOWN if standing.latency is None else f"{standing.latency:.3g} s",
        format_tokens(standing),
        "-" if standing.tool_calls is None else f"{standing.tool_calls:.3g}",
        format_cost(standing),
    )


def format_rate(tally: Tally) -> str:
    """Return a pass rate; never 100 % where a sample failed."""
    if not tally.n:
        return "-"
    share = f"{100 * tally.rate:.1f}"
    return "above 99.9 %" if share == "100.0" and tally.failed else f"{share} %"


def format_interval(interval: Bounds | None) -> str:
    """Return Wilson's interval of a rate, in percent."""
    return "-" if interval is None else f"{100 * interval[0]:.1f}-{100 * interval[1]:.1f}"


def format_flips(against: ComparisonWithBaseline | None) -> str:
    """Return how many tests flipped, negative and positive ones apart."""
    if against is None:
        return "reference"
    suite = against.suite
    return f"-{len(suite.negative_flips)} +{len(suite.positive_flips)}"


def format_tokens(standing: VariantStanding) -> str:
    """Return the mean tokens of a sample: input and output."""
    if standing.input_tokens is None or standing.output_tokens is None:
        return "-"
    return f"{standing.input_tokens:,.0f}+{standing.output_tokens:,.0f}"


def format_cost(standing: VariantStanding) -> str:
    """Return what a passed sample cost; a price that nobody knows is no price of 0."""
    if standing.cost is None:
        return UNKNOWN
    if standing.cost_per_pass is None:
        return "none passed"
    return f"${standing.cost_per_pass:.4g}"


def format_notes(comparison: Comparison) -> list[str]:
    """Say what the rows are founded on, what the failures were, and what is not counted."""
    standings = comparison.overall.standings
    notes = [
        "compared: pass/fail, numbers, built-in traits; drift fails nothing here: pytest judges it",
        "latency: median of a sample, as recorded; tokens: input+output, mean of a sample",
        "flips: tests that most samples of one side passed, and most of the other did not",
    ]
    for each in standings:
        if each.failures:
            notes.append(f"failures of {each.variant}: {format_failures(each)}")
        if each.against is not None:
            notes.append(f"drift of {each.variant}: {format_drift(each, name_tests=True)}")
        if each.unknown:
            number = count(each.unknown, "sample")
            notes.append(
                f"unknown of {each.variant}: whether {number} passed was not written down; "
                "counted as neither"
            )
        if each.fresh.n:
            notes.append(
                f"fresh samples of {each.variant}: {each.fresh}, of tests that had looked "
                "different; no rate counts them, and they decide the verdicts on these tests"
            )
    if comparison.chosen and any(each.suite.negative_flips for each in comparison.verdicts):
        notes.append(
            f"no sample of {standings[0].variant} failed: where a recording was accepted because "
            "its test passed, the next recording of the very same model looks worse by chance; "
            "to see by how much, record that model once more as a candidate"
        )
    if any(each.cost is None for each in standings):
        notes.append("an unknown price does not count as 0")
    if len(standings) > 2:  # noqa: PLR2004 - the reference, and one other
        questions = len(standings) - 1
        notes.append(
            f"{questions} variants against one reference are {questions} questions, each at "
            f"alpha = {comparison.alpha:g}; the chance of a false alarm adds up over them"
        )
    return notes


def format_failures(standing: VariantStanding) -> str:
    """Return the failed samples by the class of their failure."""
    told = ", ".join(f"{number} {name}" for name, number in standing.failures[:MAX_CLASSES])
    rest = sum(number for _, number in standing.failures[MAX_CLASSES:])
    return f"{told} and {rest} more" if rest else told


def format_drift(standing: VariantStanding, *, name_tests: bool = False) -> str:
    """Return how many tests have which worst change, and the tests that have a breaking one."""
    found = [(standing.count_drift(each), each) for each in reversed(Severity)]
    told = ", ".join(f"{number} {severity}" for number, severity in found if number)
    worst = standing.drift[: standing.count_drift(Severity.BREAKING)]
    named = format_names([f"{each.test} ({', '.join(each.traits)})" for each in worst])
    return f"{told}; breaking: {named}" if worst and name_tests else told or "none seen"


def format_against(against: ComparisonWithBaseline) -> list[str]:
    """Return what the verdict of a suite does not say itself: both sides, and what it takes."""
    suite = against.suite
    if not suite.method or suite.interval is None or against.p_two_sided is None:
        return []
    lines = [f"{suite.method}: p = {format_p(against.p_two_sided)} two-sided"]
    if need := format_need(against):
        lines.append(need)
    elif suite.verdict is Verdict.NO_EVIDENCE and suite.drop == 0:
        low = -100 * suite.interval[0]
        lines.append(f"no difference was seen, and a drop of {low:.1f} points is not excluded")
    if suite.negative_flips:
        lines.append(f"negative flips: {format_names(suite.negative_flips)}")
    if suite.positive_flips:
        lines.append(f"positive flips: {format_names(suite.positive_flips)}")
    return lines


def format_need(against: ComparisonWithBaseline) -> str:
    """Return how many more it takes to find the difference that was seen; empty where none."""
    if against.needed_for_seen is None or against.suite.verdict in _FOUND:
        return ""
    return (
        "to find a difference as large as the seen one, two-sided, with 80 % power takes "
        f"{against.needed_for_seen:,} {against.unit}: {against.more:,} more than the "
        f"{against.recorded:,} recorded"
    )


def format_group(against: ComparisonWithBaseline | None) -> str:
    """Return the verdict on one variant in one group, with its interval."""
    if against is None:
        return "reference"
    suite = against.suite
    if suite.drop is None or suite.interval is None or not suite.method:
        return NAMES[suite.verdict]
    p = "" if suite.p is None else f", p = {format_p(suite.p)}"
    change = f"{format_points(-suite.drop)} points ({format_bounds(suite.interval)})"
    # A single test may have decided; what is told of all of them would look like no reason.
    one = f"{format_names(suite.culprits)}; over all " if suite.culprits and suite.tests[1:] else ""
    return f"{NAMES[suite.verdict]}: {one}{change}{p}"


def format_of_group(group: TestGroup) -> list[str]:
    """Return what the failures of a group were, and how many more samples would tell more."""
    said = [
        f"failures of {each.variant}: {format_failures(each)}"
        for each in group.standings
        if each.failures
    ]
    said += [
        f"drift of {each.variant}: {format_drift(each)}" for each in group.standings if each.drift
    ]
    needs = [(each.variant, format_need(each.against)) for each in group.standings if each.against]
    return said + [f"{variant}: {need}" for variant, need in needs if need]


def format_groups(comparison: Comparison) -> str:
    """Say what the groups are, and that they decide nothing."""
    number = len(comparison.groups)
    marks = (
        "; a test with several marks is in each of their groups"
        if comparison.by is Grouping.MARK
        else ""
    )
    return (
        f"by {comparison.by}: each of the {number} groups is held against alpha = "
        f"{comparison.alpha / number:.2g}, {comparison.alpha:g} shared by all; one-sided p towards "
        f"what was seen; they do not change the exit status{marks}"
    )


def told_groups(comparison: Comparison) -> tuple[TestGroup, ...]:
    """Return the groups that are told: those with a finding before the others."""
    found = [each for each in comparison.groups if _is_found(each)]
    rest = [each for each in comparison.groups if not _is_found(each)]
    return tuple([*found, *rest][:MAX_GROUPS])


def format_other_groups(comparison: Comparison) -> list[str]:
    """Say how many groups are not told."""
    more = len(comparison.groups) - MAX_GROUPS
    return [f"and {count(more, 'more group')}; --json has all"] if more > 0 else []


def format_left_out(comparison: Comparison) -> list[str]:
    """Say how many tests have no part in it for which reason, and name the first of them."""
    tests: dict[str, list[str]] = {}
    for test, why in comparison.left_out:
        tests.setdefault(why, []).append(test)
    reasons = Counter({why: len(names) for why, names in tests.items()}).most_common(MAX_TOLD)
    told = [
        f"left out: {count(n, 'test')}, {why}: {format_names(tests[why])}" for why, n in reasons
    ]
    if any("waits to be accepted" in why for why in tests):
        told.append(
            "a test that failed when it was first recorded waits until somebody accepts it; "
            "without it the reference is chosen for passing. pytest-llmregress accept"
        )
    return told


def told_tests(suite: SuiteVerdict) -> tuple[TestVerdict, ...]:
    """Return the verdicts on tests that are worth their lines: what was found, or the only one."""
    if len(suite.tests) == 1:
        return suite.tests
    found = [test for test in suite.tests if test.verdict in _FOUND]
    return tuple(sorted(found, key=lambda test: not test.fails))


def _verdict(name: str, against: ComparisonWithBaseline, comparison: Comparison) -> list[str]:
    sentences = [f"{name} against {comparison.models[0][0]}: {head_of_suite(against.suite)}"]
    sentences += [*format_against(against), *against.suite.lines[1:]]
    lines = [line for sentence in sentences for line in _wrap(sentence)]
    told = told_tests(against.suite)
    for test in told[:MAX_TOLD]:
        lines += render_test(test, indent=_INDENT, fail_on=None)
    if len(told) > MAX_TOLD:
        lines.append(f"{_INDENT}and {len(told) - MAX_TOLD} more")
    return lines


def _groups(comparison: Comparison) -> list[str]:
    if not comparison.groups:
        return []
    lines = ["", *_wrap(format_groups(comparison))]
    for group in told_groups(comparison):
        lines += ["", f"{escape_controls(group.name)}: {count(group.tests, 'test')}"]
        table = align([HEAD, *map(cells, group.standings)])
        lines += [f"{_INDENT}{row}" for row in table]
        said = [
            f"{each.variant}: {format_group(each.against)}"
            for each in group.standings
            if each.against
        ]
        for sentence in (*said, *format_of_group(group)):
            lines += _wrap(sentence, indent=_INDENT)
    return [*lines, *format_other_groups(comparison)]


def _is_found(group: TestGroup) -> bool:
    against = [each.against for each in group.standings if each.against is not None]
    return any(each.suite.verdict in _FOUND for each in against)


def _left_out(comparison: Comparison) -> list[str]:
    told = [line for text in format_left_out(comparison) for line in _wrap(text)]
    return ["", *told] if told else []


def _wrap(text: str, *, indent: str = "") -> list[str]:
    """Return a text in lines of the usual width, each but the first further in."""
    if len(indent + text) <= WIDTH:
        return [f"{indent}{escape_controls(text)}"]
    lines = textwrap.wrap(
        escape_controls(text).replace(" %", "\0%"),  # a number stays with its sign
        width=WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\0", " ") for line in lines]
