"""Reads the settings of a run: command line, environment and ini file."""

import os
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pytest

from pytest_llmregress.runner import output
from pytest_llmregress.values.settings import Settings, SettingsError, SettingsSource

_SETTINGS = tuple(field.name for field in fields(Settings))


def read_settings(config: pytest.Config) -> Settings:
    """Read the settings of the run; UsageError with all problems at once."""
    try:
        return Settings.resolve(read_sources(config))
    except SettingsError as error:
        raise output.usage_error(str(error)) from None


def read_sources(config: pytest.Config) -> tuple[SettingsSource, SettingsSource, SettingsSource]:
    """Return command line, environment and ini file, each with what was given in it."""
    options = {name: config.getoption(f"llmregress_{name}") for name in _SETTINGS}
    ini = {name: _read_ini(config, f"llmregress_{name}") for name in _SETTINGS}
    environment = {
        name.removeprefix("LLMREGRESS_").lower(): value
        for name, value in os.environ.items()
        if name.startswith("LLMREGRESS_")
    }
    for name in ("candidate", "report"):
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
