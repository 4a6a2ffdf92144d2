"""What counts as a change between two behaviors."""

import pytest

from pytest_llmregress.behavior.text.text_facts import MAX_KEY_PATHS
from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.comparison.compare_behavior import compare, diff_traits
from pytest_llmregress.formatting.value_text import format_value, format_values_apart, printable
from pytest_llmregress.values.behavior import Behavior, Severity, Trait, TraitKind
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall, Usage

BREAKING, NOTABLE, COSMETIC = Severity.BREAKING, Severity.NOTABLE, Severity.COSMETIC
KINDS = {
    trait.name: trait for trait in extract_traits(Calls([Call(provider="x", outcome="answered")]))
}
KINDS |= {
    name: Trait(name=name, value=None, kind=kind, severity=severity)
    for name, kind, severity in [
        ("refusal", TraitKind.CATEGORY, BREAKING),
        ("deflection", TraitKind.SET, BREAKING),
        ("text.reasoning", TraitKind.CATEGORY, NOTABLE),
        ("text.shape", TraitKind.SET, NOTABLE),
        ("text.hedge", TraitKind.CATEGORY, COSMETIC),
        ("text.numbers", TraitKind.SET, NOTABLE),
        ("text.dates", TraitKind.SET, NOTABLE),
        ("text.urls", TraitKind.SET, NOTABLE),
        ("tools.arguments", TraitKind.CATEGORY, NOTABLE),
    ]
}
"""Of the traits that no rule names, what their kind and severity are."""


def behavior(*calls):
    return Behavior(traits=extract_traits(Calls(calls)))


def answer(text, *, tokens=10, model="claude-opus-4-8", **fields):
    return Call(
        provider="anthropic",
        outcome=Outcome.ANSWERED,
        text=text,
        requested_model=model,
        served_model=model,
        usage=Usage(input_tokens=100, output_tokens=tokens),
        **fields,
    )


def one(name, value, *, kind=None, severity=None):
    known = KINDS.get(name)
    return Behavior(
        traits=(
            Trait(
                name=name,
                value=value,
                kind=kind or known.kind,
                severity=severity or known.severity,
            ),
        )
    )


def only(changes):
    (change,) = changes
    return change


def test_a_new_model_name_alone_is_not_drift():
    before = behavior(answer("The refund is on its way.", model="claude-opus-4-8"))
    after = behavior(answer("The refund is on its way.", model="claude-opus-5"))

    assert compare(before, after) == ()
    assert diff_traits(before, after) == ()


def test_a_rewording_is_cosmetic_only():
    before = behavior(answer("Paris is the capital of France.", tokens=9))
    after = behavior(answer("The capital of France is Paris!", tokens=11))

    change = only(compare(before, after))

    assert (change.trait, change.severity) == ("text", COSMETIC)
    assert change.before == "Paris is the capital of France."
    assert change.after == "The capital of France is Paris!"
    assert change.detail == "3 of 6 words differ"


def test_a_refusal_instead_of_an_answer_is_breaking_and_comes_first():
    before = behavior(answer("x " * 100, tokens=400))
    after = behavior(Call(provider="anthropic", outcome=Outcome.REFUSED, refusal_category="cyber"))

    changes = compare(before, after)

    assert changes[0].trait == "outcome"
    assert (changes[0].before, changes[0].after) == ("answered", "refused (cyber)")
    assert [change.severity.rank for change in changes] == sorted(
        (change.severity.rank for change in changes), reverse=True
    )
    assert [change.trait for change in changes[1:]] == [
        "text.length",
        "usage.output_tokens",
        "usage.input_tokens",
        "text",
    ]


@pytest.mark.parametrize(
    ("reply", "trait", "detail"),
    [
        ("Hello! I can't rent that out.", "refusal", '"i can\'t rent that out."'),
        (
            "Please contact our support team.",
            "deflection",
            'gained deflection; "please contact our support team."',
        ),
    ],
)
def test_a_reply_that_does_not_answer_is_quoted(reply, trait, detail):
    changes = compare(behavior(answer("It was shipped.")), behavior(answer(reply)))

    (change,) = [change for change in changes if change.trait == trait]
    assert (change.severity, change.detail) == (BREAKING, detail)


