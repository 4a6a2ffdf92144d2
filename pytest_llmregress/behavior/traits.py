"""The traits of one sample of a test, and of one text."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from pytest_llmregress.behavior.extractors import extract_served_model
from pytest_llmregress.behavior.registry import BUILTIN_TRAITS, SERVED_MODEL, TEXT_TRAITS
from pytest_llmregress.behavior.text.text_facts import ParsedText, parse_text
from pytest_llmregress.behavior.trait_record import ExtractorInput, Served, TraitRecord
from pytest_llmregress.values.behavior import Severity, Trait, TraitKind
from pytest_llmregress.values.call import Calls
from pytest_llmregress.values.model_names import is_as_requested


def extract_traits(calls: Calls, *, served: Served | None = None) -> tuple[Trait, ...]:
    """Return the traits of one sample of a test: always the same ones, in the same order.

    Args:
        calls: All model calls of the test, in order. Without any there are no traits, and none of
            tokens where a reply holds no count of them.
        served: Which served models are legitimate; None for `is_as_requested`.

    """
    if not calls:
        return ()
    last = next((call for call in reversed(calls) if call.text.strip()), None)
    given = ExtractorInput(
        text=parse_text(last.text if last else ""),
        calls=calls,
        last=last,
        served=served or is_as_requested,
    )
    return _extract(BUILTIN_TRAITS, given)


def extract_text_traits(text: str | ParsedText) -> tuple[Trait, ...]:
    """Return the traits of one text."""
    return _extract(TEXT_TRAITS, ExtractorInput(text=parse_text(text)))


def declare_served(traits: Sequence[Trait], calls: Calls, *, served: Served) -> tuple[Trait, ...]:
    """Return traits as they are where a test declares which served models are legitimate.

    Args:
        traits: All traits of a sample, those of other plugins included.
        calls: The model calls of that sample.
        served: What the test declares.

    """
    return tuple(
        replace(trait, value=extract_served_model(calls, served))
        if trait.name == SERVED_MODEL
        else trait
        for trait in traits
    )


def _extract(records: Iterable[TraitRecord], given: ExtractorInput) -> tuple[Trait, ...]:
    found = ((record, record.extract(given)) for record in records)
    return tuple(
        _quote_words(record, _build_trait(record, value), given)
        for record, value in found
        if value is not None
    )


def _quote_words(record: TraitRecord, trait: Trait, given: ExtractorInput) -> Trait:
    """Return a trait with the words that gave it away, where there are any."""
    quote = record.quote(given) if record.quote else ""
    return replace(trait, quote=quote) if quote else trait


def _build_trait(record: TraitRecord, value: Any) -> Trait:
    if record.kind is TraitKind.SET:
        value = sorted(value)
    elif record.kind is TraitKind.CATEGORY and type(value) is str:
        return _share_word(record.name, value, record.severity)
    return Trait(name=record.name, value=value, kind=record.kind, severity=record.severity)


@lru_cache(maxsize=256)
def _share_word(name: str, value: str, severity: Severity) -> Trait:
    """Return one and the same trait for a word that many tests have."""
    return Trait(name=name, value=value, kind=TraitKind.CATEGORY, severity=severity)
