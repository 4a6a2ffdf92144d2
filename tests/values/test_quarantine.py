"""Tests of quarantines: how they are written, and the day after their last one."""

from datetime import date, datetime
from typing import Any

import pytest

from pytest_llmregress.pipeline.config import Quarantine

HOW = '{"reason": "…", "until": "2026-12-31"}'


@pytest.mark.parametrize("until", ["2026-11-30", date(2026, 11, 30)])
def test_it_holds_to_the_end_of_its_last_day(until: Any):
    quarantine = Quarantine.read({"reason": " noisy tool order ", "until": until})

    assert quarantine.over_in_words(date(2026, 11, 30)) is None
    assert not quarantine.is_over(date(2026, 11, 30))
    assert quarantine.over_in_words(date(2026, 12, 1)) == (
        "quarantine: it ended on 2026-11-30 (noisy tool order); repair the test and take the "
        "keyword out, or set a later day"
    )


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("noisy", f"'noisy' is no quarantine; a reason and a last day: {HOW}"),
        (None, f"None is no quarantine; a reason and a last day: {HOW}"),
        ({"reason": "x"}, f"{{'reason': 'x'}} is no quarantine; a reason and a last day: {HOW}"),
        ({"reason": " ", "until": "2026-11-30"}, f"the reason ' ' says nothing; {HOW}"),
        ({"reason": 5, "until": "2026-11-30"}, f"the reason 5 says nothing; {HOW}"),
        ({"reason": "x", "until": "soon"}, f"until 'soon' is no day; a date, or {HOW}"),
        ({"reason": "x", "until": "2026-02-30"}, f"until '2026-02-30' is no day; a date, or {HOW}"),
        ({"reason": "x", "until": 5}, f"until 5 is no day; a date, or {HOW}"),
        (
            {"reason": "x", "until": datetime(2026, 11, 30)},  # noqa: DTZ001 - what a user may write
            f"until datetime.datetime(2026, 11, 30, 0, 0) is no day; a date, or {HOW}",
        ),
    ],
)
def test_what_is_no_quarantine_is_told_with_an_example(raw: Any, message: str):
    with pytest.raises(ValueError, match=r"no quarantine|says nothing|no day") as caught:
        Quarantine.read(raw)

    assert str(caught.value) == message
