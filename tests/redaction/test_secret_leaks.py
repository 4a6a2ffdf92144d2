"""Kinds of secrets x places: hardly any gets past the redaction, and none of the promised ones."""

import pytest

from secret_leaks import (
    LIMITS,
    PLACES,
    measure_harmless,
    measure_known,
    measure_promised,
    scan_misses,
)
from secret_samples import HARMLESS, KNOWN_FORMS

SEEDS = (11, 12)


@pytest.mark.parametrize("seed", SEEDS)
def test_hardly_any_secret_of_a_known_form_gets_through_anywhere(seed: int):
    found = measure_known(seed)
    leaked = [f"{kind}: {place}" for kind, places in found.items() for place in places]
    assert len(leaked) <= LIMITS["known forms"] * len(KNOWN_FORMS) * len(PLACES), leaked


@pytest.mark.parametrize("seed", SEEDS)
def test_no_value_of_a_variable_that_says_so_gets_through_anywhere(seed: int):
    assert {kind: places for kind, places in measure_promised(seed).items() if places} == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_hardly_any_harmless_value_goes(seed: int):
    wrong = measure_harmless(seed)
    assert len(wrong) <= LIMITS["harmless"] * 20 * len(HARMLESS), wrong


@pytest.mark.parametrize("seed", SEEDS)
def test_scan_finds_what_redaction_takes_out(seed: int):
    assert scan_misses(seed) == []
