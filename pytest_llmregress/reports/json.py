"""The report of a run as JSON, for programs."""

import json
from collections.abc import Iterator

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
