"""Write a function `is_leap(year)`: is a year of the Gregorian calendar a leap year?"""

from generated import is_leap

assert is_leap(2024)
assert is_leap(2000)
assert not is_leap(1900)
assert not is_leap(2023)
