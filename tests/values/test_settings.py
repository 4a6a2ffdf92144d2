"""Tests of the settings: one precedence for all sources, and what is said about bad values."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.settings import (
    Candidate,
    FailOn,
    RecordMode,
    Settings,
    SettingsError,
    SettingsSource,
)

NAMES = (
    "--llmregress-{option}",
    'llm_config["{key}"]',
    "LLMREGRESS_{variable}",
    "llmregress_{key}",
)
"""The sources, the strongest first."""


def sources(key: str, *values: Any) -> list[SettingsSource]:
    """One value a source; None where it was not given there."""
    return [
        SettingsSource(name=name, values={} if value is None else {key: value})
        for name, value in zip(NAMES, values, strict=True)
    ]


def fault(key: str, raw: Any, *, source: str = NAMES[0]) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.resolve([SettingsSource(name=source, values={key: raw})])
    return str(caught.value)


@pytest.mark.parametrize(
    ("command_line", "llm_config", "environment", "ini", "taken"),
    [
        (None, None, None, None, FailOn.BREAKING),
        (None, None, None, "never", FailOn.NEVER),
        (None, None, "cosmetic", None, FailOn.COSMETIC),
        (None, None, "cosmetic", "never", FailOn.COSMETIC),
        (None, "notable", None, None, FailOn.NOTABLE),
        (None, "notable", None, "never", FailOn.NOTABLE),
        (None, "notable", "cosmetic", None, FailOn.NOTABLE),
        (None, "notable", "cosmetic", "never", FailOn.NOTABLE),
        ("never", None, None, None, FailOn.NEVER),
        ("never", None, None, "cosmetic", FailOn.NEVER),
        ("never", None, "cosmetic", None, FailOn.NEVER),
        ("never", None, "cosmetic", "notable", FailOn.NEVER),
        ("never", "notable", None, None, FailOn.NEVER),
        ("never", "notable", None, "cosmetic", FailOn.NEVER),
        ("never", "notable", "cosmetic", None, FailOn.NEVER),
        ("cosmetic", "notable", "never", "breaking", FailOn.COSMETIC),
    ],
)
def test_the_strongest_source_that_has_a_value_wins(
    command_line: str | None,
    llm_config: str | None,
    environment: str | None,
    ini: str | None,
    taken: FailOn,
):
    given = sources("fail_on", command_line, llm_config, environment, ini)

    assert Settings.resolve(given).fail_on is taken


def test_each_setting_is_taken_from_its_own_strongest_source():
    given = [
        SettingsSource(name=NAMES[0], values={"record": "once"}),
        SettingsSource(name=NAMES[2], values={"record": "all", "candidate": ["claude-opus-5-5"]}),
        SettingsSource(
            name=NAMES[3], values={"candidate": ["claude-x"], "report": ["a.json", "b.json"]}
        ),
    ]

    assert Settings.resolve(given) == Settings(
        record=RecordMode.ONCE,
        candidate=Candidate(name="claude-opus-5-5"),
        report=("a.json", "b.json"),
    )


def test_an_explicit_no_on_a_stronger_source_switches_off():
    given = sources("accept", "no", None, "1", "true")

    assert Settings.resolve(given).accept is False


def test_by_default_nothing_is_recorded_and_nothing_accepted():
    assert Settings.resolve([]) == Settings(
        record=RecordMode.NONE,
        candidate=None,
        accept=False,
        fail_on=FailOn.BREAKING,
        report=(),
        allow_ci_record=False,
    )


def test_settings_cannot_be_changed_once_they_are_read():
    settings = Settings.resolve([])

    with pytest.raises(FrozenInstanceError):
        settings.record = RecordMode.ALL  # type: ignore[misc]  # what this test is about


@pytest.mark.parametrize(
    ("key", "raw", "message"),
    [
        (
            "record",
            "onec",
            "--llmregress-record: 'onec' is none of none, once, new_episodes, all, rewrite",
        ),
        (
            "record",
            "",
            "--llmregress-record: '' is none of none, once, new_episodes, all, rewrite",
        ),
        (
            "record",
            "ONCE",
            "--llmregress-record: 'ONCE' is none of none, once, new_episodes, all, rewrite",
        ),
        (
            "fail_on",
            "minor",
            "--llmregress-fail-on: 'minor' is none of breaking, notable, cosmetic, never",
        ),
        (
            "candidate",
            "",
            (
                "--llmregress-candidate: '' names no model; "
                "MODEL, or OLD=NEW to replace only one model"
            ),
        ),
        (
            "candidate",
            "=claude-opus-5-5",
            (
                "--llmregress-candidate: '=claude-opus-5-5' names no model; "
                "MODEL, or OLD=NEW to replace only one model"
            ),
        ),
        (
            "candidate",
            ["claude-opus-5= "],
            (
                "--llmregress-candidate: 'claude-opus-5= ' names no model; "
                "MODEL, or OLD=NEW to replace only one model"
            ),
        ),
        (
            "candidate",
            "a=b=c",
            (
                "--llmregress-candidate: 'a=b=c' names no model; "
                "MODEL, or OLD=NEW to replace only one model"
            ),
        ),
        (
            "candidate",
            "claude-opus-5=claude-opus-5",
            (
                "--llmregress-candidate: 'claude-opus-5=claude-opus-5' replaces a model by itself; "
                "OLD=NEW takes two models"
            ),
        ),
        (
            "candidate",
            ["claude-opus-5-5", "claude-sonnet-5"],
            (
                "--llmregress-candidate: 2 candidates (claude-opus-5-5, claude-sonnet-5); one "
                "is wanted"
            ),
        ),
        (
            "accept",
            "maybe",
            (
                "--llmregress-accept: 'maybe' is neither true nor false; "
                "1, true, yes, on or 0, false, no, off"
            ),
        ),
        ("network", "shut", "--llmregress-network: 'shut' is none of closed, open"),
        (
            "allow_ci_record",
            "2",
            (
                "--llmregress-allow-ci-record: '2' is neither true nor false; "
                "1, true, yes, on or 0, false, no, off"
            ),
        ),
        (
            "cassettes",
            "x",
            (
                "--llmregress-cassettes: there is no such setting; --llmregress-accept, "
                "--llmregress-allow-ci-record, --llmregress-batch, --llmregress-batch-wait, "
                "--llmregress-candidate, --llmregress-concurrency, --llmregress-confirm, "
                "--llmregress-control, --llmregress-cross, --llmregress-fail-on, "
                "--llmregress-history, --llmregress-judge-model, --llmregress-max-cost, "
                "--llmregress-max-tokens, --llmregress-network, --llmregress-record, "
                "--llmregress-report, --llmregress-samples, --llmregress-variant"
            ),
        ),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(key: str, raw: Any, message: str):
    assert fault(key, raw) == message


@pytest.mark.parametrize(
    ("source", "spelled"),
    [
        (NAMES[0], "--llmregress-fail-on"),
        (NAMES[1], 'llm_config["fail_on"]'),
        (NAMES[2], "LLMREGRESS_FAIL_ON"),
        (NAMES[3], "llmregress_fail_on"),
    ],
)
def test_a_message_spells_the_setting_as_it_was_written(source: str, spelled: str):
    message = fault("fail_on", "minor", source=source)

    assert message == f"{spelled}: 'minor' is none of breaking, notable, cosmetic, never"


def test_all_problems_are_told_at_once():
    given = [
        SettingsSource(name=NAMES[0], values={"record": "onec"}),
        SettingsSource(name=NAMES[2], values={"fail_on": "minor", "colour": "red"}),
    ]

    with pytest.raises(SettingsError) as caught:
        Settings.resolve(given)

    assert str(caught.value).splitlines() == [
        "--llmregress-record: 'onec' is none of none, once, new_episodes, all, rewrite",
        "LLMREGRESS_FAIL_ON: 'minor' is none of breaking, notable, cosmetic, never",
        (
            "LLMREGRESS_COLOUR: there is no such setting; LLMREGRESS_ACCEPT, "
            "LLMREGRESS_ALLOW_CI_RECORD, LLMREGRESS_BATCH, LLMREGRESS_BATCH_WAIT, "
            "LLMREGRESS_CANDIDATE, LLMREGRESS_CONCURRENCY, LLMREGRESS_CONFIRM, "
            "LLMREGRESS_CONTROL, LLMREGRESS_CROSS, LLMREGRESS_FAIL_ON, LLMREGRESS_HISTORY, "
            "LLMREGRESS_JUDGE_MODEL, LLMREGRESS_MAX_COST, LLMREGRESS_MAX_TOKENS, "
            "LLMREGRESS_NETWORK, LLMREGRESS_RECORD, LLMREGRESS_REPORT, LLMREGRESS_SAMPLES, "
            "LLMREGRESS_VARIANT"
        ),
    ]


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        *((word, True) for word in ("1", "true", "yes", "on", "TRUE", " On ", True)),
        *((word, False) for word in ("0", "false", "no", "off", "", "False", False)),
    ],
)
def test_a_flag_is_read_from_the_words_for_yes_and_no(raw: Any, read: bool):
    given = [SettingsSource(name=NAMES[2], values={"accept": raw})]

    assert Settings.resolve(given).accept is read


@pytest.mark.parametrize(
    ("given", "asked", "sent"),
    [
        ("claude-opus-5-5", "claude-opus-5", "claude-opus-5-5"),
        ("claude-opus-5-5", "claude-haiku-4-5", "claude-opus-5-5"),
        ("claude-opus-5=claude-opus-5-5", "claude-opus-5", "claude-opus-5-5"),
        ("claude-opus-5=claude-opus-5-5", "claude-haiku-4-5", "claude-haiku-4-5"),
        ("claude-opus-5=claude-opus-5-5", "claude-opus-5-5", "claude-opus-5-5"),
        (" claude-opus-5 = claude-opus-5-5 ", "claude-opus-5", "claude-opus-5-5"),
    ],
)
def test_a_candidate_replaces_every_model_or_only_the_named_one(given: str, asked: str, sent: str):
    candidate = Settings.resolve(
        [SettingsSource(name=NAMES[0], values={"candidate": [given]})]
    ).candidate

    assert candidate is not None
    assert candidate.rename(asked) == sent
    assert candidate.rename(candidate.rename(asked)) == sent


def test_an_empty_list_of_candidates_is_none():
    given = [SettingsSource(name=NAMES[0], values={"candidate": []})]

    assert Settings.resolve(given).candidate is None


@pytest.mark.parametrize(
    ("level", "cosmetic", "notable", "breaking"),
    [
        (FailOn.COSMETIC, True, True, True),
        (FailOn.NOTABLE, False, True, True),
        (FailOn.BREAKING, False, False, True),
        (FailOn.NEVER, False, False, False),
    ],
)
def test_a_drift_fails_from_the_chosen_severity_on(
    level: FailOn, cosmetic: bool, notable: bool, breaking: bool
):
    assert level.fails(Severity.COSMETIC) is cosmetic
    assert level.fails(Severity.NOTABLE) is notable
    assert level.fails(Severity.BREAKING) is breaking
    assert level.fails(None) is False


@pytest.mark.parametrize(
    ("key", "raw", "read"),
    [
        ("max_cost", "2.5", 2.5),
        ("max_cost", 0, 0.0),
        ("max_tokens", "1_000_000", 1_000_000),
        ("concurrency", "8", 8),
        ("batch", "yes", True),
        ("batch_wait", "0", 0.0),
    ],
)
def test_what_limits_a_recording_is_read_as_a_number(key: str, raw: Any, read: object):
    assert getattr(Settings.resolve(sources(key, None, None, raw, None)), key) == read


@pytest.mark.parametrize("raw", ["-1", "nan", "inf", "much", True, ""])
@pytest.mark.parametrize("key", ["max_cost", "max_tokens", "batch_wait"])
def test_a_limit_that_is_no_amount_is_refused(key: str, raw: Any):
    assert "is no amount; a number from 0 on" in fault(key, raw)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (("1", "2", "3", "4"), 1.0),
        ((None, "2", "3", "4"), 2.0),
        ((None, None, "3", "4"), 3.0),
        ((None, None, None, "4"), 4.0),
        ((None, None, None, None), None),
    ],
)
def test_the_strongest_limit_wins_and_not_the_lowest(
    given: tuple[str | None, ...], taken: float | None
):
    assert Settings.resolve(sources("max_cost", *given)).max_cost == taken


def test_a_variant_is_a_candidate_that_replaces_no_model():
    settings = Settings.resolve([SettingsSource(name=NAMES[0], values={"variant": "on-openai"})])

    assert settings.candidate is not None
    assert (settings.candidate.name, settings.control) == ("variant:on-openai", 0)
    assert settings.candidate.rename("claude-opus-5") == "claude-opus-5"
