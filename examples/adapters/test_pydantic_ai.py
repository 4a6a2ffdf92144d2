"""An application on pydantic-ai."""

import pytest

pytest.importorskip("pydantic_ai", reason='needs pip install "pydantic-ai-slim[anthropic]"')

from press_release import read_event


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.llm
@pytest.mark.anyio
async def test_the_event_of_a_press_release_is_read(llm_calls, llm_snapshot):
    event = await read_event(
        "The kite festival of Cuxhaven opens on Saturday. 3000 visitors are expected."
    )

    assert event.model_dump() == llm_snapshot
    assert (event.city, event.day, event.visitors) == ("Cuxhaven", "Saturday", 3000)
    assert llm_calls.tools == ("final_result",)
