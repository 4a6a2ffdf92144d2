"""Names that tell little of a model, and requests that name none: renamed, or refused by name."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

NEW = "new-1"
CANDIDATE = f"--llmregress-candidate={NEW}"
REPLIES = {
    "completions": {
        "choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}],
    },
    "generateContent": {
        "candidates": [{"content": {"parts": [{"text": "Yes."}]}, "finishReason": "STOP"}]
    },
    "converse": {"output": {"message": {"content": [{"text": "Yes."}]}}, "stopReason": "end_turn"},
    "messages": {
        "type": "message",
        "content": [{"type": "text", "text": "Yes."}],
        "stop_reason": "end_turn",
    },
    "chat": {"message": {"content": [{"type": "text", "text": "Yes."}]}, "finish_reason": "STOP"},
}
"""What the server answers, by how a path ends."""
PROFILE = "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.old"
APPLICATION = "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2F4711"
TEST = f"""
    import os
    import httpx2
    import pytest

    pytestmark = pytest.mark.llm
    SAID = {{"messages": [{{"role": "user", "content": "Hello"}}]}}
    TURN = {{"messages": [{{"role": "user", "content": [{{"text": "Hello"}}]}}]}}
    PARTS = {{"contents": [{{"parts": [{{"text": "Hello"}}]}}]}}
    SIGNED = {{"authorization": "AWS4-HMAC-SHA256 Credential=nobody"}}
    RENAMED = {{
        "deployment": ("/openai/deployments/prod-chat/chat/completions", SAID),
        "tuned": ("/v1/chat/completions", {{"model": "ft:old:org::1", **SAID}}),
        "alias": ("/v1/messages", {{"model": "latest", "max_tokens": 9, **SAID}}),
        "profile": ("/model/us.old-v1%3A0/converse", TURN),
        "arn": ("/model/{PROFILE}/converse", TURN),
        "application": ("/model/{APPLICATION}/converse", TURN),
        "endpoint": ("/v1/projects/p/locations/l/endpoints/4711:generateContent", PARTS),
        "fallbacks": ("/api/v1/chat/completions", {{"models": ["old", "older"], **SAID}}),
        "cohere": ("/v2/chat", {{"model": "command-old", **SAID}}),
    }}
    REFUSED = {{
        "unnamed": ("/v1/chat/completions", SAID),
        "text": ("/v1/chat/completions", "Hello"),
        "unknown": ("/v1/of-tomorrow", {{"model": "old", "input": "Hello"}}),
        "signed": ("/model/us.old/converse", TURN),
        "other": ("/model/meta.old/invoke", {{"prompt": "Hello"}}),
    }}

    def post(path, body, headers=None):
        given = {{"content": body}} if isinstance(body, str) else {{"json": body}}
        httpx2.post(os.environ["STAND"] + path, headers=headers, **given)

    @pytest.mark.parametrize("kind", RENAMED)
    def test_renamed(kind, llm_calls):
        post(*RENAMED[kind])
        assert llm_calls

    @pytest.mark.parametrize("kind", REFUSED)
    def test_refused(kind):
        post(*RENAMED["alias"])
        post(*REFUSED[kind], SIGNED if kind == "signed" else None)
"""
TOLD = {
    "unnamed": "no model by name",
    "text": "no model by name",
    "unknown": "old",
    "signed": "us.old",
    "other": "meta.old",
}


class Server:
    """Answers each API, and keeps what it was asked: path and body as one text."""

    def __init__(self) -> None:
        asked = self.asked = list[str]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                asked.append(f"{self.path} {body.decode()}")
                reply = next((r for end, r in REPLIES.items() if self.path.endswith(end)), {})
                data = json.dumps(reply).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.server.serve_forever)
    thread.start()
    yield server
    server.server.shutdown()
    thread.join()
    server.server.server_close()


def test_a_name_that_tells_little_is_replaced_and_what_cannot_be_is_refused(project, server):
    env = {"STAND": server.url}
    project.write(test_it=TEST).record(env=env, passed=14)
    assert any("/deployments/prod-chat/" in each for each in server.asked)
    server.asked.clear()

    project.record(CANDIDATE, env=env, passed=9, failed=5)

    assert project.problems() == {f"test_refused[{kind}]": ["not_rewritten"] for kind in TOLD}
    for kind, model in TOLD.items():
        (problem,) = project.found()[f"test_refused[{kind}]"]["problems"]
        assert f"asked for {model}, not for {NEW}" in problem["message"], kind
    asked = [each for each in server.asked if NEW in each]
    unnamed = [each for each in server.asked if NEW not in each]
    assert len(set(asked)) == 7  # three names of Converse give way to one
    assert all("old" not in each and "prod-chat" not in each for each in asked)
    assert all(each.startswith("/v1/chat/completions") for each in unnamed)
    kept = [name for name in project.names() if f"@{NEW}" in name]
    assert len(kept) == 9
    assert all(name.startswith("renamed") for name in kept)
