"""Tests of redaction: no secret and no unknown header reaches a file, nothing else is touched."""

import gzip
import zlib

import pytest

from pytest_llmregress.redaction.kept_headers import REQUEST_HEADERS
from pytest_llmregress.redaction.redactor import PLACEHOLDER, Redactor, carries_credentials
from pytest_llmregress.values.http import Interaction, Request, Response

URL = "https://api.anthropic.com/v1/messages"
PASSWORD = "geheim"


def cleaned(body: str, **environment: str) -> str:
    """Return a body as it is written, the same for a request and a response."""
    redactor = Redactor.of_environment(environment)
    response = redactor.response(Response(status=200, body=body.encode()))
    request = redactor.request(Request(method="POST", url=URL, body=body.encode()))
    assert request.body == response.body
    return response.body.decode()


@pytest.mark.parametrize(
    "secret",
    [
        "sk-ant-api03-abcDEF0123456789_-xyz",  # llmregress: allow-secret
        "sk-ant-oat01-abcDEF0123456789",  # llmregress: allow-secret
        "sk-proj-abcdefghijklmnopqrstuvwxyz012345",  # llmregress: allow-secret
        "sk-abcdefghijklmnopqrstuvwxyz0123456789",  # llmregress: allow-secret
        "AKIAIOSFODNN7EXAMPLE",  # llmregress: allow-secret
        "ASIAIOSFODNN7EXAMPLE",  # llmregress: allow-secret
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",  # llmregress: allow-secret
        "ghs_abcdefghijklmnopqrstuvwxyz0123456789",  # llmregress: allow-secret
        "github_pat_11ABCDEFG0abcdefghijklmnopqrstuvwxyz0123456789",  # llmregress: allow-secret
        "AIzaSyA-abcdefghijklmnopqrstuvwxyz01234",  # llmregress: allow-secret
        "ya29.a0AfH6SMBabcdefghijklmno",  # llmregress: allow-secret
        "xoxb-123456789012-abcdef",  # llmregress: allow-secret
    ],
)
def test_a_key_of_a_known_form_goes_wherever_it_stands(secret: str):
    body = cleaned(f'{{"text": "use {secret}, or \\"{secret}\\""}}')

    assert body == f'{{"text": "use {PLACEHOLDER}, or \\"{PLACEHOLDER}\\""}}'


@pytest.mark.parametrize(
    "text",
    [
        "risk-antelope",
        "sk-ant-short",
        "task-management-in-the-office",
        "AKIA is a prefix",
        "ghp_ is a prefix",
        "msg_01XFDUDYJgAACzvnptvVoYEL",
        "toolu_01T1x1fJ34qAmk2tNTrN7Up6",
        "claude-opus-4-1-20250805",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str):
    assert cleaned(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "MY_APIKEY",
        "api_key",
        "DB_PASSWORD",
        "PASSWD",
        "CLIENT_SECRET",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "GOOGLE_CREDENTIALS",
        "TOKEN",
        "KEY_OF_THE_HOUSE",
    ],
)
def test_the_value_of_a_variable_that_holds_a_secret_goes(name: str):
    assert cleaned("it is hunter2hunter2!", **{name: "hunter2hunter2"}) == f"it is {PLACEHOLDER}!"


@pytest.mark.parametrize("name", ["HOME", "KEYBOARD", "MONKEY", "TOKENIZERS_PARALLELISM", "PATH"])
def test_the_value_of_any_other_variable_stays(name: str):
    assert cleaned("it is hunter2hunter2!", **{name: "hunter2hunter2"}) == "it is hunter2hunter2!"


@pytest.mark.parametrize("value", ["", "1", "true", "1234567"])
def test_a_value_too_short_for_a_secret_is_left_alone(value: str):
    body = "1 is true, and 1234567 is a number"

    assert cleaned(body, APP_TOKEN=value) == body


def test_a_value_of_eight_characters_is_a_secret():
    assert cleaned("12345678 and 1234567", APP_TOKEN="12345678") == f"{PLACEHOLDER} and 1234567"


def test_a_secret_goes_from_a_url_in_its_quoted_form_too():
    redactor = Redactor.of_environment({"APP_KEY": "a/b+c d=e&f"})
    url = "https://example.org/x?key=a%2Fb%2Bc%20d%3De%26f&raw=a/b+c d=e&f"

    request = redactor.request(Request(method="GET", url=url))

    assert request.url == f"https://example.org/x?key={PLACEHOLDER}&raw={PLACEHOLDER}"


