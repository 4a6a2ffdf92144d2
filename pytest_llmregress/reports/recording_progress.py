"""What a recording in waves tells: what a wave will come to, what it came to, why it stops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.recording.rate_limiter import CostEstimate, RoundState
from pytest_llmregress.values.call import sum_known


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


def money(cost: float | None) -> str:
    """Return US dollars."""
    return "unknown" if cost is None else f"${cost:.4f}"


def first_calls(number: int, expected: CostEstimate, *, like: int) -> str:
    """Say that calls go out while other tests are still tried, and what all may come to.

    :param like: how many samples the forecast for all of them is made from.
    """
    first = f"the first {like} do" if like > 1 else "the first one does"
    return (
        f"llmregress: wave {number}: its first calls go out while other tests are tried; if those "
        f"ask for what {first}: {count(expected.calls, 'call')}, "
        f"{expected.tokens:,} tokens, cost {money(expected.cost)}"
    )


def before_wave(  # noqa: PLR0913 - what a line tells
    number: int,
    expected: CostEstimate,
    *,
    at_a_time: int,
    tests: int,
    in_batches: int,
    later: int,
    models: Mapping[str, int],
) -> str:
    """Return what a wave is going to send.

    :param later: calls that are asked for and would go past a limit of the run.
    :param models: how many calls go to which model; empty where that is no question.
    """
    shares = [f"{calls} to {model}" for model, calls in models.items()]
    to = f" ({', '.join(shares)})" if shares else ""
    ways = [f"{at_a_time} at a time"] if at_a_time else []
    ways += [f"{in_batches} in batches"] if in_batches else []
    calls = f"{count(expected.calls, 'call')} of {count(tests, 'test')}{to}"
    return (
        f"llmregress: wave {number}: {calls}, {', '.join(ways)}; expected: "
        f"{expected.tokens:,} tokens, cost {money(expected.cost)}"
        + (f"; {count(later, 'call')} more would go past the limit, and wait" if later else "")
    )


def further(tests: int, *, of_candidate: int, of_old_model: int) -> str:
    """Say which samples follow where first ones of a candidate look different."""
    more = [f"{count(of_candidate, 'fresh sample')} of the candidate"] if of_candidate else []
    more += [f"{count(of_old_model, 'sample')} of the old model"] if of_old_model else []
    verb = "looks" if tests == 1 else "look"
    return f"llmregress: {count(tests, 'test')} {verb} different: {', '.join(more)}"


def wave_not_sent(number: int) -> str:
    """Say that a wave is not sent."""
    return f"llmregress: wave {number} is not sent: a limit of the run is reached"


def stopped(why: str, command: str) -> str:
    """Say why nothing more was sent in this run, and what carries on; empty where nothing does."""
    carries_on = f" Carry on with: {command}" if command else ""
    return f"llmregress: the recording was stopped: {why}. What is recorded is kept.{carries_on}"


def handed_in(number: int) -> str:
    """Say that nobody has to wait for a batch."""
    return (
        f"llmregress: wave {number}: its batches are handed in; Ctrl-C leaves them, and the same "
        "command takes their answers later"
    )


def during_batch(number: int, batches: Sequence[str], *, seconds: float) -> str:
    """Return what is waited for."""
    return f"llmregress: wave {number}: waiting for {', '.join(batches)} since {time(seconds)}"


def during_wave(number: int, standing: RoundState, *, of: int, seconds: float) -> str:
    """Return how far a wave is, and when it will be over, or else why it stands still."""
    answered = standing.answered
    head = f"llmregress: wave {number}: {answered} of {count(of, 'call')} answered"
    if standing.is_held:
        return f"{head}; {_held_up(standing)}"
    left = f", about {time(seconds / answered * (of - answered))} left" if answered else ""
    return f"{head}{left}"


def _held_up(standing: RoundState) -> str:
    """Say what a wave waits for."""
    silent = f"no answer for {time(standing.silence)}"
    if not standing.refused:
        return f"{silent}: {count(standing.under_way, 'call')} sent and not answered yet"
    refused = f"the server answered {standing.refused} {count(standing.refusals, 'time')}"
    if standing.next_try > 0:
        return f"{refused}; next try in {time(standing.next_try)}"
    return f"{refused}; {silent}, it is asked again"


def after_wave(  # noqa: PLR0913 - what a line tells
    number: int, came: CostEstimate, *, of: int, seconds: float, left: float | None, given_up: str
) -> str:
    """Return what a wave came to, and how long the others will take, where that is known."""
    head = f"llmregress: wave {number}: {came.calls} of {count(of, 'call')} answered"
    parts = [f"{head} in {time(seconds)}: {came.tokens:,} tokens, cost {money(came.cost)}"]
    if given_up:
        parts.append(f"not answered: {given_up}")
    if left is not None:
        parts.append(f"about {time(left)} left")
    return "; ".join(parts)


def interrupted(kept: int, command: str) -> str:
    """Say what is left of a recording that somebody has interrupted."""
    return (
        f"llmregress: interrupted: {count(kept, 'answer')} kept in the journals; carry on with: "
        f"{command}"
    )


def watched(plugin: str) -> str:
    """Say why a test is not run but once: a plugin would see it."""
    return f"the plugin {plugin} watches each run of a test"


def after_waves(inline: Sequence[tuple[str, str]]) -> list[str]:
    """Return which tests are recorded one call at a time, and why."""
    by_reason: dict[str, list[str]] = {}
    for test, why in inline:
        tests = by_reason.setdefault(why, [])
        if test not in tests:
            tests.append(test)
    return [
        f"llmregress: recorded one call at a time, since {why}: {tests[0]}"
        + (f" (and {len(tests) - 1} more)" if len(tests) > 1 else "")
        for why, tests in by_reason.items()
    ]


def over_limit(spent: CostEstimate, expected: CostEstimate, *, limit: str, share: int) -> str:
    """Say why nothing more is sent."""
    part = f" for {share} workers together" if share > 1 else ""
    calls = "call" if expected.calls == 1 else count(expected.calls, "call")
    return (
        f"this run has spent {spent.tokens:,} tokens ({money(spent.cost)}), the next "
        f"{calls} would come to about {expected.tokens:,} tokens "
        f"({money(expected.cost)}), and {limit}{part}"
    )


def no_price(models: Sequence[str]) -> str:
    """Say that costs cannot be limited where nobody knows a price."""
    return (
        f"--llmregress-max-cost: nobody knows the price of {', '.join(models)}; install "
        '"pytest-llmregress[prices]", say it in the hook pytest_llmregress_price, or limit '
        "--llmregress-max-tokens instead"
    )


def no_count(limit: str, given: Sequence[str]) -> str:
    """Say that a limit cannot be held where a server gives what is no count of tokens."""
    return (
        f"{limit}: what the answers came to is unknown, since the server gave {', '.join(given)}; "
        "a count of tokens is a whole number, 0 or more. Look at what the server sends, or record "
        "without the limit"
    )


def waits_in_batch(batches: Sequence[str], *, seconds: float) -> str:
    """Say that answers are still to come."""
    return (
        f"its answers are not there after {time(seconds)}: batch {', '.join(batches)} is still "
        "processed; nothing of it is sent again"
    )


def not_sent(test: str, why: str, command: str) -> str:
    """Say that a test was stopped by a limit of the run, and what is to be done about it.

    :param why: empty where the run tells it, once, and the command for all of its tests.
    """
    if not why:
        return f"{test}: the recording was stopped; the end of this run says why, and how to go on"
    return f"{test}: the recording stops here: {why}. What is recorded is kept. {command}"


def time(seconds: float) -> str:
    """Return a span of time for people."""
    if seconds < 10:  # noqa: PLR2004 - tenths matter below
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
