"""What boto3 sends is recorded, and replayed without credentials."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from plain_stand import PlainStand, plain_stand
from pytest_llmregress.providers.aws_credentials import PLACEHOLDERS, look_for_no_credentials
from pytest_llmregress.providers.sdk_seams import SdkSupport, SentRequests, open_seams
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.values.http import Interaction

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")

KEY = "a-key-that-nobody-may-find-0123456789"  # llmregress: allow-secret
MESSAGES = [{"role": "user", "content": [{"text": "hello"}]}]


class Missed(BaseException):
    """A request without an answer."""


def miss(missed: Miss) -> None:
    raise Missed(str(missed.reason))


@pytest.fixture
def stand() -> Iterator[PlainStand]:
    with plain_stand() as stand:
        yield stand


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home of a machine that has no credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def client(stand: PlainStand, service: str = "bedrock-runtime", **keys: str) -> Any:
    return boto3.session.Session(**keys).client(service, endpoint_url=stand.url)


def client_with_keys(stand: PlainStand, service: str = "bedrock-runtime") -> Any:
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": KEY, "region_name": "eu-west-1"}
    return client(stand, service, **keys)


def botocore(tape: CassetteSession, *, replaying: bool) -> AbstractContextManager[SentRequests]:
    support = SdkSupport(
        environment=PLACEHOLDERS, seams={"botocore.session": look_for_no_credentials}
    )
    return open_seams(
        (support,), replaying=replaying, environment=PLACEHOLDERS, rewrite=tape.rewrite
    )


def record(use: Callable[[Any], Any], client: Any) -> tuple[Any, tuple[Interaction, ...]]:
    tape = CassetteSession(mode=SampleMode.RECORD, recorded=None, redactor=Redactor(), on_miss=miss)
    with botocore(tape, replaying=False), patch_http(tape):
        got = use(client)
    return got, tuple(e.interaction for e in tape.attempts if e.interaction is not None)


def replay(
    use: Callable[[Any], Any], make: Callable[[], Any], recorded: tuple[Interaction, ...]
) -> Any:
    tape = CassetteSession(
        mode=SampleMode.REPLAY, recorded=recorded, redactor=Redactor(), on_miss=miss
    )
    with botocore(tape, replaying=True), patch_http(tape):
        got = use(make())
    assert tape.is_as_recorded
    return got


def converse(client: Any) -> Any:
    return client.converse(modelId="anthropic.claude:0", messages=MESSAGES)["output"]


def converse_stream(client: Any) -> Any:
    return list(client.converse_stream(modelId="m", messages=MESSAGES)["stream"])


def invoke_model(client: Any) -> Any:
    body = json.dumps({"prompt": "hello"})
    answer = client.invoke_model(modelId="m", body=body, contentType="application/json")
    return json.load(answer["body"])


def converse_with_a_busy_model(client: Any) -> Any:
    return client.converse(modelId="busy", messages=MESSAGES)["output"]


USES = [converse, converse_stream, invoke_model, converse_with_a_busy_model]


@pytest.mark.parametrize("use", USES)
def test_a_call_is_replayed_without_credentials(use, stand):
    said, recorded = record(use, client_with_keys(stand))
    connections = stand.connections

    assert replay(use, lambda: client(stand), recorded) == said
    assert stand.connections == connections
    assert len(recorded) == 1  # of several attempts the last
    assert recorded[0].request.headers["content-type"] == ("application/json",)
    assert KEY not in repr(recorded)


def test_a_client_that_was_made_before_needs_no_credentials_either(stand):
    said, recorded = record(converse, client_with_keys(stand))
    made_before = client(stand, region_name="eu-west-1")

    assert replay(converse, lambda: made_before, recorded) == said
    assert made_before._request_signer._credentials is None


@pytest.mark.parametrize("there", [True, False])
def test_a_profile_is_not_asked_for_credentials(there, stand, machine):
    said, recorded = record(converse, client_with_keys(stand))
    if there:
        program = machine / "asked"
        (machine / "config").write_text(f"[profile work]\ncredential_process = touch {program}\n")

    assert replay(converse, lambda: client(stand, profile_name="work"), recorded) == said
    assert not (machine / "asked").exists()


def test_what_is_not_recorded_is_missed_at_the_first_attempt(stand):
    tape = CassetteSession(mode=SampleMode.REPLAY, recorded=(), redactor=Redactor(), on_miss=miss)

    with botocore(tape, replaying=True), patch_http(tape), pytest.raises(Missed):
        converse(client(stand))

    assert len(tape.misses) == 1
    assert stand.connections == 0


def test_an_upload_that_waits_until_its_body_is_asked_for_is_replayed(stand):
    def upload(client: Any) -> Any:
        return client.put_object(Bucket="bucket", Key="key", Body=b"document")["ResponseMetadata"]

    said, recorded = record(upload, client_with_keys(stand, "s3"))

    assert recorded[0].request.method == "PUT"
    assert b"document" in recorded[0].request.body
    again = replay(upload, lambda: client(stand, "s3"), recorded)
    assert again["HTTPStatusCode"] == said["HTTPStatusCode"] == 200
