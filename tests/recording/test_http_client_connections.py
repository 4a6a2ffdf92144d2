"""What stands on http.client is recorded and replayed, whoever made the connection and when."""

import http.client
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest

from certificates import make_certificate
from plain_stand import PlainStand, plain_stand
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.values.http import Interaction

Client = Callable[[str], Any]


class Missed(BaseException):
    """A request without an answer."""


def miss(missed: Miss) -> NoReturn:
    raise Missed(str(missed.reason))


def new_tape(recorded: tuple[Interaction, ...] | None = None) -> CassetteSession:
    mode = SampleMode.RECORD if recorded is None else SampleMode.REPLAY
    return CassetteSession(mode=mode, recorded=recorded, redactor=Redactor(), on_miss=miss)


def recorded_by(tape: CassetteSession) -> tuple[Interaction, ...]:
    return tuple(e.interaction for e in tape.attempts if e.interaction is not None)


def record(client: Client, url: str) -> tuple[Any, tuple[Interaction, ...]]:
    tape = new_tape()
    with patch_http(tape):
        got = client(url)
    return got, recorded_by(tape)


def replay(client: Client, url: str, recorded: tuple[Interaction, ...]) -> Any:
    tape = new_tape(recorded)
    with patch_http(tape):
        got = client(url)
    assert tape.is_as_recorded
    return got


@pytest.fixture
def stand() -> Iterator[PlainStand]:
    with plain_stand() as stand:
        yield stand


# --- clients -----------------------------------------------------------------------------------


def by_urllib(url: str) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url + "/echo", data=b"asked")) as answer:
        return answer.status, answer.reason, answer.headers["content-type"], answer.read()


def by_http_client(url: str) -> Any:
    connection = HTTPConnection(urlsplit(url).netloc)  # by a name that was imported before
    said = []
    for path in ("/echo", "/close", "/echo/again"):
        connection.request("POST", path, body="asked")
        answer = connection.getresponse()
        said.append((answer.status, answer.read(3), answer.read1(2), answer.read()))
    connection.close()
    return said


def by_parts(url: str) -> Any:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.connect()
    connection.putrequest("PUT", "/echo")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders(iter([b"as", b"ked"]), encode_chunked=True)
    answer = connection.getresponse()
    connection.close()
    return answer.status, answer.readlines()


class Own(HTTPConnection):
    """A class of an app, which opens its socket itself."""

    def connect(self) -> None:
        super().connect()
        assert self.sock is not None


def by_a_class_of_its_own(url: str) -> Any:
    connection = Own(urlsplit(url).netloc)
    connection.connect()
    connection.request("HEAD", "/echo")
    answer = connection.getresponse()
    connection.close()
    return answer.status, answer.read()


def by_urllib_in_chunks(url: str) -> Any:
    with urllib.request.urlopen(url + "/chunked") as answer:
        return list(iter(lambda: answer.read(3), b""))


def by_urllib_after_an_error(url: str) -> Any:
    with pytest.raises(urllib.error.HTTPError) as failed:
        urllib.request.urlopen(url + "/status/418")
    with failed.value as error:
        return error.code, error.reason, json.load(error)


def by_urllib3(url: str) -> Any:
    urllib3 = pytest.importorskip("urllib3", reason="urllib3 is not installed")
    with urllib3.PoolManager() as pool:
        said = [
            pool.request("POST", url + path, body=b"asked").data for path in ("/echo", "/close")
        ]
        streamed = pool.request("GET", url + "/chunked", preload_content=False)
        return [*said, b"".join(streamed.stream(2)), streamed.status]


def by_requests(url: str) -> Any:
    requests = pytest.importorskip("requests", reason="requests is not installed")
    with requests.Session() as session:
        post = session.post(url + "/echo", data=iter([b"as", b"ked"]))
        get = session.get(url + "/chunked", stream=True)
        return post.json(), post.reason, b"".join(get.iter_content(3)), get.ok


CLIENTS: list[Client] = [
    by_urllib,
    by_http_client,
    by_parts,
    by_a_class_of_its_own,
    by_urllib_in_chunks,
    by_urllib_after_an_error,
    by_urllib3,
    by_requests,
]


@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_replayed_is_what_was_recorded_and_what_comes_without_a_tape(client, stand):
    live = client(stand.url)
    asked, stand.paths = stand.paths, []

    said, recorded = record(client, stand.url)

    assert said == live
    assert stand.paths == asked  # each request once
    assert len(recorded) == len(asked)
    connections = stand.connections
    assert replay(client, stand.url, recorded) == live
    assert stand.connections == connections


@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_not_recorded_is_missed_at_the_first_request(client, stand):
    tape = new_tape(recorded=())

    with pytest.raises(Missed), patch_http(tape):
        client(stand.url)

    assert len(tape.misses) == 1
    assert stand.connections == 0


