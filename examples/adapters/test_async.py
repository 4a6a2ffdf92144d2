"""An agent whose calls run side by side: they are replayed in whichever order they come."""

import pytest

from front_page import make_front_page

pytestmark = pytest.mark.anyio  # the plugin comes with the SDK; pytest-asyncio's mark does as well


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.llm(max_calls=3)
async def test_the_title_is_one_of_the_headlines(llm_calls):
    articles = [
        "A storm is coming from the north. All ships stay in the harbour on Friday.",
        "The town library is closed on Monday, because its roof is repaired.",
    ]
    title, headlines = await make_front_page(articles)

    assert "library" in headlines[1].lower()
    assert title.lower() in [headline.lower() for headline in headlines]
    assert len(llm_calls) == 3
