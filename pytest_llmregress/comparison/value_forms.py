"""The closed forms of a text: what a program reads, where other characters are another value.

Each form has a reader. A reader returns the same canonical text for two ways to write one value,
and None for what is not of its form. `FORMS` is the table; the first reader that returns a text
decides.
"""

import ast
import re
import shlex
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

from pytest_llmregress.behavior.text.facts import extract_dates, extract_numbers

_NO_ENGLISH = """
apt apt-get awk aws az bash brew bun bzip2 cargo cd chgrp chmod chown cp crontab curl dd df diff
dig dnf docker docker-compose du env export gcc gcloud gh git grep gunzip gzip helm htop ifconfig
iptables java javac journalctl jq kubectl ln ls lsof mkdir mkfs mongosh mv mvn mysql nc
netstat nginx nmap npm npx nslookup openssl perl pg_dump php pip pip3 pnpm podman poetry
powershell printf ps psql pwd pytest python python3 redis-cli rg rm rmdir rsync ruby scp sed sh
sqlite3 ssh sudo systemctl tar terraform tox traceroute uname unzip useradd userdel uv vim wc wget
xargs yarn yum zip zsh
"""
_ENGLISH = """
cat cut date deploy echo find go head host kill less make man more mount node ping reboot rake run
service shutdown sleep sort source split tail tee test time top touch watch which who
"""
_ALSO_ENGLISH = frozenset(_ENGLISH.split())
"""Those that are English words as well: a path, a file or a host has to follow them."""
_COMMANDS = frozenset(_NO_ENGLISH.split()) | _ALSO_ENGLISH


MAX_READ = 2_000
"""Characters of a text that may have a form; a longer one is a document."""


@lru_cache(maxsize=1024)
def read_form(text: str) -> tuple[str, str] | None:
    """Return the name of a text's closed form and its canonical text; None where it has none."""
    stripped = text.strip()
    if not stripped or len(stripped) > MAX_READ:
        return None
    for name, read in FORMS:
        if (canonical := read(stripped)) is not None:
            return name, canonical
    return None


# --- times and amounts -----------------------------------------------------------------------

_CLOCK = re.compile(
    r"\b(?:at|on|from|until|to|by|noon|midnight|am|pm|a\.m\.|p\.m\.|uhr|um|utc|gmt|c?est|[ap]m"
    r"|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?)\b",
    re.IGNORECASE,
)
_MIDNIGHT = re.compile(r"[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:?00)?(?=\s|\Z)")
_WORD = re.compile(r"[^\W\d_]+")
_IN_DATES = frozenset({"of", "de", "st", "nd", "rd", "th", "t", "z"})
_MAX_DATE = 80
"""Characters."""


def _read_date(text: str) -> str | None:
    """Read one or more dates, with or without a time of day, and nothing beside them."""
    dates = extract_dates(text) if len(text) <= _MAX_DATE else set()
    words = {word.lower() for word in _WORD.findall(_CLOCK.sub(" ", text))} - _IN_DATES
    if not dates or not all(extract_dates(f"1 {word.title()} 2000") for word in words):
        return None
    times = _TIME.findall(_MIDNIGHT.sub(" ", text))
    said = sorted({word.lower() for word in _CLOCK.findall(text)} - _LINKS)
    return " ".join([*sorted(dates), *times, *said])


_TIME = re.compile(r"\d{1,2}:\d\d(?::\d\d)?")
_LINKS = frozenset({"at", "on", "um"})
_AMOUNT = re.compile(
    r"(?:[^\W\d_]{1,3} ?|[€$£¥] ?)?[+-]?\d[\d.,'_ ]*\s?(?:%|[€$£¥°]|[^\W\d_]{1,8}|\w+/\w+)?"
)


_IN_NUMBERS = re.compile(r"[\d\s.,'_+-]")


def _read_amount(text: str) -> str | None:
    """Read one number with the unit or the currency beside it."""
    if not _AMOUNT.fullmatch(text):
        return None
    numbers = extract_numbers(text)
    if len(numbers) != 1:
        return re.sub(r"[\s_]", "", text)
    return next(iter(numbers)) + _IN_NUMBERS.sub("", text).casefold()


_PHONE = re.compile(r"\+?[\d\s()/.-]{6,25}")


