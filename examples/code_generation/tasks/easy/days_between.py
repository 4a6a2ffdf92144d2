"""Write a function `days_between(first, second)` that returns how many days lie between two dates
such as "2024-02-28", as a number that is never negative, in whichever order they are given.
"""

from generated import days_between

assert days_between("2024-02-28", "2024-03-01") == 2
assert days_between("2023-02-28", "2023-03-01") == 1
assert days_between("2024-03-01", "2024-02-28") == 2
assert days_between("2024-12-31", "2024-12-31") == 0
assert days_between("2000-01-01", "2001-01-01") == 366
