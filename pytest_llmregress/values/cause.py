"""What a drift is consistent with: what two recordings say about request, model and provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pytest_llmregress.values.json_record import JsonRecord

SAME = "same"
NOT_KNOWN = "not known"
NOT_COMPARED = "not compared: other tool calls come before them"


class CauseKind(StrEnum):
    """What a drift is consistent with."""

    REQUEST = "request"
    TOOL_RESULT = "tool_result"
    MODEL = "model"
    """The requested model was switched, and nothing else."""
    SERVED_MODEL = "served_model"
    """Another model behind the same name."""
    PROVIDER = "provider"
    """Same request, same served model, other behavior."""
    PROGRAM = "program"
    """Another version of the agent's program, whose prompts and tools are others."""
    OLD_MODEL = "old_model"
    """The old model, asked again, does it too."""
    SEVERAL = "several"
    NONE = "none"
    """Requests and answers are the same."""
    UNKNOWN = "unknown"
    """No calls on either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPartChange(JsonRecord):
    """One part of a request that differs from the recording."""

    part: str
    """ "system prompt", "message 3 (user)", "max_tokens"; "and 4 more" in the last of too many."""
    what: str
    """What it was in the recording, an arrow, what it is in the request: one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeAfter(JsonRecord):
    """Names before and after, in order of first use, without repetitions."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def moved(self) -> bool:
        """Whether the two sets differ."""
        return set(self.before) != set(self.after)

    def __str__(self) -> str:
        return f"{', '.join(self.before) or 'none'} → {', '.join(self.after) or 'none'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause(JsonRecord):
    """What changed between two recordings of a test, and what their drift is consistent with.

    Nothing here says what caused it: one recording against one cannot.
    """

    kind: CauseKind
    summary: str
    """One sentence."""
    parts: tuple[RequestPartChange, ...] = ()
    """System prompt, messages, tools, parameters and model; then calls, where their number counts.

    Each "same", "not known", or what differs in one line.
    """
    requested: BeforeAfter = BeforeAfter()
    served: BeforeAfter = BeforeAfter()
    alias_moved: bool = False
    """Whether another model was served behind the same requested name."""
    recorded_at: BeforeAfter = BeforeAfter()
    versions: Mapping[str, BeforeAfter] = field(default_factory=dict)
    """Of each package that recorded either side."""
    tool_results: str = ""
    """ "same", "not compared: …", or the first that differs; empty where there are none."""
    input_tokens: tuple[int, int] | None = None
    """Before and after, on a request that is the same byte by byte but for the model."""
    divergence: str = ""
    """Where the two recordings part; empty where they do not."""
    later: str = ""
    """What differs behind that, and so may be a consequence; empty where nothing does."""
    cross: str = ""
    """What the cross of old and new prompt with old and new model shows; empty without one."""

    @property
    def tokenizer(self) -> str:
        """Say that the same request counts other tokens; empty where it does not."""
        if self.input_tokens is None or self.input_tokens[0] == self.input_tokens[1]:
            return ""
        before, after = self.input_tokens
        return f"input tokens {before:,} → {after:,} on an identical request: another tokenizer"
