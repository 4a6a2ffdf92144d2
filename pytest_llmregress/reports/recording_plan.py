"""What a recording run is going to do and how far it is, in a line each."""

from dataclasses import dataclass

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.reports.recording_progress import money
from pytest_llmregress.values.amounts import sum_known


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingEstimate:
    """What one test is going to record."""

    samples: int
    """Those that are recorded; replayed ones are not counted."""
    calls: float | None = None
    """Model calls, judged by what is recorded of it; None where nothing is."""
    tokens: float | None = None
    cost: float | None = None
    """US dollars; None where nothing is recorded, or a price is unknown."""
    fresh: int = 0
    """Samples of the candidate that follow at most where it looks different."""
    controls: int = 0
    """Samples of the old model that follow those at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingProgress:
    """How far a run is."""

    tests: int
    """Marked tests that are over."""
    of: int | None
    """All of them; None where that is not known."""
    samples: int
    tokens: int
    cost: float | None
    """US dollars; None where a price is unknown."""
    seconds: float
    """Since the first test began."""


def render_plan(expected: list[RecordingEstimate]) -> str:
    """Return what is going to be recorded; empty where nothing is."""
    planned = [each for each in expected if each.samples]
    if not planned:
        return ""
    samples = sum(each.samples for each in planned)
    head = f"llmregress: recording {count(len(planned), 'test')}, {count(samples, 'sample')}"
    known = [each for each in planned if each.calls is not None]
    if not known:
        return f"{head}; calls, tokens and cost unknown: nothing is recorded yet"
    more = _say_more(planned)
    calls = round(sum(each.calls or 0 for each in known))
    tokens = round(sum(each.tokens or 0 for each in known))
    unknown = len(planned) - len(known)
    rest = f"; {count(unknown, 'test')} without a recording: unknown" if unknown else ""
    cost = money(sum_known(each.cost for each in known))
    return (
        f"{head}; expected from what is recorded: {count(calls, 'call')}, {tokens:,} tokens, "
        f"cost {cost}{rest}{more}"
    )


def _say_more(planned: list[RecordingEstimate]) -> str:
    """Say how many samples of which model may follow; empty where the old one is not asked."""
    controls = max(each.controls for each in planned)
    if not controls:
        return ""
    fresh = max(each.fresh for each in planned)
    return (
        f"; for each test that looks different up to {count(fresh, 'sample')} more, and "
        f"{controls} of the old model"
    )


def render_progress(done: RecordingProgress) -> str:
    """Return how far a run is: tests, samples, tokens, cost, and the time that is left."""
    tests = f"{done.tests} of {done.of} tests" if done.of else count(done.tests, "test")
    parts = [f"llmregress: {tests}", count(done.samples, "sample"), f"{done.tokens:,} tokens"]
    parts.append(f"cost {money(done.cost)}")
    if done.of and done.tests:
        left = done.seconds / done.tests * (done.of - done.tests)
        parts.append(f"about {_time(left)} left")
    return ", ".join(parts)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
