"""Cassettes that cannot be read: named with fault and line, never empty, never overwritten."""

from collections.abc import Callable

import pytest

from pytest_llmregress.storage.cassette_file import read_cassette

APP = """
    import anthropic

    client = anthropic.Anthropic()
    MODEL = "claude-opus-5"
    PROMPT = "You help customers."
    DAYS = "integer"

    def ask(text):
        tool = {
            "name": "refund",
            "input_schema": {"type": "object", "properties": {"days": {"type": DAYS}}},
        }
        return client.messages.create(
            model=MODEL,
            max_tokens=100,
            system=PROMPT,
            tools=[tool],
            messages=[{"role": "user", "content": text}],
        )
"""
TEST = """
    import pytest
    from app import ask

    @pytest.mark.llm
    def test_hello():
        assert ask("[[say Paris is nice.]]").content[0].text
"""
CASSETTE = "__llm__/test_it/hello.cassette.yaml"
SNAPSHOT = "__llm__/test_it/hello.snapshot.yaml"
RESTORE = "restore it from version control, or delete it and record it again: pytest "
MODES = ("none", "once", "new_episodes", "all", "rewrite")

Damage = Callable[[str], str]


def cut_off(text: str) -> str:
    """Cut within the answer, between two whole lines."""
    return text[: text.index("      stop_reason:")]


def cut_off_in_a_line(text: str) -> str:
    return text[: text.index("text: Paris is") + len("text: Paris")]


def conflict(text: str) -> str:
    head, mark, tail = text.partition("interactions: 1\n")
    return f"{head}<<<<<<< HEAD\n{mark}=======\ninteractions: 2\n>>>>>>> other\n{tail}"


DAMAGED: list[tuple[str, Damage, str]] = [
    ("empty", lambda _: "", f"{CASSETTE}: it is empty; {RESTORE}"),
    ("white space", lambda _: "\n  \n", f"{CASSETTE}: it is empty; {RESTORE}"),
    ("no yaml", lambda _: "llmregress: 1\nkind: [\n", f"{CASSETTE}:"),
    ("text", lambda _: "nothing here\n", f"{CASSETTE}:1: it holds text, not a mapping; {RESTORE}"),
    ("cut off", cut_off, f"{CASSETTE}"),
    ("cut off in a line", cut_off_in_a_line, f"{CASSETTE}"),
    (
        "merge conflict",
        conflict,
        f"{CASSETTE}:7: a merge conflict was left in it (<<<<<<<); settle it, {RESTORE}",
    ),
    (
        "newer",
        lambda text: text.replace("llmregress: 1\n", "llmregress: 7\n"),
        (
            f"{CASSETTE}: it was written by a newer pytest-llmregress (format 7); this one reads "
            "up to 1. Upgrade: python -m pip install -U pytest-llmregress"
        ),
    ),
    (
        "edited answer",
        lambda text: text.replace("text: Paris is nice.", "text: Paris is ugly."),
        f"{CASSETTE}: ",
    ),
    (
        "edited digest",
        lambda text: text.replace("digest: sha256:", "digest: sha256:0"),
        f"{CASSETTE}: ",
    ),
]


def test_a_damaged_cassette_is_named_and_left_alone_in_every_mode(project):
    tests = "".join(
        f"def test_{number:02}():\n    ask('[[say Paris is nice.]]')\n\n"
        for number in range(len(DAMAGED))
    )
    head = "import pytest\nfrom app import ask\n\npytestmark = pytest.mark.llm\n\n"
    project.write({"app.py": APP, "test_it.py": head + tests}).record(passed=len(DAMAGED))
    messages = {}
    for number, (_, damage, message) in enumerate(DAMAGED):
        name = f"__llm__/test_it/{number:02}.cassette.yaml"
        good = project.read(name)
        assert damage(good) != good
        (project.root / name).write_text(damage(good), encoding="utf-8")
        messages[f"test_{number:02}"] = message.replace(CASSETTE, name)
    before = project.files()
    project.stand.requests.clear()

    for mode in MODES:
        project.record(mode=mode, errors=len(DAMAGED))

        project.says(*messages.values())
        project.never_says("Traceback", "INTERNALERROR")
        assert project.problems() == {key: ["unreadable_file"] for key in messages}
        assert project.files() == before
    assert project.stand.requests == []


