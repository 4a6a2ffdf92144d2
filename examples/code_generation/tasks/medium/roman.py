"""Write a function `to_roman(number)` that returns a number from 1 to 3999 in Roman numerals."""

from generated import to_roman

assert to_roman(1) == "I"
assert to_roman(4) == "IV"
assert to_roman(58) == "LVIII"
assert to_roman(1994) == "MCMXCIV"
assert to_roman(3999) == "MMMCMXCIX"
assert to_roman(440) == "CDXL"
