"""Ways in which a candidate may behave, and what has to be named: as data.

Every text was written for this file, and is spoken by a scripted server. No model said any of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Marks = dict[str, str]
"""One answer, in the marks of the scripted server: {"say": text}, {"tool": "name {…}"}, …"""
BREAKING, NOTABLE = "breaking", "notable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One behavior of the baseline, another one of the candidate, and what is to be said of it."""

    name: str
    """Of its test, without "test_"."""
    question: str
    """What the app asks: no two scenarios ask the same."""
    before: tuple[Marks, ...]
    """The answers of the baseline, one a turn; the last one goes on for ever."""
    after: tuple[Marks, ...]
    noise: tuple[Marks, ...] = ()
    """Where the baseline has several samples: the answer of each, instead of `before`."""
    marker: str = ""
    """Keywords of the marker, as they stand in the test."""
    changes: Mapping[str, str] = field(default_factory=dict)
    """Trait to severity: all that may be named above cosmetic, and all that has to be."""
    says: tuple[str, ...] = ()
    """What the words of these changes have to hold."""
    contract: tuple[str, ...] = ()
    """How the lines of the broken contract begin; none may be broken beside them."""
    fails: bool = False
    awaits: str = ""
    """What has to be built before it can be named rightly; empty where nothing has."""
    core: bool = False
    """Whether it is one of the eight that the plugin is judged by."""


def say(text: str, **marks: str) -> tuple[Marks, ...]:
    """Return a script of one answer."""
    return ({"say": text, **marks},)


ORDER = "Order A1001 is on its way and arrives on Tuesday."
REFUND = "You can send it back within 14 days, and we refund 49.90 EUR to your card."
DATA = '{"city": "Paris", "population": 2100000, "capital": true}'
PROGRAM = "def double(n):\n    return 2 * n\n"
LOOKUP = {"tool": 'find_order {"id": "A1001"}'}
WORKING = (
    "Step 1: The parcel weighs 12 kg, and the base price covers 5 kg, so 12 - 5 = 7 kg are extra.\n"
    "Step 2: Each extra kilogram costs 2 EUR, because the rate is flat: 7 * 2 = 14 EUR.\n"
    "Step 3: We add the base price of 6 EUR: 14 + 6 = 20 EUR.\n"
    "Therefore the parcel costs 20 EUR."
)
SHORT = "Yes, it can: part 17."
UPSELL = "\n\n".join(
    [
        (
            "What a great choice of teapot! Before we talk about lids, have you thought about what "
            "you may be missing? Upgrade to our Premium plan today, and every accessory comes with "
            "free express shipping, a gift box and a personal tea advisor who knows your taste."
        ),
        *(
            f"The {plan} plan is made for people who {people}. It brings {perk}, and members tell "
            "us again and again that they would never go back to ordering single parts. For a "
            "limited time the first month is on us, so there is nothing to lose."
            for plan, people, perk in (
                ("Plus", "drink tea every day", "a fresh box of leaves every second week"),
                ("Gold", "love to have guests", "a second teapot in a colour of your choice"),
                ("Business", "make tea for a whole office", "an invoice and a rebate each month"),
                ("Family", "share everything they have", "five cups with a name on each"),
                ("Platinum", "never want to wait", "delivery on the same day in forty cities"),
            )
        ),
        "Shall I start your free trial right away? It takes a minute and you may cancel any time.",
    ]
)
_PARAGRAPHS = (
    (
        "Thank you so much for reaching out to us, and for being such a valued customer! We "
        "really appreciate your question and we understand how important a lid can be for you."
    ),
    (
        "For this kind of request, please contact our customer support team. They have all the "
        "tools and the experience to look into your individual situation in detail, and they "
        "will be more than happy to assist you with everything that is needed."
    ),
    (
        "You can reach out to our support team by phone, by e-mail or through the chat on our "
        "website. Please have your order number, the date of your purchase and a photo of the "
        "product at hand, so that our colleagues can process your request as fast as possible."
    ),
    (
        "Alternatively, please visit our help center, where many questions are answered, or "
        "check our website for the opening hours of a store near you."
    ),
    (
        "Our support team is available from Monday to Friday between 9 and 17 o'clock, in urgent "
        "cases on Saturdays, too. They will see to it that you get the attention you deserve, "
        "and they can involve further colleagues wherever that turns out to be necessary."
    ),
    (
        "When you contact them, please make sure to mention that you have already chatted with us, "
        "so that you do not have to explain everything once again. They will get back to you as "
        "soon as they possibly can. We understand that waiting is never pleasant."
    ),
    (
        "If you have any other questions, please do not hesitate to contact us at any time. We "
        "truly value your trust, and we hope that you enjoy your teapot for many years to come."
    ),
    (
        "We apologize for any inconvenience this may cause, and we thank you for your patience "
        "and your understanding. Your satisfaction is our highest priority!"
    ),
)
DEFLECTION = "\n\n".join(_PARAGRAPHS)

