"""How a call ended, by the word that an API has for it and by what the reply holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_llmregress.values.call import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class EndWords:
    """The words of one API for the end of a reply."""

    by_content: frozenset[str]
    """Words of an ordinary end: what the reply holds says how it ended."""
    by_reason: Mapping[str, Outcome]
    """Words that say it by themselves."""

    def judge(self, reason: str | None, *, has_answer: bool, asks_tools: bool) -> Outcome:
        """Return how a reply ended: with a word that nobody knows an error, but for a tool's call.

        Without any word it has not ended, whatever it holds.
        """
        if reason is None:
            return Outcome.ERROR
        if reason in self.by_reason:
            return self.by_reason[reason]
        if asks_tools:
            return Outcome.TOOL_USE
        if reason not in self.by_content:
            return Outcome.ERROR
        return Outcome.ANSWERED if has_answer else Outcome.EMPTY

    def knows(self, reason: str) -> bool:
        """Whether a word has a meaning here."""
        return reason in self.by_reason or reason in self.by_content
