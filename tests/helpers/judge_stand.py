"""A scripted server whose judge reads the text: a rubric is met where its last word stands in it.

Marks in a rubric take the place of that: `[[status 429]]`, `[[say no JSON]]`, `[[refusal]]`.
"""

import json
from typing import Any

from llm_stand import _MARK, LlmStand

JUDGE = "claude-judge-5-20260101"
OTHER_JUDGE = "claude-judge-5-20260601"
JUDGES = (JUDGE, OTHER_JUDGE)


class JudgeStand(LlmStand):
    """The server; what judges have been asked is in `judged`, what others have in `called`."""

    @property
    def judged(self) -> list[tuple[str, str, str]]:
        """Model, rubric and text of each question to a judge."""
        return [
            (each.json["model"], *parts_of(each.json["messages"]))
            for each in self.requests
            if each.json["model"] in JUDGES
        ]

    @property
    def called(self) -> list[str]:
        """The models of all other requests."""
        return [each.json["model"] for each in self.requests if each.json["model"] not in JUDGES]

    def marks(self, model: str, messages: list[Any]) -> dict[str, str]:
        if model not in JUDGES:
            return super().marks(model, messages)
        rubric, text = parts_of(messages)
        marks = dict(_MARK.findall(rubric))
        word = rubric.split()[-1]
        answer: dict[str, Any] = {"reason": f"{word} is looked for", "verdict": word in text}
        if rubric.startswith("Grade"):
            answer = {"reason": f"{word} is counted", "score": min(1 + text.count(word), 5)}
        return marks or {"json": json.dumps(answer)}


def parts_of(messages: list[Any]) -> tuple[str, str]:
    """Return the rubric and the text in a question."""
    rubric, text = (block["text"] for block in messages[0]["content"])
    return (
        rubric.removeprefix("<rubric>\n").removesuffix("\n</rubric>"),
        json.loads(text.removeprefix("<text>\n").removesuffix("\n</text>")),
    )
