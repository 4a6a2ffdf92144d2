"""The rules of one test, out of everything that may set them: the marker, `llm_config`, the run."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

from pytest_llmregress.contracts.contract import Contract, ContractError
from pytest_llmregress.contracts.rule_book import RuleBook, RuleError
from pytest_llmregress.recording.program_presets import ProgramPreset, read_preset
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.reports import failures
from pytest_llmregress.values.comparison_rules import ArgumentRules, Severities, ToolMatch
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.settings import Settings, SettingsSource

_HOW = '{"reason": "…", "until": "2026-12-31"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """What a test is excused by."""

    reason: str
    until: date
    """The last day on which it holds."""

    @classmethod
    def read(cls, raw: Any) -> Self:
        """Read the keyword of the marker; ValueError where it is something else."""
        if not isinstance(raw, Mapping) or set(raw) != {"reason", "until"}:
            raise ValueError(f"{raw!r} is no quarantine; a reason and a last day: {_HOW}")
        reason, until = raw["reason"], raw["until"]
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(f"the reason {reason!r} says nothing; {_HOW}")
        return cls(reason=reason.strip(), until=_day(until))

    def is_over(self, today: date) -> bool:
        """Whether it holds no more."""
        return today > self.until

    def over_in_words(self, today: date) -> str | None:
        """Say what fails the test once it is over, or None as long as it holds."""
        if not self.is_over(today):
            return None
        return (
            f"quarantine: it ended on {self.until.isoformat()} ({self.reason}); "
            "repair the test and take the keyword out, or set a later day"
        )


def _day(raw: Any) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    try:
        return date.fromisoformat(raw)
    except (TypeError, ValueError):
        raise ValueError(f"until {raw!r} is no day; a date, or {_HOW}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """One `@pytest.mark.llm` of a test."""

    args: tuple[Any, ...] = ()
    """What was given without a keyword: nothing is allowed there."""
    kwargs: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestIdentity:
    """One marked test."""

    __test__ = False  # pytest must not collect it

    node_id: str
    path: Path
    """Its file."""
    markers: tuple[Marker, ...] = ()
    """Those of `llm`, the closest first."""
    marks: tuple[str, ...] = ()
    """The names of its other marks but for those of pytest itself, sorted."""


_CONTRACT = tuple(field.name for field in fields(Contract))
INLINE = "inline"
ALLOW = "allow"
RULES = "rules"
"""The only keyword that is merged name by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerOptions:
    """What a marker says beside its contract."""

    samples: int | None = None
    """Independent runs of the test; None where the run decides."""
    pass_rate: float | None = None
    """The share of them that has to pass; None where the run decides."""
    quarantine: Quarantine | None = None
    severity: Severities = field(default_factory=Severities)
    tool_match: ToolMatch | None = None
    """How a candidate's tools have to relate to the baseline's; None for what the traits say."""
    arguments: ArgumentRules | None = None
    """How single arguments of tools are compared; None for what their values say."""
    record: str | None = None
    """"inline" where the test must not be run more often than once to be recorded."""
    unplayed: str | None = None
    """"allow" where a replay may leave out model calls that are recorded."""

    @classmethod
    def from_keywords(cls, keywords: Mapping[str, Any]) -> Self:
        """Read the keywords of `@pytest.mark.llm`; ContractError with all problems at once."""
        problems: list[str] = []
        values: dict[str, Any] = {}
        for name, raw in keywords.items():
            try:
                values[name] = _READERS[name](raw)
            except (ValueError, TypeError) as error:
                problems += [f"{name}: {line}" for line in str(error).split("\n")]
        if problems:
            raise ContractError("\n".join(problems))
        return cls(**values)


_TERMS = tuple(field.name for field in fields(MarkerOptions))
_BESIDE = (RULES, *_TERMS)
KEYWORDS = (*_CONTRACT, *_BESIDE)
"""What a marker may say."""
SETTINGS_OF_A_TEST = ("fail_on", "judge_model")
_OF_RECORDING = (
    *("match_ignore", "match_replace", "redact", "keep_headers", "pass_hosts", "record_hosts"),
    "normalize",
)
CONFIG_KEYS = (*KEYWORDS, *SETTINGS_OF_A_TEST, *_OF_RECORDING)
"""What `llm_config` may set; every other setting is the whole run's."""


