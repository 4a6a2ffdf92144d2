"""Write a function `is_palindrome(text)`: does the text read the same backwards? Only letters and
digits count, upper and lower case are the same.
"""

from generated import is_palindrome

assert is_palindrome("Never odd or even.")
assert is_palindrome("1a2 2A1")
assert is_palindrome("")
assert not is_palindrome("model")
assert not is_palindrome("ab1a")
assert is_palindrome("A man, a plan, a canal: Panama!")
