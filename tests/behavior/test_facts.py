"""The numbers, dates and URLs of a text in one form."""

import pytest

from pytest_llmregress.behavior.text.facts import (
    MAX_MEMBERS,
    extract_dates,
    extract_numbers,
    extract_urls,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("14 days", {"14"}),
        ("1,000.50 € or 1.000,50 €", {"1000.5"}),
        ("39.00 EUR, 39,00 EUR and $39", {"39"}),
        ("1,000,000 and 1.000.000 and 1'000'000", {"1000000"}),
        ("12\u00a0000 and 12\u202f000", {"12000"}),
        ("80 %, 80% and 22°C", {"80", "22"}),
        ("-5 and 3-5", {"-5", "3", "5"}),
        ("2+2=4", {"2", "4"}),
        ("3,5,7", {"3", "5", "7"}),
        ("007 and 0.50 and -0", {"7", "0.5", "0"}),
        ("within 8-9 years, a 30-day limit", {"8", "9", "30"}),
        ("at 10:30, in 5ms, 3mm, the 4th", {"10:30", "5", "3", "4"}),
        ("order A1001, order-7, GPT-4, v0.32a0, 1.2.3, H-1B", set()),
        ("1. first\n2) second\n- 3 things\nStep 4: go", {"3"}),
        ("As told [1], it is 5.", {"5"}),
        ("On 2025-09-16 and on September 16, 2025 it was 20.", {"20"}),
        ("See https://example.com/v2/30?page=4 for 9.", {"9"}),
        ("1" * 100, set()),
        ("\ud800 1\ufe0f\u20e3", set()),
    ],
)
def test_numbers_are_told_without_units_and_separators(text, found):
    assert extract_numbers(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2025-09-16", {"2025-09-16"}),
        ("2025-09-16T10:30:00Z", {"2025-09-16"}),
        ("September 16, 2025 and 16 Sept. 2025 and Sep 16th, 2025", {"2025-09-16"}),
        ("am 16. September 2025", {"2025-09-16"}),
        ("el 16 de septiembre de 2025", {"2025-09-16"}),
        ("le 16 septembre 2025", {"2025-09-16"}),
        ("il 16 settembre 2025", {"2025-09-16"}),
        ("em 16 de setembro de 2025", {"2025-09-16"}),
        ("16.09.2025, 16/9/2025, 9/16/2025", {"2025-09-16"}),
        ("03/04/2025", {"03/04/2025"}),
        ("on September 16", {"09-16"}),
        ("in September 2025", {"2025-09"}),
        ("you may 5 times march 3 miles", set()),
        ("13/13/2025 and 2025-19-40", set()),
        ("1.2.3", set()),
    ],
)
def test_dates_are_told_as_iso_8601_where_they_can_be_read_in_one_way(text, found):
    assert extract_dates(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://Example.com/a.", {"https://example.com/a"}),
        (
            "(https://example.com/a_(b)), or <https://example.com/>",
            {
                "https://example.com/a_(b)",
                "https://example.com",
            },
        ),
        ("[docs](https://example.com/Docs?x=1)", {"https://example.com/Docs?x=1"}),
        ("`https://example.com/a`", {"https://example.com/a"}),
        ("www.example.com!", {"www.example.com"}),
        ("example.com and http://", set()),
    ],
)
def test_urls_are_told_without_the_punctuation_around_them(text, found):
    assert extract_urls(text) == found


def test_each_kind_is_bounded_from_the_start_of_the_text():
    text = " ".join(map(str, range(1, 1_000)))

    assert extract_numbers(text) == {str(number) for number in range(1, MAX_MEMBERS + 1)}
    assert (
        len(extract_urls(" ".join(f"https://a.example/{number}" for number in range(999))))
        == MAX_MEMBERS
    )
