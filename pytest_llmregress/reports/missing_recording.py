"""What a test is told when it asks for something that was not recorded."""

from collections.abc import Sequence

from pytest_llmregress.causes.request_diff import RequestDiff
from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.values.http import Request

REASONS = {
    "cassette_not_found": "nothing is recorded for this test yet",
    "no_match": "the request is not the one that was recorded",
    "already_played": "it was recorded {times} time(s), and all of those are played",
    "credentials": "it asks for credentials, which are never recorded and never replayed",
}


def render_miss(  # noqa: PLR0913 - the parts of one message
    *,
    test: str,
    reason: str,
    request: Request,
    times: int,
    where: str | None,
    cassette: str,
    explanation: RequestDiff | None,
    renamed: str | None,
    pending: str | None,
    advice: Sequence[str],
    command: str,
) -> str:
    """Say what was asked, why there is no answer, what differs, and how to record it."""
    asked = escape_controls(f"{request.method} {request.url}")
    lines = [
        f"{test}: no recorded answer to {asked}",
        f"  reason    {reason}: {REASONS[reason].format(times=times)}",
    ]
    if where:
        lines.append(f"  asked in  {where}")
    lines.append(f"  cassette  {cassette}")
    if explanation is not None and explanation.nearest is not None:
        lines.append(
            f"  nearest   request {explanation.nearest + 1} of the cassette; it differs in"
        )
        width = max((len(part.part) for part in explanation.parts), default=0)
        lines.extend(
            escape_controls(f"    {part.part:<{width}}  {part.what}") for part in explanation.parts
        )
    if pending:
        lines.append(f"  pending   {pending}")
    if renamed:
        lines.append("  renamed?  another test's recording answers this very request; to move it:")
        lines.append(f"            {renamed}")
    if advice:
        first, *others = (escape_controls(line) for line in advice)
        lines += [f"  each time {first}", *(f"            {line}" for line in others)]
    lines.append(f"  record    {command}")
    return "\n".join(lines)
