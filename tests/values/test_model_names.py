"""Tests of model names: which served model is the requested one by another name."""

import pytest

from pytest_llmregress.values.model_names import is_as_requested


@pytest.mark.parametrize(
    ("requested", "served"),
    [
        ("claude-opus-5", "claude-opus-5"),
        ("claude-opus-4-1", "claude-opus-4-1-20250805"),
        ("claude-opus-4-1-20250805", "claude-opus-4-1-20250805"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022"),
        ("claude-opus-4-0", "claude-opus-4-20250514"),
        ("claude-sonnet-4-0", "claude-sonnet-4-20250514"),
        ("gpt-5", "gpt-5-2025-08-07"),
        # Bedrock
        ("anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4-1-20250805"),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4-1-20250805"),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5-20251001"),
        ("us-gov.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
        ("anthropic.claude-opus-5", "claude-opus-5"),
        # Vertex
        ("claude-opus-4-1@20250805", "claude-opus-4-1-20250805"),
        ("claude-opus-4-1@20250805", "claude-opus-4-1"),
        ("claude-opus-4-1", "claude-opus-4-1@20250805"),
        # Gateways
        ("anthropic/claude-opus-5", "claude-opus-5"),
        ("anthropic/claude-sonnet-4.6", "anthropic/claude-4.6-sonnet-20260217"),
        ("anthropic/claude-sonnet-4-5", "anthropic/claude-4.5-sonnet-20250929"),
        ("google/gemini-2.0-flash-exp:free", "google/gemini-2.0-flash-exp"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("llama3.3-70b", "llama-3.3-70b"),
        ("openai/gpt-oss-120b", "gpt-oss-120b"),
        # Nothing is known of one side.
        (None, "claude-opus-5"),
        ("claude-opus-5", None),
        (None, None),
    ],
)
def test_it_is_the_requested_model_by_another_name(requested: str | None, served: str | None):
    assert is_as_requested(requested, served)


@pytest.mark.parametrize(
    ("requested", "served"),
    [
        ("claude-opus-4", "claude-opus-4-1-20250805"),
        ("claude-opus-4", "claude-opus-4-1"),
        ("claude-opus-4-0", "claude-opus-4-1-20250805"),
        ("claude-opus-4-1", "claude-opus-4"),
        ("claude-opus-4-1", "claude-opus-4-20250514"),
        ("claude-opus-5", "claude-opus-5-5"),
        ("claude-opus-5", "claude-opus-5-fast"),
        ("claude-opus-5", "claude-opus-50"),
        ("claude-opus-5", "claude-opus-4-8"),
        ("claude-opus-5", "claude-sonnet-5"),
        ("claude-opus-5", ""),
        ("claude-opus-5", "Claude-Opus-5"),
        ("claude-3-5-haiku-latest", "claude-3-haiku-20240307"),
        ("claude-opus-4-1-20250805", "claude-opus-4-1-20250901"),
        ("claude-opus-4-1@20250805", "claude-opus-4-1@20250901"),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4-20250514"),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4-1-20250901"),
        ("anthropic.claude-opus-5", "claude-opus-4-8"),
        ("anthropic/claude-opus-5", "openai/gpt-5"),
        ("claude-opus-4-1", "claude-opus-4-1-2025"),
        ("gpt-5.6", "gpt-5.6-sol"),
        ("gpt-4.1", "gpt-1.4"),
        ("gpt-4o", "gpt-4o-mini"),
        ("google/gemini-2.0-flash-exp:free", "x-ai/grok-4"),
        ("compound-beta", "groq/compound"),
        # A dated name keeps what looks like a floating alias.
        ("claude-opus-4-0-20250514", "claude-opus-4-20250514"),
        ("claude-3-5-haiku-latest-20241022", "claude-3-5-haiku-20241022"),
    ],
)
def test_it_is_another_model(requested: str, served: str):
    assert not is_as_requested(requested, served)
