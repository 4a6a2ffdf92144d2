"""The report of a run as JSON, for programs."""

import json

from pytest_llmregress.core.report import RunReport


class JsonReporter:
    """Writes everything that a run found; the same run gives the same file, byte for byte."""

    suffix: str = ".json"

    def render(self, report: RunReport) -> str:
        """Return the whole file. ASCII only, so that a lone surrogate in it breaks no writer."""
        return json.dumps(report.to_json(), indent=2, sort_keys=True) + "\n"
