"""Tests of what is known to be secret: keys of many vendors, and no ordinary text."""

import base64
import json
import random
import string

import pytest

from pytest_llmregress.redaction.redactor import PLACEHOLDER, Redactor, find_secrets
from pytest_llmregress.redaction.secret_patterns import SecretFinding
from pytest_llmregress.values.http import Request, Response

URL = "https://api.anthropic.com/v1/messages"
LETTERS = string.ascii_letters
ALNUM = LETTERS + string.digits
JSON = {"content-type": ("application/json",)}


def fake(prefix: str, length: int, alphabet: str = ALNUM) -> str:
    """Put a key together only here, so that no scanner takes this file's for a real one."""
    return prefix + "".join(random.Random(prefix).choices(alphabet, k=length - 1)) + "7"


PRIVATE_KEY = (
    "-----BEGIN " + "PRIVATE KEY-----\n" + f"{fake('', 64)}\n" * 3 + "-----END PRIVATE KEY-----"
)
KEYS = {
    "Anthropic key": fake("sk-" + "ant-api03-", 95, ALNUM + "-_"),
    "Anthropic key of an admin": fake("sk-" + "ant-admin01-", 90, ALNUM + "-_"),
    "Anthropic key of OAuth": fake("sk-" + "ant-oat01-", 90, ALNUM + "-_"),
    "Anthropic key to refresh": fake("sk-" + "ant-ort01-", 90, ALNUM + "-_"),
    "OpenAI key": fake("sk-" + "", 48),
    "OpenAI key of a project": fake("sk-" + "proj-", 120, ALNUM + "-_"),
    "OpenAI key of OpenRouter": fake("sk-" + "or-v1-", 64, string.hexdigits.lower()),
    "AWS access key id": fake("AK" + "IA", 16, string.ascii_uppercase),
    "AWS access key id of a session": fake("AS" + "IA", 16, string.ascii_uppercase),
    "Google API key": fake("AI" + "za", 35, ALNUM + "-_"),
    "Google access token": fake("ya" + "29.", 80, ALNUM + "-_"),
    "GitHub token": fake("gh" + "p_", 36),
    "GitHub token of an app": fake("gh" + "s_", 36),
    "GitHub token, fine-grained": fake("github" + "_pat_", 82, ALNUM + "_"),
    "GitLab token": fake("gl" + "pat-", 20, ALNUM + "-_"),
    "Slack token": fake("xo" + "xb-1234567890-", 24),
    "Slack token of an app": fake("xa" + "pp-1-A1234-", 64, string.hexdigits.lower()),
    "Stripe key": fake("sk" + "_live_", 24),
    "Stripe key, restricted": fake("rk" + "_live_", 24),
    "JSON web token": f"{fake('ey' + 'J', 20)}.{fake('ey' + 'J', 40)}.{fake('', 43)}",
    "private key": PRIVATE_KEY,
    "Azure key": fake("", 52) + "JQQ" + "J99" + fake("", 26),
    "Microsoft Entra secret": "abc8" + "Q~" + fake("", 34),
    "Hugging Face token": fake("h" + "f_", 34),
    "npm token": fake("np" + "m_", 36),
    "PyPI token": fake("py" + "pi-AgEIcHlwaS5vcmc", 120, ALNUM + "-_"),
}
PARTS = {
    "AWS secret key": ("aws_secret_access_key = ", fake("", 40, ALNUM + "/+")),
    "AWS secret key of STS": ('"SecretAccess' + 'Key": "', fake("", 40, ALNUM + "/+")),
    "Azure account key": ("AccountName=a;Account" + "Key=", fake("", 86) + "=="),
    "bearer token": ("authorization: Bea" + "rer ", fake("", 40)),
    "Slack webhook": ("https://hooks.slack" + ".com/services/", "T0AAAAAAA/B0AAAAAAA/" + "a" * 24),
}
"""Keys that nothing but the text before them gives away."""


