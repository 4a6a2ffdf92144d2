"""An old prompt in the place of a new one, conversation by conversation."""

from pytest_llmregress.causes.prompt_model_grid import OldPrompt


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


OLD = {
    "model": "old",
    "system": "Be kind.",
    "max_tokens": 100,
    "tools": [{"name": "find"}],
    "messages": [user("old question")],
}


def test_system_prompt_tools_parameters_and_messages_are_the_recorded_ones():
    new = {
        "model": "new",
        "stream": True,
        "system": "Be brief.",
        "max_tokens": 50,
        "thinking": {"type": "adaptive"},
        "messages": [user("new question")],
    }

    assert OldPrompt([OLD]).put_into(new) == {**OLD, "model": "new", "stream": True}


def test_a_conversation_keeps_what_was_said_since():
    prompt = OldPrompt([OLD])
    opening = [user("new question")]
    since = [assistant("an answer"), user("and then?")]

    prompt.put_into({"model": "new", "messages": opening})
    later = prompt.put_into({"model": "new", "messages": [*opening, *since]})

    assert later["messages"] == [user("old question"), *since]
    assert later["system"] == "Be kind."


def test_each_conversation_gets_the_prompt_of_the_same_number():
    second = {"system": "Be exact.", "messages": [user("the second one")]}
    prompt = OldPrompt([OLD, second])

    bodies = [prompt.put_into({"messages": [user(text)]}) for text in ("a", "b", "c")]

    assert [body["messages"][0]["content"] for body in bodies] == [
        "old question",
        "the second one",
        "c",
    ]
    assert bodies[2] == {"messages": [user("c")]}


def test_an_equal_question_asked_again_is_a_conversation_of_its_own():
    prompt = OldPrompt([OLD, {**OLD, "system": "second"}])

    systems = [prompt.put_into({"messages": [user("same")]})["system"] for _ in range(2)]

    assert systems == ["Be kind.", "second"]


def test_the_prompt_of_a_response_is_replaced_whoever_holds_the_conversation():
    prompt = OldPrompt([{"model": "old", "instructions": "Be kind.", "input": "old question"}])
    link = {"previous_response_id": "resp_new"}

    first = prompt.put_into({"model": "new", "instructions": "Be brief.", "input": "new question"})
    sent = prompt.put_into(
        {"model": "new", "input": [user("new question"), assistant("a"), user("b")]}
    )
    held = prompt.put_into({"model": "new", "instructions": "x", "input": "and then?", **link})

    assert first == {"model": "new", "instructions": "Be kind.", "input": "old question"}
    assert sent["input"] == [user("old question"), assistant("a"), user("b")]
    assert held == {"model": "new", "instructions": "Be kind.", "input": "and then?", **link}


def test_a_body_without_messages_is_left_alone():
    assert OldPrompt([OLD]).put_into({"prompt": "x"}) == {"prompt": "x"}
    assert OldPrompt([OLD]).put_into({"input": "x"}) == {"input": "x"}  # of another API


def test_a_further_attempt_is_no_further_conversation():
    prompt = OldPrompt([OLD, {**OLD, "system": "second"}])
    body = {"messages": [user("same")]}

    first, again = prompt.put_into(body), prompt.put_into(body, retry=True)

    assert first == again
