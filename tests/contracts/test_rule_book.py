"""Tests of standing rules: what a rule may be, when it is broken, and how it is told."""

import re
from typing import Any

import pytest

from pytest_llmregress.contracts.rule_book import (
    MultiCallRule,
    RuleBook,
    RuleError,
    forbids,
    requires,
)
from pytest_llmregress.llm_judge.question import JudgeAnswer
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall
from pytest_llmregress.values.rule_result import RuleResult, tally

WHAT = (
    'forbids(r"…"), requires(r"…"), a compiled regular expression (forbidden), a function of a '
    "call, a sentence for a judge, or None to switch it off"
)


def call(text: str = "", **fields: Any) -> Call:
    return Call(provider="anthropic", outcome=Outcome.ANSWERED, text=text, **fields)


def check(rule: Any, *calls: Call, **options: Any) -> RuleResult:
    (result,) = RuleBook.read({"it": rule}).check(Calls(calls), **options)
    return result


def fault(*declared: Any) -> str:
    with pytest.raises(RuleError) as caught:
        RuleBook.read(*declared)
    return str(caught.value)


# --- texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [forbids(r"\S+@\S+"), re.compile(r"\S+@\S+")])
def test_a_forbidden_pattern_is_told_with_the_call_and_the_place(rule: Any):
    result = check(rule, call("Hello."), call("Write to\n me@example.org, please."))

    assert (result.kept, result.of) == (1, 2)
    assert result.broken == ("call 2: “Write to me@example.org, please.”",)
    assert result.violations == (
        "rules: 'it' is broken by call 2: “Write to me@example.org, please.”",
    )


def test_a_required_pattern_is_told_with_the_text_that_has_none():
    result = check(requires(r"^Dear\b"), call("Dear Ann, …"), call("Hi Ann, …"))

    assert (result.kept, result.of) == (1, 2)
    assert result.broken == ("call 2: nothing matches '^Dear\\\\b' in “Hi Ann, …”",)


def test_the_place_in_a_long_text_is_shown_with_what_stands_around_it():
    result = check(forbids("upgrade"), call("a " * 500 + "please upgrade now" + " b" * 500))

    (where,) = result.broken
    assert re.fullmatch(r"call 1: “…(?:a )+please upgrade now(?: b)+ ?…”", where)
    assert len(where) < 150


@pytest.mark.parametrize("rule", [forbids("x"), requires("x"), re.compile("x"), "It is polite."])
def test_a_rule_on_texts_does_not_apply_to_a_call_without_one(rule: Any):
    silent = call("  \n", tool_calls=(ToolCall(name="x"),))

    result = check(rule, silent, judge=lambda text, sentence: False)

    assert result == RuleResult(name="it", kept=0, of=0)


# --- functions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "kept", "of", "broken"),
    [
        (True, 1, 1, ()),
        (False, 0, 1, ("call 1: “So be it.”",)),
        ("too long", 0, 1, ("call 1: too long",)),
        ("", 0, 1, ("call 1",)),
        (None, 0, 0, ()),
        (
            1,
            0,
            1,
            (
                (
                    "call 1: the rule raised TypeError: it returned 1; "
                    "True, False, what is wrong, or None"
                ),
            ),
        ),
    ],
)
def test_a_function_says_true_false_what_is_wrong_or_that_it_does_not_apply(
    verdict: Any, kept: int, of: int, broken: tuple[str, ...]
):
    result = check(lambda _: verdict, call("So be it."))

    assert result == RuleResult(name="it", kept=kept, of=of, broken=broken)


def test_a_function_that_says_false_of_a_call_without_text_is_told_by_its_number():
    assert check(lambda asked: asked.text != "", call()).broken == ("call 1",)


def test_an_exception_in_a_rule_breaks_it_and_leaves_the_others():
    def wrong(asked: Call) -> bool:
        return asked.request["missing"] > 1

    book = RuleBook.read({"wrong": wrong, "right": lambda _: True})
    results = book.check(Calls([call("a")]))

    assert results == (
        RuleResult(
            name="wrong", kept=0, of=1, broken=("call 1: the rule raised KeyError: 'missing'",)
        ),
        RuleResult(name="right", kept=1, of=1),
    )


