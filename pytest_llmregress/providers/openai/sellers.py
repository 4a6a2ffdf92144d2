"""Who sells an answer: what the price table calls a host, and what its client reads a key from."""

import re

from pytest_llmregress.providers.sdk_seams import NO_KEY
from pytest_llmregress.values.http import Request

_SELLERS = {
    "openai": r"api\.openai\.com",
    "azure": r"(?:openai|cognitiveservices|services\.ai)\.azure\.com",
    "groq": r"api\.groq\.com",
    "openrouter": r"openrouter\.ai",
    "mistral": r"api\.mistral\.ai",
    "deepseek": r"api\.deepseek\.com",
    "cerebras": r"api\.cerebras\.ai",
    "together": r"api\.together\.(?:xyz|ai)",
    "fireworks": r"api\.fireworks\.ai",
    "x-ai": r"api\.x\.ai",
    "perplexity": r"api\.perplexity\.ai",
    "google": r"googleapis\.com",
    "aws": r"amazonaws\.com|api\.aws",
    "zai": r"api\.z\.ai",
}
_HOST = re.compile(r"https?://(?:[^/?#@]*@)?([^/?#:]+)", re.IGNORECASE)
_KEYS = (
    *("OPENAI", "AZURE_OPENAI", "OPENROUTER", "GROQ", "MISTRAL", "DEEPSEEK", "CEREBRAS"),
    *("TOGETHER", "FIREWORKS", "XAI", "PERPLEXITY"),
)

PLACEHOLDERS = {f"{name}_API_KEY": NO_KEY for name in _KEYS} | {
    "HF_TOKEN": NO_KEY,
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it asks another machine when it is imported
}
"""What a replay sets where it is not set: clients refuse to be made without a key."""


def find_seller(request: Request) -> str | None:
    """Return what the price table calls the seller, or None for a host that nobody knows."""
    host = _HOST.match(request.url)
    if host is None:
        return None
    named = host[1].lower()
    return next(
        (n for n, ends in _SELLERS.items() if re.search(rf"(?:^|\.)(?:{ends})$", named)), None
    )