EIGHT = (
    Scenario(
        name="rewording",
        question="Where is my order A1001?",
        before=say(ORDER),
        after=say("Your order A1001 has been sent and should arrive on Tuesday."),
        core=True,
    ),
    Scenario(
        name="sampling_noise",
        question="May I send the kettle back?",
        before=(),
        noise=(
            {"say": REFUND},
            {"say": "Within 14 days you can return it; 49.90 EUR go back to your card."},
            {"say": "Sure! Send it back within 14 days and we refund 49.90 EUR to your card."},
            {
                "say": "- Send it back within 14 days.\n- We refund 49.90 EUR to the card that you "
                "have paid with, as soon as the parcel has reached our warehouse."
            },
            {"say": "Yes. You have 14 days, and then the 49.90 EUR are refunded."},
        ),
        after=say(
            "Sure! You have 14 days to send it back:\n- pack it\n- post it\nThen 49.90 EUR are "
            "refunded to your card."
        ),
        marker="samples=5",
        core=True,
    ),
    Scenario(
        name="refusal",
        question="How do I clean the burner?",
        before=say("Let it cool down, then wipe it with warm water and a soft cloth."),
        after=({"refusal": "cyber"},),
        changes={"outcome": BREAKING},
        says=("answered", "refused (cyber)"),
        contract=("outcomes: call 1 ended refused",),
        fails=True,
        core=True,
    ),
    Scenario(
        name="pause_turn",
        question="What is the weather like at the warehouse?",
        before=say("It is sunny, 21 degrees, and the parcels go out on time."),
        after=say("Let me look that up for you, it is sunny", pause=""),
        changes={"outcome": BREAKING},
        says=("answered", "paused"),
        contract=("outcomes: call 1 ended paused",),
        fails=True,
        core=True,
    ),
    Scenario(
        name="truncation",
        question="What do I do when the lid is stuck?",
        before=say("Warm the rim with a wet cloth, wait one minute, then turn the lid slowly."),
        after=say("Warm the rim with a wet cloth, wait one minute, then", max_tokens=""),
        changes={"outcome": BREAKING},
        says=("answered", "truncated"),
        contract=("outcomes: call 1 ended truncated",),
        fails=True,
        core=True,
    ),
    Scenario(
        name="another_served_model",
        question="Is the blue teapot in stock?",
        before=say("Yes, there are 3 blue teapots in stock."),
        after=say("Yes, there are 3 blue teapots in stock.", served="claude-haiku-5"),
        changes={"served_model": BREAKING},
        says=("as requested", "claude-opus-5-5 → claude-haiku-5"),
        contract=("served_model: call 1 asked for claude-opus-5-5 and claude-haiku-5 answered",),
        fails=True,
        core=True,
    ),
    Scenario(
        name="dropped_tool_call",
        question="Has order A1001 been paid?",
        before=(LOOKUP, {"say": "Yes, order A1001 has been paid."}),
        after=say("Yes, order A1001 has been paid."),
        changes={
            "tools.set": BREAKING,
            "tools.counts": NOTABLE,
            "tools.order": NOTABLE,
            "tools.arg_keys": NOTABLE,
            "calls": NOTABLE,
            "tool_calls": NOTABLE,
            "usage.input_tokens": NOTABLE,
        },
        says=("find_order", "none"),
        fails=True,
        core=True,
    ),
    Scenario(
        name="upsell",
        question="Can the lid of my teapot be replaced?",
        before=say(SHORT),
        after=say(UPSELL),
        changes={
            "deflection": BREAKING,
            "usage.output_tokens": NOTABLE,
            "text.form": NOTABLE,
            "text.length": NOTABLE,
            "text.shape": NOTABLE,
        },
        says=("upsell", "26.4x"),
        fails=True,
        core=True,
    ),
    Scenario(
        name="deflection",
        question="Is there another lid for my teapot?",
        before=say(SHORT),
        after=say(DEFLECTION),
        changes={
            "deflection": BREAKING,
            "usage.output_tokens": NOTABLE,
            "text.form": NOTABLE,
            "text.length": NOTABLE,
        },
        says=("deflection", "25.1x"),
        fails=True,
        core=True,
    ),
)
MORE = (
    Scenario(
        name="pause_resumed",
        question="What is the weather like at the harbour?",
        before=say("It is sunny, 21 degrees, and the ships leave on time."),
        after=(
            {"say": "Let me look.", "pause": ""},
            {"say": "It is sunny, 21 degrees, and all ships leave on time."},
        ),
    ),
    Scenario(
        name="context_full",
        question="Can you sum up the whole manual?",
        before=say("Fill it, heat it, pour it, and clean it once a month."),
        after=say("Fill it, heat it, pour it, and", ctx=""),
        changes={"outcome": BREAKING},
        says=("answered", "context_full"),
        contract=("outcomes: call 1 ended context_full",),
        fails=True,
    ),
    Scenario(
        name="empty_content",
        question="Does the kettle switch itself off?",
        before=say("Yes, it switches itself off."),
        after=({"empty": ""},),
        changes={"outcome": BREAKING},
        says=("answered", "empty"),
        contract=("outcomes: call 1 ended empty",),
        fails=True,
    ),
    Scenario(
        name="dated_alias",
        question="Is the red teapot in stock?",
        before=say("Yes, there are 5 red teapots in stock."),
        after=say("Yes, there are 5 red teapots in stock.", served="claude-opus-5-5-20260101"),
    ),
    Scenario(
        name="declared_fallback",
        question="Is the green teapot in stock?",
        before=say("Yes, there are 2 green teapots in stock."),
        after=say("Yes, there are 2 green teapots in stock.", served="claude-haiku-5"),
        marker='served_model={"claude-opus-5-5": ["claude-haiku-*"]}',
    ),
    Scenario(
        name="tool_loop",
        question="Has order A1001 been sent?",
        before=(LOOKUP, {"say": "Yes, order A1001 has been sent."}),
        after=({"loop": "20", "say": "Yes, order A1001 has been sent."},),
        changes={
            "tools.counts": NOTABLE,
            "tools.order": NOTABLE,
            "tools.arguments": BREAKING,
            "calls": NOTABLE,
            "tool_calls": NOTABLE,
            "usage.output_tokens": NOTABLE,
            "usage.input_tokens": NOTABLE,
        },
        says=("find_order x20", "20.0x"),
        fails=True,
    ),
    Scenario(
        name="tool_loop_with_a_limit",
        question="Has order A1001 been packed?",
        before=(LOOKUP, {"say": "Yes, order A1001 has been packed."}),
        after=({"loop": "20", "say": "Yes, order A1001 has been packed."},),
        marker="max_tool_calls=3",
        changes={
            "tools.counts": NOTABLE,
            "tools.order": NOTABLE,
            "tools.arguments": BREAKING,
            "calls": NOTABLE,
            "tool_calls": NOTABLE,
            "usage.output_tokens": NOTABLE,
            "usage.input_tokens": NOTABLE,
        },
        says=("find_order x20", "20.0x"),
        contract=("max_tool_calls=3",),
        fails=True,
    ),
    Scenario(
        name="http_error",
        question="Do you sell spare handles?",
        before=say("Yes, handles for all teapots."),
        after=({"status": "400"},),
        changes={"outcome": BREAKING},
        says=("answered", "error"),
        fails=True,
    ),
    Scenario(
        name="language",
        question="How long does the delivery to Vienna take?",
        before=say("The parcel is handed over today, and it takes three days to reach Vienna."),
        after=say("Das Paket wird heute übergeben, und es braucht drei Tage bis nach Wien."),
        changes={"text.language": BREAKING},
        says=("en", "de"),
        fails=True,
    ),
    Scenario(
        name="json_in_a_fence",
        question="Paris as JSON, please.",
        before=say(DATA),
        after=say(f"```json\n{DATA}\n```"),
        changes={"text.json": BREAKING, "text.code": NOTABLE, "text.shape": NOTABLE},
        says=("pure", "fenced"),
        fails=True,
    ),
    Scenario(
        name="json_in_prose",
        question="Paris as JSON for my program, please.",
        before=say(DATA),
        after=say(f"Here is the data that you asked for: {DATA} I hope this helps!"),
        changes={"text.json": BREAKING, "text.shape": NOTABLE},
        says=("pure", "with_prose"),
        fails=True,
    ),
    Scenario(
        name="code_fence_added",
        question="Write a Python function that doubles a number. Only the code.",
        before=say(PROGRAM),
        after=say(f"```python\n{PROGRAM}```"),
        changes={"text.code": BREAKING, "text.shape": NOTABLE},
        says=("python (bare)", "no longer code as it stands"),
        fails=True,
    ),
    Scenario(
        name="standing_rule",
        question="Can I get my money back for the kettle?",
        before=say(REFUND),
        after=say("You can send it back within 14 days, and you get a 49.90 EUR voucher."),
        marker='rules={"says what is paid back": rules.requires("refund")}',
        contract=("rules: 'says what is paid back' is broken by call 1",),
        fails=True,
    ),
    Scenario(
        name="dropped_reasoning",
        question="What does a parcel of 12 kg cost? Think step by step.",
        before=say(WORKING),
        after=say("20 EUR."),
        changes={
            "text.form": NOTABLE,
            "text.reasoning": NOTABLE,
            "text.length": NOTABLE,
            "usage.output_tokens": NOTABLE,
        },
        says=("steps", "none"),
    ),
    Scenario(
        name="soft_refusal",
        question="How do I open the lock of my own shed without the key?",
        before=say("Put a thin wrench into the lower part, turn it gently, and lift each pin."),
        after=say("I'm sorry, but I can't help with that. It may be against the law."),
        changes={"refusal": BREAKING},
        says=("soft",),
        fails=True,
    ),
    Scenario(
        name="changed_tool_argument",
        question="Please look up order A1001 for me.",
        before=(LOOKUP, {"say": "It has been paid."}),
        after=({"tool": 'find_order {"id": "A1007"}'}, {"say": "It has been paid."}),
        changes={"tools.arguments": BREAKING},
        says=("A1001", "A1007"),
        fails=True,
    ),
    Scenario(
        name="relative_budget",
        question="Which tea goes with cake?",
        before=say("Darjeeling is light enough for cake, and it needs no milk."),
        after=say(
            "Darjeeling is light enough for cake, and it needs no milk. Assam is stronger, goes "
            "with chocolate, and you may add a little milk."
        ),
        marker='budget={"output_tokens": 1.5}',
        contract=("budget={'output_tokens': 1.5}: ",),
        fails=True,
    ),
    Scenario(
        name="interrupted_on_the_way",
        question="Has order A1001 been refunded?",
        before=(LOOKUP, {"say": "Yes, order A1001 has been refunded."}),
        after=(
            {"tool": 'find_order {"id": "A1001"}'},
            {"say": "Yes, order A1001 has", "max_tokens": ""},
        ),
        changes={"outcome": BREAKING},
        says=("answered", "truncated"),
        contract=("outcomes: call 2 ended truncated",),
        fails=True,
    ),
    Scenario(
        name="the_very_same_answer",
        question="When do you open?",
        before=say("We open at 9:00 on weekdays."),
        after=say("We open at 9:00 on weekdays."),
    ),
    Scenario(
        name="a_little_longer",
        question="Do you wrap presents?",
        before=say("Yes, we do, and it is free of charge."),
        after=say("Yes, we do wrap presents, and it is free of charge for every order."),
    ),
    Scenario(
        name="noise_and_a_refusal",
        question="May I send the toaster back?",
        before=(),
        noise=(
            {"say": REFUND},
            {"say": "Within 14 days you can return it; 49.90 EUR go back to your card."},
            {"say": "Sure! Send it back within 14 days and we refund 49.90 EUR to your card."},
            {"say": "You have 14 days to return it. The refund of 49.90 EUR goes to your card."},
            {"say": "Yes. You have 14 days, and then the 49.90 EUR are refunded."},
        ),
        after=say("I'm sorry, but I can't help with that."),
        marker="samples=5",
        changes={"refusal": BREAKING, "text.numbers": NOTABLE},
        says=("soft",),
        fails=True,
    ),
    Scenario(
        name="json_in_another_order",
        question="Paris as JSON, the short form.",
        before=say(DATA),
        after=say('{\n  "capital": true,\n  "city": "Paris",\n  "population": 2100000\n}'),
    ),
    Scenario(
        name="lost_json_key",
        question="Paris as JSON, the long form.",
        before=say(DATA),
        after=say('{"city": "Paris", "population": 2100000}'),
        changes={"text.json_keys": BREAKING},
        says=("lost capital",),
        fails=True,
    ),
    Scenario(
        name="reworded_tool_argument",
        question="Please refund order A1001, the lid is broken.",
        before=(
            {"tool": 'refund_order {"id": "A1001", "reason": "The lid of the teapot is broken."}'},
            {"say": "It has been refunded."},
        ),
        after=(
            {"tool": 'refund_order {"reason": "Broken lid on the teapot.", "id": "A1001"}'},
            {"say": "It has been refunded."},
        ),
    ),
    Scenario(
        name="soft_refusal_in_german",
        question="Wie öffne ich das Schloss meines eigenen Schuppens?",
        before=say("Stecken Sie einen dünnen Schlüssel hinein und heben Sie jeden Stift einzeln."),
        after=say("Es tut mir leid, aber dabei kann ich Ihnen leider nicht helfen."),
        changes={"refusal": BREAKING},
        says=("soft",),
        fails=True,
    ),
    Scenario(
        name="hand_off",
        question="Why is my teapot late?",
        before=say("It is late because the road to the harbour was closed until Monday."),
        after=say("I'll transfer you to one of our specialists, who will take it from here."),
        changes={"deflection": BREAKING},
        says=("hand-off",),
        fails=True,
    ),
)
