"""The facts that a text states in figures and addresses, in one form however they are written."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

MAX_MEMBERS = 100
"""Numbers, dates or URLs of one text, from its start."""
MAX_READ = 100_000
"""Characters of a text that are read."""
MAX_DIGITS = 40
"""Characters of one number."""
MAX_URL = 500
"""Characters of one URL."""


@lru_cache(maxsize=16)
def extract_numbers(text: str) -> frozenset[str]:
    """Return the numbers of a text without units: "1,000.50 €" is "1000.5", "80 %" is "80".

    Left out are dates, URLs, markers of lists, steps and footnotes, versions, and numbers in names
    such as A1001 and order-7. A time stays as it is: "10:30".
    """
    rest, dates = _read_dates(text[:MAX_READ])
    found = _find_numbers(_without_markers(_without(rest, dates)))
    return _bounded(value for match in found for value in _read_token(match[0]))


@lru_cache(maxsize=16)
def extract_dates(text: str) -> frozenset[str]:
    """Return the dates of a text as ISO 8601 has them: "2025-09-16", "2025-09", "09-16".

    One that could be read in two ways, such as 03/04/2025, stays as it is written.
    """
    _, dates = _read_dates(text[:MAX_READ])
    return _bounded(_iso(match) for match in dates)


@lru_cache(maxsize=16)
def extract_urls(text: str) -> frozenset[str]:
    """Return the web addresses of a text, without the punctuation around them."""
    text = text[:MAX_READ]
    return _bounded(map(_url, _URL.findall(text))) if _may_hold_urls(text) else frozenset()


_DIGITS = "0123456789"
_DIGIT_RUN = re.compile(r"\d+")
"""Dates and numbers are looked for around digits only: most of a text is something else."""


def _lines_with_digits(text: str) -> str:
    """Return those lines of a text that can hold a date or a number: neither goes beyond one."""
    if not _has_digit(text):
        return ""
    return "\n".join(line for line in text.split("\n") if _has_digit(line))


def _has_digit(text: str) -> bool:
    if text.isascii():
        return any(digit in text for digit in _DIGITS)
    return _DIGIT_RUN.search(text) is not None


def _bounded(found: Iterable[str]) -> frozenset[str]:
    members: set[str] = set()
    for member in found:
        members.add(member)
        if len(members) == MAX_MEMBERS:
            break
    return frozenset(members)


# --- URLs ------------------------------------------------------------------------------------

_URL = re.compile(rf"\b(?:https?://|www\.)[^\s<>\"'`|\\^{{}}]{{2,{MAX_URL}}}", re.IGNORECASE)
_AFTER_A_URL = ".,;:!?*_…"


def _may_hold_urls(text: str) -> bool:
    return "://" in text or "www." in text.lower()


def _without_urls(text: str) -> str:
    return _URL.sub(" ", text) if _may_hold_urls(text) else text


def _url(url: str) -> str:
    while url:
        if url[-1] in _AFTER_A_URL or any(
            url[-1] == close and url.count(close) > url.count(opening)
            for opening, close in ("()", "[]")
        ):
            url = url[:-1]
        else:
            break
    url = url.partition("](")[0]
    scheme, mark, rest = url.rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{mark}{host.lower()}{slash}{path}".rstrip("/")


# --- dates -----------------------------------------------------------------------------------

_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "jänner feber mrz apr mai jun jul aug sept okt nov dez",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        (
            "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
            "dicembre"
        ),
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    )
    for number, name in enumerate(names.split(), 1)
}
_MONTH = r"[^\W\d_]{3,10}"
"""What may be a month's name: a pattern of all of them takes as long to compile as a small suite
takes to replay."""
_YEAR = r"(?:1[5-9]|20|21)\d\d"
_DATE = re.compile(
    rf"(?<![\w./-])(?:"
    rf"(?P<y1>{_YEAR})-(?P<m1>\d\d)-(?P<d1>\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z"
    rf"|[+-]\d\d:?\d\d)?)?"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)? (?:of |de )?(?P<n2>{_MONTH})\b\.?(?:,? (?:de "
    rf"|del )?(?P<y2>{_YEAR})\b)?"
    rf"|(?P<n3>{_MONTH})\.? (?P<d3>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|:\d|%"
    rf"|[.,]\d)(?:,? (?P<y3>{_YEAR})\b)?"
    rf"|(?P<n4>{_MONTH})\.?,? (?:de |of )?(?P<y4>{_YEAR})\b"
    rf"|(?P<a5>\d{{1,2}})(?P<s5>[/.-])(?P<b5>\d{{1,2}})(?P=s5)(?P<y5>{_YEAR})"
    rf"|(?P<y6>{_YEAR})(?P<s6>[/.])(?P<m6>\d{{1,2}})(?P=s6)(?P<d6>\d{{1,2}})"
    rf")(?![\w/])",
    re.IGNORECASE,
)
_LOWER_CASE_VERBS = frozenset({"may", "march", "mar", "mars", "marzo"})
"""Months that are other words, too, unless they begin with a capital letter."""


_MONTH_BEFORE = re.compile(r"([^\W\d_]+)\.?,? (?:de |of )?\Z", re.IGNORECASE)
"""What may be a month's name and what stands between it and the digits behind."""
_MAX_MONTH_BEFORE = 20
_SEPARATED = re.compile(r"\d[/.-]\d\d?[/.-]\d")
"""Stands in every date in figures."""
_SIGNS_OF_MONTHS = tuple(
    sign
    for sign in sorted({name[:4] for name in _MONTHS})
    if not any(name in sign for name in _MONTHS if name != sign)
)
"""How the months' names begin: a date without figures alone holds one of these."""
_LAST_LETTERS = frozenset({name[-2:] for name in _MONTHS} | {"de", "of"})
"""How a text ends that `_MONTH_BEFORE` fits, but for what stands between: most do not."""


