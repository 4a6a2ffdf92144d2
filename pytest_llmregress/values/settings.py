"""Settings of a run: read once from several sources, one precedence for all, then frozen."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self

from pytest_llmregress.values.behavior import Severity


class RecordMode(StrEnum):
    """What may be recorded; the words of vcrpy and pytest-recording."""

    NONE = "none"
    """Nothing: replay only."""
    ONCE = "once"
    """What has no cassette yet."""
    NEW_EPISODES = "new_episodes"
    """Requests that the cassette does not have."""
    ALL = "all"
    """Every request; recordings that this run did not ask for are kept."""
    REWRITE = "rewrite"
    """Every request; the new recording replaces the old one whole."""


MAX_SAMPLES = 1_000
"""Runs of one test that one may ask for: more is a slip of the finger that costs money."""


class FailOn(StrEnum):
    """From which severity on a drift fails its test."""

    BREAKING = "breaking"
    NOTABLE = "notable"
    COSMETIC = "cosmetic"
    NEVER = "never"

    def fails(self, severity: Severity | None) -> bool:
        """Whether a drift of this severity fails its test."""
        if severity is None or self is FailOn.NEVER:
            return False
        return severity.rank >= Severity(self.value).rank


VARIANT = "variant:"
"""How the name of a candidate begins that is the application as it is configured now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What a run is held against the baseline with: another model, or the application as it is."""

    name: str
    """As it was given: "MODEL", "OLD=NEW" or "variant:NAME"."""

    @property
    def is_variant(self) -> bool:
        """Whether it is the application as it is configured now: no model is replaced."""
        return self.name.startswith(VARIANT)

    @property
    def old(self) -> str | None:
        """The only model to replace, or None for every model."""
        old, separator, _ = self.name.partition("=")
        return old if separator else None

    @property
    def new(self) -> str:
        """The model to ask for instead."""
        return self.name.rpartition("=")[2]

    def rename(self, model: str) -> str:
        """Return the model that the wire shall ask for where the code asks for `model`."""
        return self.new if not self.is_variant and self.old in {None, model} else model


class NetworkMode(StrEnum):
    """What a replayed test may connect to."""

    CLOSED = "closed"
    """Loopback, and `pass_hosts`."""
    OPEN = "open"
    """Whatever does without a patched library."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSource:
    """Where values come from, such as the command line."""

    name: str
    """How a message spells a key of this source, with "{key}" in it."""
    values: Mapping[str, Any]
    """Raw values by the names of the settings; a key that is absent was not given."""

    def spell(self, key: str) -> str:
        """Return how a user has written this key here."""
        return self.name.format(key=key, option=key.replace("_", "-"), variable=key.upper())


class SettingsError(ValueError):
    """Settings that cannot be; one line a problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a run."""

    record: RecordMode = RecordMode.NONE
    candidate: Candidate | None = None
    variant: str | None = None
    """Under which name the application as it is now is the candidate; None where a model is."""
    samples: int | None = None
    """Independent runs of each test; None for what its marker says, and 1 for a candidate."""
    confirm: int = 5
    """Fresh samples of a candidate for each test whose first one looked different."""
    control: int | None = None
    """Samples of the old model where a candidate looks different, 0 for none; None for twice the
    confirming ones."""
    cross: bool = False
    """Whether old and new prompt are crossed with old and new model where a test drifted."""
    judge_model: str | None = None
    """The model that `llm_judge` asks, with its date; there is no default."""
    accept: bool = False
    fail_on: FailOn = FailOn.BREAKING
    report: tuple[str, ...] = ()
    history: str | None = None
    """The file of the nights in which the baseline's own model was recorded again; None where a
    run is judged by itself."""
    allow_ci_record: bool = False
    concurrency: int = 16
    """Calls of a wave that are under way at a time; 1 for no waves."""
    max_cost: float | None = None
    """US dollars that a run may spend on its recordings; None for any amount."""
    max_tokens: int | None = None
    batch: bool = False
    """Whether waves go out as Message Batches."""
    batch_wait: float | None = None
    """Seconds that a run waits for a batch; None for as long as it takes."""
    network: NetworkMode = NetworkMode.CLOSED

    @classmethod
    def resolve(cls, sources: Sequence[SettingsSource]) -> Self:
        """Take each setting from the first source that has it.

        This is the only place that decides on precedence: command line, marker, `llm_config`,
        environment, ini file, default, in this order.

        Raises SettingsError with all problems at once.
        """
        known = {field.name for field in fields(cls)}
        problems: list[str] = []
        taken: dict[str, Any] = {}
        for source in sources:
            for key, raw in source.values.items():
                if key not in known:
                    allowed = ", ".join(source.spell(name) for name in sorted(known))
                    problems.append(f"{source.spell(key)}: there is no such setting; {allowed}")
                elif key not in taken:
                    try:
                        taken[key] = _READERS[key](raw)
                    except ValueError as error:
                        problems.append(f"{source.spell(key)}: {error}")
        if taken.get("variant") and taken.get("candidate"):
            given, name = taken["candidate"].name, taken["variant"]
            problems.append(
                f"candidate {given!r} and variant {name!r}: one run takes one of them. A candidate "
                "replaces the model, a variant runs the code as it is"
            )
        if problems:
            raise SettingsError("\n".join(problems))
        return cls(**_with_variant(taken))


