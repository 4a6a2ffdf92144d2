"""What is known of a request without an answer: what differs, what waits, and what would help."""

import sys
from dataclasses import replace
from pathlib import Path

from pytest_llmregress.causes.request_diff import RequestDiff, explain
from pytest_llmregress.causes.volatile_texts import find_volatile
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, MissReason
from pytest_llmregress.storage.cassette_file import read_cassette


def find_difference(miss: Miss, tape: CassetteSession) -> RequestDiff:
    """Say what differs from the nearest of the recordings, judgements and calls apart."""
    places = [n for n, each in enumerate(tape.recorded) if each.judge is miss.judge]
    found = explain(miss.request, [tape.recorded[place].request for place in places])
    return found if found.nearest is None else replace(found, nearest=places[found.nearest])


def is_answered_in(pending: Path, miss: Miss, tape: CassetteSession) -> bool:
    """Tell whether a recording that waits for a decision has an answer to a request."""
    try:
        waiting = read_cassette(pending).interactions
    except (OSError, ValueError):
        return False
    wanted = tape.key_of(miss.request, judge=miss.judge)
    return any(tape.key_of(each.request, judge=each.judge) == wanted for each in waiting)


def advise(miss: Miss, tape: CassetteSession, diff: RequestDiff | None) -> tuple[str, ...]:
    """Return lines on what makes the requests of a test the same each time; none where unknown.

    Where a request is another one each time, recording it again does not help.
    """
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
