"""Apps that call over another library than the SDK, and what must be left alone."""

import pytest

APP = """
import os

import pytest

URL = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"
HEADERS = {"x-api-key": "sk-nobody", "anthropic-version": "2023-06-01"}


def body(text, **more):
    message = {"role": "user", "content": f"[[say {text}]]"}
    return {"model": "claude-opus-5", "max_tokens": 50, "messages": [message], **more}
"""


@pytest.fixture
def recorded(project):
    return project.write(app=APP)


def test_what_requests_sends_is_recorded_and_replayed(recorded):
    pytest.importorskip("requests", reason="requests is not installed")
    recorded.write(
        test_it="""
        import pytest, requests
        from app import HEADERS, URL, body

        @pytest.mark.llm
        def test_json_and_stream(llm_calls):
            reply = requests.post(URL, headers=HEADERS, json=body("hello"))
            assert reply.json()["content"][0]["text"] == "hello"

            stream = requests.post(URL, headers=HEADERS, json=body("hi", stream=True), stream=True)
            assert b"event: message_stop" in list(stream.iter_lines())
            assert [call.text for call in llm_calls] == ["hello", "hi"]
        """
    )

    recorded.record(passed=1).offline().replay(passed=1)


def test_what_the_standard_library_sends_is_recorded_and_replayed(recorded, stand):
    recorded.write(
        test_it="""
        import json, urllib.error, urllib.request
        from concurrent.futures import ThreadPoolExecutor
        from http.client import HTTPConnection

        import pytest
        from app import HEADERS, URL, body

        LINE = "one"

        def post(text, **more):
            data = json.dumps(body(text, **more)).encode()
            return urllib.request.Request(URL, data=data, headers=HEADERS)

        def test_not_marked():
            assert not hasattr(HTTPConnection.connect, "__wrapped__")

        @pytest.mark.llm
        def test_urllib(llm_calls):
            with urllib.request.urlopen(post(LINE, stream=True)) as reply:
                assert b"event: message_stop\\n" in list(reply)
            with ThreadPoolExecutor(4) as pool:
                replies = list(pool.map(urllib.request.urlopen, map(post, "abcd")))
            assert [json.load(reply)["content"][0]["text"] for reply in replies] == list("abcd")
            assert sorted(call.text for call in llm_calls) == ["a", "b", "c", "d", LINE]

        @pytest.mark.llm
        def test_an_app_that_goes_on_whatever_happens(llm_calls):
            connection = HTTPConnection(URL.split("/")[2])
            for attempt in range(3):
                try:
                    connection.request("POST", "/v1/messages", json.dumps(body(LINE)), HEADERS)
                    assert connection.getresponse().status == 200
                    break
                except Exception:
                    connection.close()

        @pytest.mark.llm
        def test_an_error_has_its_body(llm_calls):
            with pytest.raises(urllib.error.HTTPError) as failed:
                urllib.request.urlopen(post("]] [[status 400"))
            assert json.load(failed.value)["type"] == "error"
        """
    )

    recorded.record(passed=4)
    asked = len(stand.requests)
    recorded.offline().replay(passed=4)
    recorded.change("test_it.py", 'LINE = "one"', 'LINE = "two"').replay(passed=2, failed=2)

    assert asked == 7
    for name in ("test_urllib", "test_an_app_that_goes_on_whatever_happens"):
        assert recorded.problems()[name] == ["no_match"]
    recorded.says("no recorded answer")


def test_what_aiohttp_and_httpx2_send_is_recorded_and_replayed(recorded):
    pytest.importorskip("aiohttp", reason="aiohttp is not installed")
    recorded.write(
        test_it="""
        import asyncio

        import aiohttp, httpx2, pytest
        from app import HEADERS, URL, body

        @pytest.mark.llm
        def test_both(llm_calls):
            async def ask():
                async with aiohttp.ClientSession() as session:
                    async with session.post(URL, headers=HEADERS, json=body("one")) as reply:
                        return (await reply.json())["content"][0]["text"]

            assert asyncio.run(ask()) == "one"
            reply = httpx2.post(URL, headers=HEADERS, json=body("two"))
            assert reply.json()["content"][0]["text"] == "two"
            assert len(llm_calls) == 2
        """
    )

    recorded.record(passed=1).offline().replay(passed=1)


def test_an_app_that_is_called_in_process_runs_in_a_replay_too(recorded):
    recorded.write(
        test_it="""
        import anthropic, httpx2, pytest
        from app import body

        client = anthropic.Anthropic()
        served = []

        def service(environ, start_response):
            served.append(environ["PATH_INFO"])
            reply = client.messages.create(**body("from the model"))
            start_response("200 OK", [("content-type", "text/plain")])
            return [reply.content[0].text.encode()]

        @pytest.mark.llm
        def test_a_service():
            transport = httpx2.WSGITransport(app=service)
            with httpx2.Client(transport=transport, base_url="http://service") as http:
                assert http.get("/ask").text == "from the model"
            assert served == ["/ask"]
        """
    )

    recorded.record(passed=1).offline().replay(passed=1)


def test_a_file_is_uploaded_again_whatever_its_boundary(recorded):
    recorded.write(
        test_it="""
        import anthropic, pytest

        @pytest.mark.llm
        def test_upload():
            client = anthropic.Anthropic()
            assert client.beta.files.upload(file=("a.txt", b"hello", "text/plain")).id == "file_1"
        """
    )

    recorded.record(passed=1).offline().replay(passed=1)
