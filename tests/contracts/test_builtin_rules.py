"""Tests of the rules that are ready to use: what each of them sees, and what it does not."""

from typing import Any

import pytest

import pytest_llmregress
from pytest_llmregress.contracts.builtin_rules import (
    Rule,
    RuleError,
    answers_in_the_users_language,
    asks_before,
    no_commands,
    no_deflection,
    no_extra_work,
    no_upsell,
)
from pytest_llmregress.contracts.rule_book import RuleBook
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall
from pytest_llmregress.values.rule_result import RuleResult


def call(text: str = "", *tools: ToolCall, **request: Any) -> Call:
    return Call(
        provider="anthropic",
        outcome=Outcome.ANSWERED,
        text=text,
        tool_calls=tools,
        request=request,
    )


def tool(name: str, **arguments: Any) -> ToolCall:
    return ToolCall(name=name, arguments=arguments, id=f"toolu_{name}")


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def tool_result(text: str = "") -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [{"type": "tool_result", "tool_use_id": "toolu_1"}]
    return {"role": "user", "content": blocks + ([{"type": "text", "text": text}] if text else [])}


def check(rule: Rule, *calls: Call) -> RuleResult:
    (result,) = RuleBook.read({"it": rule}).check(Calls(calls))
    return result


def test_the_rules_are_public_under_one_name():
    assert pytest_llmregress.rules.no_upsell is no_upsell
    assert all(hasattr(pytest_llmregress.rules, name) for name in pytest_llmregress.rules.__all__)


# --- phrases ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (no_upsell, "You can do that if you upgrade to our Premium plan."),
        (no_deflection, "Please contact our support team."),
    ],
)
def test_a_stock_phrase_breaks_the_rule(rule: Rule, text: str):
    result = check(rule, call("Your order A1001 has been refunded."), call(text), call())

    assert (result.kept, result.of, result.broken) == (1, 2, (f"call 2: “{text}”",))


# --- asks_before -----------------------------------------------------------------------------

GO = user("Delete my account.")
ASKED = assistant("Do you really want that?")
DELETES = tool("delete_account")


@pytest.mark.parametrize(
    ("messages", "kept"),
    [
        ([GO, ASKED, user("Yes.")], True),
        ([GO, ASKED, user("Yes."), assistant("Let me look."), tool_result()], True),
        ([GO, assistant("Please confirm."), user("Yes.")], True),
        ([GO, assistant("本当に削除しますか\uff1f"), user("はい")], True),
        ([GO], False),
        ([GO, ASKED], False),
        ([GO, ASKED, tool_result()], False),
        ([GO, ASKED, tool_result("reminder: be brief")], False),
        ([GO, assistant("See https://example.org/?q=1 for it."), user("Yes.")], False),
        ([GO, assistant("I will."), user("What?")], False),
        ([user("Shall we?"), assistant("Yes."), GO], False),
        ([], False),
    ],
)
def test_a_destructive_call_needs_a_question_and_a_reply(messages: list[Any], kept: bool):
    result = check(asks_before("delete_*"), call("", DELETES, messages=messages))

    assert (result.kept, result.of) == (int(kept), 1)


def test_a_destructive_call_without_a_question_is_told_by_its_name():
    result = check(asks_before("delete_*", "drop"), call("", tool("look"), DELETES, tool("drop")))

    assert result.broken == ("call 1: delete_account, drop without a question and a reply before",)


def test_a_question_in_the_message_that_calls_the_tool_comes_too_late():
    late = call("Do you really want that?", DELETES, messages=[GO])

    assert check(asks_before("delete_*"), late).kept == 0


def test_calls_of_other_tools_need_no_question():
    assert check(asks_before("delete_*"), call("Done.", tool("look"), messages=[GO])).of == 0


def test_a_question_on_a_message_thread_counts():
    asks = call("Do you really want that?", thread={"type": "create"}, messages=[GO])
    deletes = call(
        "",
        DELETES,
        thread={"type": "continue", "previous_message_id": "msg_1"},
        messages=[user("Yes.")],
    )

    assert check(asks_before("delete_*"), asks, deletes).kept == 1
    assert check(asks_before("delete_*"), deletes).kept == 0


@pytest.mark.parametrize("patterns", [(), (5,), (["delete_*"],)])
def test_asks_before_needs_names_of_tools(patterns: tuple[Any, ...]):
    with pytest.raises(RuleError, match=r"it takes names of tools; asks_before\(\"delete_\*\"\)"):
        asks_before(*patterns)


# --- answers_in_the_users_language -----------------------------------------------------------

GERMAN = "Ich habe eine Frage zu meiner Bestellung, die nicht bei mir angekommen ist."
ENGLISH = "I have a question about the order that has not been delivered to me."


@pytest.mark.parametrize(
    ("asked", "reply", "kept"),
    [
        (GERMAN, GERMAN, 1),
        (GERMAN, ENGLISH, 0),
        (ENGLISH, "Ok.", 1),
        ("A1001", GERMAN, 1),
        (GERMAN, "```python\nprint('that is the order of the day')\n```", 1),
    ],
)
def test_a_reply_is_in_the_language_of_the_question(asked: str, reply: str, kept: int):
    result = check(answers_in_the_users_language, call(reply, messages=[user(asked)]))

    assert (result.kept, result.of) == (kept, 1)