def _read_digits(text: str) -> str | None:
    """Read a telephone number, coordinates, or another row of digits."""
    if not _PHONE.fullmatch(text) or sum(char.isdigit() for char in text) < 6:  # noqa: PLR2004
        return None
    return re.sub(r"[\s()/-]", "", text)


# --- addresses -------------------------------------------------------------------------------

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


def _read_url(text: str) -> str | None:
    if not _SCHEME.fullmatch(text):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    host = parts.netloc.lower()
    return parts._replace(scheme=parts.scheme.lower(), netloc=host).geturl().rstrip("/")


_MAILBOX = re.compile(r"(?:[^<>@,;\n]{0,80}<)?\s*([\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)+)\s*>?")


def _read_mailboxes(text: str) -> str | None:
    """Read addresses of e-mail, with or without the names before them."""
    found = [_MAILBOX.fullmatch(part.strip()) for part in re.split(r"[,;]", text)]
    return ",".join(each[1].lower() for each in found if each) if all(found) else None


_STREET = (
    r"street|st|road|rd|lane|ln|avenue|ave|drive|dr|way|court|ct|place|pl|square|sq|boulevard|blvd"
)
_POSTAL = re.compile(
    rf"\d{{1,5}}[A-Za-z]?,? (?:\S+ ){{0,4}}(?:{_STREET})\b\.?.{{0,80}}"
    r"|(?:\S+ ){0,3}\S*(?:straße|strasse|str\.|gasse|weg|platz|allee) \d{1,4}[A-Za-z]?\b.{0,80}"
    r"|\d{1,4}[A-Za-z]?,? (?:rue|avenue|boulevard|place|via|calle|plaza) .{1,80}",
    re.IGNORECASE,
)


def _read_postal(text: str) -> str | None:
    """Read a street with its number, and what follows it."""
    plain = " ".join(text.split())
    return re.sub(r"[\s,]+", " ", plain).casefold() if _POSTAL.fullmatch(plain) else None


# --- what a program runs ---------------------------------------------------------------------

_PATH = re.compile(r"(?:~|\.{1,2})?/[^\n]*|\.{1,2}\\[^\n]*|[A-Za-z]:[\\/][^\n]*|\\\\[^\n]+")


def _read_path(text: str) -> str | None:
    return text.removeprefix("./").rstrip("/") or "/" if _PATH.fullmatch(text) else None


_CRON_FIELD = re.compile(
    r"(?:[\d*?LW#,/-]+|(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov"
    r"|dec)(?:[,/-]\w+)*)",
    re.IGNORECASE,
)


def _read_cron(text: str) -> str | None:
    fields = text.split()
    is_cron = len(fields) in range(5, 8) and all(map(_CRON_FIELD.fullmatch, fields))
    return " ".join(fields).lower() if is_cron or re.fullmatch(r"@[a-z]+", text) else None


_STATEMENT = re.compile(
    r"(?:select\b(?!\s+(?:a|an|the|one)\b)|insert\s+into\b|update\s+\S+\s+set\b|delete\s+from\b"
    r"|with\s+\w+\s+as\s*\(|(?:create|drop|alter)\s+(?:or\s+replace\s+)?(?:temp\w*\s+)?(?:table"
    r"|index|view|database|schema|user|role|unique|materialized|function|trigger)\b"
    r"|truncate\s+(?:table\s+)?\w|merge\s+into\b|(?:grant|revoke)\s+\w+\s+on\b|explain\s+select\b"
    r"|show\s+(?:tables|databases|columns)\b|pragma\s+\w|vacuum\b|call\s+\w+\()",
    re.IGNORECASE,
)
_SQL_SIGN = re.compile(r"[*=();<>']|^[A-Z]{4,} |\blimit \d|\bwhere\b", re.IGNORECASE)
_QUOTED = re.compile(r"('[^']*'|\"[^\"]*\")")


def _read_sql(text: str) -> str | None:
    if not _STATEMENT.match(text):
        return None
    verb = text.split(None, 1)[0]
    if not (verb.isupper() or _SQL_SIGN.search(text[len(verb) :])):
        return None
    parts = _QUOTED.split(text.rstrip("; \n"))
    return "".join(
        part if at % 2 else re.sub(r"\s+", " ", part).lower() for at, part in enumerate(parts)
    )


