"""Of several attempts at one request, the ones that a recording of ours would hold."""

from collections.abc import Sequence

from pytest_llmregress.values.http import Interaction, is_passing
from pytest_llmregress.values.matching import compute_request_key

_FIRST_ERROR = 400


def drop_retries(interactions: Sequence[Interaction]) -> tuple[Interaction, ...]:
    """Leave out the failed attempts at a request that a later attempt made good.

    Many tools strip the header that tells a retry; without it, success after failure is one.
    """
    kept: list[Interaction] = []
    made_good: set[str] = set()
    for interaction in reversed(interactions):
        key, status = compute_request_key(interaction.request), interaction.response.status
        if key in made_good and is_passing(status):
            continue
        made_good.discard(key)
        is_first = interaction.request.header("x-stainless-retry-count") == "0"
        if status < _FIRST_ERROR and not is_first:
            made_good.add(key)
        kept.append(interaction)
    return tuple(reversed(kept))
