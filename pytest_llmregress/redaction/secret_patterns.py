"""Secrets that are known by their form, by the name of their field, or by their value."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

PLACEHOLDER = "[redacted]"

_SHOWN = 4
"""Characters of a secret that a finding shows, at most; of a short one a quarter."""


class SecretSpan(NamedTuple):
    """Where a secret stands in some bytes."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretFinding:
    """A secret in a text."""

    line: int
    """From 1; the line on which it begins."""
    kind: str
    excerpt: str
    """Its first characters and an ellipsis: never the secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
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


# Own forms, and not those of detect-secrets 1.5: it knows half of these vendors (Anthropic not
# among them), reads line by line, and is a thousand times slower on a body that is one long line.
# Where a form may begin inside of a run of its own characters, `apart` has these characters:
# every run is then read once, and the time is linear in the text.
_FORMS = (
    # https://platform.claude.com/docs/en/api/admin-api: api03, admin01, oat01, ort01
    _Form(kind="Anthropic key", prefixes=(b"sk-ant-",), rest=rb"[A-Za-z0-9_-]{16,}", apart=b""),
    # https://platform.openai.com/docs/api-reference/authentication; of that form: OpenRouter's
    _Form(
        kind="OpenAI key",
        prefixes=(b"sk-",),
        rest=rb"(?:(?:proj|svcacct|admin|or-v1)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{32,})",
        apart=b"A-Za-z0-9_-",
    ),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    _Form(
        kind="AWS access key id",
        prefixes=(b"AKIA", b"ASIA"),
        rest=rb"[A-Z0-9]{16}(?![A-Za-z0-9])",
    ),
    # The secret has no form of its own: 40 characters after one of the names that AWS gives it.
    _Form(
        kind="AWS secret key",
        prefixes=(
            *(b"secret_access_key", b"SECRET_ACCESS_KEY"),
            *(b"SecretAccessKey", b"secretAccessKey"),
        ),
        rest=rb"[\\\"']{0,6}\s{0,4}[:=>]\s{0,4}[\\\"']{0,6}"
        rb"(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        apart=b"",
    ),
    # https://cloud.google.com/docs/authentication/api-keys
    _Form(
        kind="Google API key",
        prefixes=(b"AIza",),
        rest=rb"[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])",
    ),
    # https://cloud.google.com/docs/authentication/token-types#access
    _Form(kind="Google access token", prefixes=(b"ya29.",), rest=rb"[A-Za-z0-9_.-]{20,}"),
    # https://docs.github.com/en/authentication/keeping-your-account-and-data-secure
    _Form(
        kind="GitHub token",
        prefixes=(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"),
        rest=rb"[A-Za-z0-9]{36,}",
    ),
    _Form(kind="GitHub token", prefixes=(b"github_pat_",), rest=rb"[A-Za-z0-9_]{40,}"),
    # https://docs.gitlab.com/security/tokens/#token-prefixes
    _Form(
        kind="GitLab token",
        prefixes=(b"glpat-", b"gldt-", b"glrt-", b"glcbt-", b"glptt-", b"glagent-", b"gloas-"),
        rest=rb"[A-Za-z0-9_-]{20,}",
    ),
    # https://docs.slack.dev/authentication/tokens
    _Form(
        kind="Slack token",
        prefixes=(
            *(b"xoxa-", b"xoxb-", b"xoxe-", b"xoxo-", b"xoxp-", b"xoxr-", b"xoxs-", b"xoxe."),
            b"xapp-",
        ),
        rest=rb"[A-Za-z0-9.-]{10,}",
    ),
    # https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    _Form(
        kind="Slack webhook",
        prefixes=(b"hooks.slack.com/services/",),
        rest=rb"(?P<secret>T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,})",
        apart=b"",
    ),
    # https://docs.stripe.com/keys
    _Form(
        kind="Stripe key",
        prefixes=(b"sk_live_", b"rk_live_", b"sk_test_", b"rk_test_"),
        rest=rb"[A-Za-z0-9]{16,}",
    ),
    # https://www.rfc-editor.org/rfc/rfc7519: header and payload are JSON objects in base64
    _Form(
        kind="JSON web token",
        prefixes=(b"eyJ",),
        rest=rb"[A-Za-z0-9_-]{8,}+\.eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{16,}",
        apart=b"A-Za-z0-9_-",
    ),
    # https://www.rfc-editor.org/rfc/rfc6750; a token without a digit is a word in a sentence
    _Form(
        kind="bearer token",
        prefixes=(b"Bearer ", b"bearer "),
        rest=rb"(?P<secret>(?=[A-Za-z._~+/-]*+[0-9])[A-Za-z0-9._~+/-]{20,}=*)",
    ),
    # https://www.rfc-editor.org/rfc/rfc7468 and 1421 (its headers), 4880; also cut off, or escaped
    _Form(
        kind="private key",
        prefixes=(b"-----BEGIN ",),
        rest=rb"[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
        rb"(?:\s|\\+[nrt]|[A-Za-z-]{2,20}: [^\r\n\\\"]{1,80})*+[A-Za-z0-9+/]{32,}"
        rb"[A-Za-z0-9+/=\s\\]*+(?:-----END [A-Z0-9 ]{0,40}-----)?",
        apart=b"",
    ),
    # https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
    _Form(
        kind="Azure account key",
        prefixes=(b"AccountKey=", b"SharedAccessKey="),
        rest=rb"(?P<secret>[A-Za-z0-9+/]{43,86}={1,2})",
        apart=b"",
    ),
    # https://github.com/microsoft/security-utilities: "common annotated security keys"
    _Form(
        kind="Azure key",
        prefixes=(b"JQQJ99",),
        rest=rb"[A-Za-z0-9]{26}",
        lead=(52, b"[A-Za-z0-9]{52}"),
        apart=b"",
    ),
    # https://learn.microsoft.com/entra/identity-platform: secrets of applications
    _Form(
        kind="Microsoft Entra secret",
        prefixes=(b"Q~",),
        rest=rb"[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])",
        lead=(4, rb"[A-Za-z0-9_~.-]{3}[0-9]"),
        apart=b"",
    ),
    # https://huggingface.co/docs/hub/security-tokens
    _Form(
        kind="Hugging Face token",
        prefixes=(b"hf_",),
        rest=rb"[A-Za-z0-9]{34,}",
        apart=b"A-Za-z0-9_-",
    ),
    # https://docs.npmjs.com/about-access-tokens
    _Form(kind="npm token", prefixes=(b"npm_",), rest=rb"[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    # Of the Python package index: a macaroon that begins with the name of its host, in base64.
    _Form(
        kind="PyPI token",
        prefixes=(b"pypi-AgEIcHlwaS5vcmc", b"pypi-AgENdGVzdC5weXBpLm9yZw"),
        rest=rb"[A-Za-z0-9_-]{50,}",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSecrets:
    """What is known to be secret, beyond the forms that everybody's keys have."""

    values: tuple[bytes, ...] = field(default=(), repr=False)
    """Secrets in every way in which they may be written."""
    patterns: tuple[re.Pattern[bytes], ...] = ()
    """Further forms; a group "secret" is what is taken for the secret, or all is."""

    def spans(self, data: bytes) -> list[SecretSpan]:
        """Return where secrets stand, in order, those that overlap as one."""
        return merge((*self._values_in(data), *self._patterns_in(data), *_forms_in(data)))

    def _values_in(self, data: bytes) -> Iterator[SecretSpan]:
        for value in self.values:
            start = data.find(value)
            while start >= 0:
                yield SecretSpan(start, start + len(value), "known secret")
                start = data.find(value, start + len(value))

    def _patterns_in(self, data: bytes) -> Iterator[SecretSpan]:
        for pattern in self.patterns:
            yield from _matches(pattern, data, "secret by a rule of this project")


