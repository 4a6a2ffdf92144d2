"""Write a thread-safe class `LRUCache(capacity)`. `get(key)` returns the value, or None. `put(key,
value)` stores it, and removes the least recently used key if there are more than `capacity`.
"""

import ast
import sys
import threading
import time

from generated import LRUCache, __source__

cache = LRUCache(2)
cache.put("a", 1)
cache.put("b", 2)
assert cache.get("a") == 1
cache.put("c", 3)
assert cache.get("b") is None
assert cache.get("a") == 1
cache.put("a", 10)
cache.put("d", 4)
assert cache.get("a") == 10
assert cache.get("c") is None
assert LRUCache(1).get("a") is None

words = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(ast.parse(__source__))}
assert words & {"Lock", "RLock", "Condition", "Semaphore"}, "something locks"


class Key(int):
    """A key that lets the other threads go on whenever a dictionary looks for it."""

    def __hash__(self):
        time.sleep(0)
        return super().__hash__()


def hammer(number):
    """Put and get what other threads put and get as well."""
    try:
        for step in range(60):
            key = Key((number + step) % 24)
            shared.put(key, int(key))
            key = Key((number * step) % 24)
            assert shared.get(key) in (None, int(key))
    except BaseException as error:  # noqa: BLE001 - whatever it is, the main thread tells it
        errors.append(repr(error))


shared = LRUCache(8)
errors = []
sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=hammer, args=(n,), daemon=True) for n in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not errors, "it can be used from several threads at a time"
assert sum(shared.get(key) is not None for key in range(24)) == 8
