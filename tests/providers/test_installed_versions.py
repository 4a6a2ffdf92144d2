"""Tests of supported versions: which are refused, and with what words."""

import platform
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from pytest_llmregress.providers.installed_versions import (
    SUPPORTED,
    installed,
    name_sdks,
    recorded_with,
    unsupported,
    versions_among,
)

GOOD = {"anthropic": "2.12.0", "vcrpy": "9.4.2"}


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("anthropic", "1.9"),
        ("anthropic", "1.9.0"),
        ("anthropic", "1.10"),
        ("anthropic", "2.99.99"),
        ("anthropic", "2.12.0+local.7"),
        ("vcrpy", "9.4.2"),
        ("vcrpy", "9.4.10"),
        ("vcrpy", "9.5"),
        ("vcrpy", "9.99.0.post1"),
        ("anthropic", "2.99.0rc1"),
        ("vcrpy", "9.5.0.dev3"),
    ],
)
def test_a_version_in_the_range_is_supported(package: str, version: str):
    assert unsupported({**GOOD, package: version}) == ()


@pytest.mark.parametrize(
    ("package", "version", "allowed"),
    [
        ("anthropic", "1.8.0", ">=1.9,<3"),
        ("anthropic", "0.97.0", ">=1.9,<3"),
        ("anthropic", "3.0.0", ">=1.9,<3"),
        ("anthropic", "3.0.0rc1", ">=1.9,<3"),
        ("anthropic", "10.0", ">=1.9,<3"),
        ("anthropic", "not installed", ">=1.9,<3"),
        ("vcrpy", "8.1.1", ">=9.4.2,<10"),
        ("vcrpy", "9.4.1", ">=9.4.2,<10"),
        ("vcrpy", "9.4", ">=9.4.2,<10"),
        ("vcrpy", "9", ">=9.4.2,<10"),
        ("vcrpy", "10.0.0", ">=9.4.2,<10"),
        ("vcrpy", "not installed", ">=9.4.2,<10"),
    ],
)
def test_a_version_outside_of_the_range_is_named_with_the_command_that_mends_it(
    package: str, version: str, allowed: str
):
    assert unsupported({**GOOD, package: version}) == (
        (
            f"{package} {version}: pytest-llmregress cannot record or replay with this version; "
            f'{package}{allowed}. python -m pip install "{package}{allowed}"'
        ),
    )


@pytest.mark.parametrize(
    ("package", "version"),
    [("vcrpy", "9.4.2rc1"), ("vcrpy", "9.4.2.dev3"), ("anthropic", "1.0.0rc1")],
)
def test_a_version_before_the_first_supported_release_is_refused(package: str, version: str):
    assert len(unsupported({**GOOD, package: version})) == 1


def test_each_package_has_its_own_line():
    lines = unsupported({"anthropic": "0.97.0", "vcrpy": "8.1.1"})

    assert [line.partition(":")[0] for line in lines] == ["anthropic 0.97.0", "vcrpy 8.1.1"]


def test_what_is_installed_is_named_and_is_supported():
    versions = installed()

    assert set(versions) == {"pytest-llmregress", "pytest", "anthropic", "vcrpy", "python"}
    assert versions["python"] == platform.python_version()
    assert versions["pytest"] == pytest.__version__
    assert unsupported(versions) == ()


def test_the_ranges_are_those_that_an_installation_keeps_to():
    lines = requires("pytest-llmregress")
    assert lines is not None
    declared = {each.name: each.specifier for each in map(Requirement, lines)}

    assert {name: declared[name] for name in SUPPORTED} == {
        name: SpecifierSet(allowed) for name, allowed in SUPPORTED.items()
    }


def test_a_recording_names_what_made_it_and_the_sdks_of_its_calls_that_there_are():
    own = {name: installed()[name] for name in ("pytest-llmregress", "vcrpy")}

    assert recorded_with(["anthropic", "sdk-of-nobody"]) == {
        "anthropic": installed()["anthropic"],
        **own,
    }
    assert recorded_with([]) == own


def test_an_sdk_that_made_no_call_is_left_out_of_an_older_recording():
    versions = {"anthropic": "2.12.0", "pytest-llmregress": "0.1.0", "vcrpy": "9.4.2"}

    assert "anthropic" in versions_among(versions, ["anthropic"])
    assert "anthropic" not in versions_among(versions, ["openai"])
    assert name_sdks(versions) == "anthropic 2.12.0"
    assert name_sdks(versions_among(versions, [])) == "-"
