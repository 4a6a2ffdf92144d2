"""A scripted server with an answer for each turn of each scenario; no model speaks here."""

from collections import Counter
from typing import Any

from scenarios import Marks, Scenario

from llm_answers import last_text
from llm_stand import LlmStand

BASELINE, CANDIDATE = "claude-opus-5", "claude-opus-5-5"
"""What is asked for: names that the scripted answers are kept under."""


class ScenarioStand(LlmStand):
    """Answers by the scenario that the first text of the user belongs to."""

    def __init__(self, scenarios: tuple[Scenario, ...]) -> None:
        super().__init__()
        self._scenarios = {scenario.question: scenario for scenario in scenarios}
        self._samples: Counter[tuple[str, str]] = Counter()

    def marks(self, model: str, messages: list[Any]) -> Marks:
        """Return the answer of this turn: the last one that is scripted goes on for ever."""
        question = last_text(messages[:1])
        turn = sum(message["role"] == "assistant" for message in messages)
        if turn == 0:
            self._samples[model, question] += 1
        scenario = self._scenarios[question]
        scripts = (scenario.before,) if model == BASELINE else (scenario.after,)
        if scenario.noise and model == BASELINE:
            scripts = tuple((marks,) for marks in scenario.noise)
        script = scripts[(self._samples[model, question] - 1) % len(scripts)]
        return script[min(turn, len(script) - 1)]
