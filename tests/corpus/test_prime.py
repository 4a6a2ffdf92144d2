"""Real model versions, recorded over a socket and compared: the drift that is known is found."""

import json

import pytest

from corpus_prime import (
    ANSWERS,
    COMPARISONS,
    SERVER,
    VERSIONS,
    record_all,
    script,
    write_project,
)

QUESTIONS = 120

if not (ANSWERS.exists() and SERVER.exists()):
    pytest.skip(
        f"{ANSWERS} and {SERVER} are not here: nothing answers as those models did",
        allow_module_level=True,
    )


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Record all versions once; then the two sides and the exit status of each comparison."""
    folder = tmp_path_factory.mktemp("prime")
    write_project(folder, questions=QUESTIONS, seed=1)
    record_all(folder)
    found = {}
    for names in COMPARISONS:
        status, said = script(folder, "compare", *names, "--json")
        found[names[1]] = status, json.loads(said)["overall"]["variants"]
    return found


@pytest.mark.parametrize(
    ("version", "verdict", "status"),
    [
        ("gpt-4-0613", "regressed", 1),
        ("gpt-3.5-turbo-0613", "improved", 0),
        ("gpt-4-0314", "no_evidence", 0),
    ],
)
def test_june_against_march_is_told_as_it_was_and_march_against_march_as_nothing(
    compared, version, verdict, status
):
    ended, (march, june) = compared[version]
    against = june["against_reference"]
    low, high = against["suite"]["interval"]

    assert (ended, against["verdict"]) == (status, verdict)
    assert march["samples"]["n"] == june["samples"]["n"] == QUESTIONS
    assert against["suite"]["method"] == "exact McNemar test"
    assert {"regressed": high < 0, "improved": low > 0, "no_evidence": low < 0 < high}[verdict]


def test_the_same_version_recorded_twice_flips_nothing(compared):
    suite = compared["gpt-4-0314"][1][1]["against_reference"]["suite"]

    assert (suite["negative_flips"], suite["positive_flips"]) == ([], [])


def test_every_version_was_recorded(compared):
    assert {names[1] for names in COMPARISONS} <= set(VERSIONS)
    assert set(compared) == {names[1] for names in COMPARISONS}
