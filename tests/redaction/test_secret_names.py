"""Tests of which variables of the environment hold a secret: tables of names and of values."""

import pytest

from pytest_llmregress.redaction.secret_names import Telling, secret_values, tell

RANDOM = "q7Rm2vXk9LtB4nZc8W"
ESCAPED = "p%40ss-w0rd%21"
DEFAULT = "postgres"
SECRET = (
    *("PGPASSWORD", "DBPASSWORD", "dbPassword", "TF_VAR_dbpassword", "PASSWORDS", "PASSWORD1"),
    *("PASSWD", "MYSQL_PWD", "DBPWD", "SMTP_PASS", "DBPASS", "PASS", "GPG_PASSPHRASE"),
    *("APP_SECRETS", "clientSecret", "client-secret", "client.secret", "SECRETKEY", "TOKENSECRET"),
    *("AUTHTOKEN", "authTokens", "ACCESS_TOKEN2", "TOKEN", "TOKEN_PROD", "TOKENS", "GITHUB_PAT"),
    *("API_KEYS", "APIKey", "APIkey", "MYAPIKEY", "x-api-key", "ENCRYPTIONKEY", "SSHKEY"),
    *("privateKeyPem", "GOOGLE_CREDENTIALS", "DB_CREDS", "AWS_SECRET_ACCESS_KEY"),
)
KEY = ("OPENAI_KEY", "OPENAI_KEY2", "openAIKey", "KEY", "KEYS", "PRIMARY_KEY", "KEY_OF_THE_HOUSE")
ABOUT_ONE = (
    *("API_KEY_HEADER", "API_KEY_HEADERS", "SSH_KEY_PATH", "PUBLIC_KEY_ALGORITHM", "apiKeyId"),
    *("TOKEN_ENCODING", "MAX_TOKENS", "maxOutputTokens", "TOKENS_PER_MINUTE", "tokenUrl"),
    *("SECRET_NAME", "PASSWORD_FILE", "PASSWORD_POLICY"),
)
NOTHING = (
    *("KEYBOARD", "MONKEY", "HOTKEY", "KEYCLOAK_URL", "KEYRING_BACKEND", "PUBKEY", "TOKENIZER"),
    *("TOKENIZERS_PARALLELISM", "SECRETARY", "PASSPORT", "COMPASS", "BYPASS", "PASS_HOSTS"),
    *("PASSWORDLESS", "PATTERN", "PAT_TERN", "PWD", "OLDPWD", "HOME", ""),
)


@pytest.mark.parametrize(
    ("told", "names"),
    [
        (Telling.SECRET, SECRET),
        (Telling.KEY, KEY),
        (Telling.ABOUT_ONE, ABOUT_ONE),
        (None, NOTHING),
    ],
)
def test_a_name_tells_by_its_words_however_they_are_joined(
    told: Telling | None, names: tuple[str, ...]
):
    assert {name: tell(name) for name in names} == dict.fromkeys(names, told)


@pytest.mark.parametrize("name", [*SECRET, *KEY, *ABOUT_ONE])
def test_a_random_value_under_such_a_name_is_a_secret(name: str):
    assert list(secret_values({name: RANDOM})) == [RANDOM]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRIMARY_KEY", "customer_id"),
        ("SORT_KEY", "created at"),
        ("API_KEY_HEADER", "x-api-key"),
        ("TOKEN_ENCODING", "cl100k_base"),
        ("MAX_TOKENS", "100000000"),
        ("PUBLIC_KEY_ALGORITHM", "ecdsa-sha2-nistp256"),
        ("SSH_KEY_PATH", "/home/me/.ssh/id_rsa"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/home/me/key.json"),
        ("TOKEN_URL", "https://auth.example.com/oauth2/token"),
        ("API_TOKEN", "true"),
        ("API_TOKEN", "1234567"),
        ("API_TOKEN", "production"),
        ("MONKEY", RANDOM),
    ],
)
def test_a_harmless_value_stays(name: str, value: str):
    assert list(secret_values({name: value})) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "correct-horse-battery"),
        ("MASTER_KEY", "correct_horse"),
        ("OPENAI_KEY", "sk-abc123-def456"),
        ("STRIPE_KEY", "12345678"),
        ("APP_KEY", "a/b+c d=e&f"),
        ("SECRET_NAME", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
    ],
)
def test_a_value_that_is_no_mere_name_goes(name: str, value: str):
    assert list(secret_values({name: value})) == [value]


@pytest.mark.parametrize(
    ("url", "passwords"),
    [
        (f"postgres://bob:{RANDOM}@db/x", {RANDOM}),
        (f"redis://:{RANDOM}@cache:6379/0", {RANDOM}),
        (f"amqp://bob:{ESCAPED}@mq", {ESCAPED, "p@ss-w0rd!"}),
        (f"postgres://postgres:{DEFAULT}@localhost/x", set()),
        ("https://example.com/a:b@c", set()),
        ("http://localhost:8080/", set()),
    ],
)
def test_the_password_in_a_url_is_a_secret_whatever_the_variable_is_called(
    url: str, passwords: set[str]
):
    assert set(secret_values({"DATABASE_URL": url})) == passwords
