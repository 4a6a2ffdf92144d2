"""Variants side by side, as people read them."""

import re

import pytest

from pytest_llmregress.formatting.text_table import WIDTH
from pytest_llmregress.reports.variants import MAX_GROUPS, format_rate, render_comparison
from pytest_llmregress.reports.variants_markdown import render_markdown
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.variants import Grouping, RecordedSample, RecordedTest, Variant
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.compare_variants import compare_variants

TOLD = """\
new (claude-opus-5-5) against baseline (claude-opus-5): 1 test, from their recordings

variant   passed  rate    95 % CI    flips      latency  tokens  tools  USD/passed
baseline  18/25   72.0 %  52.4-85.7  reference  1.5 s    12+7    1      $0.04167
new       19/25   76.0 %  56.6-88.5  -0 +0      1.5 s    12+7    1      unknown
compared: pass/fail, numbers, built-in traits; drift fails nothing here: pytest judges it
latency: median of a sample, as recorded; tokens: input+output, mean of a sample
flips: tests that most samples of one side passed, and most of the other did not
failures of baseline: 7 AssertionError
failures of new: 6 AssertionError
drift of new: none seen
an unknown price does not count as 0

new against baseline: no evidence of a change: 1 test, 18/25 (72 %) → 19/25 (76 %) of all samples,
  +4.0 points with each test counted once (95 % interval -19.8 to +27.2)
Fisher's exact test: p = 1.00 two-sided
to find a difference as large as the seen one, two-sided, with 80 % power takes 1,937 samples a
  side: 1,912 more than the 25 recorded
"""


def variant(name: str, models: str, passed: int, n: int, **fields) -> Variant:
    samples = tuple(
        RecordedSample(
            passed=number < passed,
            failure="AssertionError: no" if number >= passed else "",
            tool_calls=1,
            input_tokens=12,
            output_tokens=7,
            latency=1.5,
            **fields,
        )
        for number in range(n)
    )
    tests = {"test_a.py::test_x": RecordedTest(samples=samples)}
    return Variant(name=name, models=models, tests=tests)


def compare(*variants: Variant):
    return compare_variants(variants, gate=GatePolicy())


@pytest.fixture
def few():
    """18 of 25, then 19 of 25."""
    return compare(
        variant("baseline", "claude-opus-5", 18, 25, cost=0.03),
        variant("new", "claude-opus-5-5", 19, 25),
    )


def test_a_comparison_reads_like_this(few):
    told = "\n".join(render_comparison(few))

    assert told.startswith(TOLD)


def test_no_line_is_wider_than_the_terminal(few):
    assert max(map(len, render_comparison(few))) <= WIDTH


@pytest.mark.parametrize("render", [render_comparison, render_markdown])
def test_what_shows_nothing_is_not_called_more_than_that(few, render):
    told = re.sub(r"\s+", " ", " ".join(render(few)))

    assert "no evidence of a change" in told
    assert not re.search(r"\bstable\b|no change|unchanged|confident|significant", told)


def test_a_rate_with_a_failure_in_it_is_never_100_percent():
    assert format_rate(Tally(passed=9999, n=10_000)) == "above 99.9 %"
    assert format_rate(Tally(passed=10_000, n=10_000)) == "100.0 %"
    assert format_rate(Tally(passed=0, n=0)) == "-"


def test_a_long_name_is_cut_in_the_table_and_whole_in_the_verdict():
    name = "a-model-with-a-name-that-goes-on-and-on-and-on"
    told = render_comparison(compare(variant("baseline", "m", 5, 5), variant(name, name, 5, 5)))

    assert any(line.startswith("a-model-with-a-name-tha…  5/5") for line in told)
    assert any(line.startswith(f"{name} against baseline: ") for line in told)


def test_markdown_has_a_table_that_nothing_in_a_name_can_break():
    hostile = "evil|name`<b>@team #1"
    told = render_markdown(compare(variant("baseline", "m", 5, 5), variant(hostile, "m", 4, 5)))
    rows = [line for line in told if line.startswith("|")]

    assert len(rows) == 4
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {11}
    assert r"evil\|name\`\<b\>\@team \#1" in rows[3]


def test_markdown_holds_the_rates_the_interval_and_the_verdict(few):
    told = render_markdown(few)

    assert told[2].startswith("| variant | passed | rate |")
    assert "| new | 19/25 | 76.0 % | 56.6-88.5 | -0 +0 |" in told[5]
    assert "no evidence of a change: +4.0 points (-19.8 to +27.2), p = 0.50 |" in told[5]


def in_files(outcomes: dict[str, int], n: int = 10) -> dict[str, RecordedTest]:
    """Return a test for each file, of which so many samples went well."""
    return {
        f"{file}::test_x": RecordedTest(
            samples=tuple(RecordedSample(passed=number < passed) for number in range(n))
        )
        for file, passed in outcomes.items()
    }


def test_a_group_that_one_test_decides_names_that_test():
    tests = [{"a/test_1.py": 10, "a/test_2.py": each, "b/test_3.py": 10} for each in (10, 0)]
    found = compare_variants(
        [Variant(name=f"v{n}", models="m", tests=in_files(each)) for n, each in enumerate(tests)],
        by=Grouping.FOLDER,
        gate=GatePolicy(),
    )

    told = re.sub(r"\s+", " ", " ".join(render_comparison(found)))

    assert "regressed: a/test_2.py::test_x; over all -50.0 points" in told


def test_a_group_has_the_whole_table_its_failures_and_what_it_would_take_to_tell():
    files = {"a/test_1.py": 8, "b/test_2.py": 10}
    found = compare_variants(
        [
            Variant(name="old", models="m", tests=in_files(files)),
            Variant(name="new", models="m", tests=in_files({**files, "a/test_1.py": 7})),
        ],
        by=Grouping.FOLDER,
        gate=GatePolicy(),
    )

    told = render_comparison(found)
    start = told.index("a: 1 test")
    group = "\n".join(told[start : told.index("", start)])

    assert [line.split()[0] for line in group.splitlines()[1:4]] == ["variant", "old", "new"]
    assert "latency  tokens  tools  USD/passed" in group
    assert "failures of new: 3 no reason" in group
    assert "new: to find a difference as large as the seen one" in group
    assert "a: failures of new: 3 no reason" in "\n".join(render_markdown(found))


def test_of_many_groups_those_with_a_finding_are_told_and_the_others_counted():
    files = {f"test_{number:02}.py": 10 for number in range(30)}
    found = compare(
        Variant(name="old", models="m", tests=in_files(files)),
        Variant(name="new", models="m", tests=in_files({**files, "test_29.py": 0})),
    )

    told = render_comparison(found)
    groups = [line for line in told if re.fullmatch(r"test_\d\d\.py: 1 test", line)]

    assert len(groups) == MAX_GROUPS
    assert groups[0] == "test_29.py: 1 test"
    assert "and 10 more groups; --json has all" in told
    assert r"- and 10 more groups; --json has all" in render_markdown(found)


def test_a_number_and_its_percent_sign_stay_on_one_line(few):
    assert not any(line.lstrip().startswith("%") for line in render_comparison(few))
