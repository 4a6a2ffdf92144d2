"""Write a function `edit_distance(first, second)`: how many characters have to be inserted, deleted
or replaced to turn one text into the other. It has to be fast for texts of 200 characters.
"""

from generated import edit_distance

assert edit_distance("", "") == 0
assert edit_distance("", "abc") == 3
assert edit_distance("kitten", "sitting") == 3
assert edit_distance("flaw", "lawn") == 2
assert edit_distance("ab", "ba") == 2
assert edit_distance("ab" * 100, "ba" * 100) == 2
