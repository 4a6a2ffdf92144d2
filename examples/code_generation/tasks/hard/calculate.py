"""Write a function `calculate(text)` for whole numbers with + - * and parentheses, such as
"2*(3+4)-5", which is 9. There may be spaces. Do not use eval or exec.
"""

import ast

from generated import __source__, calculate

assert not {"eval", "exec"} & {
    node.id for node in ast.walk(ast.parse(__source__)) if isinstance(node, ast.Name)
}, "neither eval nor exec is used"
assert calculate("7") == 7
assert calculate("1 + 2") == 3
assert calculate("2+3*4") == 14
assert calculate("2*(3+4)-5") == 9
assert calculate("10-4-3") == 3
assert calculate("((12))*(1+(2*3))") == 84
