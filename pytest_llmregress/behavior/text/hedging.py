"""How often a text hedges."""

import re
from functools import lru_cache

from pytest_llmregress.behavior.text.phrase_rules import has_one, simplify

MAX_READ = 20_000
"""Characters of a text that are searched, from its start."""

_HEDGES = (
    *("i think", "i believe", "i guess", "i suppose", "i'm not sure", "i'm not certain"),
    *("i am not sure", "i am not certain", "not entirely sure", "perhaps", "probably", "possibly"),
    *("presumably", "might be", "may be", "could be", "it seems", "seems to", "appears to be"),
    *("it depends", "as far as i know", "to my knowledge"),
    *("vielleicht", "wahrscheinlich", "vermutlich", "möglicherweise", "ich glaube", "ich denke"),
    *("quizás", "tal vez", "probablemente", "posiblemente", "creo que"),
    *("peut-être", "probablement", "il semble", "je pense que"),
    *("forse", "probabilmente", "credo che", "talvez", "provavelmente", "acho que"),
)
_HEDGE = re.compile(rf"\W(?:{'|'.join(_HEDGES)})\b")


@lru_cache(maxsize=16)
def detect_hedging(text: str) -> str:
    """Return how often a text hedges: "0", "1" or "2+"."""
    plain = simplify(text[:MAX_READ])
    # The words alone are looked for many times as fast as the pattern of all of them.
    count = sum(1 for _ in _HEDGE.finditer(f" {plain}")) if has_one(_HEDGES, plain) else 0
    return "2+" if count > 1 else str(count)
