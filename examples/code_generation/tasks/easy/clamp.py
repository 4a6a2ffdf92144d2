"""Write a function `clamp(value, low, high)`: the number that is closest to the value and not
below low or above high. If low is above high, raise ValueError.
"""

from contextlib import suppress

from generated import clamp

assert clamp(5, 1, 10) == 5
assert clamp(-5, 1, 10) == 1
assert clamp(50, 1, 10) == 10
assert clamp(3.5, 3.5, 3.5) == 3.5
with suppress(ValueError):
    clamp(5, 10, 1)
    raise AssertionError("clamp(5, 10, 1) raises ValueError")
