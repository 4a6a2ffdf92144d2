"""Write a function `flatten(items)` that returns one flat list of all that is in a list of lists,
however deeply they are nested. Strings stay whole.
"""

from generated import flatten

assert flatten([1, [2, 3], [[4]]]) == [1, 2, 3, 4]
assert flatten([]) == []
assert flatten([[], [[]]]) == []
assert flatten(["ab", ["cd", ["ef"]]]) == ["ab", "cd", "ef"]
assert flatten([1, [2, [3, [4, [5, [6]]]]]]) == [1, 2, 3, 4, 5, 6]
