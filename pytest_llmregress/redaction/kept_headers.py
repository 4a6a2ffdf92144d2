"""Which headers a recording keeps."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

from pytest_llmregress.redaction.secret_names import Telling, tell
from pytest_llmregress.values.http import AGENT_HEADERS, FEATURE_HEADERS, SESSION_HEADERS

REQUEST_HEADERS = frozenset(
    {
        *("accept", "anthropic-version", "content-type"),
        *FEATURE_HEADERS,
        *SESSION_HEADERS,
        *AGENT_HEADERS,
    }
)
"""The request headers that a cassette keeps; all others may hold keys, identities or machines."""

RESPONSE_HEADERS = (
    *("accept-ranges", "allow", "cache-control", "content-disposition", "content-encoding"),
    *("content-language", "content-location", "content-range", "content-type", "deprecation"),
    *("etag", "expires", "last-modified", "link", "location", "operation-location", "sunset"),
    *("*request-id", "x-amzn-requestid", "x-correlation-id", "www-authenticate"),
    *("retry-after", "retry-after-ms", "x-ms-retry-after-ms", "x-should-retry", "*ratelimit*"),
    *("*-page", "*-pages", "*-per-page", "*-cursor", "*-offset", "*-total", "*-total-count"),
    *("mcp-protocol-version", "mcp-session-id", "openai-model", "openai-processing-ms"),
    *("openai-version", "x-amzn-bedrock-*", "x-goog-upload-*", "x-*-tokens"),
)
"""The response headers that a cassette keeps, as globs: what clients and applications read."""

_NEVER_KEPT = re.compile(r"cookie|authori[sz]|authent|\bauth\b")
"""What no setting keeps, beside all names that say key, token, secret or password."""


@lru_cache(maxsize=512)
def is_listed(name: str) -> bool:
    """Whether a response header of that name, in lower case, is kept in any case."""
    return any(fnmatchcase(name, glob) for glob in RESPONSE_HEADERS)


def may_be_kept(name: str) -> bool:
    """Whether a setting can keep a header: none of cookies, and none that says it is a secret."""
    return not _NEVER_KEPT.search(name) and tell(name) not in {Telling.SECRET, Telling.KEY}


def find_faults(globs: Iterable[object]) -> list[str]:
    """Return what is wrong with names and globs of headers that a setting is to keep."""
    return [
        f"keep_headers: {glob!r} is the name of no header that a file may hold; the name of one "
        "without cookies or credentials is allowed, or a pattern such as x-limit-*"
        for glob in globs
        if not isinstance(glob, str) or not glob or not may_be_kept(glob.lower())
    ]
