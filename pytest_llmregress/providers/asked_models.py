"""Which models a request asks for, whoever's API it goes to, and whether a candidate was asked.

No provider has to understand the request for that: it is enough to see where its model is named.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request
from pytest_llmregress.values.settings import Candidate

_IN_PATH = tuple(
    re.compile(pattern)
    for pattern in (
        r"/(?:models|tunedModels|endpoints)/([^/]+?)(?::|%3[Aa])(?:g|streamG|batchG)enerateContent$",
        r"/models/([^/]+?)(?::|%3[Aa])(?:r|streamR)awPredict$",  # others on Vertex
        r"/model/(.+)/(?:converse|converse-stream|invoke|invoke-with-response-stream)$",  # Bedrock
        r"/deployments/([^/]+)/.+$",  # Azure: the body may name a model too, which does not count
    )
)
"""Paths that name the model; it may be percent-encoded."""

_WRITES_NO_TEXT = re.compile(
    r"/(?:embed|embeddings?|rerank|moderations|count_tokens|tokenize|detokenize"
    r"|(?:images|audio|videos)/[^/]+)$"
)
"""Paths of models that no candidate takes the place of."""
_EMBEDS = re.compile("embed|rerank")
"""What the names of such models hold, where the path is the same as for any other."""

_OF_AN_AGENT = re.compile(
    r"https?://[^/?#]*\b(?:openai|azure)\.com(?::\d+)?/(?:.+/)?threads/(?:[^/]+/)?runs"
    r"(?:/[^/]+/submit_tool_outputs)?$"
    r"|https?://bedrock-agent-runtime[^/?#]*"
    r"/(?:agents/.+/text|flows/.+|retrieveAndGenerate(?:Stream)?)$"
    r"|https?://[^/?#]*\bgoogleapis\.com(?::\d+)?/.+"
    r"(?:/interactions|/reasoningEngines/[^/]+:(?:streamQ|q)uery)$",
    re.IGNORECASE,
)
"""Addresses where the server has an agent answer; the request need not name its model."""
_AGENTS_MODEL = "the model of an agent on the server"

_PROMPTS = frozenset(
    {"contents", "input", "instructions", "message", "messages", "prompt", "prompts"}
)
"""Keys of which a call has at least one beside its model: a car has a model, too."""

CELLS = (".old-model", ".old-prompt", ".control", ".again", ".again-control")
"""How the names of recordings end that are made beside a candidate's: no candidate's."""


def asked_models(request: Request) -> tuple[str, ...]:
    """Return the models that a request asks to write a text; often none, several for a batch.

    In the body (the APIs of OpenAI, Mistral, Cohere, Ollama and all that speak like them) or in
    the path (Gemini, Bedrock, deployments of Azure). The model of an agent that a server keeps has
    no name; words stand for it.
    """
    path = re.split(r"[?#]", request.url, maxsplit=1)[0].rstrip("/")
    if request.method.upper() != "POST" or _WRITES_NO_TEXT.search(path):
        return ()
    named = next((found[1] for each in _IN_PATH if (found := each.search(path))), None)
    if named is not None:
        model = unquote(named)
        return () if _EMBEDS.search(model) else (model,)
    body = _object(request.body)
    batch = body.get("requests")
    if isinstance(batch, list):
        calls = [each.get("params") for each in batch if isinstance(each, dict)]
        models = [model for call in calls if isinstance(call, dict) for model in _named_in(call)]
        return tuple(dict.fromkeys(models))
    is_of_an_agent = _OF_AN_AGENT.match(path) is not None
    return _named_in(body) or ((_AGENTS_MODEL,) if is_of_an_agent else ())


def find_candidate_of(name: str) -> str:
    """Return the candidate that a recording belongs to: itself, or the one it was made beside."""
    return next((name.removesuffix(end) for end in CELLS if name.endswith(end)), name)


def never_asked(cassette: Cassette) -> tuple[str, ...]:
    """Return the models that the recording of a candidate asked for in the candidate's place.

    Empty where the candidate was asked, where no request names a model, and for the baseline.
    """
    name = cassette.candidate
    if name is None or name.endswith(CELLS):
        return ()
    named = (*cassette.requested_models, *_models_of(cassette.interactions))
    return wrong_models(Candidate(name=name), tuple(dict.fromkeys(named)))


def is_of_another(candidate: Candidate, recorded: Iterable[Interaction]) -> bool:
    """Whether what was recorded for a candidate asked for other models in its place."""
    return bool(wrong_models(candidate, _models_of(recorded)))


def wrong_models(candidate: Candidate, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the models that were asked for where the candidate should have been.

    "OLD=NEW" leaves other models as they are; where none but those was asked for, the candidate
    was not asked either. A variant asks for whatever model it is configured with.
    """
    if candidate.is_variant:
        return ()
    wrong = tuple(model for model in asked if candidate.rename(model) != model)
    return wrong if wrong or candidate.new in asked else tuple(asked)


def _models_of(interactions: Iterable[Interaction]) -> tuple[str, ...]:
    requests = (each.request for each in interactions if not each.judge)
    return tuple(dict.fromkeys(model for each in requests for model in asked_models(each)))


def _named_in(body: Mapping[str, Any]) -> tuple[str, ...]:
    if not body.keys() & _PROMPTS:
        return ()
    model, models = body.get("model"), body.get("models")
    if isinstance(model, str) and model:
        return (model,)
    # OpenRouter takes a list: the first one that is up answers.
    return tuple(m for m in models if isinstance(m, str)) if isinstance(models, list) else ()


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
