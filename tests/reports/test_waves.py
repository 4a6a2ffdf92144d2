"""What a recording in waves says, word by word."""

import pytest

from pytest_llmregress.recording.rate_limiter import RoundState
from pytest_llmregress.reports.recording_progress import during_wave


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (RoundState(answered=0), ""),
        (RoundState(answered=5), ", about 20 s left"),
        (
            RoundState(answered=5, refused=529, refusals=12, next_try=4.0),
            "; the server answered 529 12 times; next try in 4.0 s",
        ),
        (RoundState(answered=5, refused=429, refusals=1, next_try=0.2), ", about 20 s left"),
        (
            RoundState(refused=529, refusals=1, silence=75.0),
            "; the server answered 529 1 time; no answer for 1 min 15 s, it is asked again",
        ),
        (
            RoundState(answered=5, under_way=4, silence=12.0),
            "; no answer for 12 s: 4 calls sent and not answered yet",
        ),
    ],
    ids=["begun", "on its way", "refused", "spaced", "refused at once", "hanging"],
)
def test_a_wave_tells_when_it_will_be_over_or_why_nobody_knows(standing: RoundState, words: str):
    line = during_wave(2, standing, of=15, seconds=10.0)

    assert line == f"llmregress: wave 2: {standing.answered} of 15 calls answered{words}"
