"""Write a function `parse_query(query)` for the query of a URL: "a=1&b=&a=2" gives
{"a": ["1", "2"], "b": [""]}. Decode %XX and "+". An empty query gives {}.
"""

from generated import parse_query

assert parse_query("a=1&b=2") == {"a": ["1"], "b": ["2"]}
assert parse_query("") == {}
assert parse_query("a=1&b=&a=2") == {"a": ["1", "2"], "b": [""]}
assert parse_query("q=a%20b+c") == {"q": ["a b c"]}
assert parse_query("sum=1=1") == {"sum": ["1=1"]}
