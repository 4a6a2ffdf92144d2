"""Write a class `Stack` with the methods `push(item)`, `pop()` and `peek()`. `len(stack)` is the
number of items. `pop` and `peek` of an empty stack raise IndexError.
"""

from contextlib import suppress

from generated import Stack

stack = Stack()
assert len(stack) == 0
stack.push("a")
stack.push("b")
assert len(stack) == 2
assert stack.peek() == "b"
assert stack.pop() == "b"
assert stack.pop() == "a"
assert len(stack) == 0
with suppress(IndexError):
    stack.pop()
    raise AssertionError("pop() of an empty stack raises IndexError")
with suppress(IndexError):
    stack.peek()
    raise AssertionError("peek() of an empty stack raises IndexError")
other = Stack()
stack.push(1)
assert len(other) == 0
