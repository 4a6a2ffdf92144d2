"""The suite after the move: another marker, and no settings, for keys are never kept."""

import pytest

from captions import stream_caption, write_caption

pytestmark = pytest.mark.llm


@pytest.mark.parametrize("picture", ["a red boat on a beach", "two dogs in the snow"])
def test_a_caption_is_short(picture):
    assert len(write_caption(picture).split()) <= 10


class TestStream:
    def test_a_caption_names_what_is_seen(self):
        assert "lighthouse" in "".join(stream_caption("a lighthouse at night")).lower()
