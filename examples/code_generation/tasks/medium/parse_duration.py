"""Write a function `parse_duration(text)` that returns seconds: "1h30m15s" is 5415, "45m" is 2700.
Hours, minutes and seconds may each be left out. Raise ValueError for anything else, and for "".
"""

from contextlib import suppress

from generated import parse_duration

assert parse_duration("1h30m15s") == 5415
assert parse_duration("45m") == 2700
assert parse_duration("10s") == 10
assert parse_duration("100h") == 360000
assert parse_duration("2h5s") == 7205
for wrong in ("", "5", "h", "1x", "10s1h", "1h 30m!"):
    with suppress(ValueError):
        parse_duration(wrong)
        raise AssertionError(f"parse_duration({wrong!r}) raises ValueError")
