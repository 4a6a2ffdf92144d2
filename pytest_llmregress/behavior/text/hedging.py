"""How often a text hedges."""

import re
from functools import lru_cache

from pytest_llmregress.behavior.text.phrase_rules import simplify

MAX_READ = 20_000
"""Characters of a text that are searched, from its start."""

_HEDGE = re.compile(
    r"\W(?:i think|i believe|i guess|i suppose|i'm not (?:sure|certain)|i am not (?:sure|certain)"
    r"|not entirely sure|perhaps|probably|possibly|presumably|might be|may be|could be"
    r"|it seems|seems to|appears to be|it depends|as far as i know|to my knowledge"
    r"|vielleicht|wahrscheinlich|vermutlich|möglicherweise|ich glaube|ich denke"
    r"|quizás|tal vez|probablemente|posiblemente|creo que"
    r"|peut-être|probablement|il semble|je pense que"
    r"|forse|probabilmente|credo che|talvez|provavelmente|acho que)\b"
)


@lru_cache(maxsize=16)
def detect_hedging(text: str) -> str:
    """Return how often a text hedges: "0", "1" or "2+"."""
    count = sum(1 for _ in _HEDGE.finditer(f" {simplify(text[:MAX_READ])}"))
    return "2+" if count > 1 else str(count)
