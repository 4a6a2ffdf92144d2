"""Words that several commands share."""

from collections.abc import Sequence


def models_in_words(requested: Sequence[str], served: Sequence[str]) -> str:
    """Return the requested models, and behind an arrow the served ones that were not requested."""
    asked = ", ".join(requested) or "no model"
    others = ", ".join(model for model in served if model not in requested)
    return f"{asked} → {others}" if others else asked
