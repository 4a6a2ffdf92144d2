"""The reporters that come with the package; each is imported where it is asked for."""

import json
from collections.abc import Callable, Iterator, Mapping

from pytest_llmregress.providers.protocol import Reporter
from pytest_llmregress.values.run_report import RunReport

_NO_TESTS = '\n  "tests": []'
"""Where the tests belong. No text of others has it: in JSON no text has a line break."""
_to_json = json.JSONEncoder(indent=2, sort_keys=True).encode


class JsonReporter:
    """Writes everything that a run found; the same run gives the same file, byte for byte."""

    suffix: str = ".json"

    def render(self, report: RunReport) -> Iterator[str]:
        """Yield the file test by test. ASCII only, so that a lone surrogate breaks no writer."""
        head, _, tail = _to_json({**report.head_to_json(), "tests": []}).partition(_NO_TESTS)
        yield f'{head}\n  "tests": ['
        behind = ""
        for test in report.tests:
            yield f"{behind}\n    "
            yield _to_json(test.to_json()).replace("\n", "\n    ")
            behind = ","
        yield f"\n  ]{tail}\n" if report.tests else f"]{tail}\n"


def _html() -> Reporter:
    from pytest_llmregress.reports.html import HtmlReporter  # noqa: PLC0415 - on use

    return HtmlReporter()


def _markdown() -> Reporter:
    from pytest_llmregress.reports.markdown import MarkdownReporter  # noqa: PLC0415 - on use

    return MarkdownReporter()


def _junit() -> Reporter:
    from pytest_llmregress.reports.junit import JunitReporter  # noqa: PLC0415 - on use

    return JunitReporter()


BUILT_IN: Mapping[str, Callable[[], Reporter]] = {
    ".html": _html,
    ".json": JsonReporter,
    ".md": _markdown,
    ".xml": _junit,
}
"""What returns the reporter of each ending of a file, in lower case."""
EXTENSIONS = ", ".join(BUILT_IN)
"""The endings, as a message names them."""