def test_danish_and_norwegian_are_hardly_told_apart_and_no_other_language():
    languages = [
        Behavior(
            traits=(
                Trait(name="text.language", value=code, kind=TraitKind.CATEGORY, severity=BREAKING),
            )
        )
        for code in ("da", "no")
    ]

    assert compare(*languages) == ()


def test_a_dropped_tool_call_is_breaking():
    tool = ToolCall(name="lookup_order", arguments={"id": 7})
    before = behavior(answer("", tool_calls=(tool,)), answer("It was shipped."))
    after = behavior(answer("It was shipped."))

    changes = compare(before, after)

    assert changes[0].trait == "tools.set"
    assert changes[0].severity is BREAKING
    assert (changes[0].before, changes[0].after) == ("lookup_order", "none")
    assert changes[0].detail == "lost lookup_order"
    assert {change.trait: change.before for change in changes[1:]} == {
        "tools.counts": "lookup_order x1",
        "tools.order": "lookup_order",
        "tools.arg_keys": "lookup_order: id",
        "usage.input_tokens": "200",
        "calls": "2",
        "tool_calls": "1",
    }


@pytest.mark.parametrize(
    ("name", "before", "after", "severity", "detail"),
    [
        ("outcome", "answered", "refused", BREAKING, ""),
        ("outcome", "answered", "refused (cyber)", BREAKING, ""),
        ("outcome", "answered", "truncated", BREAKING, ""),
        ("outcome", "tool_use", "context_full", BREAKING, ""),
        ("outcome", "answered", "empty", BREAKING, ""),
        ("outcome", "answered", "error", BREAKING, ""),
        ("outcome", "answered", "paused", BREAKING, "no call goes on with it"),
        ("outcome", "refused", "truncated", BREAKING, ""),
        (
            "outcome",
            "refused (cyber)",
            "answered",
            BREAKING,
            "it no longer refuses, as the accepted recording does",
        ),
        ("outcome", "truncated", "tool_use", NOTABLE, "improved"),
        ("outcome", "tool_use", "answered", NOTABLE, ""),
        ("outcome", "answered", "tool_use", BREAKING, "ends on a tool call that nothing answers"),
        ("interruptions", [], ["error"], BREAKING, "gained error"),
        ("interruptions", ["error"], ["empty"], BREAKING, "gained empty; lost error"),
        ("interruptions", ["error"], [], NOTABLE, "improved"),
        ("served_model", "as requested", ["a → b"], BREAKING, ""),
        ("served_model", ["a → b"], ["a → c"], BREAKING, ""),
        ("served_model", ["a → b"], "as requested", NOTABLE, "improved"),
        ("tools.set", ["a"], ["a", "b"], BREAKING, "gained b"),
        ("tools.set", ["a", "b"], ["a", "c"], BREAKING, "gained c; lost b"),
        ("tools.set", ["a", "b"], ["a"], NOTABLE, "lost b"),
        ("tools.set", ["a", "b"], [], BREAKING, "lost a, b"),
        ("tools.set", [], ["a"], BREAKING, "gained a"),
        ("tools.counts", {"a": 1}, {"a": 2}, NOTABLE, ""),
        ("tools.order", ["a", "b"], ["b", "a"], NOTABLE, ""),
        ("tools.arg_keys", {"a": ["x"]}, {"a": ["x,y"]}, NOTABLE, ""),
        ("text.json", "pure", "fenced", BREAKING, ""),
        ("text.json", "pure", "with_prose", BREAKING, ""),
        ("text.json", "pure", "not_json", BREAKING, ""),
        ("text.json", "fenced", "not_json", BREAKING, ""),
        ("text.json", "with_prose", "not_json", BREAKING, ""),
        ("text.json", "not_json", "pure", BREAKING, ""),
        ("text.json", "not_json", "with_prose", NOTABLE, ""),
        ("text.json", "fenced", "pure", NOTABLE, "improved"),
        ("text.json", "with_prose", "pure", NOTABLE, "improved"),
        ("text.json", "with_prose", "fenced", NOTABLE, ""),
        ("text.json", "fenced", "with_prose", NOTABLE, ""),
        ("text.json_keys", ["a: number"], [], BREAKING, "lost a: number"),
        (
            "text.json_keys",
            ["a: number"],
            ["a: string"],
            BREAKING,
            "gained a: string; lost a: number",
        ),
        ("text.json_keys", ["a: number"], ["a: number", "b: null"], NOTABLE, "gained b: null"),
        ("text.code", ["python"], ["python (does not parse)"], BREAKING, ""),
        ("text.code", ["python"], ["python", "python (does not parse)"], BREAKING, ""),
        ("text.code", ["python (does not parse)"], ["python"], NOTABLE, "improved"),
        ("text.code", ["python (does not parse)"], [], NOTABLE, ""),
        ("text.code", ["bash"], ["bash", "python (does not parse)"], NOTABLE, ""),
        ("text.code", ["python"], ["python", "bash"], NOTABLE, ""),
        ("text.code", [], ["python"], NOTABLE, ""),
        (
            "text.code",
            ["python (bare)"],
            ["python"],
            BREAKING,
            "the text is no longer code as it stands",
        ),
        ("text.code", ["python"], ["python (bare)"], NOTABLE, ""),
        ("text.form", "label", "sentence", BREAKING, "no longer a bare label"),
        ("text.form", "answer line", "label", BREAKING, "no longer ends on an answer line"),
        ("text.language", "en", "de", BREAKING, ""),
        ("refusal", "none", "soft", BREAKING, ""),
        (
            "refusal",
            "soft",
            "none",
            BREAKING,
            "it no longer refuses, as the accepted recording does",
        ),
        ("refusal", "none", "partial", NOTABLE, "declines a part: "),
        ("refusal", "partial", "none", NOTABLE, "no longer declines a part"),
        ("refusal", "partial", "soft", BREAKING, ""),
        (
            "refusal",
            "soft",
            "partial",
            BREAKING,
            "it no longer refuses, as the accepted recording does",
        ),
        ("deflection", [], ["upsell"], BREAKING, "gained upsell"),
        ("deflection", ["upsell"], ["hand-off"], BREAKING, "gained hand-off; lost upsell"),
        ("deflection", ["upsell"], [], NOTABLE, "improved"),
        ("text.reasoning", "none", "steps", NOTABLE, ""),
        ("text.shape", ["list"], ["list", "table"], NOTABLE, "gained table"),
        ("text.shape", ["list"], [], NOTABLE, "lost list"),
        ("text.hedge", "0", "2+", COSMETIC, ""),
        ("text.numbers", ["14", "30"], ["14"], COSMETIC, "lost 30"),
        ("text.dates", ["2026-01-01"], [], COSMETIC, "lost 2026-01-01"),
    ],
)
def test_each_trait_has_its_rule(name, before, after, severity, detail):
    change = only(compare(one(name, before), one(name, after)))

    assert (change.trait, change.severity, change.detail) == (name, severity, detail)
    assert change.before != change.after


