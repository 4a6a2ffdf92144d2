"""The shop that the assistant works for: its orders, and what may be done to them."""

from dataclasses import dataclass, field

RETURN_DAYS = 30
REFUND_REASONS = ("damaged", "wrong_item", "changed_mind")


@dataclass(kw_only=True)
class Order:
    """One order of a customer."""

    item: str
    price: str
    parcel: str
    """How a sentence about the parcel goes on: "is in Hamburg and arrives on Thursday"."""
    days_since_delivery: int = 0
    refunded_for: str | None = None
    """The reason, once the money went back."""


def _some_orders() -> dict[str, Order]:
    return {
        "A1001": Order(
            item="kettle",
            price="39.00 EUR",
            parcel="was delivered 5 days ago",
            days_since_delivery=5,
        ),
        "A1002": Order(
            item="tent",
            price="189.00 EUR",
            parcel="is in Hamburg and arrives on Thursday",
        ),
        "A1003": Order(
            item="camping stove",
            price="54.00 EUR",
            parcel="was delivered 45 days ago",
            days_since_delivery=45,
        ),
    }


@dataclass(kw_only=True)
class Shop:
    """The orders by their number; each method answers in a sentence that a model can pass on."""

    orders: dict[str, Order] = field(default_factory=_some_orders)

    def describe(self, order_id: str) -> str:
        """Say what was ordered."""
        order = self._find(order_id)
        return f"Order {order_id}: a {order.item} for {order.price}; the parcel {order.parcel}."

    def track(self, order_id: str) -> str:
        """Say where the parcel is."""
        return f"The parcel of order {order_id} {self._find(order_id).parcel}."

    def refund(self, order_id: str, reason: str) -> str:
        """Send the money back, unless it is too late for that."""
        order = self._find(order_id)
        if order.days_since_delivery > RETURN_DAYS:
            return (
                f"Order {order_id} cannot be refunded: it was delivered "
                f"{order.days_since_delivery} days ago, and the limit is {RETURN_DAYS} days."
            )
        order.refunded_for = reason
        return f"Refunded: {order.price} of order {order_id}, on the card within 3 days."

    def _find(self, order_id: str) -> Order:
        if order_id not in self.orders:
            raise LookupError(f"There is no order {order_id}.")
        return self.orders[order_id]
