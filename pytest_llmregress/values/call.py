"""Calls of a model, provider-neutral: what was asked of it, what it did, what it cost."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Self, overload

from pytest_llmregress.values.prompt import Prompt, read_prompt

PromptReader = Callable[[Mapping[str, Any]], Prompt]


class Outcome(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    TOOL_USE = "tool_use"
    REFUSED = "refused"
    PAUSED = "paused"
    TRUNCATED = "truncated"
    CONTEXT_FULL = "context_full"
    EMPTY = "empty"
    ERROR = "error"


class ToolRunner(StrEnum):
    """Who runs a tool."""

    CLIENT = "client"
    """The caller, who sends the result with the next request."""
    PROVIDER = "provider"
    """The provider, while it answers: web search, web fetch, code execution."""
    MCP = "mcp"
    """An MCP server that the provider asks while it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call of a tool that the model asked for, whoever runs the tool."""

    name: str
    """The name as the provider gives it, without that of an MCP server."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    """The provider's id of this call; changes with every recording."""
    run_by: ToolRunner = ToolRunner.CLIENT
    server: str = ""
    """The name of the MCP server; empty for any other tool."""
    round: int = 0
    """Tool calls of one reply with the same number were asked for together, none of them knowing
    a result of another one; the first ones have 0."""

    @property
    def full_name(self) -> str:
        """The name in traits and reports: "SERVER/NAME" of an MCP server, else the name."""
        return f"{self.server}/{self.name}" if self.server else self.name

    def find_match(self, patterns: Iterable[str]) -> str | None:
        """Return the first glob pattern that fits the name or the full name; None for none."""
        names = {self.name, self.full_name}
        return next((p for p in patterns if any(fnmatchcase(name, p) for name in names)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One place that a reply cites."""

    source: str
    """The address of a web page, or the title of a document; "document 0" where it has none."""
    text: str = ""
    """The cited words, where the reply holds them."""


MAX_COUNT = 10**12
"""Tokens; a larger number in a reply is not taken for a count."""
_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "thinking_tokens",
)
_MAX_SHOWN = 40
"""Characters of an invalid count that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call, or summed over several.

    What is no count (negative, above `MAX_COUNT`, no whole number) is taken as 0 and told in
    `unknown`: a server may send anything, and nothing is to be priced or limited by that.
    """

    input_tokens: int = 0
    """Tokens of the prompt that were neither written to nor read from a cache."""
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    thinking_tokens: int = 0
    """Those of the output tokens that went into thinking; 0 where a reply does not tell."""
    unknown: tuple[str, ...] = ()
    """Invalid counts of a reply, such as "output_tokens: -5"; usually empty."""

    def __post_init__(self) -> None:
        unknown = []
        for name in _COUNTS:
            given: object = getattr(self, name)
            if type(given) is int and 0 <= given <= MAX_COUNT:
                continue
            count = _read_count(given)
            if count is None:
                unknown.append(f"{name}: {_shown(given)}")
            object.__setattr__(self, name, count or 0)
        if unknown:
            object.__setattr__(self, "unknown", (*self.unknown, *unknown))

    @property
    def total_tokens(self) -> int:
        """All tokens, cached ones included."""
        return (
            self.input_tokens
            + self.output_tokens
            + self.cache_read_tokens
            + self.cache_write_tokens
        )

    def __add__(self, other: Self) -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            thinking_tokens=self.thinking_tokens + other.thinking_tokens,
            unknown=tuple(dict.fromkeys((*self.unknown, *other.unknown))),
        )


def _read_count(given: object) -> int | None:
    """Return a count that is written in another way, such as 12.0; None for an invalid one."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    whole = 0 <= given <= MAX_COUNT and given == int(given)  # not so for NaN and infinity
    return int(given) if whole else None


def _shown(given: object) -> str:
    if isinstance(given, int) and abs(given) > MAX_COUNT:  # of many digits there is no text at all
        return f"more than {MAX_COUNT:,}" if given > 0 else f"less than {-MAX_COUNT:,}"
    return repr(given)[:_MAX_SHOWN]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to a model and its reply."""

    provider: str
    """Which provider's wire format it came in: "anthropic", "openai", "gemini", "bedrock"."""
    outcome: Outcome
    text: str = ""
    """The text blocks of the reply, one after another; thinking and tool calls are not in it."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Calls of tools in the model's order, whoever runs them: caller, provider, MCP server."""
    thinking: str | None = None
    """The thinking of the reply; "" for one that only the provider can read, None for none."""
    citations: tuple[Citation, ...] = ()
    """What the texts of the reply cite, in their order."""
    stop_reason: str | None = None
    """The provider's own word for why it stopped; None where the reply never said."""
    stop_sequence: str | None = None
    """The text of the request's `stop_sequences` that ended the reply; None where none did."""
    service_tier: str | None = None
    """The provider's word for how fast and how dear it served; None where the reply never said."""
    refusal_category: str | None = None
    requested_model: str | None = None
    served_model: str | None = None
    is_alias: bool = False
    """Whether the requested name is the account's own (a deployment), and tells no model: then any
    served model is the one that was asked for."""
    usage: Usage = Usage()
    latency: float | None = None
    """Seconds, as measured when it was recorded; None where it was not measured."""
    status: int = 200
    """The HTTP status."""
    error: str | None = None
    """The provider's error type and message, where the outcome is an error."""
    streamed: bool = False
    request: Mapping[str, Any] = field(default_factory=dict)
    """The request's JSON body."""
    session: str = field(default="", compare=False)
    """The session of an agent's program that asked, by its id, another one in each run; empty where
    the request tells none."""
    agent: str = field(default="", compare=False)
    """The sub-agent of that session that asked, by its id; empty for the session itself."""
    program: str = field(default="", compare=False)
    """The agent's program that asked, with its version: "claude-code 2.1.332"; empty where the
    request tells none."""
    prompt_reader: PromptReader = field(default=read_prompt, compare=False, repr=False)
    """Reads `request` as a prompt: by default as a body that has `messages`, `system`, `tools`."""
    price_key: str | None = None
    """Under which name the price table has the seller; None for that of the provider."""

    @cached_property
    def prompt(self) -> Prompt:
        """What was asked, in one form for all providers."""
        return self.prompt_reader(self.request)


class Calls(Sequence[Call]):
    """The model calls of a test so far: a sequence, with sums over all of them."""

    def __init__(self, calls: Iterable[Call] = ()) -> None:
        self._given = tuple(calls)

    def _now(self) -> tuple[Call, ...]:
        """Return the calls; a subclass overrides it where more of them are still to come."""
        return self._given

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> "Calls": ...
    def __getitem__(self, index: int | slice) -> "Call | Calls":
        if isinstance(index, slice):
            return Calls(self._now()[index])
        try:
            return self._now()[index]
        except IndexError:
            raise IndexError(
                f"llm_calls[{index}]: this test has made {len(self)} model call(s) so far"
            ) from None

    def __len__(self) -> int:
        return len(self._now())

    def __iter__(self) -> Iterator[Call]:
        return iter(self._now())

    def __repr__(self) -> str:
        return f"Calls({list(self._now())!r})"

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools that were called, in order, repetitions kept.

        Tools of the caller, of the provider, and of MCP servers: these as "SERVER/NAME".
        """
        return tuple(tool.full_name for call in self._now() for tool in call.tool_calls)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """All tool calls, in order."""
        return tuple(tool for call in self._now() for tool in call.tool_calls)

    @property
    def usage(self) -> Usage:
        """Tokens, summed."""
        total = Usage()
        for call in self._now():
            total += call.usage
        return total

    @property
    def text(self) -> str:
        """The texts of all calls that have one, a blank line between two."""
        return "\n\n".join(call.text for call in self._now() if call.text)


def sum_known(amounts: Iterable[float | None]) -> float | None:
    """Return the sum of amounts; None where one of them is unknown, or where there is none."""
    every = tuple(amounts)
    known = [amount for amount in every if amount is not None]
    return sum(known) if known and len(known) == len(every) else None