def test_threads_get_the_answers_to_their_own_requests(stand):
    def ask(url: str) -> list[bytes]:
        def one(number: int) -> bytes:
            with urllib.request.urlopen(f"{url}/echo/{number}") as answer:
                return answer.read()

        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(one, range(24)))

    said, recorded = record(ask, stand.url)

    assert len(set(said)) == 24
    assert replay(ask, stand.url, recorded) == said


def test_a_connection_that_was_open_before_is_replayed_and_is_open_after(stand):
    connection = HTTPConnection(urlsplit(stand.url).netloc)

    def ask(_: str) -> bytes:
        connection.request("GET", "/echo")
        return connection.getresponse().read()

    said = ask(stand.url)
    opened = connection.sock

    assert replay(ask, stand.url, record(ask, stand.url)[1]) == said
    assert connection.sock is opened
    assert ask(stand.url) == said
    assert stand.connections == 1
    assert len(stand.paths) == 3
    connection.close()


def test_a_connection_that_was_opened_for_a_replay_goes_out_after_it(stand):
    connection = HTTPConnection(urlsplit(stand.url).netloc)

    with patch_http(new_tape(recorded=())):
        connection.connect()
    assert stand.connections == 0
    connection.request("GET", "/echo")

    assert connection.getresponse().status == 200
    connection.close()


def test_a_pool_of_a_replay_goes_out_after_it(stand):
    urllib3 = pytest.importorskip("urllib3", reason="urllib3 is not installed")
    with urllib3.PoolManager() as pool:

        def ask(url: str) -> bytes:
            return pool.request("GET", url + "/echo").data

        said = replay(ask, stand.url, record(ask, stand.url)[1])
        assert len(stand.paths) == 1

        assert ask(stand.url) == said
    assert len(stand.paths) == 2


def test_what_cannot_be_reached_fails_as_it_does_without_a_tape(stand):
    unreachable = "http://127.0.0.1:1/"

    with patch_http(new_tape()):
        with pytest.raises(urllib.error.URLError, match="refused"):
            urllib.request.urlopen(unreachable)
        connection = HTTPConnection(urlsplit(stand.url).netloc)
        connection.request("GET", "/broken")
        with pytest.raises(http.client.IncompleteRead):
            connection.getresponse().read()
        assert connection.sock is None


def test_a_proxy_is_sent_to_and_the_url_is_the_one_that_was_asked_for(stand, monkeypatch):
    def ask(_: str) -> bytes:
        proxy = urllib.request.ProxyHandler({"http": stand.url})
        with urllib.request.build_opener(proxy).open("http://far.test/echo") as answer:
            return answer.read()

    said, recorded = record(ask, stand.url)

    assert [each.request.url for each in recorded] == ["http://far.test/echo"]
    assert replay(ask, stand.url, recorded) == said
    assert stand.connections == 1


def test_a_tape_within_a_tape_has_the_outer_one_hear_what_it_sends(stand):
    outer, inner = new_tape(), new_tape()

    with patch_http(outer):
        with patch_http(inner):
            said = by_http_client(stand.url)
        replay(by_http_client, stand.url, recorded_by(inner))
        assert by_http_client(stand.url) == said

    assert len(outer.exchanges) == 2 * len(inner.exchanges) == 6
    assert len(stand.paths) == 6


# --- TLS ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlainStand]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.with_suffix(".crt")))
    with plain_stand(certificate) as stand:
        yield stand


@pytest.mark.parametrize("client", [by_urllib, by_urllib3, by_requests])
def test_over_tls_too(client, secure):
    said, recorded = record(client, secure.url)
    connections = secure.connections

    assert replay(client, secure.url, recorded) == said
    assert recorded[0].request.url.startswith(secure.url)
    assert secure.connections == connections


# --- imported late -----------------------------------------------------------------------------

LATE = """
import sys
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.recording.cassette_session import CassetteSession, SampleMode
from pytest_llmregress.redaction.redactor import Redactor

class Missed(BaseException):
    pass

def fail(miss):
    raise Missed

session = CassetteSession(
    mode=SampleMode.REPLAY, recorded=[], redactor=Redactor(), on_miss=fail
)
with patch_http(session):
    import urllib3
    try:
        urllib3.PoolManager(retries=False).request("GET", sys.argv[1])
    except Missed:
        print("missed", "vcr" in sys.modules)
"""


def test_urllib3_that_is_imported_in_a_replay_does_not_even_connect(secure):
    pytest.importorskip("urllib3", reason="urllib3 is not installed")
    command = [sys.executable, "-c", LATE, secure.url]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.stdout.strip() == "missed False", done.stderr
    assert secure.connections == 0
