"""The rules of one test, out of everything that may set them: the marker, `llm_config`, the run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import pytest

from pytest_llmregress.core.contract import Contract, ContractError
from pytest_llmregress.core.matching import Matching
from pytest_llmregress.core.redaction import Redactor
from pytest_llmregress.core.settings import Settings, Source
from pytest_llmregress.reporting import failures

LIMITS = tuple(field.name for field in fields(Contract))
SETTINGS_OF_A_TEST = ("fail_on",)
CONFIG_KEYS = (*LIMITS, *SETTINGS_OF_A_TEST, "match_ignore", "match_replace", "redact")
"""What `llm_config` may set; every other setting is the whole run's."""


class RulesError(ValueError):
    """Rules that cannot be, in words for the user."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        """For programs: "bad_marker" or "bad_settings"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for one test."""

    settings: Settings
    contract: Contract
    matching: Matching
    redactor: Redactor

    @classmethod
    def read(
        cls,
        *,
        test: str,
        sources: Sequence[Source],
        redactor: Redactor,
        markers: Sequence[pytest.Mark],
        config: Mapping[str, Any],
    ) -> Self:
        """Read all of it; RulesError where something is not what it can be.

        :param sources: command line, environment and ini file.
        :param markers: the closest first; it wins keyword by keyword, and over `config`.
        :param config: the value of `llm_config`.
        """
        unknown = [key for key in config if key not in CONFIG_KEYS]
        if unknown:
            message = failures.unknown_config(test, unknown, CONFIG_KEYS)
            raise RulesError("bad_settings", message)
        if any(mark.args for mark in markers):
            message = failures.bad_marker(test, "it takes keywords only")
            raise RulesError("bad_marker", message)
        limits = {key: value for key, value in config.items() if key in LIMITS}
        for mark in reversed(markers):
            limits.update(mark.kwargs)
        own = {key: value for key, value in config.items() if key in SETTINGS_OF_A_TEST}
        command_line, *rest = sources
        try:
            return cls(
                settings=Settings.resolve(
                    [command_line, Source(name='llm_config["{key}"]', values=own), *rest]
                ),
                contract=Contract.from_keywords(limits),
                matching=Matching.from_config(config),
                redactor=redactor.with_rules(patterns=config.get("redact", ())),
            )
        except ContractError as error:
            raise RulesError("bad_marker", failures.bad_marker(test, str(error))) from None
        except ValueError as error:
            raise RulesError("bad_settings", f"{test}: {error}") from None