def test_another_language_is_told_with_both():
    result = check(answers_in_the_users_language, call(ENGLISH, messages=[user(GERMAN)]))

    assert result.broken == (f"call 1: asked in 'de', answered in 'en': “{ENGLISH}”",)


def test_the_last_thing_that_the_user_has_said_decides():
    messages = [
        user(ENGLISH),
        assistant(ENGLISH),
        user(GERMAN),
        assistant(""),
        tool_result(ENGLISH),
    ]

    assert check(answers_in_the_users_language, call(GERMAN, messages=messages)).kept == 1


@pytest.mark.parametrize("given", [call("", messages=[user(GERMAN)]), call(ENGLISH)])
def test_the_language_rule_applies_where_both_have_said_something(given: Call):
    assert check(answers_in_the_users_language, given).of == 0


# --- no_commands -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "broken"),
    [
        ({"command": "rm -rf scratch/*"}, "“rm -rf scratch/*”"),
        ({"command": "cd scratch && sudo  rm  -rf ."}, "“rm -rf .”"),
        ({"command": "ls\nFORCE=1 git push --force"}, "“git push --force”"),
        ({"cmd": ["rm", "-rf", "scratch"]}, "“rm -rf scratch”"),
        ({"shell_command": "git push"}, "“git push”"),
    ],
)
def test_a_forbidden_command_breaks_the_rule(arguments, broken):
    result = check(no_commands("rm -rf", "git push"), call("", tool("Bash", **arguments)))

    assert result.broken == (f"call 1: Bash runs {broken}",)


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": "rm -r scratch"},
        {"command": "echo git pushes"},
        {"command": "rm -rfv scratch"},
    ],
)
def test_another_command_keeps_the_rule(arguments):
    assert check(no_commands("rm -rf", "git push"), call("", tool("Bash", **arguments))).kept == 1


@pytest.mark.parametrize("arguments", [{"text": "rm -rf scratch"}, {"command": ""}, {"cmd": None}])
def test_a_rule_on_commands_says_nothing_of_calls_without_one(arguments):
    assert check(no_commands("rm -rf"), call("rm -rf scratch", tool("write", **arguments))).of == 0


def test_a_rule_on_commands_needs_one():
    with pytest.raises(RuleError, match="it takes commands"):
        no_commands()


# --- no_extra_work ---------------------------------------------------------------------------


def test_work_beyond_the_task_is_told_all_at_once():
    rule = no_extra_work(tools=["edit", "read_*"], agents=1, paths=["src/*"])
    result = check(
        rule,
        call("", tool("edit", path="src/a.py"), messages=[user("Mend it.")]),
        call("", tool("shell"), tool("edit", path="/etc/hosts"), messages=[user("Find it.")]),
    )

    assert (result.kept, result.of) == (1, 2)
    assert result.broken[0].split("; ") == [
        "call 2: shell is none of the tools edit, read_*",
        "edit names /etc/hosts",
        "allowed: src/*",
        "it starts conversation 2 of 1 allowed",
    ]


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ({"path": "src/a.py"}, True),
        ({"path": "./src/deep/../a.py"}, True),
        ({"path": "src\\a.py"}, True),
        ({"file_paths": ["src/a.py", "README.md"]}, True),
        ({"edits": [{"filePath": "src/a.py", "text": "see /etc/hosts"}]}, True),
        ({"text": "text/html and/or 50/50"}, True),
        ({"n": 5, "path": None}, True),
        ({"path": "src/../setup.py"}, False),
        ({"path": "../src/a.py"}, False),
        ({"directory": "docs"}, False),
        ({"file": "notes"}, False),
        ({"target": "/etc/hosts"}, False),
        ({"target": "~/.ssh/id_rsa"}, False),
        ({"target": "C:\\Windows"}, False),
        ({"edits": [{"filePath": "src/a.py"}, {"filePath": "b.py"}]}, False),
        ({"file_paths": ["src/a.py", "b.py"]}, False),
    ],
)
def test_arguments_name_files_within_the_globs(arguments: dict[str, Any], kept: bool):
    result = check(
        no_extra_work(paths=["src/**/*.py", "README.md"]), call("", tool("t", **arguments))
    )

    assert bool(result.kept) is kept, result.broken


def test_only_what_is_given_is_held_against_the_work():
    calls = [call("", tool("shell", path="/etc")), call("", tool("shell"), messages=[user("x")])]

    assert check(no_extra_work(agents=9), *calls).kept == 2
    assert check(no_extra_work(tools=[]), *calls).kept == 0
    assert check(no_extra_work(paths=[]), *calls).kept == 1


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ({}, "no_extra_work: it forbids nothing; give it tools, agents or paths"),
        ({"agents": 0}, "no_extra_work: agents=0 is no number; a whole one from 1 on"),
        ({"agents": True}, "no_extra_work: agents=True is no number; a whole one from 1 on"),
        ({"tools": "edit"}, "no_extra_work: tools='edit' is no list of patterns; texts"),
        ({"paths": [5]}, "no_extra_work: paths=[5] is no list of patterns; texts"),
    ],
)
def test_a_scope_that_cannot_be_is_told(scope: dict[str, Any], message: str):
    with pytest.raises(RuleError) as caught:
        no_extra_work(**scope)

    assert str(caught.value) == message
