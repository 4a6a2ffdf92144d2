"""Write a decorator `retry(times, exception)`. It calls the function again when it raises that
exception, at most `times` calls in all, then lets the exception through. Other exceptions go
through at once. The function keeps its name.
"""

from generated import retry

calls = []


@retry(3, KeyError)
def fetch(value, *, fails, error=KeyError):
    calls.append(value)
    if len(calls) <= fails:
        raise error("no")
    return value


assert fetch("a", fails=2) == "a"
assert calls == ["a", "a", "a"]
calls.clear()
try:
    fetch("b", fails=9)
except KeyError:
    assert len(calls) == 3
else:
    raise AssertionError("the last exception goes through")
calls.clear()
try:
    fetch("c", fails=9, error=OSError)
except OSError:
    assert len(calls) == 1
else:
    raise AssertionError("another exception goes through at once")
calls.clear()
assert fetch("d", fails=0) == "d"
assert len(calls) == 1
assert fetch.__name__ == "fetch"