def test_an_assertion_in_a_rule_is_told_by_its_words():
    def polite(asked: Call) -> bool:
        assert "please" in asked.text, "no please"
        return True

    (where,) = check(polite, call("Go.")).broken

    assert where.startswith("call 1: the rule raised AssertionError: no please")


def test_a_rule_across_calls_gives_a_verdict_for_each():
    rule = MultiCallRule(
        verdicts=lambda calls: [True, *(f"{len(calls)} calls",) * (len(calls) - 1)]
    )

    assert check(rule, call(), call()).broken == ("call 2: 2 calls",)


@pytest.mark.parametrize(
    "verdicts", [lambda calls: [True], lambda calls: 1 / 0, lambda calls: None]
)
def test_a_fault_of_a_rule_across_calls_breaks_it_for_all_of_them(verdicts: Any):
    result = check(MultiCallRule(verdicts=verdicts), call(), call())

    assert (result.kept, result.of, len(result.broken)) == (0, 2, 2)
    assert "call 1: the rule raised " in result.broken[0]


def test_a_rule_sees_the_whole_conversation_of_a_message_thread():
    seen = []
    calls = [
        call(
            "Which one?",
            tool_calls=(ToolCall(name="list", id="toolu_1", arguments={"n": 1}),),
            request={"thread": {"type": "create"}, "messages": [{"role": "user", "content": "A"}]},
        ),
        call("Other.", request={"thread": {"type": "create"}, "messages": []}),
        call(
            "Done.",
            request={
                "thread": {"type": "continue", "previous_message_id": "msg_1"},
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "tool_result", "tool_use_id": "toolu_1"}],
                    }
                ],
            },
        ),
    ]

    check(lambda asked: seen.append(asked.request["messages"]), *calls)

    assert seen[2] == [
        {"role": "user", "content": "A"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Which one?"},
                {"type": "tool_use", "id": "toolu_1", "name": "list", "input": {"n": 1}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1"}]},
    ]


def test_a_thread_goes_on_from_its_latest_call_where_no_tool_answer_tells():
    seen = []
    on = {"type": "continue", "previous_message_id": "msg_1"}
    calls = [
        call(text, request={"thread": thread, "messages": [{"role": "user", "content": word}]})
        for text, thread, word in [
            ("First.", {"type": "create"}, "A"),
            ("Second.", {"type": "create"}, "B"),
            ("Third.", on, "C"),
        ]
    ]

    check(lambda asked: seen.append(asked.request["messages"]), *calls)

    assert [message["content"] for message in seen[2]] == [
        "B",
        [{"type": "text", "text": "Second."}],
        "C",
    ]


# --- sentences -------------------------------------------------------------------------------


def test_a_sentence_is_judged_for_every_text():
    asked = []

    def judge(text: str, sentence: str) -> bool:
        asked.append((text, sentence))
        return text == "Please."

    result = check("It is polite.", call("Please."), call("Go."), judge=judge)

    assert asked == [("Please.", "It is polite."), ("Go.", "It is polite.")]
    assert (result.kept, result.of, result.broken) == (1, 2, ("call 2: “Go.”",))


def test_the_reason_of_a_judge_is_shown():
    def judge(text: str, sentence: str) -> JudgeAnswer:
        return JudgeAnswer(score=0, reason="It orders.", model="m", rubric=sentence)

    assert check("It is polite.", call("Go."), judge=judge).broken == (
        "call 1: “Go.” (It orders.)",
    )


def test_a_sentence_without_a_judge_is_an_error_that_says_what_to_set():
    book = RuleBook.read({"polite": "It is polite.", "short": lambda _: True})

    with pytest.raises(RuleError) as caught:
        book.check(Calls([call("Go.")]), context="test_it.py::test_a")

    assert book.needs_judge
    assert str(caught.value) == (
        "test_it.py::test_a: rules: 'polite': a sentence is a rule that a model has to judge, "
        'and no judge is set; set llm_config["judge_model"], llmregress_judge_model in the ini '
        "file, or --llmregress-judge-model MODEL, or write the rule as "
        'forbids(r"…"), requires(r"…") or a function'
    )


def test_the_rules_that_need_no_judge_can_be_had_alone():
    book = RuleBook.read({"polite": "It is polite.", "a": forbids("x")}).without_sentences()

    assert list(book.rules) == ["a"]
    assert not book.needs_judge


def test_what_a_judge_raises_is_raised():
    def judge(text: str, sentence: str) -> bool:
        raise OverflowError

    with pytest.raises(OverflowError):
        check("It is polite.", call("Go."), judge=judge)


# --- declarations ----------------------------------------------------------------------------


def test_the_closest_declaration_wins_rule_by_rule():
    far, near = {"a": forbids("x"), "b": forbids("y"), "c": forbids("z")}, {"b": forbids("w")}

    book = RuleBook.read(far, near, {"c": None})

    assert book.rules == {"a": far["a"], "b": near["b"]}
    assert list(book.rules) == ["a", "b"]


def test_a_rule_that_was_switched_off_can_be_declared_again():
    assert list(RuleBook.read({"a": None}, {"a": forbids("x")}).rules) == ["a"]


def test_without_rules_nothing_is_checked():
    assert RuleBook.read().check(Calls([call("x")])) == ()


def test_without_calls_a_rule_applies_to_nothing():
    assert check(forbids("x")) == RuleResult(name="it", kept=0, of=0)


class NoRule:
    pass


async def late(asked: Call) -> bool:
    return True


@pytest.mark.parametrize(
    "rule", [5, b"x", re.compile(b"x"), "", "  ", ["x"], NoRule, NoRule(), True]
)
def test_what_is_no_rule_is_told_with_what_is_one(rule: Any):
    assert fault({"x": rule}) == f"rules: 'x': {rule!r} is no rule; {WHAT}"


def test_an_asynchronous_rule_is_refused():
    message = fault({"x": late})

    assert message == f"rules: 'x': {late!r} is asynchronous, and is not awaited; a plain function"


@pytest.mark.parametrize("rules", [[forbids("x")], "no_upsell", 5, None])
def test_rules_that_are_no_mapping_are_refused(rules: Any):
    assert fault(rules) == (
        f"rules: {rules!r} is no mapping; the rules by their names: "
        '{"no_emails": forbids(r"\\S+@\\S+")}'
    )


@pytest.mark.parametrize("name", [5, None, "", " "])
def test_a_rule_needs_a_name(name: Any):
    assert fault({name: forbids("x")}) == f"rules: {name!r} is no name of a rule; a text"


def test_all_problems_are_told_at_once():
    assert fault({"x": 5, "": "y"}, []).count("\n") == 2


@pytest.mark.parametrize("declare", [forbids, requires])
@pytest.mark.parametrize("pattern", ["(", "[a", 5, None])
def test_a_pattern_that_cannot_be_is_told(declare: Any, pattern: Any):
    with pytest.raises(RuleError) as caught:
        declare(pattern)

    assert str(caught.value).startswith(
        f"{declare.__name__}: {pattern!r} is no regular expression: "
    )


# --- a whole run -----------------------------------------------------------------------------


def result(name: str, kept: int, of: int) -> RuleResult:
    return RuleResult(name=name, kept=kept, of=of)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ([("no_upsell", 30, 30), ("no_upsell", 10, 10)], "no_upsell: kept 40/40 → 31/40"),
        ([("no_upsell", 0, 0)], "no_upsell: kept (no call before) → 31/40"),
        ([("other", 1, 1)], "no_upsell: kept 31/40"),
        ([], "no_upsell: kept 31/40"),
    ],
)
def test_the_results_of_all_tests_are_held_against_the_baselines(
    before: list[tuple[str, int, int]], words: str
):
    results = [result("no_upsell", 25, 30), result("no_upsell", 6, 10)]

    (told,) = tally(results, baseline=[result(*each) for each in before])

    assert told.in_words == words


def test_a_rule_that_never_applied_is_told_as_that():
    (told,) = tally([result("no_upsell", 0, 0)])

    assert told.in_words == "no_upsell: applied to no call"


def test_every_rule_is_told_apart():
    told = tally([result("a", 1, 2), result("b", 3, 4), result("a", 2, 2)])

    assert [each.in_words for each in told] == ["a: kept 3/4", "b: kept 3/4"]
    assert told[0].to_json() == {
        "name": "a",
        "kept": 3,
        "of": 4,
        "kept_before": None,
        "of_before": None,
    }


def test_a_result_comes_back_from_json():
    given = RuleResult(name="a", kept=1, of=2, broken=("call 2: “x”",))

    assert RuleResult.from_json(given.to_json()) == given
