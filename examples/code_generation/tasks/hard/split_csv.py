"""Write a function `split_csv(line)` without the csv module. It returns the fields of a line.
Fields are separated by commas; one in double quotes may hold commas, and a quote inside of it is
written twice.
"""

import ast

from generated import __source__, split_csv

assert split_csv("a,b,c") == ["a", "b", "c"]
assert split_csv("a,,c") == ["a", "", "c"]
assert split_csv('a,"b,c",d') == ["a", "b,c", "d"]
assert split_csv('"say ""hi""",x') == ['say "hi"', "x"]
assert split_csv('"",""') == ["", ""]
assert "csv" not in {
    alias.name
    for node in ast.walk(ast.parse(__source__))
    if isinstance(node, ast.Import)
    for alias in node.names
}
