"""Prices as the shop writes them, and as it counts them."""


def in_cents(price):
    """Return a price such as "0.29" in cents."""
    amount = float(price)
    return int(amount * 100)