def test_a_damaged_snapshot_is_named_and_left_alone(project):
    project.write(app=APP, test_it=TEST).record(passed=1)
    (project.root / SNAPSHOT).write_text("", encoding="utf-8")
    before = project.files()

    for mode in ("none", "rewrite"):
        project.record(mode=mode, errors=1).says(f"{SNAPSHOT}: it is empty; ")

        assert project.files() == before


def test_without_a_cassette_a_replay_says_how_to_record_one(project):
    project.write(app=APP, test_it=TEST).offline()

    project.replay(failed=1)

    project.says(
        "FAILED test_it.py::test_hello - no recorded answer to POST http://127.0.0.1:",
        "reason    cassette_not_found: nothing is recorded for this test yet",
        "asked in  app.py:13 in ask",
        f"cassette  {CASSETTE}",
        "record    pytest test_it.py::test_hello --llmregress-record once",
    )
    assert project.problems() == {"test_hello": ["cassette_not_found"]}
    assert project.files() == {}


@pytest.mark.parametrize(
    ("old", "new", "part", "what"),
    [
        ("You help customers.", "You help dogs.", "system prompt", "customers"),
        (
            'DAYS = "integer"',
            'DAYS = "string"',
            "tools",
            "'refund' input_schema.properties.days.type: 'integer' → 'string'",
        ),
        ('MODEL = "claude-opus-5"', 'MODEL = "claude-opus-6"', "model", "claude-opus-6"),
    ],
)
def test_a_request_that_changed_since_is_told_by_the_part_that_differs(
    project, old: str, new: str, part: str, what: str
):
    project.write(app=APP, test_it=TEST).record(passed=1).offline()
    project.change("app.py", old, new)
    before = project.files()

    project.replay(failed=1)

    project.says(
        "reason    no_match: the request is not the one that was recorded",
        "nearest   request 1 of the cassette; it differs in",
        part,
        what,
        "record    pytest test_it.py::test_hello --llmregress-record rewrite",
    )
    project.never_says("drift:")
    assert project.problems() == {"test_hello": ["no_match"]}
    assert project.files() == before


def test_an_answer_is_not_given_twice(project):
    project.write(app=APP, test_it=TEST).record(passed=1).offline()
    project.change(
        "test_it.py", "def test_hello():", "def test_hello():\n    ask('[[say Paris is nice.]]')"
    )

    project.replay(failed=1)

    project.says("reason    already_played: it was recorded 1 time(s), and all of those are played")
    assert project.problems() == {"test_hello": ["already_played"]}


def test_a_miss_that_the_app_swallows_fails_the_test_all_the_same(project):
    project.write(
        app=APP,
        test_it="""
        import pytest
        from app import ask

        @pytest.mark.llm
        def test_hello():
            try:
                ask("Hello")
            except BaseException:
                pass
        """,
    ).offline()

    project.replay(failed=1)

    assert project.problems() == {"test_hello": ["cassette_not_found"]}


def test_a_recorded_call_that_is_no_longer_made_fails_unless_the_marker_allows_it(project):
    project.write(
        app=APP,
        test_it="""
        import pytest
        from app import ask

        TEXTS = ["[[say a]]", "[[say b]]"]

        @pytest.mark.llm
        def test_hello(llm_calls):
            for text in TEXTS:
                ask(text)
        """,
    ).record(passed=1)

    project.change("test_it.py", '["[[say a]]", "[[say b]]"]', '["[[say b]]"]')
    project.offline().replay(failed=1)

    assert project.problems() == {"test_hello": ["unplayed"]}
    project.says(
        "FAILED test_it.py::test_hello - 1 of 2 recorded requests not asked for: call 1 (POST http",
        "record it again: pytest test_it.py::test_hello --llmregress-record rewrite",
        '@pytest.mark.llm(unplayed="allow")',
    )

    project.change("test_it.py", "mark.llm", 'mark.llm(unplayed="allow")')
    project.replay(passed=1)

    assert project.found()["test_hello"]["unplayed"] == 1
    project.says("unplayed: 1 recorded request that this run did not ask for: 1 test: ")


