"""What the team expects of its assistant, whichever model speaks."""

import re

import pytest
from assistant import answer, draft_reply, sort_ticket, stream_guide
from shop import Order, Shop

pytestmark = pytest.mark.llm


@pytest.fixture
def shop():
    return Shop(
        {
            "A17": Order(
                item="sleeping bag",
                price="120.00 EUR",
                parcel="is in Hamburg and arrives on Thursday",
            ),
            "B42": Order(
                item="tent",
                price="89.00 EUR",
                parcel="was delivered 5 days ago",
                days_since_delivery=5,
            ),
            "C08": Order(
                item="camping stove",
                price="54.00 EUR",
                parcel="was delivered 45 days ago",
                days_since_delivery=45,
            ),
        }
    )


def test_a_customer_hears_where_the_parcel_is(shop, llm_calls):
    reply = answer(shop, "Where is my parcel? The order number is A17.")

    assert llm_calls.tools == ("track_parcel",)
    assert "Hamburg" in reply
    assert "Thursday" in reply
    assert "{" not in reply, "a tool call must not reach the customer"


def test_a_damaged_tent_is_refunded(shop, llm_calls):
    reply = answer(shop, "The tent of order B42 arrived with a broken zip. I want my money back.")

    assert shop.orders["B42"].refunded_for == "damaged"
    assert "refund" in reply
    assert [tool.arguments["order_id"] for tool in llm_calls.tool_calls] == ["B42"]


def test_nothing_is_refunded_after_the_limit(shop, llm_snapshot):
    reply = answer(shop, "I changed my mind about the stove of order C08. I want my money back.")

    assert shop.orders["C08"].refunded_for is None
    assert "cannot be refunded" in reply
    assert reply == llm_snapshot


@pytest.mark.llm(allow_tools=[])
def test_a_question_about_the_rules_needs_no_tool(shop):
    reply = answer(shop, "How many days do I have to send something back?")

    assert "30 days" in reply


@pytest.mark.parametrize(
    ("ticket", "sorted_as"),
    [
        pytest.param(
            "My parcel A17 should have been here a week ago and I leave tomorrow!",
            {"category": "delivery", "order": "A17"},
            id="delivery",
        ),
        pytest.param(
            "How do I change the e-mail address of my account?",
            {"category": "account", "order": None},
            id="account",
        ),
        pytest.param(
            "The zip of the tent B42 broke on the first day, I want my money back.",
            {"category": "refund", "order": "B42"},
            id="refund",
        ),
    ],
)
def test_a_ticket_is_sorted(ticket, sorted_as):
    assert sort_ticket(ticket) == sorted_as


def test_a_draft_is_in_the_language_of_the_customer(llm_snapshot):
    reply = draft_reply("We are sorry. We will send you a new tent today, free of charge.", "Spanish")

    assert "enviar" in reply
    assert reply == llm_snapshot


def test_a_guide_has_three_short_steps():
    steps = "".join(stream_guide("How do I reset my password?")).splitlines()

    assert [re.match(r"\d\. ", step)[0] for step in steps] == ["1. ", "2. ", "3. "]
    assert all(len(step.split()) <= 9 for step in steps)
