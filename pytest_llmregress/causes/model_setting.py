"""Whether a candidate's application was set to another model, or its requests were rewritten.

The two ask different things: the whole application for the new model, or the new model behind
prompts that were written for the old one. The prompts of agents' programs name their model.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from pytest_llmregress.causes.normalized_calls import NormalizedCall
from pytest_llmregress.values.canonical_json import dump_canonical_json

MIN_NAME = 6
"""Letters of a model's name that is looked for in prompts: a shorter one may be any word."""


class ModelSetting(StrEnum):
    """How the model of a candidate was set, as prompts tell that name a model."""

    OWN = "own"
    """By the application: its prompts name the new model."""
    REWRITTEN = "rewritten"
    """Behind the application, in its requests: its prompts name the old model."""


def put_old_name(
    olds: Sequence[NormalizedCall], news: Sequence[NormalizedCall]
) -> tuple[Sequence[NormalizedCall], ModelSetting | None]:
    """Return the candidate's calls with the old model's name in prompts that name the new model.

    The name alone makes no other request: it comes with the model. Where the baseline asks several
    models, nobody knows which name stands for which, and the calls stay as they are. What was sent
    byte by byte stays in any case.
    """
    before, after = ({call.model for call in calls} for calls in (olds, news))
    if before == after or len(before) != 1 or min(map(len, before | after)) < MIN_NAME:
        return news, None
    (old,) = before
    texts = [dump_canonical_json(call.fields) for call in news]
    if any(_name(call.model).search(text) for call, text in zip(news, texts, strict=True)):
        renamed = [
            replace(call, fields=_rename(call.fields, _name(call.model), old)) for call in news
        ]
        return renamed, ModelSetting.OWN
    is_old = _name(old)
    is_told = any(is_old.search(text) for text in texts)
    return news, ModelSetting.REWRITTEN if is_told else None


def _name(model: str) -> re.Pattern[str]:
    """Return a pattern of a name that is no part of another one."""
    return re.compile(rf"(?<![\w.-]){re.escape(model)}(?![\w-]|\.\w)")


def _rename(value: Any, new: re.Pattern[str], old: str) -> Any:
    """Return a JSON value with another name in all its texts."""
    match value:
        case str():
            return new.sub(lambda _: old, value)
        case list():
            return [_rename(item, new, old) for item in value]
        case Mapping():
            return {key: _rename(item, new, old) for key, item in value.items()}
    return value