@pytest.mark.parametrize(("before", "after"), [("und", "en"), ("en", "und"), ("en", "en")])
def test_an_undecided_language_is_no_change(before, after):
    assert compare(one("text.language", before), one("text.language", after)) == ()


@pytest.mark.parametrize(
    ("name", "before", "after", "detail"),
    [
        ("usage.output_tokens", 215, 3, "0.01x"),
        ("usage.output_tokens", 20, 502, "25.1x"),
        ("usage.output_tokens", 502, 100, "0.2x"),
        ("usage.output_tokens", 50, 100, "2.0x"),
        ("usage.output_tokens", 50, 99, None),
        ("usage.output_tokens", 1, 50, None),
        ("usage.output_tokens", 1, 51, "51.0x"),
        ("usage.output_tokens", 0, 60, "from 0"),
        ("usage.output_tokens", 60, 0, "to 0"),
        ("usage.output_tokens", 0, 0, None),
        ("usage.input_tokens", 1_000, 1_500, None),
        ("text.length", 1, 19, None),
        ("text.length", 40, 20, "0.5x"),
        ("text.length", 40, 21, None),
        ("calls", 1, 2, "2.0x"),
        ("calls", 1, 3, "3.0x"),
        ("calls", 3, 1, "0.3x"),
        ("calls", 3, 2, None),
        ("tool_calls", 2, 0, "to 0"),
        ("tool_calls", 0, 2, "from 0"),
        ("tool_calls", 1, 0, "to 0"),
    ],
)
def test_a_number_changes_when_it_doubles_or_halves_and_by_enough(name, before, after, detail):
    changes = compare(one(name, before), one(name, after))

    assert [(change.severity, change.detail) for change in changes] == (
        [] if detail is None else [(NOTABLE, detail)]
    )


