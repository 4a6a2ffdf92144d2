"""Write a function `fizzbuzz(n)` that returns a list of n strings for the numbers from 1 to n:
"Fizz" for multiples of 3, "Buzz" for multiples of 5, "FizzBuzz" for multiples of both, and the
number itself for all others.
"""

from generated import fizzbuzz

assert fizzbuzz(5) == ["1", "2", "Fizz", "4", "Buzz"]
assert fizzbuzz(15)[14] == "FizzBuzz"
assert len(fizzbuzz(100)) == 100
assert fizzbuzz(0) == []