def test_a_secret_goes_from_json_in_its_escaped_form_too():
    body = cleaned(
        r'{"text": "it is pass\"word\\1 or p\u00e4ssw\u00f6rd1"}',
        A_PASSWORD='pass"word\\1',
        B_PASSWORD="pässwörd1",
    )

    assert body == f'{{"text": "it is {PLACEHOLDER} or {PLACEHOLDER}"}}'


def test_of_two_secrets_of_which_one_holds_the_other_nothing_is_left():
    body = cleaned("12345678abcdefgh", A_TOKEN="12345678", B_TOKEN="12345678abcdefgh")

    assert body == PLACEHOLDER


def test_bytes_that_are_no_text_are_cleaned_too():
    redactor = Redactor.of_environment({"A_TOKEN": "hunter2hunter2"})
    response = redactor.response(Response(status=200, body=b"\xff\x00hunter2hunter2\xfe"))

    assert response.body == b"\xff\x00" + PLACEHOLDER.encode() + b"\xfe"


def test_cleaning_twice_changes_nothing_more():
    redactor = Redactor.of_environment({"A_TOKEN": "hunter2hunter2"})
    once = redactor.response(
        Response(status=200, body=b"hunter2hunter2 " + b"sk-ant-" + b"0123456789abcdef")
    )

    assert once.body == f"{PLACEHOLDER} {PLACEHOLDER}".encode()
    assert redactor.response(once) == once


HEADERS = {
    "authorization": ("Bearer secret",),
    "x-api-key": ("secret",),
    "cookie": ("session=1",),
    "set-cookie": ("session=1", "more=2"),
    "proxy-authorization": ("Basic secret",),
    "x-amz-security-token": ("secret",),
    "x-goog-api-key": ("secret",),
    "anthropic-organization-id": ("0000",),
    "cf-ray": ("1",),
    "user-agent": ("Anthropic/Python",),
    "x-stainless-os": ("Linux",),
    "x-of-tomorrow": ("secret",),
}
KEPT_OF_REQUESTS = {
    "accept": ("application/json",),
    "anthropic-beta": ("a", "b"),
    "anthropic-version": ("2023-06-01",),
    "content-type": ("application/json",),
    "openai-beta": ("a",),
    "x-claude-code-agent-id": ("a0123456789abcdef",),
    "x-claude-code-session-id": ("6f1c3d52-8f0e-4a86-9b3c-5d1f0e7a2b44",),
}
KEPT_OF_RESPONSES = {
    "anthropic-ratelimit-tokens-remaining": ("900",),
    "apim-request-id": ("r-1",),
    "content-disposition": ("attachment",),
    "content-encoding": ("lzma",),
    "content-range": ("items 0-1/2",),
    "content-type": ("application/json",),
    "etag": ('"v7"',),
    "last-modified": ("Mon, 30 Nov 2026 20:00:00 GMT",),
    "link": ('</items?page=2>; rel="next"',),
    "location": ("/v1/messages",),
    "mcp-session-id": ("s-1",),
    "request-id": ("req_1",),
    "retry-after": ("1",),
    "retry-after-ms": ("100",),
    "x-amzn-bedrock-input-token-count": ("5",),
    "x-next-page": ("2",),
    "x-ratelimit-remaining-requests": ("41",),
    "x-request-id": ("r-2",),
    "x-should-retry": ("true",),
    "x-total-count": ("2",),
}


def test_only_headers_known_to_be_harmless_are_kept():
    interaction = Redactor().interaction(
        Interaction(
            request=Request(method="POST", url=URL, headers={**HEADERS, **KEPT_OF_REQUESTS}),
            response=Response(
                status=200, headers={**HEADERS, **KEPT_OF_RESPONSES, "content-length": ("2",)}
            ),
        )
    )

    assert interaction.request.headers == KEPT_OF_REQUESTS
    assert set(KEPT_OF_REQUESTS) == REQUEST_HEADERS
    assert interaction.response.headers == {**KEPT_OF_RESPONSES, "content-length": ("2",)}


def test_the_length_of_a_body_is_kept_where_the_body_does_not_say_it():
    with_body = Response(status=200, headers={"content-length": ("2",)}, body=b"{}")
    empty = Response(status=200, headers={"content-length": ("0",)})

    assert Redactor().response(with_body).headers == {}
    assert Redactor().response(empty).headers == {}


