"""Lets the tests import what stands beside them, and says what a change of generated code is."""

import ast
import sys
from pathlib import Path

import pytest

from pytest_llmregress import Severity, Trait, TraitKind

sys.path.insert(0, str(Path(__file__).parent))

FORM = "code.form"
ASKED = "as asked"


@pytest.fixture(scope="session")
def llm_config():
    """Let code be written as it likes: what it does is for the checks to say."""
    return {"severity": {"text*": "cosmetic", "usage.*": "cosmetic"}}


def pytest_llmregress_traits(calls):
    """Tell whether the code is what was asked for, as far as that is to be seen without running it.

    What it does when it runs is for the tests to say: a trait has to be the same in each replay.
    """
    from codetasks import asked_for  # noqa: PLC0415 - once the path is there
    from generator import extract_code  # noqa: PLC0415 - as above

    return [
        Trait(
            name=FORM,
            value=_form(extract_code(call.text), asked_for(task)),
            kind=TraitKind.CATEGORY,
            severity=Severity.BREAKING,
        )
        for call in calls[:1]
        if (task := _task_of(call)) is not None
    ]


def pytest_llmregress_classify(change, before, after):  # noqa: ARG001 - the names are the hook's
    """Tell a change for the better from one for the worse."""
    if change.trait != FORM:
        return None
    return Severity.NOTABLE if after.value == ASKED else Severity.BREAKING


def _task_of(call):
    """Return the task that a call asks for; None for the calls of other suites of the same run."""
    from codetasks import find_task  # noqa: PLC0415 - as above
    from generator import BRIEFLY  # noqa: PLC0415 - as above

    content = call.request.get("messages", [{}])[0].get("content")
    return find_task(content.removesuffix(BRIEFLY).strip()) if isinstance(content, str) else None


def _form(code, names):
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return "does not parse"
    if not tree.body:
        return "no code"
    defined = {getattr(node, "name", None) for node in tree.body}
    missing = sorted(names - defined)
    return f"without {', '.join(missing)}" if missing else ASKED
