"""Write a function `merge(intervals)`. It takes a list of tuples (start, end) in any order, and
returns a sorted list of tuples in which those that overlap or touch are merged into one.
"""

from generated import merge

assert merge([(5, 7), (1, 3), (2, 4)]) == [(1, 4), (5, 7)]
assert merge([]) == []
assert merge([(1, 2), (2, 3)]) == [(1, 3)]
assert merge([(1, 10), (2, 3)]) == [(1, 10)]
assert merge([(1, 2), (4, 5)]) == [(1, 2), (4, 5)]
