"""Write a function `find_first(numbers, wanted)` that returns the index of the first number in a
sorted list that is equal to the wanted one, or -1. It has to use binary search.
"""

from collections.abc import Sequence

from generated import find_first


class Numbers(Sequence):
    """The numbers from 0 on; counts how often it is looked into."""

    def __init__(self, length):
        self.length = length
        self.looks = 0

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        found = range(self.length)[index]
        self.looks += len(found) if isinstance(index, slice) else 1
        return found


assert find_first([1, 3, 5, 7], 5) == 2
assert find_first([1, 3, 5, 7], 4) == -1
assert find_first([], 1) == -1
assert find_first([2, 2, 2, 2, 2], 2) == 0
assert find_first([1, 2, 2, 2, 3], 2) == 1
assert find_first([1, 2, 3], 9) == -1
many = Numbers(100_000)
assert find_first(many, 77_777) == 77_777
assert many.looks < 1000, "it does not look at all of them"
