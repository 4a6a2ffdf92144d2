"""Presets of `redact` for personal data: written as it is unless a project asks for them."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

PREFIX = "preset:"
"""How a name of a preset begins among regular expressions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Preset:
    pattern: re.Pattern[bytes]
    holds: Callable[[bytes], bool] = bool
    """Looks at the digits where the form alone says too little."""


def _has_luhn(found: bytes) -> bool:
    """Tell whether the last digit of a number is the check digit that cards have."""
    digits = [int(each) for each in found.decode() if each.isdecimal()]
    doubled = (sum(divmod(2 * each, 10)) for each in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _has_iban_check(found: bytes) -> bool:
    """Tell whether the two check digits of an IBAN are right."""
    text = found.replace(b" ", b"").decode()
    return int("".join(str(int(each, 36)) for each in text[4:] + text[:4])) % 97 == 1


_PRESETS: Mapping[str, _Preset] = MappingProxyType(
    {
        "card": _Preset(
            pattern=re.compile(rb"(?<![\w.-])[2-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?![\w-])"),
            holds=_has_luhn,
        ),
        "email": _Preset(
            pattern=re.compile(
                rb"(?<![\w.%+-])[\w.%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}"
            )
        ),
        "iban": _Preset(
            pattern=re.compile(
                rb"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?"
                rb"(?![A-Za-z0-9])"
            ),
            holds=_has_iban_check,
        ),
        "phone": _Preset(
            pattern=re.compile(
                rb"(?<![\w.+/-])(?:\+\d{1,3}[ ./-]?(?:\(0?\d{1,4}\)[ ./-]?)?\d{1,4}"
                rb"(?:[ ./-]?\d{2,4}){1,4}|\(?0\d{1,4}\)?[ /-]\d{2,4}(?:[ -]?\d{2,4}){1,3}"
                rb"|\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4})(?![\w-])"
            )
        ),
    }
)
NAMES = tuple(PREFIX + name for name in _PRESETS)
"""What `redact` takes beside regular expressions."""


def find_personal_data(name: str, data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where personal data of a preset stands, which is named as in `NAMES`."""
    preset = _PRESETS[name.removeprefix(PREFIX)]
    for match in preset.pattern.finditer(data):
        if preset.holds(match[0]):
            yield match.span()
