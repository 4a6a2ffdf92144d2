"""`llm_calls`: what a test sees of its model calls, while it runs."""

APP = """
    import anthropic

    client = anthropic.Anthropic()
    TOOL = {"name": "lookup", "input_schema": {"type": "object", "properties": {}}}

    def ask(text, **more):
        messages = [{"role": "user", "content": text}]
        asked = {"model": "claude-opus-5", "max_tokens": 100, "messages": messages, **more}
        return client.messages.create(**asked)
"""


def test_each_look_sees_the_calls_made_since(project):
    project.write(
        app=APP,
        test_it="""
        import pytest
        from app import ask

        @pytest.fixture
        def warm_up(llm_calls):
            ask("[[say from a fixture]]")
            return len(llm_calls)

        @pytest.mark.llm
        def test_live(warm_up, llm_calls):
            assert warm_up == len(llm_calls) == 1
            ask("[[say a]]")
            assert len(llm_calls) == 2
            assert llm_calls[-1].text == "a"
            assert [call.text for call in llm_calls] == ["from a fixture", "a"]
            assert llm_calls.text == "from a fixture\\n\\na"
            two = llm_calls[:2]
            ask("[[say b]]")
            assert (len(two), len(llm_calls)) == (2, 3)
            with pytest.raises(IndexError, match="this test has made 3 model call"):
                llm_calls[3]
        """,
    )

    project.record(passed=1).offline().replay(passed=1)


def test_a_call_tells_all_about_itself_and_the_same_in_a_replay(project):
    project.write(
        app=APP,
        test_it="""
        import pytest
        from app import TOOL, ask

        @pytest.mark.llm(outcomes=["tool_use", "refused", "truncated"],
                         served_model={"claude-opus-5": "claude-opus-4-*"})
        def test_attributes(llm_calls):
            ask('[[tool lookup {"id": 7}]]', tools=[TOOL])
            ask("[[refusal cyber]]")
            ask("[[say Paris is]] [[max_tokens]] [[served claude-opus-4-8]]")
            tool, refused, truncated = llm_calls

            assert (tool.provider, tool.outcome, tool.stop_reason) == (
                "anthropic", "tool_use", "tool_use"
            )
            assert tool.text == "Let me look."
            assert [(each.name, each.arguments) for each in tool.tool_calls] == [
                ("lookup", {"id": 7})
            ]
            assert tool.requested_model == tool.served_model == "claude-opus-5"
            assert tool.usage.input_tokens > 0
            assert tool.usage.output_tokens > 0
            assert tool.latency > 0
            assert (tool.status, tool.error, tool.streamed) == (200, None, False)
            assert tool.request["max_tokens"] == 100

            assert (refused.outcome, refused.refusal_category) == ("refused", "cyber")
            assert (refused.text, refused.tool_calls) == ("", ())
            assert (truncated.outcome, truncated.stop_reason) == ("truncated", "max_tokens")
            assert truncated.served_model == "claude-opus-4-8"

            assert llm_calls.tools == ("lookup",)
            assert llm_calls.usage.output_tokens == sum(c.usage.output_tokens for c in llm_calls)
        """,
    )

    project.record(passed=1).offline().replay(passed=1)


def test_a_test_sees_only_its_own_calls(project):
    project.write(
        app=APP,
        test_it="""
        import pytest
        from app import ask

        pytestmark = pytest.mark.llm

        @pytest.mark.parametrize("number", range(3))
        def test_own(llm_calls, number):
            assert len(llm_calls) == 0
            ask(f"[[say {number}]]")
            assert [call.text for call in llm_calls] == [str(number)]
        """,
    )

    project.record(passed=3).offline().replay("-n", "2", passed=3)