def _with_variant(taken: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings in which a variant is the candidate: its old side cannot be asked again."""
    name = taken.get("variant")
    candidate = Candidate(name=f"{VARIANT}{name}") if name else taken.get("candidate")
    settings = {**taken, "candidate": candidate}
    if candidate is not None and candidate.is_variant:
        settings["control"] = 0
    return settings


def _one_of(enum: type[StrEnum]) -> Callable[[Any], StrEnum]:
    def read(raw: Any) -> StrEnum:
        try:
            return enum(raw)
        except ValueError:
            raise ValueError(f"{raw!r} is none of {', '.join(enum)}") from None

    return read


def _variant(raw: Any) -> str:
    name = _text(raw).removeprefix(VARIANT)
    if not name or "=" in name:
        raise ValueError(f"{raw!r} names no variant; a name of your own, such as on-new-api")
    return name


def _candidate(raw: Any) -> Candidate | None:
    names = [raw] if isinstance(raw, str) else list(raw)
    if not names:
        return None
    if len(names) > 1:
        raise ValueError(f"{len(names)} candidates ({', '.join(names)}); one is wanted")
    (name,) = names
    parts = [part.strip() for part in name.split("=")]
    if not all(parts) or len(parts) > 2:  # noqa: PLR2004 - the two sides of OLD=NEW
        raise ValueError(f"{name!r} names no model; MODEL, or OLD=NEW to replace only one model")
    if len(parts) == 2 and parts[0] == parts[1]:  # noqa: PLR2004
        raise ValueError(f"{name!r} replaces a model by itself; OLD=NEW takes two models")
    return Candidate(name="=".join(parts))


_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


def _flag(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(
            f"{raw!r} is neither true nor false; 1, true, yes, on or 0, false, no, off"
        )
    return word in _TRUE


def _count(least: int) -> Callable[[Any], int]:
    def read(raw: Any) -> int:
        try:
            number = int(str(raw))
        except ValueError:
            number = -1
        if isinstance(raw, bool) or not least <= number <= MAX_SAMPLES:
            raise ValueError(f"{raw!r} is no whole number from {least} to {MAX_SAMPLES:,}")
        return number

    return read


def _amount(raw: Any) -> float:
    try:
        number = float(str(raw))
    except ValueError:
        number = -1.0
    if isinstance(raw, bool) or not math.isfinite(number) or number < 0:
        raise ValueError(f"{raw!r} is no amount; a number from 0 on")
    return number


def _tokens(raw: Any) -> int:
    number = _amount(raw)
    if number != int(number):
        raise ValueError(f"{raw!r} is no whole number")
    return int(number)


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError(f"{raw!r} is no text")
    return raw.strip()


def _paths(raw: Any) -> tuple[str, ...]:
    return (raw,) if isinstance(raw, str) else tuple(raw)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "record": _one_of(RecordMode),
    "candidate": _candidate,
    "variant": _variant,
    "samples": _count(1),
    "confirm": _count(0),
    "control": _count(0),
    "cross": _flag,
    "judge_model": _text,
    "accept": _flag,
    "fail_on": _one_of(FailOn),
    "report": _paths,
    "history": _text,
    "allow_ci_record": _flag,
    "concurrency": _count(1),
    "max_cost": _amount,
    "max_tokens": _tokens,
    "batch": _flag,
    "batch_wait": _amount,
    "network": _one_of(NetworkMode),
}
