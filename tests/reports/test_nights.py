"""The nights of a canary in each report: a row a night, beside the baseline."""

import json
import re

from pytest_llmregress.reports.html import HtmlReporter
from pytest_llmregress.reports.html.plot_markup import plots_of_nights
from pytest_llmregress.reports.markdown import MarkdownReporter
from pytest_llmregress.reports.summary import summary_lines
from pytest_llmregress.reports.verdict import say_nights
from pytest_llmregress.values.run_report import RunReport
from reports import record
from run_reports import HOSTILE, nightly, report_of


def test_the_page_shows_each_night_beside_the_interval_of_the_baseline():
    rate, refused = plots_of_nights(nightly().history)

    assert (rate.title, refused.title) == (
        "Pass rate by night",
        "Samples by night: refused in words",
    )
    assert [row.label for row in rate.rows][:4] == [
        "2026-11-01, 2 nights",
        "2026-11-03, 7 nights",
        "2026-11-10, 7 nights",
        "2026-11-17",
    ]
    assert rate.rows[-1].label == "2026-11-30; red"
    assert {row.before_text for row in rate.rows} == {"36/40"}
    assert {row.after_text for row in refused.rows} >= {"4/4"}
    assert all(row.before is not None and row.before.low is not None for row in rate.rows)
    assert "Pass rate by night" in "".join(HtmlReporter().render(report_of(verdict=nightly())))


def test_without_a_history_there_is_no_plot_of_nights():
    assert plots_of_nights(None) == ()


def test_markdown_has_a_row_for_each_night_the_newest_first():
    text = MarkdownReporter().render(report_of(record("t.py::test_0"), verdict=nightly()))

    table = text.partition("The nights</summary>")[2].partition("</details>")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert rows[1] == "| <code>baseline</code> | 4/40 | 0/40 |"
    assert rows[2] == "| **red** <code>2026-11-30</code> | 0/4 | 4/4 |"
    assert rows[-1].startswith("| <code>2026-11-01, 2 nights</code> | 0/8 |")


def test_nothing_in_a_history_breaks_out_of_a_report():
    verdict = nightly(text=HOSTILE[:9])
    report = report_of(record("t.py::test_0"), verdict=verdict)

    table = MarkdownReporter().render(report).partition("The nights</summary>")[2]

    assert re.search(r"<script|`b`", table) is None


def test_the_summary_says_what_is_left_of_alpha():
    text = " ".join(summary_lines(report_of(record("t.py::test_0"), verdict=nightly())))

    assert "canary: 30 nights since 2026-11-01" in text
    assert "0.0041 of it spent, 0.0459 left" in text


def test_a_report_with_nights_is_read_as_it_was_written():
    report = report_of(record("t.py::test_0"), verdict=nightly())

    assert RunReport.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_several_nights_are_told_by_the_first_one():
    (group, *_) = nightly().history.by_night

    assert say_nights(group) == "2026-11-01, 2 nights"