def cleaned(text: str, redactor: Redactor | None = None) -> str:
    body = text.encode()
    response = (redactor or Redactor()).response(Response(status=200, headers=JSON, body=body))
    return response.body.decode()


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_is_found_and_named_and_not_told(kind: str):
    key = KEYS[kind]

    (finding,) = find_secrets(f"one\ntwo: {key}, and more", redactor=Redactor())

    assert finding.line == 2
    assert kind.startswith(finding.kind)
    assert finding.excerpt == f"{key[:4]}…"


@pytest.mark.parametrize("kind", PARTS)
def test_a_key_is_found_by_what_stands_before_it(kind: str):
    before, key = PARTS[kind]
    text = f"{before}{key}\n"

    (finding,) = find_secrets(text, redactor=Redactor())

    assert kind.startswith(finding.kind)
    assert finding.excerpt == f"{key[:4]}…"
    assert cleaned(text) == f"{before}{PLACEHOLDER}\n"


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("around", ["{}", " {} ", '"{}"', "({})", "a: {}", "x={}&y=1", "`{}`"])
def test_only_the_key_goes(kind: str, around: str):
    assert cleaned(around.format(KEYS[kind])) == around.format(PLACEHOLDER)


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_goes_from_text_in_json_however_deep(kind: str):
    text: object = f"line\n{KEYS[kind]}\tline"
    for _ in range(4):
        text = json.dumps({"text": text})
        assert isinstance(text, str)

        after = cleaned(text)

        assert PLACEHOLDER in after
        assert fake("", 20)[:12] not in after
        assert KEYS[kind][8:20] not in after


