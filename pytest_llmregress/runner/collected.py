"""What pytest has collected, as values."""

import pytest

from pytest_llmregress.pipeline.identity import Marker, TestIdentity


def identify(item: pytest.Item) -> TestIdentity:
    """Return which test an item is."""
    return TestIdentity(
        node_id=item.nodeid,
        path=item.path,
        markers=tuple(
            Marker(args=mark.args, kwargs=mark.kwargs) for mark in item.iter_markers("llm")
        ),
    )
