"""Write a function `add_months(day, months)` for a datetime.date and a number of months that may be
negative. Where the month is too short for the day, the result is the last day of that month.
"""

from datetime import date

from generated import add_months

assert add_months(date(2024, 1, 15), 1) == date(2024, 2, 15)
assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
assert add_months(date(2023, 1, 31), 1) == date(2023, 2, 28)
assert add_months(date(2023, 11, 30), 1) == date(2023, 12, 30)
assert add_months(date(2023, 12, 31), 14) == date(2025, 2, 28)
assert add_months(date(2024, 3, 31), -1) == date(2024, 2, 29)
assert add_months(date(2024, 1, 10), -13) == date(2022, 12, 10)
assert add_months(date(2024, 5, 31), 0) == date(2024, 5, 31)
