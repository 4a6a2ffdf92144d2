"""The reporters that come with the package."""

import pytest

from pytest_llmregress.reports.reporters import BUILT_IN, EXTENSIONS
from run_reports import report_of


@pytest.mark.parametrize("suffix", BUILT_IN)
def test_each_is_found_by_the_ending_of_what_it_writes(suffix: str):
    reporter = BUILT_IN[suffix]()

    assert reporter.suffix == suffix
    assert "".join(reporter.render(report_of()))
    assert suffix in EXTENSIONS.split(", ")
