"""An application on LangChain."""

import pytest

pytest.importorskip("langchain_anthropic", reason="needs pip install langchain-anthropic")

from translation import stream_translation, translate

pytestmark = pytest.mark.llm


def test_a_headline_is_translated(llm_snapshot):
    translation = translate("The library is closed on Monday.", "German")

    assert translation == llm_snapshot(facts=["Montag"])


def test_a_translation_is_streamed(llm_calls):
    pieces = list(stream_translation("The library is closed on Monday.", "French"))

    assert len(pieces) > 1
    assert "".join(pieces) == llm_calls[-1].text
