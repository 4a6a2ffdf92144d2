"""The traits of one sample of a test, and of one text."""

from pytest_llmregress.behavior.conversation_traits import read_sample
from pytest_llmregress.behavior.registry import BUILTIN_TRAITS, TEXT_TRAITS
from pytest_llmregress.behavior.text.text_facts import ParsedText, parse_text
from pytest_llmregress.behavior.trait_record import ExtractorInput, Served, extract_records
from pytest_llmregress.values.behavior import Trait
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
    given = read_sample(calls, served=served or is_as_requested)
    return extract_records(BUILTIN_TRAITS, given)


def extract_text_traits(text: str | ParsedText) -> tuple[Trait, ...]:
    """Return the traits of one text."""
    return extract_records(TEXT_TRAITS, ExtractorInput(text=parse_text(text)))
