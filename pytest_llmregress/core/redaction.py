"""What never reaches a file: headers that are not known to be harmless, secrets, credentials."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlsplit

from pytest_llmregress.core.http import Interaction, Request, Response

PLACEHOLDER = "[redacted]"

REQUEST_HEADERS = frozenset({"accept", "anthropic-beta", "anthropic-version", "content-type"})
"""The request headers that a cassette keeps; all others may hold keys, identities or machines."""

RESPONSE_HEADERS = frozenset(
    {
        "content-disposition",
        "content-encoding",
        "content-type",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "x-should-retry",
    }
)
"""The response headers that a cassette keeps; the SDK reads these, and they identify nobody."""

MIN_SECRET = 8
"""Characters; replacing every "1" because a variable holds it would ruin the recording."""
LONG_SECRET = 16
"""Characters from which on a value is taken for a secret even where it reads like a word."""

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(?:_|$)", re.IGNORECASE
)
_KNOWN_KEYS = re.compile(
    rb"sk-ant-[A-Za-z0-9_-]{16,}"  # Anthropic
    rb"|sk-(?:proj-)?[A-Za-z0-9_-]{32,}"  # OpenAI
    rb"|(?:AKIA|ASIA)[A-Z0-9]{16}"  # AWS access key ids
    rb"|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}"
    rb"|AIza[A-Za-z0-9_-]{35}"  # Google
    rb"|ya29\.[A-Za-z0-9_-]{20,}"  # Google, OAuth
    rb"|xox[abposr]-[A-Za-z0-9-]{10,}"  # Slack
)
_CREDENTIAL_PATHS = re.compile(
    r"/oauth2?(?:/v[\d.]+)?/token$|/latest/(?:api/token|meta-data)(?:/|$)"
)
_CREDENTIAL_HOSTS = re.compile(
    r"169\.254\.169\.254|169\.254\.170\.2|metadata\.google\.internal|oauth2\.googleapis\.com"
    r"|login\.microsoftonline\.com|sts(?:\.[a-z0-9-]+)?\.amazonaws\.com"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redactor:
    """Takes secrets out of requests and responses. Built once a run."""

    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    """Values to replace wherever they stand, longest first."""

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> "Redactor":
        """Know the values of the variables whose names say that they hold a secret."""
        values = (value for name, value in environment.items() if _SECRET_NAME.search(name))
        return cls(secrets=_forms(values))

    def request(self, request: Request) -> Request:
        """Return a request that may be written to a file."""
        return replace(
            request,
            url=self._clean(request.url.encode()).decode(),
            headers=self._keep(request.headers, REQUEST_HEADERS),
            body=self._clean(request.body),
        )

    def interaction(self, interaction: Interaction) -> Interaction:
        """Return an interaction that may be written to a file."""
        return replace(
            interaction,
            request=self.request(interaction.request),
            response=self.response(interaction.response),
        )

    def response(self, response: Response) -> Response:
        """Return a response that may be written to a file."""
        return replace(
            response,
            headers=self._keep(response.headers, RESPONSE_HEADERS),
            body=self._clean(response.body),
        )

    def _keep(
        self, headers: Mapping[str, tuple[str, ...]], allowed: frozenset[str]
    ) -> dict[str, tuple[str, ...]]:
        return {
            name: tuple(self._clean(value.encode()).decode() for value in values)
            for name, values in sorted(headers.items())
            if name in allowed
        }

    def _clean(self, data: bytes) -> bytes:
        for secret in self.secrets:
            data = data.replace(secret, PLACEHOLDER.encode())
        return _KNOWN_KEYS.sub(PLACEHOLDER.encode(), data)


def carries_credentials(request: Request) -> bool:
    """Whether a request asks for credentials; its answer is never recorded and never replayed."""
    url = urlsplit(request.url)
    host = _CREDENTIAL_HOSTS.fullmatch(url.hostname or "")
    return host is not None or _CREDENTIAL_PATHS.search(url.path) is not None


def _forms(values: Iterable[str]) -> tuple[bytes, ...]:
    """Return each secret as it is and as JSON or a URL would hold it, longest first."""
    secrets = {value for value in values if _may_be_secret(value)}
    forms = {
        form.encode("utf-8", "surrogateescape")
        for value in secrets
        for form in (
            value,
            quote(value, safe="", errors="surrogateescape"),
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
        )
    }
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _may_be_secret(value: str) -> bool:
    """Whether a value is none that turns up in any text, as "1" or "password" would."""
    reads_like_a_word = value.isalpha() and value in {value.lower(), value.upper(), value.title()}
    return len(value) >= (LONG_SECRET if reads_like_a_word else MIN_SECRET)
