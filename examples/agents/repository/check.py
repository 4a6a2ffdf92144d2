"""What must hold of prices.py."""

from prices import in_cents

assert in_cents("0.29") == 29
assert in_cents("19.99") == 1999
print("check passed")  # noqa: T201
