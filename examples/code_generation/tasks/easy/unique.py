"""Write a function `unique(items)` that returns a list without repetitions, in the order in which
the items came first. Items may be lists or dictionaries.
"""

from generated import unique

assert unique([3, 1, 3, 2, 1]) == [3, 1, 2]
assert unique([]) == []
assert unique("hello") == ["h", "e", "l", "o"]
assert unique([[1], [2], [1]]) == [[1], [2]]
assert unique([{"a": 1}, {"a": 1}]) == [{"a": 1}]
