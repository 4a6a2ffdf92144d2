"""Both functions do the same work twice. Rewrite them so that what they share stands in one helper
function; their names, arguments and results stay as they are.

```python
def invoice_total(lines):
    total = 0
    for line in lines:
        price = line["price"] * line["count"]
        if line["count"] >= 10:
            price = price * 0.9
        total += price
    return round(total * 1.2, 2)


def offer_total(lines):
    total = 0
    for line in lines:
        price = line["price"] * line["count"]
        if line["count"] >= 10:
            price = price * 0.9
        total += price
    return round(total, 2)
```
"""

import ast

from generated import __source__, invoice_total, offer_total

few = [{"price": 5, "count": 2}, {"price": 1.5, "count": 1}]
many = [{"price": 2, "count": 10}]
assert offer_total(few) == 11.5
assert offer_total(many) == 18
assert invoice_total(few) == 13.8
assert invoice_total(many) == 21.6
assert invoice_total([]) == offer_total([]) == 0

tree = ast.parse(__source__)
loops = [node for node in ast.walk(tree) if isinstance(node, ast.For | ast.comprehension)]
discounts = [
    node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == 0.9
]
assert len(loops) == 1, "one loop is left"
assert len(discounts) == 1, "the discount stands in one place"