class TestConfigError(ValueError):
    """Rules that cannot be, in words for the user."""

    __test__ = False  # pytest must not collect it

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        """For programs: "bad_marker" or "bad_settings"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestConfig:
    """What holds for one test."""

    __test__ = False  # pytest must not collect it

    settings: Settings
    contract: Contract
    matching: RequestMatcher
    redactor: Redactor
    pass_hosts: tuple[str, ...] = ()
    """What is not recorded, and what a replay may connect to: globs of "host" or "host:port"."""
    presets: tuple[ProgramPreset, ...] = ()
    """Of programs whose requests tell of their machine."""
    record_hosts: tuple[str, ...] = ()
    """What is recorded although it is a server of the tests' own: globs like those."""
    terms: MarkerOptions = field(default_factory=MarkerOptions)
    rule_book: RuleBook = field(default_factory=RuleBook)
    """The standing rules."""

    @classmethod
    def read(
        cls,
        *,
        test: str,
        sources: Sequence[SettingsSource],
        redactor: Redactor,
        markers: Sequence[Marker],
        config: Mapping[str, Any],
    ) -> Self:
        """Read all of it; TestConfigError where something is not what it can be.

        :param sources: command line, environment and ini file.
        :param markers: the closest first; it wins keyword by keyword, and over `config`. Of the
            standing rules, it wins name by name.
        :param config: the value of `llm_config`.
        """
        unknown = [key for key in config if key not in CONFIG_KEYS]
        if unknown:
            message = failures.unknown_config(test, unknown, CONFIG_KEYS)
            raise TestConfigError("bad_settings", message)
        if any(mark.args for mark in markers):
            message = failures.bad_marker(test, "it takes keywords only")
            raise TestConfigError("bad_marker", message)
        said = [{key: value for key, value in config.items() if key in KEYWORDS}]
        said += [dict(mark.kwargs) for mark in reversed(markers)]
        contract, terms, rule_book = _read_keywords(test, said)
        own = {key: value for key, value in config.items() if key in SETTINGS_OF_A_TEST}
        command_line, *rest = sources
        try:
            return cls(
                settings=Settings.resolve(
                    [command_line, SettingsSource(name='llm_config["{key}"]', values=own), *rest]
                ),
                contract=contract,
                matching=RequestMatcher.from_config(config),
                redactor=redactor.with_rules(
                    patterns=config.get("redact", ()),
                    keep_headers=_read_texts(config, "keep_headers"),
                ),
                pass_hosts=_read_texts(config, "pass_hosts"),
                presets=tuple(map(read_preset, _read_texts(config, "normalize"))),
                record_hosts=_read_texts(config, "record_hosts"),
                terms=terms,
                rule_book=rule_book,
            )
        except ValueError as error:
            raise TestConfigError("bad_settings", f"{test}: {error}") from None


def _read_texts(config: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return one text or several; ValueError where it is neither."""
    given = config.get(key, ())
    texts = (given,) if isinstance(given, str) else tuple(given)
    if not all(isinstance(each, str) for each in texts):
        raise ValueError(f"{key}: {given!r}: a text or a list of texts is allowed")
    return texts


def _read_keywords(
    test: str, said: Sequence[Mapping[str, Any]]
) -> tuple[Contract, MarkerOptions, RuleBook]:
    """Read keywords, the farthest first; TestConfigError with the problems of all parts at once."""
    merged = {key: value for keywords in said for key, value in keywords.items()}
    declared = [keywords[RULES] for keywords in said if RULES in keywords]
    limits = {key: value for key, value in merged.items() if key not in _BESIDE}
    terms = {key: value for key, value in merged.items() if key in _TERMS}
    contract, own, rule_book = Contract(), MarkerOptions(), RuleBook()
    problems: list[str] = []
    try:
        contract = Contract.from_keywords(limits, beside=_BESIDE)
    except ContractError as error:
        problems.append(str(error))
    try:
        own = MarkerOptions.from_keywords(terms)
    except ContractError as error:
        problems.append(str(error))
    try:
        rule_book = RuleBook.read(*declared)
    except RuleError as error:
        problems.append(str(error))
    if problems:
        raise TestConfigError("bad_marker", failures.bad_marker(test, "\n".join(problems)))
    return contract, own, rule_book


def _samples(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 1:
        raise ValueError(f"{raw!r} is no number of samples; a whole number from 1 on")
    return raw


def _share(raw: Any) -> float:
    is_number = isinstance(raw, int | float) and not isinstance(raw, bool) and math.isfinite(raw)
    if not is_number or not 0 <= raw <= 1:
        raise ValueError(f"{raw!r} is no share; a number from 0 to 1")
    return float(raw)


def _severity(raw: Any) -> Severities:
    if not isinstance(raw, Mapping):
        raise TypeError(
            f"{raw!r} is no mapping; severities by the names of traits: "
            '{"text.length": "cosmetic"}'
        )
    return Severities.read(raw)


def _tool_match(raw: Any) -> ToolMatch:
    try:
        return ToolMatch(raw)
    except ValueError:
        raise ValueError(f"{raw!r} is none of {', '.join(ToolMatch)}") from None


def _record(raw: Any) -> str:
    if raw != INLINE:
        raise ValueError(f"{raw!r} is no way to record one test; {INLINE!r}")
    return INLINE


def _unplayed(raw: Any) -> str:
    if raw not in {ALLOW, "fail"}:
        raise ValueError(
            f"{raw!r} is nothing to do with recorded calls that a replay leaves out; "
            f"'fail' (the default) or {ALLOW!r}"
        )
    return str(raw)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "samples": _samples,
    "pass_rate": _share,
    "quarantine": Quarantine.read,
    "severity": _severity,
    "tool_match": _tool_match,
    "arguments": ArgumentRules.read,
    "record": _record,
    "unplayed": _unplayed,
}
