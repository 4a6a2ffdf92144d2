"""The grid of old and new prompt with old and new model: requests, and what they show."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pytest_llmregress.statistics.exact_tests import Alternative, fisher
from pytest_llmregress.statistics.intervals import wilson
from pytest_llmregress.statistics.multiplicity import holm
from pytest_llmregress.values.evidence import Tally

_HISTORIES = ("messages", "input", "contents")
"""Under which names requests hold what was said; an "input" may be a text alone."""
_LINKS = frozenset({"previous_response_id", "conversation"})
"""Keys by which a request goes on with what the server holds."""
_OF_THE_CALL = frozenset({"model", "models", "stream", "stream_options", "background", *_LINKS})
"""Keys of a request that are no part of its prompt."""


class OldPrompt:
    """Puts the prompts of a recording in the place of those that an app sends now.

    A request that opens a conversation gets system prompt, tools, parameters and messages of the
    recorded request that opens the same one, counted in order. A request that goes on with a
    conversation keeps what was said since. Where the recording has no such conversation, the
    request stays as it is.
    """

    def __init__(self, openings: Sequence[Mapping[str, Any]]) -> None:
        """Take the JSON bodies of the recorded requests that open a conversation."""
        self._openings = tuple(openings)
        self._sent: list[list[Any]] = []
        """The messages of each conversation that the app has opened, as it wanted to send them."""

    def put_into(self, body: Mapping[str, Any], *, retry: bool = False) -> dict[str, Any]:
        """Return a request's body with the recorded prompt.

        :param retry: whether it is a further attempt at a request that was sent before.
        """
        name = next((name for name in _HISTORIES if isinstance(body.get(name), list | str)), None)
        if name is None:
            return dict(body)
        messages = _as_list(body[name])
        is_linked = bool(self._sent) and any(body.get(link) is not None for link in _LINKS)
        number = len(self._sent) - 1 if is_linked else self._conversation(messages, retry=retry)
        old = self._openings[number] if number < len(self._openings) else {}
        if name not in old:  # of another API, or of no conversation that was recorded
            return dict(body)
        prompt = {key: value for key, value in old.items() if key not in {name, *_OF_THE_CALL}}
        own = {key: value for key, value in body.items() if key in _OF_THE_CALL}
        since = messages[len(self._sent[number]) :]
        if is_linked:
            said: Any = body[name]
        elif since:
            said = [*_as_list(old[name]), *since]
        else:
            said = old[name]
        return {**own, **prompt, name: said}

    def _conversation(self, messages: list[Any], *, retry: bool) -> int:
        """Return the number of the conversation that a request belongs to, from 0."""
        for number in reversed(range(len(self._sent))):
            opening = self._sent[number]
            goes_on = len(messages) > len(opening) or (retry and len(messages) == len(opening))
            if goes_on and messages[: len(opening)] == opening:
                return number
        self._sent.append(list(messages))
        return len(self._sent) - 1


def _as_list(history: Any) -> list[Any]:
    """Return what was said as a list: a text alone is what a user has said."""
    return [{"role": "user", "content": history}] if isinstance(history, str) else list(history)


ALPHA = 0.05
"""Chance of naming anything where neither prompt nor model matters."""
_SMALL_P = 0.001
"""A smaller p-value is written as "p<0.001"."""
_HOW = "(Fisher, two-sided, Holm over the four)"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridResult:
    """The samples of one test, or of several, in each of the four cells."""

    old_prompt_old_model: Tally
    new_prompt_old_model: Tally
    old_prompt_new_model: Tally
    new_prompt_new_model: Tally


class _Contrast(NamedTuple):
    """Two cells that differ in one thing."""

    name: str
    before: Tally
    after: Tally

    def p(self) -> float:
        """Return how surprising the two cells were if that thing did not matter."""
        return fisher(
            self.before.passed,
            self.before.n,
            self.after.passed,
            self.after.n,
            Alternative.DIFFERENT,
        )

    def smallest_p(self) -> float:
        """Return the p-value of the largest difference that these sample sizes allow."""
        return fisher(self.before.n, self.before.n, 0, self.after.n, Alternative.DIFFERENT)


def attribute_grid(cells: GridResult, *, alpha: float = ALPHA) -> str:
    """Say in one sentence what a cross shows: prompt, model, both, that they interact, or nothing.

    Four contrasts are tested, each the switch of one thing while the other is held, and adjusted
    together. That one is significant and another is not does not make the two differ: that prompt
    and model interact is said only where the interval of the difference of differences leaves out
    0. Raise ValueError where a cell has more passes than samples.
    """
    old, new = cells.old_prompt_old_model, cells.new_prompt_new_model
    prompt, model = cells.new_prompt_old_model, cells.old_prompt_new_model
    named = {
        "the old prompt with the old model": old,
        "the new prompt with the old model": prompt,
        "the old prompt with the new model": model,
        "the new prompt with the new model": new,
    }
    missing = [name for name, cell in named.items() if cell.n == 0]
    if missing:
        return f"prompt and model cannot be told apart: no sample of {', nor of '.join(missing)}"
    contrasts = (
        _Contrast("model, old prompt", old, model),
        _Contrast("model, new prompt", prompt, new),
        _Contrast("prompt, old model", old, prompt),
        _Contrast("prompt, new model", model, new),
    )
    ps = holm([contrast.p() for contrast in contrasts])
    model_matters, prompt_matters = min(ps[:2]) <= alpha, min(ps[2:]) <= alpha
    low, high = _difference_of_differences(cells, confidence=1 - alpha)
    if not (model_matters or prompt_matters):
        finding = "no evidence that the model or the prompt matters"
        if min(contrast.smallest_p() for contrast in contrasts) * len(contrasts) > alpha:
            finding += ", and these sample sizes cannot show any"
    elif low > 0 or high < 0:
        finding = "the model and the prompt interact: what the one does depends on the other"
    elif model_matters and prompt_matters:
        finding = "the difference comes with the model as well as with the prompt"
    elif model_matters:
        finding = "the difference comes with the model; no evidence that the prompt matters"
    else:
        finding = "the difference comes with the prompt; no evidence that the model matters"
    told = [
        f"{contrast.name} {_words(contrast, p)}" for contrast, p in zip(contrasts, ps, strict=True)
    ]
    return f"{finding}: {'; '.join(told)} {_HOW}"


def _words(contrast: _Contrast, p: float) -> str:
    (_, before, after) = contrast
    shown = f"p={p:.3f}" if p >= _SMALL_P else f"p<{_SMALL_P}"
    return f"{before.passed}/{before.n} → {after.passed}/{after.n} {shown}"


def _difference_of_differences(cells: GridResult, *, confidence: float) -> tuple[float, float]:
    """Return the interval of the model's effect under the new prompt minus that under the old.

    Source: Zou and Donner 2008, the intervals of the four rates (Wilson) combined.
    """
    signed = (
        (cells.new_prompt_new_model, 1),
        (cells.old_prompt_old_model, 1),
        (cells.new_prompt_old_model, -1),
        (cells.old_prompt_new_model, -1),
    )
    middle = 0.0
    below, above = [], []
    for cell, sign in signed:
        rate, (low, high) = cell.passed / cell.n, wilson(cell.passed, cell.n, confidence)
        middle += sign * rate
        ends = (rate - low, high - rate)
        below.append(ends[0] if sign > 0 else ends[1])
        above.append(ends[1] if sign > 0 else ends[0])
    return middle - math.hypot(*below), middle + math.hypot(*above)