def find_secret_spans(text: str, known: KnownSecrets) -> tuple[SecretFinding, ...]:
    """Return the secrets in a text, in order, without those that are redacted already."""
    data = text.encode("utf-8", "surrogatepass")
    findings: list[SecretFinding] = []
    line, counted = 1, 0
    for start, end, kind in known.spans(data):
        secret = data[start:end].decode("utf-8", "replace")
        if secret == PLACEHOLDER:
            continue
        line += data.count(b"\n", counted, start)
        counted = start
        shown = secret[: min(_SHOWN, len(secret) // 4)]
        findings.append(SecretFinding(line=line, kind=kind, excerpt=f"{shown}…"))
    return tuple(findings)


def merge(spans: Iterable[SecretSpan]) -> list[SecretSpan]:
    """Return spans in order, those that overlap as one of the kind that begins first."""
    merged: list[SecretSpan] = []
    for span in sorted(spans):
        if merged and span.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, span.end))
        elif span.start < span.end:
            merged.append(span)
    return merged


def replace_spans(data: bytes, spans: Sequence[SecretSpan]) -> bytes:
    """Return data with a placeholder for each of the spans, which do not overlap."""
    parts: list[bytes] = []
    end_of_last = 0
    for start, end, _ in spans:
        parts += (data[end_of_last:start], PLACEHOLDER.encode())
        end_of_last = end
    return b"".join((*parts, data[end_of_last:])) if spans else data


def _forms_in(data: bytes) -> Iterator[SecretSpan]:
    for form in _FORMS:
        for prefix in form.prefixes:
            if prefix in data:
                before = form.lead[0]
                for start, end, kind in _matches(_pattern(form, prefix), data, form.kind):
                    yield SecretSpan(start - before, end, kind)


def _matches(pattern: re.Pattern[bytes], data: bytes, kind: str) -> Iterator[SecretSpan]:
    group: int | str = "secret" if "secret" in pattern.groupindex else 0
    for match in pattern.finditer(data):
        start, end = match.span(group)
        yield SecretSpan(start, end, kind)


@cache
def _pattern(form: _Form, prefix: bytes) -> re.Pattern[bytes]:
    r"""Return the pattern of a form with one of its prefixes.

    The prefix stands first, and what may be before it in look-behinds after it, since `re` looks
    for a literal first much faster. A key may follow on an escape: "\n", "\u003d", "%3D".
    """
    first = re.escape(prefix)
    bounds = b""
    if form.apart:
        bounds = (
            rb"(?:(?<![%(apart)s]%(first)s)|(?<=\\[A-Za-z]%(first)s)"
            rb"|(?<=\\u[0-9a-fA-F]{4}%(first)s)|(?<=%%[0-9a-fA-F]{2}%(first)s))"
        ) % {b"apart": form.apart, b"first": first}
    elif form.lead[0]:
        bounds = rb"(?<=%s%s)" % (form.lead[1], first)
    return re.compile(first + bounds + form.rest)
