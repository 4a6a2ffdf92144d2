"""Write a function `chunks(items, size)` that returns a list of lists: the items in order, `size`
of them in each list, and fewer in the last one if they do not come out even.
"""

from generated import chunks

assert chunks([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]
assert chunks([1, 2, 3, 4], 4) == [[1, 2, 3, 4]]
assert chunks([], 3) == []
assert chunks(["a"], 3) == [["a"]]
