"""Write a function `is_balanced(text)`: is each of the brackets ( [ { in the text closed by its
counterpart, in the right order? All other characters do not matter.
"""

from generated import is_balanced

assert is_balanced("")
assert is_balanced("f(a[0], {b: (c)})")
assert not is_balanced("(]")
assert not is_balanced("([)]")
assert not is_balanced("((")
assert not is_balanced("a)")
assert is_balanced("no brackets")
