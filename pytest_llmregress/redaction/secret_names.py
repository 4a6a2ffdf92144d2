"""Which variables of the environment hold secrets, by their names and their values."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import assert_never
from urllib.parse import unquote

MIN_SECRET = 8
"""Characters; replacing every "1" because a variable holds it would ruin the recording."""
LONG_SECRET = 16
"""Characters from which on a value is taken for a secret even where it reads like a word."""


class Telling(StrEnum):
    """How much the name of a variable says about its value."""

    SECRET = "secret"  # noqa: S105 - a word for what a name says
    """That it is a secret, whatever it looks like: `DB_PASSWORD`, `clientSecret`, `API_KEYS`."""
    KEY = "key"
    """That it is a key of any kind: `OPENAI_KEY`, but `PRIMARY_KEY` too. Words are no secret."""
    ABOUT_ONE = "about one"
    """That it is about a secret: `TOKEN_ENCODING`. A name or a number is not taken for one."""


_SECRETS = ("password", "passwd", "passphrase", "passcode", "secret", "token", "credential", "key")
"""Words, in the singular, that name a secret."""
_SECRETS_AT_THE_END = ("pwd", "pass", "cred", "pat")
"""Words that name one where nothing but a number follows: `PASS_HOSTS` is about something else."""
_KINDS_OF_KEY = (
    *("access", "api", "auth", "authorization", "crypt", "crypto", "decrypt", "decryption"),
    *("deploy", "dsa", "ecdsa", "encrypt", "encryption", "enc", "gpg", "hmac", "jwt"),
    *("licence", "license", "master", "pgp", "priv", "private", "rsa", "secret", "shared"),
    *("sign", "signature", "signing", "ssh", "ssl", "tls"),
)
"""What stands before "key" where the key is a secret."""
_OWNERS = (
    *("account", "admin", "app", "bot", "client", "host", "root", "server", "service"),
    *("session", "storage", "subscription", "user", "vault", "webhook"),
)
"""The same for a word that may also name the key of a table, unless both are one word."""
_JOINED = re.compile(
    r"(?:password|passwd|passphrase|secret|token|credential|(?<!^old)(?<!^)pwd"
    r"|(?:db|sql|pg|smtp|mail|imap|ftp|ldap|user|root|admin|redis|mongo)pass"
    rf"|(?:{'|'.join((*_KINDS_OF_KEY, *_OWNERS))})key)s?$"
)
"""Endings of words that are several words in one: `PGPASSWORD`, `AUTHTOKEN`, `MYAPIKEY`."""

_QUALIFIERS = frozenset(
    {
        *("alg", "algo", "algorithm", "attribute", "audience", "backend", "bit", "budget"),
        *("column", "command", "cost", "count", "counter", "dir", "directory"),
        *("enabled", "encoder", "encoding", "endpoint", "expiration", "expire", "expiry"),
        *("field", "file", "filename", "folder", "format", "grant", "hash", "header", "hint"),
        *("host", "id", "index", "issuer", "kind", "label", "length", "lifetime"),
        *("limit", "location", "manager", "max", "min", "minimum", "mode", "name"),
        *("parallelism", "param", "parameter", "path", "pattern", "policy", "prefix", "price"),
        *("prompt", "property", "provider", "ref", "regex", "region", "rotation", "scheme"),
        *("scope", "selector", "separator", "server", "service", "size", "source"),
        *("store", "suffix", "template", "timeout", "ttl", "type", "uri", "url", "usage"),
        *("validator", "validity", "var", "variable", "version"),
    }
)
"""Words behind such a name that say that the value is something about the secret."""
_AMOUNTS = frozenset(
    {
        *("budget", "completion", "context", "count", "input", "limit", "max", "maximum", "min"),
        *("minimum", "num", "number", "output", "per", "prompt", "reasoning", "thinking"),
        *("total", "used"),
    }
)
"""Words before "tokens" where they are counted."""

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_SEGMENT = re.compile(r"[A-Za-z0-9]+")
_SEPARATOR = r"[_./:\\, @-]{1,3}"
_PLAIN_WORD = "(?:[a-z]{1,20}|[A-Z]{1,20}|[A-Z][a-z]{1,19})"
_PIECE = f"(?:{_PLAIN_WORD}|[a-z]{{1,12}}[0-9]{{1,4}}|[0-9]+|[A-Za-z0-9]{{1,7}})"
_WORDS = re.compile(rf"[~./\\]*{_PLAIN_WORD}(?:{_SEPARATOR}{_PLAIN_WORD})*")
"""What names of columns are made of, and of headers."""
_NAME = re.compile(rf"[~./\\]*{_PIECE}(?:{_SEPARATOR}{_PIECE})*[/\\]?")
"""Words, numbers and short codes: names of models, encodings, hosts and files."""
_PATH = re.compile(r"(?:~?/|\.\.?/|[A-Za-z]:[\\/])")
_PASSWORD_IN_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#@:\s]*:(?P<password>[^/?#\s]+)@")


def secret_values(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets of an environment, passwords in URLs too, and what holds each of them."""
    found: dict[str, str] = {}
    for name, value in environment.items():
        if _is_secret(tell(name), value):
            found.setdefault(value, f"value of {name}")
        in_url = _PASSWORD_IN_URL.match(value)
        if in_url is not None:
            written = in_url["password"]
            for each in filter(_may_be_secret, (written, unquote(written))):
                found.setdefault(each, f"password in {name}")
    return found


