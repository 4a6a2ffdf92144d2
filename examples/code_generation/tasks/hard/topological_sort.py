"""Write a function `order(tasks)`. It takes a dictionary from the name of a task to the list of
those that must be done before it, and returns a list of all tasks in an order that can be worked
off. If there is a cycle, raise ValueError.
"""

from contextlib import suppress

from generated import order

given = {"ship": ["pack", "pay"], "pack": ["pick"], "pick": [], "pay": []}
found = order(given)
assert sorted(found) == sorted(given)
assert all(found.index(before) < found.index(task) for task in given for before in given[task])
assert order({}) == []
assert list(order({"a": ["b"], "b": []})) == ["b", "a"]
with suppress(ValueError):
    order({"a": ["b"], "b": ["a"]})
    raise AssertionError("a cycle raises ValueError")