def test_a_project_keeps_further_headers_but_no_cookie_and_no_credential():
    redactor = Redactor().with_rules(keep_headers=["X-Of-*", "*"])
    response = redactor.response(Response(status=200, headers=HEADERS))

    assert response.headers.keys() == {
        "anthropic-organization-id",
        "cf-ray",
        "user-agent",
        "x-of-tomorrow",
        "x-stainless-os",
    }


@pytest.mark.parametrize("name", ["Set-Cookie", "authorization", "X-API-Key", "x-auth-token", 5])
def test_a_header_that_no_file_may_hold_is_named(name):
    with pytest.raises(ValueError, match=f"keep_headers: {name!r}"):
        Redactor().with_rules(keep_headers=[name])


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("location", "https://a.example/b?x=1", "https://a.example/b?x=1"),
        ("location", f"https://u:{PASSWORD}@a.example/b", "https://a.example/b"),
        ("location", "/b?api_key=geheim", f"/b?api_key={PLACEHOLDER}"),
        (
            "link",
            '<https://a.example/i?access_token=geheim>; rel="next", </i?x=1>; rel="last"',
            f'<https://a.example/i?access_token={PLACEHOLDER}>; rel="next", </i?x=1>; rel="last"',
        ),
    ],
)
def test_a_secret_goes_from_a_url_in_a_header(name, value, kept):
    response = Response(status=302, headers={name: (value,)})

    assert Redactor().response(response).headers == {name: (kept,)}


def test_a_file_of_gzip_stays_as_it_is_and_one_with_a_secret_is_packed_again():
    redactor = Redactor.of_environment({"A_TOKEN": "hunter2hunter2"})
    harmless = gzip.compress(b"hello " * 100)
    leaking = gzip.compress(b"hello hunter2hunter2")

    assert redactor.response(Response(status=200, body=harmless)).body == harmless
    cleaned = redactor.response(Response(status=200, body=leaking))
    assert gzip.decompress(cleaned.body) == f"hello {PLACEHOLDER}".encode()


@pytest.mark.parametrize(
    ("encoding", "compress"), [("Deflate", zlib.compress), ("x-gzip", gzip.compress)]
)
def test_a_compressed_request_is_kept_as_what_it_says(encoding, compress):
    headers = {"content-encoding": (encoding,)}
    request = Request(method="POST", url=URL, headers=headers, body=compress(b'{"a": 1}'))

    assert Redactor().request(request).body == b'{"a": 1}'


def test_a_secret_goes_from_a_header_that_is_kept():
    redactor = Redactor.of_environment({"A_TOKEN": "hunter2hunter2"})
    name = ('attachment; filename="hunter2hunter2.txt"',)
    response = redactor.response(Response(status=200, headers={"content-disposition": name}))

    assert response.headers == {
        "content-disposition": (f'attachment; filename="{PLACEHOLDER}.txt"',)
    }


def test_the_secrets_are_not_shown_where_a_redactor_is():
    assert "hunter2" not in repr(Redactor.of_environment({"A_TOKEN": "hunter2hunter2"}))


@pytest.mark.parametrize(
    "url",
    [
        "https://oauth2.googleapis.com/token",
        "https://api.anthropic.com/v1/oauth/token",
        "https://login.example.org/oauth2/v2/token",
        "https://login.example.org/oauth2/token?x=1",
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/role",
        "http://169.254.170.2/v2/credentials/abc",
        "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/x/token",
        "http://localhost:1338/latest/api/token",
        "https://sts.amazonaws.com/",
        "https://sts.eu-central-1.amazonaws.com/",
        "https://sts-fips.us-east-1.amazonaws.com/",
        "https://sts.cn-north-1.amazonaws.com.cn/",
        "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=x",
        "https://oidc.eu-west-1.amazonaws.com/token",
        "http://169.254.170.23/v1/credentials",
        "https://login.microsoftonline.com/tenant/oauth2/v2.0/token",
    ],
)
def test_a_request_for_credentials_is_recognised(url: str):
    assert carries_credentials(Request(method="POST", url=url))


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://api.anthropic.com/v1/messages/count_tokens",
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/x/invoke",
        "https://us-east5-aiplatform.googleapis.com/v1/projects/p/models/m:rawPredict",
        "https://example.org/latest/news",
    ],
)
def test_a_request_to_a_model_is_none_for_credentials(url: str):
    assert not carries_credentials(Request(method="POST", url=url))
