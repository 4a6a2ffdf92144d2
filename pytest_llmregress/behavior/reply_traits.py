"""The traits of what stands in replies beside text and tools: thinking, citations, cache, time."""

from pytest_llmregress.behavior.trait_record import (
    Assessment,
    ExtractorInput,
    NoisePolicy,
    TraitRecord,
    gained_and_lost,
    members,
)
from pytest_llmregress.values.behavior import Severity, Trait, TraitKind
from pytest_llmregress.values.call import Call

NONE = "none"
_UNKNOWN = "unknown"
_BATCH = "batch"
"""The service tier of what a recording has sent in a batch."""
_LETTERS_OF_A_TOKEN = 4
_SCHEME = "://"
"""Stands in the address of a web page, and in no title of a document."""


def extract_thinking(given: ExtractorInput) -> str:
    """Return "present" where any reply holds thinking, readable or not."""
    return "present" if any(call.thinking is not None for call in given.calls) else NONE


def count_thinking_tokens(given: ExtractorInput) -> int | None:
    """Return the tokens of thinking; of a reply that tells none, a quarter of its letters.

    None where a reply holds no count of tokens.
    """
    return None if given.usage.unknown else sum(map(_thinking_tokens, given.calls))


def measure_thinking_share(given: ExtractorInput) -> int | None:
    """Return the share of thinking in the output, in percent; None as for its tokens."""
    thinking, output = count_thinking_tokens(given), given.usage.output_tokens
    if thinking is None:
        return None
    return round(100 * min(thinking / output, 1)) if output else 0


def find_sources(given: ExtractorInput) -> set[str]:
    """Return the addresses and titles of what the replies cite."""
    return {citation.source for call in given.calls for citation in call.citations}


def extract_stop_sequence(given: ExtractorInput) -> str:
    """Return the stop sequence that ended the last call."""
    return given.calls[-1].stop_sequence or NONE


def extract_service_tiers(given: ExtractorInput) -> str:
    """Return the service tiers of all replies, sorted."""
    return ", ".join(sorted({c.service_tier for c in given.calls if c.service_tier})) or _UNKNOWN


def measure_latency(given: ExtractorInput) -> float | None:
    """Return the seconds of all calls, as recorded; None where one of them was not measured."""
    measured = [call.latency for call in given.calls if call.latency is not None]
    return round(sum(measured), 3) if len(measured) == len(given.calls) else None


def assess_sources(before: Trait, after: Trait) -> Assessment:
    """Take a lost document for notable, and other web pages only where none is the same.

    A search finds other pages on another day.
    """
    _, lost = gained_and_lost(before, after)
    is_document_lost = any(_SCHEME not in source for source in lost)
    is_all_lost = bool(lost) and members(before) == lost
    if is_document_lost or is_all_lost:
        return Assessment()
    return Assessment(severity=Severity.COSMETIC)


def assess_service_tier(before: Trait, after: Trait) -> Assessment | None:
    """See no change where a reply does not tell its tier, or was recorded in a batch."""
    tiers = f"{before.value}, {after.value}".split(", ")
    return None if _UNKNOWN in tiers or _BATCH in tiers else Assessment()


def _thinking_tokens(call: Call) -> int:
    return call.usage.thinking_tokens or len(call.thinking or "") // _LETTERS_OF_A_TOKEN


def _cached(given: ExtractorInput, name: str) -> int | None:
    usage = given.usage
    return None if usage.unknown else int(getattr(usage, name))


REPLY_TRAITS = (
    TraitRecord(
        name="thinking",
        extract=extract_thinking,
        kind=TraitKind.CATEGORY,
        severity=Severity.NOTABLE,
        readme="thinking",
    ),
    TraitRecord(
        name="usage.thinking_tokens",
        extract=count_thinking_tokens,
        kind=TraitKind.NUMBER,
        severity=Severity.NOTABLE,
        floor=50,
        readme="how much of it",
    ),
    TraitRecord(
        name="usage.thinking_share",
        extract=measure_thinking_share,
        kind=TraitKind.NUMBER,
        severity=Severity.NOTABLE,
        floor=20,
        readme="share of the output",
    ),
    TraitRecord(
        name="citations",
        extract=lambda given: sum(len(call.citations) for call in given.calls),
        kind=TraitKind.NUMBER,
        severity=Severity.NOTABLE,
        floor=1,
        readme="number of citations",
    ),
    TraitRecord(
        name="citations.sources",
        extract=find_sources,
        kind=TraitKind.SET,
        severity=Severity.NOTABLE,
        rule=assess_sources,
        readme="what they cite",
    ),
    TraitRecord(
        name="usage.cache_read_tokens",
        extract=lambda given: _cached(given, "cache_read_tokens"),
        kind=TraitKind.NUMBER,
        severity=Severity.NOTABLE,
        floor=1000,
        readme="reads",
    ),
    TraitRecord(
        name="usage.cache_write_tokens",
        extract=lambda given: _cached(given, "cache_write_tokens"),
        kind=TraitKind.NUMBER,
        severity=Severity.NOTABLE,
        floor=1000,
        readme="writes of a prompt cache",
    ),
    TraitRecord(
        name="stop_sequence",
        extract=extract_stop_sequence,
        kind=TraitKind.CATEGORY,
        severity=Severity.NOTABLE,
        readme="stop sequence",
    ),
    TraitRecord(
        name="service_tier",
        extract=extract_service_tiers,
        kind=TraitKind.CATEGORY,
        severity=Severity.NOTABLE,
        rule=assess_service_tier,
        readme="service tier",
    ),
    TraitRecord(
        name="latency",
        extract=measure_latency,
        kind=TraitKind.NUMBER,
        severity=Severity.COSMETIC,
        noise=NoisePolicy.ALWAYS,
        readme="latency",
    ),
)