def test_a_call_that_a_tear_down_makes_is_missed_at_its_end_and_not_before(project):
    project.write(
        app=APP,
        test_it="""
        import pytest
        from app import ask

        @pytest.fixture
        def tidy():
            yield
            ask("[[say bye]]")

        @pytest.mark.llm
        def test_hello(tidy):
            ask("[[say a]]")
        """,
    ).record(passed=1)
    project.offline().replay(passed=1)

    project.change("test_it.py", 'ask("[[say bye]]")', "pass").replay(passed=1, errors=1)

    assert project.problems() == {"test_hello": ["unplayed"]}


def test_what_is_recorded_and_is_no_call_of_a_model_may_be_left_out(project):
    project.write(
        app=APP,
        test_it="""
        import os, urllib.request
        import pytest
        from app import ask

        def look():
            urllib.request.urlopen(os.environ["ANTHROPIC_BASE_URL"] + "/v1/models").read()

        @pytest.mark.llm
        def test_hello():
            look()
            ask("[[say a]]")
        """,
    ).record(passed=1)

    project.change("test_it.py", "    look()\n", "    pass\n").offline().replay(passed=1)

    assert project.found()["test_hello"]["unplayed"] == 1


def test_a_cassette_of_vcrpy_in_our_place_replays(project, console):
    project.write(app=APP, test_it=TEST).record(passed=1)
    console("export", CASSETTE, "--to", "theirs")
    (exported,) = (project.root / "theirs").rglob("*.yaml")
    exported.replace(project.root / CASSETTE)

    project.offline().replay(passed=1)

    assert "llmregress: 1" not in project.read(CASSETTE)


def test_a_snapshot_of_another_recording_is_told_as_that_and_two_commands_settle_it(project):
    project.write(app=APP, test_it=TEST).record(passed=1)
    ours = {name: project.read(name) for name in (CASSETTE, SNAPSHOT)}
    project.change("app.py", "You help customers.", "You serve customers.")
    project.record("--llmregress-accept", mode="rewrite", passed=1)
    (project.root / SNAPSHOT).write_text(ours[SNAPSHOT], encoding="utf-8")

    project.offline().replay(errors=1)
    project.says(
        f"{SNAPSHOT}: it belongs to another recording than the one beside it",
        f"git checkout BRANCH -- {CASSETTE} {SNAPSHOT}",
        "pytest test_it.py::test_hello --llmregress-accept",
    ).never_says("own code made something else")
    assert project.problems() == {"test_hello": ["snapshot_of_another"]}

    project.replay("--llmregress-accept", passed=1)
    project.replay(passed=1)
    for name, text in ours.items():
        (project.root / name).write_text(text, encoding="utf-8")
    project.change("app.py", "You serve customers.", "You help customers.").replay(passed=1)


def test_the_marks_of_a_test_stand_in_its_recording_but_for_those_that_say_how_it_is_run(project):
    ini = "[pytest]\nmarkers =\n    billing: b\n    slow: s\n"
    marks = "@pytest.mark.billing\n    @pytest.mark.slow(reason='x')\n    "
    marked = TEST.replace("def test_hello", f"{marks}def test_hello")
    project.write(app=APP, test_it=marked)
    (project.root / "pytest.ini").write_text(ini)

    project.record("--strict-markers", passed=1)

    (path,) = project.root.rglob("*.cassette.yaml")
    assert read_cassette(path).marks == ("billing", "slow")