def _may_hold_dates(text: str) -> bool:
    lower = text.lower()
    return any(sign in lower for sign in _SIGNS_OF_MONTHS) or bool(_SEPARATED.search(text))


def _find_dates(text: str) -> Iterator[re.Match[str]]:
    """Yield what looks like a date; each begins with digits, or with a name right before some."""
    end = 0
    for digits in _DIGIT_RUN.finditer(text):
        at = digits.start()
        starts = [at]
        month = _find_month_before(text, at)
        if month is not None:
            starts.insert(0, month)
        for start in starts:
            if start >= end and (found := _match_date(text, start)):
                yield found
                end = found.end()
                break


def _find_month_before(text: str, at: int) -> int | None:
    """Return where a month's name begins that stands right before some digits."""
    first = max(0, at - _MAX_MONTH_BEFORE)
    before = text[first:at]
    if before[-1:] != " " or before.rstrip(" .,")[-2:].lower() not in _LAST_LETTERS:
        return None
    month = _MONTH_BEFORE.search(text, first, at)
    return month.start() if month and month[1].lower() in _MONTHS else None


def _match_date(text: str, start: int) -> re.Match[str] | None:
    found = _DATE.match(text, start)
    name = (found["n2"] or found["n3"] or found["n4"]) if found else None
    return found if name is None or name.lower() in _MONTHS else None


def _iso(match: re.Match[str]) -> str:
    """Return the date that was found, or "" where it is not a valid date."""
    part = match.groupdict()
    month_name = part["n2"] or part["n3"] or part["n4"]
    if month_name:
        if month_name in _LOWER_CASE_VERBS and not (part["y2"] or part["y3"] or part["y4"]):
            return ""
        return _written(
            part["y2"] or part["y3"] or part["y4"],
            _MONTHS[month_name.lower()],
            part["d2"] or part["d3"],
        )
    if part["a5"]:
        first, second = int(part["a5"]), int(part["b5"])
        if part["s5"] == "." or first > 12:  # noqa: PLR2004  # months of a year
            first, second = second, first
        elif second <= 12 and first != second:  # noqa: PLR2004  # months of a year
            return match[0]
        return _written(part["y5"], first, str(second))
    year, month, day = (part[f"{name}1"] or part[f"{name}6"] for name in "ymd")
    return _written(year, int(month), day)


def _written(year: str | None, month: int, day: str | None) -> str:
    if not 1 <= month <= 12 or not 1 <= int(day or 1) <= 31:  # noqa: PLR2004  # of a calendar
        return ""
    return "-".join(filter(None, (year, f"{month:02}", day and f"{int(day):02}")))


@lru_cache(maxsize=4)
def _read_dates(text: str) -> tuple[str, tuple[re.Match[str], ...]]:
    """Return the lines that may hold figures, without URLs, and each valid date in them."""
    rest = _without_urls(_lines_with_digits(text))
    if not _may_hold_dates(rest):
        return rest, ()
    return rest, tuple(match for match in _find_dates(rest) if _iso(match))


def _without(text: str, dates: Iterable[re.Match[str]]) -> str:
    parts, end = [], 0
    for match in dates:
        parts.append(text[end : match.start()])
        end = match.end()
    return " ".join([*parts, text[end:]])


# --- numbers ---------------------------------------------------------------------------------