_OPTION = re.compile(r"(?:^|\s)--?[A-Za-z][\w-]*")
_OPERATOR = re.compile(r"\s\|\s|&&|\|\||\s>{1,2}\s?\S|\$\(|\$\{|\$[A-Za-z_]|\b2>&1")
_THING = re.compile(r"(?:^|\s)(?:[~.]{0,2}/\S*|[\w-]+=\S+|\S*\*\S*|[\w-]+(?:[.:@][\w-]+)+)(?=\s|$)")
_FIRST_WORD = re.compile(r"(?:\w+=\S+\s+|sudo\s+)*([a-z0-9_./~-]+)(?=\s|$)")


def _read_command(text: str) -> str | None:
    """Read a line of a shell: a known program, or an option or an operator after a word."""
    first = _FIRST_WORD.match(text)
    if first is None:
        return None
    program = first[1].rpartition("/")[2]
    rest = text[first.end() :]
    is_known = program in _COMMANDS and bool(rest.strip())
    if program in _ALSO_ENGLISH:
        is_known = bool(_THING.search(rest))
    if not (is_known or _OPTION.search(rest) or _OPERATOR.search(rest)):
        return None
    try:
        return "\0".join(shlex.split(text))
    except ValueError:  # a quotation mark without its other half
        return " ".join(text.split())


_REGEX = re.compile(
    r"\\[dwsDWSbB]|\.[*+](?!\w)|\(\?[:=!<]|\[\^|\[\w-\w|\]\{?[+*{]|^\^\S|\S\)[*+?]|[^\s\d€$]\$$"
)


def _read_regex(text: str) -> str | None:
    return text if _REGEX.search(text) else None


_CODE = re.compile(
    r"^[\w.]+\(.*\)[;.]?(?: *(?:#|//).*)?$"
    r"|^\s*[\w.\[\]\"']+ ?[-+*/]?= ?\S|\w ?[<>=!]= ?\w"
    r"|^import \w[\w.]*$|^from [\w.]+ import \w"
    r"|^(?:async )?(?:def|class|function|func|fn|const|let|var|public|private|package)\b.*[({:;=]"
    r"|^\s*(?:if|while|for|switch) ?\(.*\)|^for \w+ in .*:$|^return\b.*[(;]"
    r"|=> ?\S|\w::\w|\{\s*$|\);\s*$"
    r"|^[\d\s().]+[-+*/%^][-\d\s()+*/%.^]+$",
    re.MULTILINE,
)


def _read_code(text: str) -> str | None:
    """Read a program or an expression; of Python, white space and comments make no other one."""
    if not _CODE.search(text):
        return None
    try:
        return ast.dump(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "\n".join(line.rstrip() for line in text.splitlines())


# --- names -----------------------------------------------------------------------------------

_TOKEN = re.compile(r"\S+")
_INNER = re.compile(r"[\d_/@#=+&%~\\:|.]|\w-\w|[a-z][A-Z]")
_GROUPS = re.compile(r"(?=.*\d)[A-Z0-9]{1,8}(?:[ -][A-Z0-9]{1,8}){1,10}")


def _read_identifier(text: str) -> str | None:
    """Read an id, a version, a host, a file, a key; or several of them with commas between."""
    parts = [part.strip() for part in re.split(r"[,;]", text) if part.strip()]
    if all(_TOKEN.fullmatch(part) and _INNER.search(part.rstrip(".!?:")) for part in parts):
        return ",".join(parts)
    return re.sub(r"[ -]", "", text) if _GROUPS.fullmatch(text) else None


FORMS: tuple[tuple[str, Callable[[str], str | None]], ...] = (
    ("date", _read_date),
    ("amount", _read_amount),
    ("url", _read_url),
    ("mailbox", _read_mailboxes),
    ("cron", _read_cron),
    ("path", _read_path),
    ("digits", _read_digits),
    ("sql", _read_sql),
    ("command", _read_command),
    ("regex", _read_regex),
    ("code", _read_code),
    ("identifier", _read_identifier),
    ("postal", _read_postal),
)
"""Name and reader of each form, the most specific first."""
