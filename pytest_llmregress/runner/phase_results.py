"""How the phases of one sample ended, as pytest tells it."""

from dataclasses import dataclass, field

import pytest


@dataclass(slots=True, kw_only=True)
class PhaseResults:
    """How the phases of a sample ended, as far as pytest has told."""

    is_in_body: bool = False
    """Whether its body runs: a report that is made meanwhile is that of a subtest."""
    body_passed: bool = False
    others_passed: bool = True
    """Whether set-up, tear-down, subtests and a body whose exception is hidden passed."""
    skipped: bool = False
    failure: str = ""
    """Why it failed, in a line; empty where it passed, or was not run."""
    reports: dict[str, pytest.TestReport] = field(default_factory=dict)
    """How each phase ended, where the test has several samples: shown together at its end."""

    @property
    def passed(self) -> bool:
        """Whether set-up, body and tear-down passed; contract and drift apart."""
        return self.body_passed and self.others_passed

    @property
    def told_failure(self) -> str:
        """What pytest tells of the first phase that failed; empty where none did."""
        failed = (each.longreprtext for each in self.reports.values() if each.failed)
        return next((text.expandtabs() for text in failed if text), "")

    def note_failure(self, why: str) -> None:
        """Take notice that something beside the end of the body has failed."""
        self.others_passed = False
        self.failure = self.failure or why