def test_a_private_key_that_is_cut_off_goes_as_far_as_it_came():
    half = PRIVATE_KEY[: len(PRIVATE_KEY) // 2]

    assert cleaned(f"it is {half}") == f"it is {PLACEHOLDER}"


def test_an_encrypted_private_key_goes_with_its_headers():
    head = (
        "-----BEGIN " + "RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\n"
    )
    key = f"{head}{fake('', 64)}\n-----END RSA PRIVATE KEY-----"

    assert cleaned(f"{key}\nbye") == f"{PLACEHOLDER}\nbye"
    assert cleaned(json.dumps([key, "bye"])) == json.dumps([PLACEHOLDER, "bye"])


@pytest.mark.parametrize(
    "text",
    [
        "task-management-in-the-office-of-tomorrow-and-beyond",
        "risk-proj-assessment-of-the-whole-supply-chain",
        "-----BEGIN PRIVATE KEY----- is how such a file begins, and then come many letters",
        "-----BEGIN CERTIFICATE-----\n" + "A" * 64,
        "sk-ant-api03-R2D...igAA",
        "Send it as a Bearer authentication-token-of-this-service",
        "eyJhbGciOiJIUzI1NiJ9",
        "AccountKey=<your key>",
        "aws_secret_access_key = ${AWS_SECRET}",
        "MYAKIAIOSFODNN7EXAMPLEX",
        "pdf_abcdefghijklmnopqrstuvwxyzabcdefghijklmn",
        "msg_01XFDUDYJgAACzvnptvVoYEL toolu_01T1x1fJ34qAmk2tNTrN7Up6 req_011CZkZaBF1tNoB5wlCeusgy",
        f"sha256:{'0123456789abcdef' * 4}",
        "123e4567-e89b-12d3-a456-426614174000",
    ],
)
def test_ordinary_text_is_no_secret(text: str):
    assert find_secrets(text, redactor=Redactor()) == ()
    assert cleaned(text) == text


def test_base64_of_anything_is_no_secret():
    text = base64.b64encode(random.Random(1).randbytes(3_000_000)).decode()

    assert find_secrets(text, redactor=Redactor()) == ()


def test_findings_come_in_order_and_with_their_lines():
    one, two = KEYS["GitHub token"], KEYS["npm token"]

    found = find_secrets(f"{two}\n\n{one} {two}\n", redactor=Redactor())

    assert found == (
        SecretFinding(line=1, kind="npm token", excerpt="npm_…"),
        SecretFinding(line=3, kind="GitHub token", excerpt="ghp_…"),
        SecretFinding(line=3, kind="npm token", excerpt="npm_…"),
    )


def test_a_value_of_the_environment_is_found_and_hardly_shown():
    redactor = Redactor.of_environment({"DB_PASSWORD": "hunter2hunter2"})

    found = find_secrets("a\nb hunter2hunter2", redactor=redactor)

    assert found == (SecretFinding(line=2, kind="value of DB_PASSWORD", excerpt="hun…"),)


def test_what_has_been_redacted_is_no_finding():
    redactor = Redactor.of_environment({"A_TOKEN": PLACEHOLDER})
    text = f'authorization: Bearer {PLACEHOLDER}\n"password": "{PLACEHOLDER}"'

    assert find_secrets(text, redactor=redactor) == ()
    assert cleaned(text, redactor) == text


@pytest.mark.parametrize("offset", range(6))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_value_goes_from_base64_wherever_it_stands(offset: int, encode):
    value = "hünter2/hunter2?>~"
    redactor = Redactor.of_environment({"DB_PASSWORD": value})
    text = encode(b"x" * offset + value.encode() + b": and more").decode()

    after = cleaned(f"Basic {text}", redactor)

    assert PLACEHOLDER in after
    assert sum(map(len, after.removeprefix("Basic ").split(PLACEHOLDER))) <= len(text) - 20


def test_a_rule_adds_a_pattern_and_a_value():
    redactor = Redactor().with_rules(
        patterns=[r"corp-\d{4}", r"pin (?P<secret>\d+)"], values=["abc"]
    )
    text = "corp-1234, pin 99, abc, corp-12"

    assert cleaned(text, redactor) == f"{PLACEHOLDER}, pin {PLACEHOLDER}, {PLACEHOLDER}, corp-12"
    assert [f.kind for f in find_secrets(text, redactor=redactor)] == [
        r"rule corp-\d{4}",
        r"rule pin (?P<secret>\d+)",
        "known secret",
    ]


def test_a_rule_never_takes_another_away():
    redactor = Redactor.of_environment({"A_TOKEN": "hunter2hunter2"})
    redactor = redactor.with_rules(values=["one!"]).with_rules(patterns=["two!"]).with_rules()
    text = f"hunter2hunter2 one! two! {KEYS['npm token']}"

    assert cleaned(text, redactor) == " ".join([PLACEHOLDER] * 4)


def test_all_that_is_wrong_with_rules_is_said_at_once():
    with pytest.raises(ValueError, match="redaction") as caught:
        Redactor().with_rules(patterns=["(", "x*", "fine"], values=[""])

    assert str(caught.value).splitlines() == [
        (
            "redaction pattern '(': missing ), unterminated subpattern at position 0; "
            "a regular expression of Python is allowed"
        ),
        "redaction pattern 'x*': it matches the empty text; one character or more is allowed",
        'redaction value "": it is empty; a secret of one character or more',
    ]


FIELDS = [
    *("authorization_token", "access_token", "refresh_token", "client_secret", "secret_value"),
    *("fallback_credit_token", "signing_secret", "tunnel_token", "api_key", "password"),
    *("accessToken", "apiKey", "x-api-key", "PASSWORD"),
]


@pytest.mark.parametrize("depth", range(3))
@pytest.mark.parametrize(
    "value", ["x", "hunter2", 'a"b', "a\\", 'a\\"b\\\\', "ä\n", '\\\\"', "a, b"]
)
def test_the_value_of_a_secret_field_goes_and_nothing_else(value: str, depth: int):
    before: object = {"a": ['"', "\\"], "password": value, "b": {"api_key": value, "c": value}}
    after: object = {"a": ['"', "\\"], "password": PLACEHOLDER, "b": {"api_key": PLACEHOLDER}}
    after["b"]["c"] = value  # type: ignore[index]
    for _ in range(depth):
        before, after = {"text": json.dumps(before)}, {"text": json.dumps(after)}

    assert cleaned(json.dumps(before)) == json.dumps(after)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"password": "hunt', f'{{"password": "{PLACEHOLDER}'),
        ('{"password": "hunt\nand more', f'{{"password": "{PLACEHOLDER}\nand more'),
        (r'{"a": "{\"password\": \"hunt"}', rf'{{"a": "{{\"password\": \"{PLACEHOLDER}"}}'),
        (r'["{\"a\": \"{\\\"password\\\": \\\"hunt\"}"]', None),
    ],
)
def test_a_secret_field_that_is_cut_off_goes_as_far_as_it_came(text: str, expected: str | None):
    assert cleaned(text) == (expected or text.replace("hunt", PLACEHOLDER))


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_secret_field_is_known_by_its_name(name: str, indent: int | None):
    before = json.dumps({"a": 1, name: "hunter2", "b": 2}, indent=indent)

    assert cleaned(before) == before.replace("hunter2", PLACEHOLDER)


