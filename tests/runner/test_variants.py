"""The application as it is configured now, held against its baseline under a name of one's own."""

from collections.abc import Iterator

import pytest

from chat_stand import ChatStand

pytest.importorskip("openai", reason="openai is not installed")

VARIANT = "--llmregress-variant=on-openai"
KEYS = {"OPENAI_API_KEY": "sk-nobody-0123456789abcdef"}  # llmregress: allow-secret
APP = """
    import os

    SYSTEM = os.environ.get("SYSTEM", "Be brief.")
    FORM = {"type": "object", "title": "Answer", "properties": {"yes": {"type": "string"}}}
    TOOL = {"name": "find_order", "description": "Finds it.", "input_schema": {"type": "object"}}

    def ask(text):
        messages = [{"role": "user", "content": text}]
        if os.environ.get("ON") == "openai":
            import openai
            function = {"name": TOOL["name"], "description": TOOL["description"]}
            function["parameters"] = TOOL["input_schema"]
            reply = openai.OpenAI(base_url=os.environ["STAND"] + "/v1").chat.completions.create(
                model="gpt-5", max_completion_tokens=50,
                response_format={"type": "json_schema", "json_schema": {
                    "name": "Answer", "schema": FORM, "strict": True,
                }},
                messages=[{"role": "system", "content": SYSTEM}, *messages],
                tools=[{"type": "function", "function": function}],
            )
            return reply.choices[0].message.content
        import anthropic
        reply = anthropic.Anthropic().messages.create(
            model="claude-opus-5", max_tokens=50, system=SYSTEM, messages=messages, tools=[TOOL],
            extra_body={"output_config": {"format": {"type": "json_schema", "schema": FORM}}},
        )
        return "".join(block.text for block in reply.content if block.type == "text")
"""
TEST = """
    import pytest
    from app import ask

    @pytest.mark.llm
    def test_same(llm_calls):
        assert ask("[[say Yes.]]") == "Yes."

    @pytest.mark.llm
    def test_refused():
        ask("[[say Yes.]] please")
"""


@pytest.fixture
def stand() -> Iterator[ChatStand]:
    stand = ChatStand().start()
    yield stand
    stand.stop()


@pytest.fixture
def app(project):
    project.write(app=APP, test_it=TEST)
    return project.record(env={"STAND": project.stand.url}, passed=2)


def env(project, **more: str) -> dict[str, str]:
    return {"STAND": project.stand.url, "ON": "openai", **more}


def test_another_provider_is_compared_by_behavior_and_named_as_a_cause(app, console):
    marks = app.stand.marks
    app.stand.marks = lambda model, history: (
        {"refusal": "policy"}
        if model == "gpt-5" and "please" in str(history[-1]["content"])
        else marks(model, history)
    )

    app.record(VARIANT, env=env(app, **KEYS), passed=1, failed=1)

    assert app.stand.asked.count("gpt-5") == 2  # nothing is rewritten
    kept = [name for name in app.names() if "@" in name and ".new." not in name]
    assert kept == [f"{test}@variant.on-openai.cassette.yaml" for test in ("refused", "same")]
    found = app.found()
    assert found["test_same"]["drift"]["changes"] == []
    drift = found["test_refused"]["drift"]
    assert "outcome" in [change["trait"] for change in drift["changes"]]
    cause = drift["cause"]
    assert cause["kind"] == "several"
    told = {part["part"]: part["what"] for part in cause["parts"]}
    assert told["provider"] == "anthropic → openai"
    assert told["model"] == "claude-opus-5 → gpt-5"
    assert [told[part] for part in ("system prompt", "messages", "tools", "parameters")] == [
        "same"
    ] * 4
    app.says("provider anthropic → openai", "candidate variant:on-openai")

    app.offline().replay(VARIANT, env=env(app), passed=1, failed=1)
    assert app.found()["test_refused"]["drift"]["cause"] == cause

    told = [line.split() for line in console("status").stdout.splitlines()]
    assert [line[-3] for line in told if "candidate" in line] == ["openai"] * 2
    assert [line[-3] for line in told if line[0].startswith("test_it.py")] == ["anthropic"] * 2
    assert list(cause["versions"]) == ["anthropic", "openai", "pytest-llmregress", "vcrpy"]

    assert "variant:on-openai" in console("compare", "baseline", "variant:on-openai").stdout
    accept = ("accept", "test_it.py::test_refused", "--candidate", "variant:on-openai")
    assert console(*accept).returncode == 0
    assert "refused@variant.on-openai.cassette.yaml" not in app.names()
    app.replay("-k", "refused", env=env(app), failed=1, deselected=1)
    app.says("ended refused")  # the accepted baseline is what was recorded on OpenAI


def test_another_prompt_is_named_as_the_cause(app, console):
    marks = app.stand.marks
    app.stand.marks = lambda model, history: (
        {"refusal": "policy"} if "please" in str(history[-1]["content"]) else marks(model, history)
    )

    app.record(
        "--llmregress-variant=longer", env={"SYSTEM": "Be brief. Be kind."}, failed=1, passed=1
    )

    drift = app.found()["test_refused"]["drift"]
    assert drift["cause"]["summary"] == "request changed: system prompt; not model drift"
    assert "variant.longer" not in console("prune").stdout  # of the same model, and not the same
    assert "variant:longer" in console("status").stdout
    accepted = console("accept", "--all", "--candidate", "variant:longer", "--reason", "kinder")
    assert "next: run your code as variant:longer from now on" in accepted.stdout


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((VARIANT, "--llmregress-candidate=gpt-5"), "one run takes one of them"),
        (("--llmregress-variant=a=b",), "names no variant; a name of your own"),
        ((VARIANT, "--llmregress-cross"), "no model of it is replaced"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(app, options, told: str):
    app.record(*options)

    assert app.exit_status == 4
    app.says(told)