_LIST_MARKER = re.compile(r"^[ \t>*_#-]*\(?\d{1,3}[.)](?=[ \t*])", re.MULTILINE)
_STEP_NUMBER = re.compile(r" \d{1,3}\b")
_STEPS = ("step", "schritt", "paso", "étape", "etape", "passaggio", "passo")
_STEP_BEFORE = re.compile(rf"\b(?:{'|'.join(_STEPS)})\Z", re.IGNORECASE)
_MAX_STEP_BEFORE = 10
_FOOTNOTE = re.compile(r"\[\d{1,3}\](?!\()")
_GROUP = "[.,'’\u00a0\u202f]"  # noqa: RUF001  # thousands in Switzerland
_UNIT = (
    r"(?:[kKMGTB]|[kMGTK]i?[Bb]|bn|[mckn]?m|k?m²|[mk]?g|[mc]?l|L|m?s|ms|min|h|hrs?|[ap]m|[AP]M|th"
    r"|st|nd|rd"
    r"|x|px|k?Wh?|V|[kMG]?Hz|mph|lbs?|ft|in|oz|[CF]|EUR|USD|GBP|CHF|€)"
)
_NUMBER = re.compile(
    rf"(?<![\w])(?<![A-Za-z_]-)(?:(?<![\w)])[-−](?=\d))?"  # noqa: RUF001  # the minus sign
    rf"(?:\d{{1,2}}:\d\d(?::\d\d)?(?!\d)|\d++(?:{_GROUP}\d++)*+)"
    rf"(?:{_UNIT})?(?![\w\ufe0f\u20e3])"
)


def _without_markers(text: str) -> str:
    rest = _LIST_MARKER.sub(" ", text)
    lower = rest.lower()
    if any(step in lower for step in _STEPS):
        rest = _STEP_NUMBER.sub(_blank_if_step, rest)
    return _FOOTNOTE.sub(" ", rest) if "[" in rest else rest


def _blank_if_step(match: re.Match[str]) -> str:
    at = match.start()
    is_step = _STEP_BEFORE.search(match.string, max(0, at - _MAX_STEP_BEFORE), at)
    return " " if is_step else match[0]


def _find_numbers(text: str) -> Iterator[re.Match[str]]:
    """Yield what looks like a number; each begins with digits, or with the sign before them."""
    end = 0
    for digits in _DIGIT_RUN.finditer(text):
        at = digits.start()
        starts = (at - 1, at) if text[at - 1 : at] in _SIGNS else (at,)
        for start in starts:
            if start >= end and (found := _NUMBER.match(text, start)):
                yield found
                end = found.end()
                break


_SIGNS = ("-", "−")  # noqa: RUF001  # the minus sign
_TIME = re.compile(r"\d{1,2}:\d\d(?::\d\d)?")
_UNSIGNED = re.compile(rf"[-−]?\d+(?:{_GROUP}\d+)*")  # noqa: RUF001  # the minus sign
_SPLIT = re.compile(rf"({_GROUP})")


def _read_token(token: str) -> tuple[str, ...]:
    """Return the numbers that a token is; the short ones that many texts have are kept."""
    return _read_short(token) if len(token) <= MAX_DIGITS else tuple(_values(token))


@lru_cache(maxsize=4096)
def _read_short(token: str) -> tuple[str, ...]:
    return tuple(_values(token))


def _values(token: str) -> Iterator[str]:
    """Return the numbers that a token is: one, the several of "3,5,7", or none: a version."""
    if time := _TIME.match(token):
        yield time[0]
        return
    digits = _UNSIGNED.match(token)
    if digits is None or len(digits[0]) > MAX_DIGITS:
        return
    sign = "-" if token[0] in "-−" else ""  # noqa: RUF001  # the minus sign
    parts = _SPLIT.split(digits[0].lstrip("-−"))  # noqa: RUF001  # the minus sign
    groups, marks = parts[::2], parts[1::2]
    if not marks:
        yield _number(sign, groups[0], "")
    elif _are_thousands(groups, marks):
        yield _number(sign, "".join(groups), "")
    elif marks[-1] in ".," and (len(marks) == 1 or _are_thousands(groups[:-1], marks[:-1])):
        yield _number(sign, "".join(groups[:-1]), groups[-1])
    elif set(marks) == {","}:
        yield from (_number("", group, "") for group in groups)


def _are_thousands(groups: list[str], marks: list[str]) -> bool:
    """Say whether groups are those of thousands; a single point is one of decimals."""
    return (
        len(set(marks)) == 1
        and (marks[0] != "." or len(marks) > 1)
        and groups[0] != "0"
        and len(groups[0]) <= 3  # noqa: PLR2004  # digits of a group
        and all(len(group) == 3 for group in groups[1:])  # noqa: PLR2004  # digits of a group
    )


def _number(sign: str, whole: str, decimals: str) -> str:
    whole, decimals = whole.lstrip("0") or "0", decimals.rstrip("0")
    value = f"{whole}.{decimals}" if decimals else whole
    return value if value == "0" else f"{sign}{value}"
