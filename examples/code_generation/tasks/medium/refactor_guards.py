"""Rewrite this function without `else` and without an `if` inside of another one, by returning
early. It must behave as before.

```python
def fee(order):
    if order is not None:
        if order["weight"] > 0:
            if order["express"]:
                return 10 + order["weight"]
            else:
                return 5
        else:
            return 0
    else:
        raise ValueError("no order")
```
"""

import ast
from contextlib import suppress

from generated import __source__, fee

assert fee({"weight": 3, "express": True}) == 13
assert fee({"weight": 3, "express": False}) == 5
assert fee({"weight": 0, "express": True}) == 0
assert fee({"weight": -1, "express": False}) == 0
with suppress(ValueError):
    fee(None)
    raise AssertionError("fee(None) raises ValueError")

branches = [node for node in ast.walk(ast.parse(__source__)) if isinstance(node, ast.If)]
assert not any(branch.orelse for branch in branches), "no else is left"
nested = [inner for branch in branches for inner in ast.walk(branch) if isinstance(inner, ast.If)]
assert len(nested) == len(branches), "no if stands inside of another one"
