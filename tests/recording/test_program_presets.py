"""What a preset takes out of the requests of a program, and puts back into its answers."""

import json
from typing import Any

import pytest

from pytest_llmregress.recording.program_presets import (
    Machine,
    MachinesBySession,
    PresetError,
    preset_names,
    read_preset,
)
from pytest_llmregress.values.http import Request, Response
from pytest_llmregress.values.matching import RequestMatcher

PRESET = read_preset("claude-code")
CWD, HOME, TMP = "/srv/it's/app", "/home/ann", "/tmp/claude-1000"


def asked(
    cwd: str = CWD, home: str = HOME, session: str = "s-1", system: str = "Linux 6.1-a", **more: Any
) -> Request:
    slug = cwd.replace("/", "-").replace("'", "-")
    environment = f"# Environment\n - Primary working directory: {cwd}\n - Shell: bash\n"
    environment += f" - OS Version: {system}\n"
    body = {
        "metadata": {"user_id": json.dumps({"device_id": "d", "session_id": session})},
        "system": [{"type": "text", "text": f"Memory: {home}/.claude/projects/{slug}/memory/"}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": f"Read {cwd}/notes.txt"}]},
            {"role": "system", "content": environment + "Today's date is 2026-12-01."},
        ],
        **more,
    }
    return Request(
        method="POST",
        url="https://api.anthropic.com/v1/messages",
        headers={"x-claude-code-session-id": (session,)},
        body=json.dumps(body, separators=(",", ":")).encode(),
    )


def normal(request: Request) -> Request:
    return MachinesBySession().read(request, [PRESET]).hide_in_request(request)


def key(request: Request) -> str:
    return PRESET.matching.key_of(normal(request))


def test_names_stand_for_folder_home_session_account_and_system():
    body = json.loads(normal(asked()).body)

    assert body["metadata"] == {"user_id": "[[user]]"}
    assert body["system"][0]["text"] == "Memory: [[home]]/.claude/projects/[[cwd-slug]]/memory/"
    assert body["messages"][0]["content"][0]["text"] == "Read [[cwd]]/notes.txt"
    assert " - OS Version: [[os]]\n" in body["messages"][1]["content"]


@pytest.mark.parametrize(
    "other",
    [
        {"cwd": "/tmp/pytest-1/there"},
        {"home": "/root"},
        {"session": "s-2"},
        {"system": "Darwin 25.1.0"},
        {"cwd": "/home/ann/app", "home": "/home/ann", "session": "s-3"},
    ],
)
def test_the_same_request_from_another_machine_has_the_same_key(other):
    assert key(asked(**other)) == key(asked())


def notification(number: int, end: str) -> dict[str, str]:
    told = (
        "<system-reminder>\nNo user input.\n<task-notification>\n"
        f"<task-id>a{number:016x}</task-id>\n"
        f"<tool-use-id>toolu_{number}</tool-use-id>\n<result>Report {number}</result>\n"
        f"</task-notification>\n</system-reminder>{end}"
    )
    return {"type": "text", "text": told}


def test_sub_agents_that_end_in_another_order_tell_their_parent_the_same():
    def told(*notifications: dict[str, str]) -> Request:
        return asked(messages=[{"role": "user", "content": list(notifications)}])

    one, two = notification(1, "\n"), notification(2, "")
    assert key(told(one, two)) == key(told(notification(2, "\n"), notification(1, "")))
    assert key(told(one, two)) != key(told(two))
    assert key(told(one, two)) != key(told(one, notification(3, "")))


def test_another_question_has_another_key():
    assert key(asked(messages=[{"role": "user", "content": "Hi"}])) != key(asked())


def test_what_a_session_has_told_once_is_known_of_its_later_requests():
    machines = MachinesBySession()
    machines.read(asked(), [PRESET])
    later = Request(
        method="POST",
        url="https://api.anthropic.com/v1/messages",
        headers={"x-claude-code-session-id": ("s-1",)},
        body=json.dumps({"messages": [f"{CWD}/a.txt"]}).encode(),
    )

    hidden = machines.read(later, [PRESET]).hide_in_request(later)

    assert json.loads(hidden.body) == {"messages": ["[[cwd]]/a.txt"]}


def stream(*pieces: str) -> bytes:
    events = (
        {"type": "content_block_delta", "index": 0, "delta": {"type": "t", "partial_json": each}}
        for each in pieces
    )
    return b"".join(f"event: e\ndata: {json.dumps(each)}\n\n".encode() for each in events)


def texts(response: Response) -> str:
    lines = [line for line in response.body.decode().splitlines() if line.startswith("data: ")]
    return "".join(json.loads(line[6:])["delta"]["partial_json"] for line in lines)


def test_a_path_that_a_stream_has_cut_comes_back_as_that_of_another_machine():
    here = Machine({"cwd": "/srv/app", "home": "/srv"})
    there = Machine({"cwd": "/tmp/other", "home": "/root"})
    pieces = ('{"file": "/sr', "v/a", 'pp/notes.txt", "at": "/srv"}')
    came = Response(status=200, body=stream(*pieces))

    hidden = here.hide_in_response(came)

    assert b"/srv" not in hidden.body
    assert texts(hidden) == '{"file": "[[cwd]]/notes.txt", "at": "[[home]]"}'
    assert texts(there.put_back(hidden)) == '{"file": "/tmp/other/notes.txt", "at": "/root"}'


def test_the_length_of_an_answer_fits_what_was_put_back():
    recorded = Response(status=200, headers={"content-length": ("7",)}, body=b"[[cwd]]")

    back = Machine({"cwd": "/there"}).put_back(recorded)

    assert (back.body, back.headers) == (b"/there", {"content-length": ("6",)})


def test_a_preset_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(PresetError, match=f"'cursor' is no preset; {', '.join(preset_names())}"):
        read_preset("cursor")


# --- what does not count when two requests are compared --------------------------------------


def same(first: Any, second: Any, matching: RequestMatcher = PRESET.matching) -> bool:
    keys = {
        matching.key_of(
            Request(
                method="POST",
                url="https://api.anthropic.com/v1/messages",
                body=json.dumps({"messages": [{"role": "user", "content": each}]}).encode(),
            )
        )
        for each in (first, second)
    }
    return len(keys) == 1


def result(number: str, text: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": number, "content": text}


REMINDER = {"type": "text", "text": "<system-reminder>\ngitStatus: clean\n</system-reminder>"}
SAID = {"type": "text", "text": "Go on."}


def test_results_that_came_in_another_order_are_the_same_and_other_results_are_not():
    first, second = result("a", "1"), result("b", "2")

    assert same([first, second], [second, first])
    assert not same([first, second], [result("a", "2"), result("b", "1")])


def test_the_mark_of_a_cache_and_the_state_of_a_repository_do_not_count():
    assert same([SAID], [REMINDER, SAID])
    assert same([SAID], [{**SAID, "cache_control": {"type": "ephemeral"}}])
    assert not same([SAID], [{"type": "text", "text": "Stop."}])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Today's date is 2026-12-01.", "Today's date is 2027-03-04."),
        ("x\n - Shell: bash\n - OS Version: Linux 6\ny", "x\n - Shell: zsh\n - OS Version: mac\ny"),
        ("agentId: a719fbdd9494f951d", "agentId: a4070b1a18017d3ff"),
        ("duration_ms: 1466</usage>", "duration_ms: 1537</usage>"),
    ],
)
def test_what_is_another_one_each_time_does_not_count(first, second):
    assert same(first, second)
    assert not same(first, second, RequestMatcher())
