"""The suite as it was, on pytest-recording."""

import pytest

pytest.importorskip("pytest_recording", reason="needs pip install pytest-recording")

from captions import stream_caption, write_caption

pytestmark = pytest.mark.vcr


@pytest.fixture(scope="module")
def vcr_config():
    return {
        "filter_headers": ["x-api-key", "authorization"],
        "match_on": ["method", "path", "body"],
    }


@pytest.fixture(autouse=True)
def _any_key(monkeypatch):
    monkeypatch.setattr("captions.client.api_key", "any")


@pytest.mark.parametrize("picture", ["a red boat on a beach", "two dogs in the snow"])
def test_a_caption_is_short(picture):
    assert len(write_caption(picture).split()) <= 10


class TestStream:
    def test_a_caption_names_what_is_seen(self):
        assert "lighthouse" in "".join(stream_caption("a lighthouse at night")).lower()