@pytest.mark.parametrize(
    ("kind", "severity", "before", "after", "expected"),
    [
        (TraitKind.CATEGORY, BREAKING, "formal", "casual", (BREAKING, "")),
        (TraitKind.CATEGORY, COSMETIC, True, False, (COSMETIC, "")),
        (TraitKind.SET, NOTABLE, ["a"], ["b"], (NOTABLE, "gained b; lost a")),
        (TraitKind.NUMBER, BREAKING, 0.2, 0.9, (BREAKING, "4.5x")),
        (TraitKind.NUMBER, BREAKING, 3, 4, None),
        (TraitKind.NUMBER, BREAKING, -1, 1, (BREAKING, "")),
        (TraitKind.NUMBER, BREAKING, "few", "many", (BREAKING, "")),
        (TraitKind.TEXT, BREAKING, "a b", "a c", (COSMETIC, "1 of 2 words differ")),
    ],
)
def test_a_trait_of_a_plugin_is_compared_by_its_kind(kind, severity, before, after, expected):
    changes = compare(
        one("tone.kind", before, kind=kind, severity=severity),
        one("tone.kind", after, kind=kind, severity=severity),
    )

    assert [(change.severity, change.detail) for change in changes] == (
        [] if expected is None else [expected]
    )


def test_a_replay_tells_the_arguments_that_differ():
    before = one("tools.arguments", [{"name": "find", "arguments": {"id": 1, "note": "n"}}])
    after = one("tools.arguments", [{"name": "find", "arguments": {"id": 2, "note": "n"}}])
    gone = one("tools.arguments", [])

    assert (only(diff_traits(before, after)).before, only(diff_traits(before, after)).after) == (
        "find: id 1",
        "2",
    )
    assert only(diff_traits(before, gone)).severity is NOTABLE


def test_a_trait_that_one_side_lacks_is_no_change():
    tone = one("tone", "formal", kind=TraitKind.CATEGORY, severity=BREAKING)

    assert compare(tone, Behavior()) == compare(Behavior(), tone) == ()
    assert diff_traits(tone, Behavior()) == diff_traits(Behavior(), tone) == ()


@pytest.mark.parametrize(
    ("name", "before", "after", "severity", "detail"),
    [
        ("usage.output_tokens", 100, 101, NOTABLE, "+1"),
        ("calls", 3, 2, NOTABLE, "-1"),
        ("calls", 1, 3, NOTABLE, "3.0x"),
        ("text.language", "und", "en", BREAKING, ""),
        ("outcome", "refused", "answered", BREAKING, ""),
        ("tools.set", ["a", "b"], ["a"], BREAKING, "lost b"),
        ("text", "Yes.", "Yes", COSMETIC, "1 of 1 words differ"),
    ],
)
def test_a_replay_shows_every_difference_with_the_traits_own_severity(
    name, before, after, severity, detail
):
    change = only(diff_traits(one(name, before), one(name, after)))

    assert (change.trait, change.severity, change.detail) == (name, severity, detail)


def test_a_replay_of_the_same_calls_has_no_differences():
    calls = [answer("a"), answer('{"a": 1}', tool_calls=(ToolCall(name="search"),))]

    assert diff_traits(behavior(*calls), behavior(*calls)) == ()


def test_values_that_went_through_a_file_are_the_same():
    before = behavior(answer("```python\nx = 1\n```", tool_calls=(ToolCall(name="search"),)))
    read = Behavior(traits=tuple(Trait.from_json(trait.to_json()) for trait in before.traits))
    kind, severity = TraitKind.CATEGORY, BREAKING

    assert diff_traits(read, before) == ()
    assert (
        diff_traits(
            one("tone", [1, 2], kind=kind, severity=severity),
            one("tone", (1, 2), kind=kind, severity=severity),
        )
        == ()
    )


