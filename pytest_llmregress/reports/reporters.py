"""The reporters that come with the package; each is imported where it is asked for."""

from collections.abc import Callable, Mapping

from pytest_llmregress.providers.protocol import Reporter


def _html() -> Reporter:
    from pytest_llmregress.reports.html import HtmlReporter  # noqa: PLC0415 - on use

    return HtmlReporter()


def _json() -> Reporter:
    from pytest_llmregress.reports.json import JsonReporter  # noqa: PLC0415 - on use

    return JsonReporter()


def _markdown() -> Reporter:
    from pytest_llmregress.reports.markdown import MarkdownReporter  # noqa: PLC0415 - on use

    return MarkdownReporter()


def _junit() -> Reporter:
    from pytest_llmregress.reports.junit import JunitReporter  # noqa: PLC0415 - on use

    return JunitReporter()


BUILT_IN: Mapping[str, Callable[[], Reporter]] = {
    ".html": _html,
    ".json": _json,
    ".md": _markdown,
    ".xml": _junit,
}
"""What returns the reporter of each ending of a file, in lower case."""
EXTENSIONS = ", ".join(BUILT_IN)
"""The endings, as a message names them."""
