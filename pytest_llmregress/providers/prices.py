"""What a call costs, by the price table that the package genai-prices ships."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any

from pytest_llmregress.values.call import Call


def price(call: Call) -> float | None:
    """Return what a call costs in USD today, or None where that is unknown.

    Unknown are models that the table does not have, replies that say nothing of their tokens or
    give what is no count, and everything where genai-prices is not installed. Looks nothing up on
    the network: as old as the installed table is, so old are the prices.

    What it is blind for: discounts, what a cloud adds for a region, tools of the provider that
    are billed by use (web searches), and the model that began a reply which a fallback ended. Cache
    writes are taken as kept for an hour where any part of the request asks for that.
    """
    table = _table()
    model = call.served_model or call.requested_model
    if table is None or model is None or call.usage.unknown or not call.usage.total_tokens:
        return None
    for provider in (
        call.price_key or call.provider,
        None,
    ):  # a gateway sells other makers' models, too
        try:
            found = table.calc(
                _usage(call),
                model,
                provider,
                None,
                # Some prices depend on the hour; a test shall cost the same all day.
                datetime.now(tz=UTC).replace(hour=12, minute=0, second=0, microsecond=0),
                {"speed": "fast"} if call.request.get("speed") == "fast" else None,
            )
        except LookupError:
            continue
        return float(found.total_price)
    return None


@cache
def _table() -> Any:
    """Return the table as it was installed, whatever the app has updated; None without it."""
    try:
        snapshot = import_module("genai_prices.data_snapshot")
        providers = import_module("genai_prices.data").providers
    except ImportError:
        return None
    return snapshot.DataSnapshot(providers=providers, from_auto_update=False)


def _usage(call: Call) -> Any:
    """Return the tokens as the table counts them: those of a cache are among the input, too."""
    usage = call.usage
    given = {
        "input_tokens": usage.total_tokens - usage.output_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }
    if _keeps_an_hour(call.request):
        given["cache_write_1h_tokens"] = usage.cache_write_tokens
    return import_module("genai_prices").Usage(**given)


def _keeps_an_hour(value: Any) -> bool:
    """Say whether any part of a request is marked to stay in the cache for an hour."""
    if isinstance(value, Mapping):
        mark = value.get("cache_control")
        if isinstance(mark, Mapping) and mark.get("ttl") == "1h":
            return True
        return any(_keeps_an_hour(child) for child in value.values())
    return isinstance(value, list) and any(_keeps_an_hour(child) for child in value)
