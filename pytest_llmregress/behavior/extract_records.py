"""From the records of traits to traits."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from pytest_llmregress.behavior.trait_record import ExtractorInput, TraitRecord
from pytest_llmregress.values.behavior import Severity, Trait, TraitKind


def extract_records(records: Iterable[TraitRecord], given: ExtractorInput) -> tuple[Trait, ...]:
    """Return the trait of each record, those left out that are not there."""
    return tuple(
        build_trait(record, value, quote=quote)
        for record, value, quote in extract_values(records, given)
    )


def extract_values(
    records: Iterable[TraitRecord], given: ExtractorInput
) -> Iterator[tuple[TraitRecord, Any, str]]:
    """Yield each record with its value as JSON, and the words that gave it away or "".

    Records whose trait is not there are left out.
    """
    for record in records:
        value = record.extract(given)
        if value is not None:
            yield record, _to_json(record, value), record.quote(given) if record.quote else ""


def _to_json(record: TraitRecord, value: Any) -> Any:
    return sorted(value) if record.kind is TraitKind.SET else value


def build_trait(record: TraitRecord, value: Any, *, quote: str = "") -> Trait:
    """Return the trait of a record with a value; the members of a set may have any order.

    :param quote: the words that gave the value away, or "".
    """
    if not quote and record.kind is TraitKind.CATEGORY and type(value) is str:
        return _share_word(record.name, value, record.severity)
    return Trait(
        name=record.name,
        value=_to_json(record, value),
        kind=record.kind,
        severity=record.severity,
        quote=quote,
    )


@lru_cache(maxsize=256)
def _share_word(name: str, value: str, severity: Severity) -> Trait:
    """Return one and the same trait for a word that many tests have."""
    return Trait(name=name, value=value, kind=TraitKind.CATEGORY, severity=severity)
