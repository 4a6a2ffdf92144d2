"""What agents' programs tell of a cause: their version, and the model that they were set to."""

from dataclasses import replace

import pytest

from pytest_llmregress.causes.find_cause import RecordedSide, find_cause
from pytest_llmregress.providers.anthropic.agent_program import read_program
from pytest_llmregress.values.call import Call, Outcome, ToolCall
from pytest_llmregress.values.cause import Cause, CauseKind

OLD, NEW = "claude-old", "claude-new"
TOOL = {"name": "Bash", "description": "Run a command.", "input_schema": {}}


def call(
    *, model=OLD, named="", version="2.1.327", text="Done.", tools=(TOOL,), system="Be brief."
):
    line = f"x-anthropic-billing-header: cc_version={version}.72b; cc_entrypoint=sdk-py;"
    environment = f"# Environment\nYou are powered by the model {named or model}."
    request = {
        "model": model,
        "system": [{"type": "text", "text": line}, {"type": "text", "text": system}],
        "tools": list(tools),
        "messages": [
            {"role": "user", "content": "Tidy up."},
            {"role": "system", "content": environment},
        ],
    }
    return Call(
        provider="anthropic",
        outcome=Outcome.ANSWERED,
        text=text,
        requested_model=model,
        served_model=model,
        request=request,
        program=read_program(request),
    )


def cause(old: Call, new: Call) -> Cause:
    return find_cause(RecordedSide(calls=[old]), RecordedSide(calls=[new]))


@pytest.mark.parametrize(
    ("system", "program"),
    [
        ([{"text": "x-anthropic-billing-header: cc_version=2.1.332.72b; x=y;"}], "2.1.332"),
        ([{"text": "x-anthropic-billing-header: cc_version=2.1.332.72b;"}, {"text": 1}], "2.1.332"),
        ([{"text": "x-anthropic-billing-header: cc_version=nightly;"}], None),
        ([{"text": "You call x-anthropic-billing-header: cc_version=2.1.332.72b"}], None),
        ("x-anthropic-billing-header: cc_version=2.1.332.72b;", None),
        ([], None),
        (None, None),
        ([3], None),
    ],
)
def test_a_request_tells_the_version_of_its_program(system, program):
    assert read_program({"system": system}) == (f"claude-code {program}" if program else "")


def test_another_version_of_the_program_is_a_cause_of_its_own():
    found = cause(call(), call(version="2.1.332", system="Be very brief.", tools=(), text="Tidy."))

    assert found.kind is CauseKind.PROGRAM
    assert found.summary == (
        "agent program changed: claude-code 2.1.327 → claude-code 2.1.332, and with it "
        "system prompt, tools; not model drift"
    )


def test_another_prompt_of_the_same_program_is_a_change_of_the_request():
    assert cause(call(), call(system="Be very brief.")).kind is CauseKind.REQUEST


def test_another_version_and_another_model_are_several_causes():
    found = cause(call(), call(version="2.1.332", model=NEW, text="Tidy."))

    assert found.kind is CauseKind.SEVERAL
    assert (
        "agent program claude-code 2.1.327 → claude-code 2.1.332 (system prompt)" in found.summary
    )


def test_a_prompt_that_names_the_new_model_was_written_for_it():
    found = cause(call(), call(model=NEW, text="Tidy."))

    assert found.kind is CauseKind.MODEL
    assert found.summary == (
        "consistent with the model switch claude-old → claude-new: the request is otherwise "
        "identical; the application itself was set to it: its prompts name the new model"
    )


def test_a_prompt_that_names_the_old_model_was_rewritten():
    found = cause(call(), call(model=NEW, named=OLD, text="Tidy."))

    assert found.kind is CauseKind.MODEL
    assert found.summary.endswith(
        "identical; its requests were rewritten: the prompts still name the old model"
    )


def test_a_program_that_falls_back_to_a_third_model_names_each_of_them():
    fallback = call(model="claude-fallback", text="Tidy.")
    found = find_cause(
        RecordedSide(calls=[call()]), RecordedSide(calls=[call(model=NEW, text="No."), fallback])
    )

    assert found.kind is CauseKind.MODEL
    assert found.summary.endswith("its prompts name the new model")


def test_a_name_within_another_one_is_not_the_model():
    found = cause(call(named="claude-old-5"), call(model=NEW, named="claude-old-5", text="Tidy."))

    assert found.summary.endswith("the request is otherwise identical")


def test_other_words_beside_the_name_are_a_change_of_the_request():
    found = cause(call(), call(model=NEW, system="Be very brief.", text="Tidy."))

    assert found.kind is CauseKind.SEVERAL
    assert "system prompt" in found.summary
    assert "messages" not in found.summary


def delegated(model: str, report: str, around: str = "agentId: a1") -> RecordedSide:
    """Return the calls of a session whose sub-agent reports."""
    tool = ToolCall(name="Agent", id="toolu_1", arguments={"prompt": "Read the plan."})
    asked = {"role": "user", "content": "How many users?"}
    used = {"type": "tool_use", "id": tool.id, "name": tool.name, "input": tool.arguments}
    result = {
        "type": "tool_result",
        "tool_use_id": tool.id,
        "content": [{"type": "text", "text": f"The report follows:\n  {report}\n{around}"}],
    }
    turns = [
        ([asked], {"tool_calls": (tool,), "outcome": Outcome.TOOL_USE, "text": ""}),
        ([{"role": "user", "content": "Read the plan."}], {"text": report, "agent": "a1"}),
        (
            [
                asked,
                {"role": "assistant", "content": [used]},
                {"role": "user", "content": [result]},
            ],
            {"text": "Two."},
        ),
    ]
    return RecordedSide(
        calls=[
            replace(call(model=model), request={"model": model, "messages": messages}, **fields)
            for messages, fields in turns
        ]
    )


def test_the_report_of_a_sub_agent_is_no_result_of_a_tool_of_the_app():
    old, new = "The plan covers two users.", "The plan covers two users, so upgrade today!"

    found = find_cause(delegated(OLD, old), delegated(NEW, new, around="agentId: a2"))

    assert found.kind is CauseKind.MODEL
    assert found.tool_results != "same"


def test_a_result_that_is_no_report_is_compared_as_ever():
    found = find_cause(delegated(OLD, "Yes."), delegated(NEW, "Yes.", around="agentId: a2"))

    assert found.kind is CauseKind.SEVERAL
    assert "the result of Agent (call 3)" in found.summary


@pytest.mark.parametrize("said", ["I will write the file now.", 'I will write:\n\n"naïve" — done?'])
def test_a_result_that_gives_back_what_its_own_conversation_said_is_compared(said):
    def side(status: str) -> RecordedSide:
        tool = ToolCall(name="write", id="toolu_1", arguments={"text": "Hi"})
        used = {"type": "tool_use", "id": tool.id, "name": tool.name, "input": tool.arguments}
        result = {"type": "tool_result", "tool_use_id": tool.id, "content": f"{said} {status}"}
        asked = {"role": "user", "content": "Write it."}
        own = {"role": "assistant", "content": [{"type": "text", "text": said}, used]}
        turns = [
            ([asked], {"tool_calls": (tool,), "outcome": Outcome.TOOL_USE, "text": said}),
            ([asked, own, {"role": "user", "content": [result]}], {"text": "Done."}),
        ]
        return RecordedSide(
            calls=[
                replace(call(), request={"model": OLD, "messages": messages}, **fields)
                for messages, fields in turns
            ]
        )

    found = find_cause(side("written"), side("failed: the disk is full"))

    assert found.kind is CauseKind.TOOL_RESULT
    assert "the result of write (call 2)" in found.summary
