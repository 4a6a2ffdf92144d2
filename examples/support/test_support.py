"""What the team expects of its assistant, whichever model speaks."""

import re

import pytest

from assistant import answer, draft_reply, sort_ticket, stream_guide
from shop import Shop

pytestmark = pytest.mark.llm


def test_a_customer_hears_where_the_parcel_is():
    reply = answer(Shop(), "Where is my parcel? The order number is A1002.")

    assert "Hamburg" in reply
    assert "Thursday" in reply


def test_a_damaged_order_is_refunded(llm_calls):
    shop = Shop()
    answer(shop, "Order A1001 came with a broken lid. Please refund it.")

    assert shop.orders["A1001"].refunded_for == "damaged"
    assert llm_calls.tools == ("refund_order",)


def test_nothing_is_refunded_after_the_limit(llm_calls, llm_snapshot):
    shop = Shop()
    reply = answer(shop, "I changed my mind about the stove of order A1003. Please refund it.")

    assert shop.orders["A1003"].refunded_for is None
    assert llm_calls.tool_calls[0].arguments["order_id"] == "A1003"
    assert reply == llm_snapshot(facts=["45 days"])


@pytest.mark.llm(allow_tools=[])
def test_a_question_about_the_rules_needs_no_tool():
    reply = answer(Shop(), "How many days do I have to send something back?")

    assert "30 days" in reply


@pytest.mark.parametrize(
    ("ticket", "fields"),
    [
        pytest.param(
            "My parcel A1002 should have been here a week ago and I leave tomorrow!",
            {"category": "delivery", "order": "A1002"},
            id="delivery",
        ),
        pytest.param(
            "How do I change the e-mail address of my account?",
            {"category": "account", "order": None},
            id="account",
        ),
        pytest.param(
            "The lid of the kettle A1001 broke on the first day, I want my money back.",
            {"category": "refund", "order": "A1001"},
            id="refund",
        ),
    ],
)
def test_a_ticket_is_sorted(ticket, fields):
    assert sort_ticket(ticket) == fields


def test_a_draft_is_in_the_language_of_the_customer(llm_snapshot):
    notes = "We are sorry. We will send you a new tent today, free of charge."
    reply = draft_reply(notes, "Spanish")

    assert "enviar" in reply
    assert reply == llm_snapshot


def test_a_guide_has_three_short_steps():
    guide = "".join(stream_guide("How do I reset my password?"))

    steps = re.findall(r"^(\d)\. (.+)$", guide, flags=re.MULTILINE)
    assert [number for number, _ in steps] == ["1", "2", "3"]
    assert max(len(step.split()) for _, step in steps) <= 8
