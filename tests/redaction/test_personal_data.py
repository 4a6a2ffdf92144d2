"""Presets of `redact` for personal data: off until a project asks, and narrow."""

import pytest

from pytest_llmregress.redaction.personal_data import NAMES
from pytest_llmregress.redaction.redactor import PLACEHOLDER, Redactor

GONE = {
    "preset:email": ("ann.lee+work@mail.example.org", "a@b.example", "x_1@sub.example.co.uk"),
    "preset:phone": (
        *("+49 30 1234567", "+1 (555) 010-9999", "+442071838750", "(030) 901820", "0171 1234567"),
        *("212-555-0142", "(212) 555-0142", "030/901 820 12"),
    ),
    "preset:iban": ("DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "NL91ABNA0417164300"),
    "preset:card": ("4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"),
}
STAYS = (
    *(
        "2026-03-01",
        "2026-03-01T10:11:12Z",
        "10.20.30.40",
        "1234567890123456",
        "4111 1111 1111 1112",
    ),
    *(
        "v1.2.3-4",
        "ISBN 978-3-16-148410-0",
        "GB82WEST12345698765433",
        "req_0123456789",
        "@name",
    ),
    *("git@host", "a @ b", "12:30:45", "3.14159 26535", "price 100 200 300", "PO-2024-000123"),
    "550e8400-e29b-41d4-a716-446655440000",
)


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in GONE.items() for v in values])
def test_what_a_preset_names_goes_and_nothing_else(name: str, value: str):
    redactor = Redactor().with_rules(patterns=[name])
    assert redactor.text(f"it is {value}, then") == f"it is {PLACEHOLDER}, then"
    assert Redactor().text(f"it is {value}, then") == f"it is {value}, then"


@pytest.mark.parametrize("value", STAYS)
def test_what_only_looks_like_it_stays(value: str):
    redactor = Redactor().with_rules(patterns=NAMES)
    assert redactor.text(f"it is {value}, then") == f"it is {value}, then"


def test_an_unknown_preset_is_told_with_those_that_there_are():
    with pytest.raises(ValueError, match="'preset:name': no such preset; preset:card, preset:em"):
        Redactor().with_rules(patterns=["preset:name"])
