"""From the records of traits to traits."""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from pytest_llmregress.behavior.trait_record import ExtractorInput, TraitRecord
from pytest_llmregress.values.behavior import Severity, Trait, TraitKind


def extract_records(records: Iterable[TraitRecord], given: ExtractorInput) -> tuple[Trait, ...]:
    """Return the trait of each record, those left out that are not there."""
    found = ((record, record.extract(given)) for record in records)
    return tuple(
        _quote_words(record, build_trait(record, value), given)
        for record, value in found
        if value is not None
    )


def _quote_words(record: TraitRecord, trait: Trait, given: ExtractorInput) -> Trait:
    """Return a trait with the words that gave it away, where there are any."""
    quote = record.quote(given) if record.quote else ""
    return replace(trait, quote=quote) if quote else trait


def build_trait(record: TraitRecord, value: Any) -> Trait:
    """Return the trait of a record with a value; the members of a set may have any order."""
    if record.kind is TraitKind.SET:
        value = sorted(value)
    elif record.kind is TraitKind.CATEGORY and type(value) is str:
        return _share_word(record.name, value, record.severity)
    return Trait(name=record.name, value=value, kind=record.kind, severity=record.severity)


@lru_cache(maxsize=256)
def _share_word(name: str, value: str, severity: Severity) -> Trait:
    """Return one and the same trait for a word that many tests have."""
    return Trait(name=name, value=value, kind=TraitKind.CATEGORY, severity=severity)
