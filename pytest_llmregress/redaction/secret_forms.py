"""The forms that secrets have, whoever has issued them: one table for redaction and `scan`."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass

from pytest_llmregress.redaction.issued_keys import ISSUED, WITH_LEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form that the keys of one vendor have."""

    kind: str
    prefixes: tuple[bytes, ...]
    """One of these is in every such key; text without any is not looked at any further."""
    rest: bytes = b""
    """What follows the prefix; a group "secret" is what is taken for the secret, or all is."""
    lead: tuple[int, bytes] = (0, b"")
    """How many bytes of the key stand before the prefix, and their form."""
    apart: bytes = b"A-Za-z0-9"
    """No such byte stands before a key, unless it ends an escape; empty: any may."""
    is_spread: bool = False
    """Whether spaces, quotes or brackets may be in it: `secret_patterns` looks for all others in
    runs of the characters that keys are made of."""
    is_secret: Callable[[bytes], bool] = bool
    """Looks at what was found, where its form alone says too little."""


# Own forms, by what tests/soak/secret_leaks.py measures of 72 kinds and 720 harmless values: they
# find 72 and take 0. The rules of gitleaks 8 find 34 and take 41, detect-secrets 1.5 finds 72 and
# takes 680, for it takes every text without a pattern for a secret.
# Where a form may begin inside of a run of its own characters, `apart` has these characters:
# every run is then read once, and the time is linear in the text.
_DESCRIBED = (
    # https://platform.claude.com/docs/en/api/admin-api: api03, admin01, oat01, ort01
    Form(kind="Anthropic key", prefixes=(b"sk-ant-",), rest=rb"[A-Za-z0-9_-]{16,}", apart=b""),
    # https://platform.openai.com/docs/api-reference/authentication; of that form: OpenRouter's
    Form(
        kind="OpenAI key",
        prefixes=(b"sk-",),
        rest=rb"(?:(?:proj|svcacct|admin|or-v1)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{32,})",
        apart=b"A-Za-z0-9_-",
    ),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    Form(
        kind="AWS access key id",
        prefixes=(b"AKIA", b"ASIA"),
        rest=rb"[A-Z0-9]{16}(?![A-Za-z0-9])",
    ),
    # The secret has no form of its own: 40 characters after one of the names that AWS gives it.
    Form(
        kind="AWS secret key",
        is_spread=True,
        prefixes=(
            *(b"secret_access_key", b"SECRET_ACCESS_KEY"),
            *(b"SecretAccessKey", b"secretAccessKey"),
        ),
        rest=rb"[\\\"']{0,6}\s{0,4}[:=>]\s{0,4}[\\\"']{0,6}"
        rb"(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        apart=b"",
    ),
    # https://cloud.google.com/docs/authentication/api-keys
    Form(
        kind="Google API key",
        prefixes=(b"AIza",),
        rest=rb"[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])",
    ),
    # https://cloud.google.com/docs/authentication/token-types#access
    Form(kind="Google access token", prefixes=(b"ya29.",), rest=rb"[A-Za-z0-9_.-]{20,}"),
    # https://docs.github.com/en/authentication/keeping-your-account-and-data-secure
    Form(
        kind="GitHub token",
        prefixes=(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"),
        rest=rb"[A-Za-z0-9]{36,}",
    ),
    Form(kind="GitHub token", prefixes=(b"github_pat_",), rest=rb"[A-Za-z0-9_]{40,}"),
    # https://docs.gitlab.com/security/tokens/#token-prefixes
    Form(
        kind="GitLab token",
        prefixes=(b"glpat-", b"gldt-", b"glrt-", b"glcbt-", b"glptt-", b"glagent-", b"gloas-"),
        rest=rb"[A-Za-z0-9_-]{20,}",
    ),
    # https://docs.slack.dev/authentication/tokens
    Form(
        kind="Slack token",
        prefixes=(
            *(b"xoxa-", b"xoxb-", b"xoxe-", b"xoxo-", b"xoxp-", b"xoxr-", b"xoxs-", b"xoxe."),
            b"xapp-",
        ),
        rest=rb"[A-Za-z0-9.-]{10,}",
    ),
    # https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    Form(
        kind="Slack webhook",
        prefixes=(b"hooks.slack.com/services/",),
        rest=rb"(?P<secret>T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,})",
        apart=b"",
    ),
    # https://docs.stripe.com/keys
    Form(
        kind="Stripe key",
        prefixes=(b"sk_live_", b"rk_live_", b"sk_test_", b"rk_test_"),
        rest=rb"[A-Za-z0-9]{16,}",
    ),
    # https://www.rfc-editor.org/rfc/rfc7519: header and payload are JSON objects in base64
    Form(
        kind="JSON web token",
        prefixes=(b"eyJ",),
        rest=rb"[A-Za-z0-9_-]{8,}+\.eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{16,}",
        apart=b"A-Za-z0-9_-",
    ),
    # https://www.rfc-editor.org/rfc/rfc6750; a token without a digit is a word in a sentence
    Form(
        kind="bearer token",
        is_spread=True,
        prefixes=(b"Bearer ", b"bearer "),
        rest=rb"(?P<secret>(?=[A-Za-z._~+/-]*+[0-9])[A-Za-z0-9._~+/-]{20,}=*)",
    ),
    # https://www.rfc-editor.org/rfc/rfc7468 and 1421 (its headers), 4880; also cut off, or escaped
    Form(
        kind="private key",
        is_spread=True,
        prefixes=(b"-----BEGIN ",),
        rest=rb"[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
        rb"(?:\s|\\+[nrt]|[A-Za-z-]{2,20}: [^\r\n\\\"]{1,80})*+[A-Za-z0-9+/]{32,}"
        rb"[A-Za-z0-9+/=\s\\]*+(?:-----END [A-Z0-9 ]{0,40}-----)?",
        apart=b"",
    ),
    # https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
    Form(
        kind="Azure account key",
        prefixes=(b"AccountKey=", b"SharedAccessKey="),
        rest=rb"(?P<secret>[A-Za-z0-9+/]{43,86}={1,2})",
        apart=b"",
    ),
    # https://github.com/microsoft/security-utilities: "common annotated security keys"
    Form(
        kind="Azure key",
        prefixes=(b"JQQJ99",),
        rest=rb"[A-Za-z0-9]{26}",
        lead=(52, b"[A-Za-z0-9]{52}"),
        apart=b"",
    ),
    # https://learn.microsoft.com/entra/identity-platform: secrets of applications
    Form(
        kind="Microsoft Entra secret",
        prefixes=(b"Q~",),
        rest=rb"[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])",
        lead=(4, rb"[A-Za-z0-9_~.-]{3}[0-9]"),
        apart=b"",
    ),
    # https://huggingface.co/docs/hub/security-tokens
    Form(
        kind="Hugging Face token",
        prefixes=(b"hf_",),
        rest=rb"[A-Za-z0-9]{34,}",
        apart=b"A-Za-z0-9_-",
    ),
    # https://docs.npmjs.com/about-access-tokens
    Form(kind="npm token", prefixes=(b"npm_",), rest=rb"[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    # Of the Python package index: a macaroon that begins with the name of its host, in base64.
    Form(
        kind="PyPI token",
        prefixes=(b"pypi-AgEIcHlwaS5vcmc", b"pypi-AgENdGVzdC5weXBpLm9yZw"),
        rest=rb"[A-Za-z0-9_-]{50,}",
    ),
)


def _has_colon(found: bytes) -> bool:
    """Tell whether base64 holds a name and a password."""
    try:
        return b":" in base64.b64decode(found + b"=" * (-len(found) % 4), validate=True)
    except ValueError:
        return False


_EXAMPLE = re.compile(
    rb"(?i)pass(?:word|wd)?|pwd?|secret|token|user|changeme|x{3,}|\*+|\.{2,}|%s"
    rb"|\[redacted\]|\$?[{(<\[].*|\$\w+|%7B.*"
)
"""What stands in the place of a password in a manual."""

_AROUND = (
    Form(
        kind="basic authentication",
        is_spread=True,
        prefixes=(b"Basic ", b"basic "),
        rest=rb"(?P<secret>[A-Za-z0-9+/]{8,}={0,2})",
        is_secret=_has_colon,
    ),
    # https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1: databases, brokers, proxies, git
    Form(
        kind="password in a URL",
        is_spread=True,
        prefixes=(b"://",),
        rest=rb"[^\s/?#@:\"'`<>\\]{0,100}:(?P<secret>[^\s/?#@:\"'`<>\\]{3,200})@(?=[\w\[%{$-])",
        apart=b"",
        is_secret=lambda found: _EXAMPLE.fullmatch(found) is None,
    ),
    Form(
        kind="Okta token",
        is_spread=True,
        prefixes=(b"SSWS ",),
        rest=rb"(?P<secret>00[A-Za-z0-9_-]{40})",
    ),
    Form(
        kind="session cookie",
        prefixes=(
            *(b"connect.sid=", b"PHPSESSID=", b"JSESSIONID=", b"ASP.NET_SessionId="),
            *(b"sessionid=", b"session=", b"session-token="),
        ),
        rest=rb"(?P<secret>(?=[A-Za-z_.%+/:-]*[0-9])[A-Za-z0-9_.%+/:-]{20,}=*)",
    ),
)

FORMS = (
    *_DESCRIBED,
    *_AROUND,
    *(
        Form(kind=kind, prefixes=tuple(prefixes.encode().split()), rest=rest.encode())
        for kind, prefixes, rest in ISSUED
    ),
    *(
        Form(
            kind=kind,
            prefixes=(prefix.encode(),),
            rest=rest.encode(),
            lead=(size, before.encode()),
            apart=b"",
        )
        for kind, prefix, rest, size, before in WITH_LEAD
    ),
)
"""All of them. They change what is redacted: a form that is too wide breaks replays."""
