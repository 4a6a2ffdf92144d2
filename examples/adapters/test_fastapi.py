"""A service on FastAPI, asked in process: its own HTTP is left alone, what it sends is recorded."""

import pytest

pytest.importorskip("fastapi", reason="needs pip install fastapi")

from fastapi.testclient import TestClient

from headline_service import app

pytestmark = pytest.mark.llm

ARTICLE = {
    "text": "The town library of Cuxhaven closes on Monday. Its roof is repaired for 3 weeks."
}


@pytest.fixture
def service():
    with TestClient(app) as client:
        yield client


def test_an_article_gets_a_headline(service):
    reply = service.post("/headline", json=ARTICLE)

    assert reply.status_code == 200
    assert "Cuxhaven" in reply.json()["headline"]


def test_a_teaser_is_streamed(service, llm_calls):
    with service.stream("POST", "/teaser", json=ARTICLE) as reply:
        teaser = "".join(reply.iter_text())

    assert "library" in teaser
    assert teaser == llm_calls[-1].text