def tell(name: str) -> Telling | None:
    """Return what the name of a variable says about its value; None where it says nothing.

    The name is split at all that is neither a letter nor a digit, at digits, and at a change of
    case. A word that says nothing more of the value (`_PROD`, `_2`, `_OF_THE_HOUSE`) changes
    nothing; a word such as `_FILE` or `_HEADER` does.
    """
    found = [word.lower() for word in _WORD.findall(name)]
    words = [_singular(word) for word in found]
    places = [place for place in range(len(words)) if _names_secret(words, place)]
    if not places:  # "APIkey" is none of these words, and all of them
        joined = any(_JOINED.search(each.lower()) for each in _SEGMENT.findall(name))
        return Telling.SECRET if joined else None
    last = places[-1]
    if not _QUALIFIERS.isdisjoint(word.removesuffix("s") for word in words[last + 1 :]):
        return Telling.ABOUT_ONE
    if found[last] == "tokens" and not _AMOUNTS.isdisjoint(found):
        return Telling.ABOUT_ONE
    is_any_key = words[last] == "key" and (last == 0 or words[last - 1] not in _KINDS_OF_KEY)
    return Telling.KEY if is_any_key else Telling.SECRET


def _names_secret(words: Sequence[str], place: int) -> bool:
    word = words[place]
    if word in _SECRETS_AT_THE_END:
        is_alone = place == 0 and word == "pwd"  # the shell's working directory
        return not is_alone and all(each.isdecimal() for each in words[place + 1 :])
    return word in _SECRETS or _JOINED.search(word) is not None


def _singular(word: str) -> str:
    single = word.removesuffix("s")
    return single if single in {*_SECRETS, *_SECRETS_AT_THE_END} else word


def _is_secret(told: Telling | None, value: str) -> bool:
    if told is None or not _may_be_secret(value):
        return False
    match told:
        case Telling.SECRET:  # made of words it is still one; a path is that of a file with one
            return not (_PATH.match(value) and _NAME.fullmatch(value))
        case Telling.KEY:
            return _WORDS.fullmatch(value) is None
        case Telling.ABOUT_ONE:
            return _NAME.fullmatch(value) is None
        case _:
            assert_never(told)


def _may_be_secret(value: str) -> bool:
    """Whether a value is too unusual to turn up in any text, as "1" or "password" would."""
    reads_like_a_word = value.isalpha() and value in {value.lower(), value.upper(), value.title()}
    return len(value) >= (LONG_SECRET if reads_like_a_word else MIN_SECRET)
