"""Made-up secrets of many kinds, and values that look like secrets and are harmless.

Everything is put together by a random generator, so that no scanner takes this file for a leak,
and apart from the package's own table: the lengths and alphabets are those of real keys.
"""

import base64
import hashlib
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator

ALNUM = string.ascii_letters + string.digits
URL_SAFE = ALNUM + "-_"
HEX = "0123456789abcdef"
LOWER = string.ascii_lowercase + string.digits
UPPER = string.ascii_uppercase + string.digits
BASE64 = ALNUM + "+/"

Draw = Callable[[random.Random], str]


def some(size: int, alphabet: str = ALNUM) -> Draw:
    return lambda draw: "".join(draw.choices(alphabet, k=size))


def joined(*parts: str | Draw) -> Draw:
    return lambda draw: "".join(each if isinstance(each, str) else each(draw) for each in parts)


def some_uuid(draw: random.Random) -> str:
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))


def encoded(inner: Draw) -> Draw:
    return lambda draw: base64.b64encode(inner(draw).encode()).decode()


def web_token(draw: random.Random) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": some(10)(draw), "exp": 1893456000})
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(text.rstrip("=") for text in texts), some(43, URL_SAFE)(draw)])


def private_key(draw: random.Random) -> str:
    lines = "\n".join(some(64, BASE64)(draw) for _ in range(4))
    return f"-----BEGIN RSA PRIVATE{' '}KEY-----\n{lines}\n-----END RSA PRIVATE{' '}KEY-----"