def test_a_list_of_keys_that_is_full_does_not_lose_what_no_longer_fits():
    before = [f"k{number:03}: number" for number in range(MAX_KEY_PATHS)]
    pushed_out = ["a: number", *before[:-1]]
    really_lost = ["a: number", *before[1:]]

    severities = [
        only(compare(one("text.json_keys", before), one("text.json_keys", after))).severity
        for after in (pushed_out, really_lost)
    ]

    assert severities == [NOTABLE, BREAKING]


@pytest.mark.parametrize(
    ("before", "after", "detail"),
    [
        ("a b c", "a  b\nc", "only white space differs"),
        ("a b c", "c b a", "the same 3 words in another order"),
        ("a b c", "a x c d", "2 of 4 words differ"),
        ("a", "", "1 of 1 words differ"),
        ("a " * 3_000, "b " * 10, "3,000 of 3,000 words differ"),
        ("a a b", "a b b", "1 of 3 words differ"),
    ],
)
def test_the_detail_of_a_text_says_how_much_differs(before, after, detail):
    assert only(compare(one("text", before), one("text", after))).detail == detail


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("Yes.", "No.", ("Yes.", "No.")),
        ("Yes.", "", ("Yes.", "(nothing)")),
        (
            "We will refund the whole order within fourteen days of its arrival, as we promised.",
            "We will refund the whole order within thirty days of its arrival, as we promised.",
            (
                "…whole order within fourteen days of its arrival, as we pro…",
                "…whole order within thirty days of its arrival, as we promi…",
            ),
        ),
        ("a b", "a\nb", ("' b'", "'\\nb'")),
        ("red \x1b[31m", "green", ("red \\x1b[31m", "green")),
    ],
)
def test_a_text_is_shown_around_its_first_difference(before, after, words):
    change = only(compare(one("text", before), one("text", after)))

    assert (change.before, change.after) == words
    assert max(map(len, words)) <= 60


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "none"),
        ({}, "none"),
        (None, "none"),
        ("", "(empty)"),
        (True, "yes"),
        (False, "no"),
        (1234567, "1,234,567"),
        (0.25, "0.25"),
        (1234567.8, "1,234,568"),
        ("pure", "pure"),
        ("two\nlines\x07", "two lines\\x07"),
        (["lookup_order", "issue_refund"], "lookup_order, issue_refund"),
        ({"lookup_order": 2, "issue_refund": 1}, "lookup_order x2, issue_refund x1"),
        ({"search": ["limit,query", "query"], "now": [""]}, None),
        ([["a", "b"], "c"], "(a, b), c"),
    ],
)
def test_values_are_put_in_words(value, words):
    expected = words or "search: (limit,query), query; now: (none)"

    assert format_value(value) == expected


def test_words_are_bounded_and_still_tell_two_long_values_apart():
    before = ["lookup_order"] * 50
    after = [*before, "issue_refund"]

    apart = format_values_apart(before, after)

    assert len(format_value(before)) <= 120
    assert apart[0] != apart[1]
    assert "issue_refund" in apart[1]


@pytest.mark.parametrize(
    ("before", "after"), [(None, []), ("none", None), ("1", 1), ("a b", "a  b")]
)
def test_values_that_read_alike_are_told_apart(before, after):
    words = format_values_apart(before, after)

    assert words[0] != words[1]


def test_what_is_printed_can_be_written_to_a_file():
    assert printable("a\ud800b").encode() == b"a\\ud800b"


def lists_of_keys(lost: int) -> tuple[Severity, Severity]:
    """Severities of a key lost from a full list: where the new list is full, and where not."""
    keys = [f"k{number:03}: number" for number in range(MAX_KEY_PATHS)]
    left = [key for at, key in enumerate(keys) if at != lost]
    found = [
        only(compare(one("text.json_keys", keys), one("text.json_keys", after))).severity
        for after in ([*left, "z: number"], left)
    ]
    return found[0], found[1]


def test_a_lost_key_that_is_the_last_one_a_full_list_reaches_is_breaking():
    assert lists_of_keys(lost=MAX_KEY_PATHS - 1) == (BREAKING, BREAKING)
    assert lists_of_keys(lost=0) == (BREAKING, BREAKING)
