"""What helps a test whose request is another one each time: recording it again does not."""

import sys

from pytest_llmregress.causes.request_diff import RequestDiff
from pytest_llmregress.causes.volatile_texts import find_volatile
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, MissReason


def advise(miss: Miss, tape: CassetteSession, diff: RequestDiff | None) -> tuple[str, ...]:
    """Return lines on what makes the requests of a test the same each time; none where unknown."""
    if miss.judge or miss.reason not in {MissReason.NO_MATCH, MissReason.ALREADY_PLAYED}:
        return ()
    if _is_in_hypothesis():
        return (
            "hypothesis draws other examples each time, and a new recording would miss again;",
            "@hypothesis.settings(derandomize=True), then record",
        )
    if diff is None or diff.nearest is None:
        return ()
    recorded = [each.request for each in tape.recorded]
    rules = find_volatile(miss.request, recorded, diff.nearest, tape.matching)
    if not rules:
        return ()
    names = " and ".join(dict.fromkeys(text.strip("<>") for text in rules.values()))
    settings = ", ".join(f'r"{pattern}": "{text}"' for pattern, text in rules.items())
    return (
        f"where the {names} is another one each time, a new recording would miss again;",
        "let matching read past it: override the fixture llm_config, and return",
        f'{{"match_replace": {{{settings}}}}}',
    )


def _is_in_hypothesis() -> bool:
    """Whether an example of hypothesis asks; a run without hypothesis has not imported it."""
    hypothesis = sys.modules.get("hypothesis")
    is_running = getattr(hypothesis, "currently_in_test_context", None)
    return is_running is not None and bool(is_running())