OPENAI, GITHUB = joined("s", "k-proj-", some(120, URL_SAFE)), joined("gh", "p_", some(36))
KNOWN_FORMS: dict[str, Draw] = {
    "Anthropic": joined("s", "k-ant-api03-", some(93, URL_SAFE), "AA"),
    "OpenAI": OPENAI,
    "OpenRouter": joined("s", "k-or-v1-", some(64, HEX)),
    "Google AI": joined("AI", "za", some(35, URL_SAFE)),
    "Google client secret": joined("GOC", "SPX-", some(28, URL_SAFE)),
    "Groq": joined("gs", "k_", some(52)),
    "xAI": joined("xa", "i-", some(80)),
    "Perplexity": joined("ppl", "x-", some(48)),
    "Replicate": joined("r", "8_", some(37)),
    "Hugging Face": joined("h", "f_", some(34, string.ascii_letters)),
    "NVIDIA": joined("nv", "api-", some(64, URL_SAFE)),
    "Tavily": joined("tv", "ly-", some(32)),
    "Pinecone": joined("pc", "sk_", some(64)),
    "LangSmith": joined("ls", "v2_pt_", some(32, HEX), "_", some(10, HEX)),
    "ElevenLabs": joined("s", "k_", some(48, HEX)),
    "AWS key id": joined("AK", "IA", some(16, string.ascii_uppercase + "234567")),
    "AWS session": joined("IQoJb3", "JpZ2luX2Vj", some(300, BASE64), "=="),
    "Azure storage": joined("Account", "Key=", some(86, BASE64), "=="),
    "Entra": joined(some(3), "8Q", "~", some(34)),
    "GitHub": GITHUB,
    "GitHub fine-grained": joined("github", "_pat_", some(22), "_", some(59)),
    "GitLab": joined("gl", "pat-", some(20, URL_SAFE)),
    "Slack": joined("xo", "xb-", some(12, string.digits), "-", some(24)),
    "Slack webhook": joined(
        "https://hooks.slack",
        ".com/services/T",
        some(9, UPPER),
        "/B",
        some(9, UPPER),
        "/",
        some(24),
    ),
    "Discord webhook": joined(
        "https://discord", ".com/api/webhooks/", some(19, string.digits), "/", some(68, URL_SAFE)
    ),
    "Discord": joined("MT", some(22, ALNUM), ".G", some(5), ".", some(38, URL_SAFE)),
    "Telegram": joined(some(10, string.digits), ":A", "A", some(33, URL_SAFE)),
    "Stripe": joined("s", "k_live_", some(24)),
    "Stripe webhook": joined("wh", "sec_", some(32)),
    "Twilio": joined("S", "K", some(32, HEX)),
    "SendGrid": joined("S", "G.", some(22, URL_SAFE), ".", some(43, URL_SAFE)),
    "Mailgun": joined("ke", "y-", some(32, HEX)),
    "Mailchimp": joined(some(32, HEX), "-u", "s12"),
    "Brevo": joined("xkey", "sib-", some(64, HEX), "-", some(16)),
    "Resend": joined("r", "e_", some(8), "_", some(24)),
    "Shopify": joined("shp", "at_", some(32, HEX)),
    "Square": joined("sq0", "atp-", some(22, URL_SAFE)),
    "DigitalOcean": joined("dop", "_v1_", some(64, HEX)),
    "Databricks": joined("da", "pi", some(32, HEX)),
    "Linear": joined("lin", "_api_", some(40)),
    "Notion": joined("nt", "n_", some(46)),
    "Airtable": joined("pa", "t", some(14), ".", some(64, HEX)),
    "Atlassian": joined("ATA", "TT3", some(180, URL_SAFE), "=", some(8, UPPER)),
    "Figma": joined("fi", "gd_", some(40, URL_SAFE)),
    "Doppler": joined("dp", ".pt.", some(43)),
    "Vault": joined("hv", "s.", some(24)),
    "Terraform": joined(some(14), ".atlas", "v1.", some(67)),
    "Pulumi": joined("pu", "l-", some(40, HEX)),
    "New Relic": joined("NR", "AK-", some(27, UPPER)),
    "Grafana": joined("gl", "sa_", some(32), "_", some(8, HEX)),
    "Sentry": joined("snt", "ryu_", some(64, HEX)),
    "PostHog": joined("ph", "x_", some(43)),
    "Docker": joined("dckr", "_pat_", some(27, URL_SAFE)),
    "npm": joined("np", "m_", some(36)),
    "PyPI": joined("py", "pi-AgEIcHlwaS5vcmc", some(120, URL_SAFE)),
    "RubyGems": joined("ruby", "gems_", some(48, HEX)),
    "crates.io": joined("ci", "o", some(32)),
    "PlanetScale": joined("pscale", "_pw_", some(43)),
    "Supabase": joined("sb", "p_", some(40, HEX)),
    "Netlify": joined("nf", "p_", some(40)),
    "Postman": joined("PM", "AK-", some(24, HEX), "-", some(34, HEX)),
    "Tailscale": joined("ts", "key-auth-", some(12), "-", some(32)),
    "age": joined("AGE-SECRET", "-KEY-1", some(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L")),
    "JSON web token": web_token,
    "private key": private_key,
    "database URL": joined("postgresql", "://app:", some(16), "@db.example.org:5432/app"),
    "URL with a password": joined("https", "://deploy:", some(20), "@git.example.org/a.git"),
    "basic authentication": joined("Ba", "sic ", encoded(joined("admin:", some(12)))),
    "bearer token": joined("Bea", "rer ", some(40)),
    "session cookie": joined("connect", ".sid=s%3A", some(32, URL_SAFE), ".", some(43)),
    "OpenAI in base64": encoded(joined('{"auth": "', OPENAI, '"}')),
    "GitHub in base64": encoded(joined("export TOKEN=", GITHUB, "\n")),
}
"""Kinds whose form says that they are secret, whatever stands around them."""

PROMISED = (
    *("PGPASSWORD", "API_KEYS", "OPENAI_KEY2", "clientSecret", "DB_PASSWORD", "SERVICE_TOKEN"),
    *("my-secret-value", "Stripe.ApiKey", "SMTP_PASSWORD_PROD", "HF_TOKEN_2", "APP_SECRETS"),
    *("authToken", "SECRETKEY", "ACCESS_TOKENS", "private_key", "WEBHOOK_SECRET_OLD"),
)
"""Names of variables that say so: their values, in no form that anybody knows, never get out."""


def promised_value(draw: random.Random) -> str:
    return some(12, LOWER)(draw) + draw.choice(["!x", "/Q+", "&9", "äß"]) + some(6)(draw)


HARMLESS: dict[str, Draw] = {
    "uuid": some_uuid,
    "SHA-1": lambda draw: hashlib.sha1(draw.randbytes(9), usedforsecurity=False).hexdigest(),
    "SHA-256": lambda draw: hashlib.sha256(draw.randbytes(9)).hexdigest(),
    "digest of an image": joined("sha256:", some(64, HEX)),
    "integrity of a package": joined("sha512-", some(86, BASE64), "=="),
    "message id": joined("msg_01", some(22)),
    "tool call id": joined("toolu_01", some(22)),
    "request id": joined("req_011C", some(20)),
    "chat completion id": joined("chatcmpl-", some(29)),
    "order id": joined("SK-", some(8, UPPER)),
    "checkout session": joined("cs_test_a1", some(50)),
    "customer id": joined("cus_", some(14)),
    "publishable key": joined("pk_live_", some(24)),
    "picture in base64": lambda draw: base64.b64encode(
        b"\x89PNG\r\n\x1a\n" + draw.randbytes(90)
    ).decode(),
    "text in base64": encoded(joined("The quick brown fox has ", some(5, string.digits), " cubs.")),
    "model": lambda draw: draw.choice(["claude-opus-5-20261101", "gpt-5.2-mini-2026-03-01"]),
    "time": lambda draw: f"2026-0{draw.randint(1, 9)}-1{draw.randint(0, 9)}T10:00:00.123456Z",
    "URL": joined(
        "https://example.org/docs/", some(12, LOWER), "?page=2&sort=name&session=morning"
    ),
    "URL with a port": joined("postgresql://localhost:5432/", some(8, LOWER)),
    "URL of a manual": lambda draw: draw.choice(
        ["postgres://user:password@localhost/db", "https://${USER}:${PASS}@host/", "x://u:***@h/"]
    ),
    "mail address": joined(some(8, LOWER), "@example.org"),
    "function name": joined("re_compile_", some(12, LOWER), "_with_fallback"),
    "long name": joined("sk_learn_pipeline_for_", some(20, string.ascii_lowercase)),
    "file name": joined("fw_update_", some(8, LOWER), ".tar.gz"),
    "CSS class": joined("hf_header__", some(16, LOWER)),
    "pod": joined("api-server-", some(9, LOWER), "-", some(5, LOWER)),
    "commit": joined("https://git.example.org/a/b/commit/", some(40, HEX)),
    "phrase": lambda draw: "Basic authentication uses a password; a bearer token is another way.",
    "question": lambda draw: f"What is my password: is it {draw.randint(1, 9)} characters long?",
    "number": some(16, string.digits),
    "header of a web token": lambda draw: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    "public key": joined("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI", some(43, BASE64)),
    "cursor": joined("eyJpZCI6", some(24), "=="),
    "etag": joined('W/"', some(32, HEX), '"'),
    "trace": joined("00-", some(32, HEX), "-", some(16, HEX), "-01"),
    "zeros": lambda draw: "A" * draw.randint(30, 90),
}
"""Kinds that have to stay as they are."""


def draw_all(kinds: dict[str, Draw], *, each: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield the kind and some values of it, the same ones for a seed."""
    for kind, make in kinds.items():
        draw = random.Random(f"{seed} {kind}")
        for _ in range(each):
            yield kind, make(draw)