@pytest.mark.parametrize(
    "body",
    [
        {"properties": {"password": {"type": "string", "description": "of the user"}}},
        {"required": ["password", "api_key"], "type": "password"},
        {"password": None, "api_key": True, "access_token": 7, "client_secret": ""},
        {"password_hint": "the dog", "reset_password": "Click on it.", "passwords": "several"},
        {"token": "internationalization", "logprob": -0.1},
        {"assertion": "the title of the page is Hello, and its body is not empty at all"},
        {"secret": "the butler did it"},
        {"usage": {"input_tokens": 5}, "max_tokens": 9, "stop_token": "x"},
        {"text": 'say "password": please'},
    ],
)
def test_a_field_that_holds_no_secret_stays(body: object):
    assert cleaned(json.dumps(body)) == json.dumps(body)


@pytest.mark.parametrize("name", ["token", "secret", "assertion", "authorization"])
def test_a_field_of_a_common_name_is_secret_if_its_value_is_long_and_no_sentence(name: str):
    assert cleaned(json.dumps({name: fake("", 40)})) == json.dumps({name: PLACEHOLDER})


def test_the_token_within_a_fallback_credit_goes():
    body = {"fallback_credit_token": {"mode": "strict", "token": "fct_1"}, "token": "fct_1"}

    assert json.loads(cleaned(json.dumps(body))) == {
        "fallback_credit_token": {"mode": "strict", "token": PLACEHOLDER},
        "token": "fct_1",
    }


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/p?api_key=abc&x=1", f"https://h/p?api_key={PLACEHOLDER}&x=1"),
        ("https://h/p?x=1&access_token=abc#f", f"https://h/p?x=1&access_token={PLACEHOLDER}#f"),
        (f"https://h/p?key={'k' * 30}", f"https://h/p?key={PLACEHOLDER}"),
        (f"https://h/p?X-Amz-Signature={'0' * 64}", f"https://h/p?X-Amz-Signature={PLACEHOLDER}"),
        ("https://h/p?key=weather&token=2", "https://h/p?key=weather&token=2"),
        ("https://user:pass@h:8080/p", "https://h:8080/p"),
        ("https://hunter2hunter2.h/hunter2hunter2", f"https://redacted.h/{PLACEHOLDER}"),
        ("/p?password=a", f"/p?password={PLACEHOLDER}"),
    ],
)
def test_secrets_go_from_a_url(url: str, expected: str):
    redactor = Redactor.of_environment({"A_TOKEN": "hunter2hunter2"})

    assert redactor.request(Request(method="GET", url=url)).url == expected


def test_secret_fields_go_from_forms():
    redactor = Redactor()
    form = Request(
        method="POST",
        url=URL,
        headers={"content-type": ("application/x-www-form-urlencoded; charset=utf-8",)},
        body=b"grant=a&client_secret=b%2Fc&password=d",
    )
    part = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    upload = Request(
        method="POST",
        url=URL,
        headers={"content-type": ("multipart/form-data; boundary=b",)},
        body=(part.format("password", "hunter2") + part.format("text", "password")).encode(),
    )

    assert redactor.request(form).body == (
        f"grant=a&client_secret={PLACEHOLDER}&password={PLACEHOLDER}".encode()
    )
    assert redactor.request(upload).body == upload.body.replace(b"hunter2", PLACEHOLDER.encode())
