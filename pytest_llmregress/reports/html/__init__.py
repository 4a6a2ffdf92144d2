"""The report of a run as one page for a browser, which asks nothing of any network."""

from pytest_llmregress.reports.html.renderer import HtmlReporter

__all__ = ["HtmlReporter"]
