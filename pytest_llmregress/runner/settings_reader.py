"""Reads the settings of a run: command line, environment and ini file."""

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pytest

from pytest_llmregress.runner import output
from pytest_llmregress.values.settings import Settings, SettingsError, SettingsSource

Sources = tuple[SettingsSource, SettingsSource, SettingsSource]
_CANDIDATE = "candidate"
_SETTINGS = tuple(field.name for field in fields(Settings))


def read_settings(config: pytest.Config, *, candidate: int = 0) -> Settings:
    """Read the settings of the run; UsageError with all problems at once.

    :param candidate: the number of the candidate that counts, where there are several.
    """
    try:
        return Settings.resolve(read_sources(config, candidate=candidate))
    except SettingsError as error:
        raise output.usage_error(str(error)) from None


def read_candidates(config: pytest.Config) -> tuple[str, ...]:
    """Return the candidates of the run as they were named, from the first source that has any."""
    found = (source.values.get(_CANDIDATE) for source in _read_all(config))
    names = next((each for each in found if each), ())
    return (names,) if isinstance(names, str) else tuple(names)


def read_sources(config: pytest.Config, *, candidate: int = 0) -> Sources:
    """Return command line, environment and ini file, each with what was given in it.

    :param candidate: the number of the candidate that counts, where there are several.
    """
    names = read_candidates(config)
    first, environment, ini = _read_all(config)
    if len(names) > 1:
        first = replace(first, values={**first.values, _CANDIDATE: [names[candidate]]})
    return first, environment, ini


def _read_all(config: pytest.Config) -> Sources:
    options = {name: config.getoption(f"llmregress_{name}") for name in _SETTINGS}
    ini = {name: _read_ini(config, f"llmregress_{name}") for name in _SETTINGS}
    environment = {
        name.removeprefix("LLMREGRESS_").lower(): value
        for name, value in os.environ.items()
        if name.startswith("LLMREGRESS_")
    }
    for name in (_CANDIDATE, "report"):
        if name in environment:
            environment[name] = environment[name].split()  # type: ignore[assignment]
    return (
        SettingsSource(name="--llmregress-{option}", values=_given(options)),
        SettingsSource(name="LLMREGRESS_{variable}", values=environment),
        SettingsSource(name="llmregress_{key}", values=_given(ini)),
    )


def _read_ini(config: pytest.Config, key: str) -> object:
    try:
        return config.getini(key)
    except ValueError as error:  # of a flag: pytest 8.4 leaves it to the plugin to say whose it is
        raise output.usage_error(f"{key}: {error}; true or false") from None


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
