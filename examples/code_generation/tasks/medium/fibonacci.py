"""Write a function `fibonacci(n)` that returns the n-th Fibonacci number, where fibonacci(0) is 0
and fibonacci(1) is 1. It has to be fast for n = 5000 as well.
"""

from generated import fibonacci

assert [fibonacci(n) for n in range(8)] == [0, 1, 1, 2, 3, 5, 8, 13]
assert fibonacci(50) == 12586269025
assert fibonacci(5000) % 10**9 == 382863125
