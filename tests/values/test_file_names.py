"""Tests of file names: readable, allowed everywhere, and never shared by two tests."""

import re

import pytest

from pytest_llmregress.values.file_names import slug_of_test, slug_of_variant


@pytest.mark.parametrize(
    ("node_id", "stem"),
    [
        ("tests/test_a.py::test_refund", "refund"),
        ("tests/test_a.py::test_refund_within_14_days", "refund_within_14_days"),
        (f"test_a.py::test_{'a' * 60}", "a" * 60),
    ],
)
def test_a_name_that_loses_nothing_is_the_file_name(node_id: str, stem: str):
    assert slug_of_test(node_id) == stem


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("test_Refund", "refund-"),
        ("test_refund[a/b]", "refund-a-b-"),
        ("TestSupport::test_refund", "testsupport-refund-"),
        ("refund", "refund-"),
        ("test_", ""),
        ("test__refund", "_refund-"),
        ("test_con", "con-"),
        (f"test_{'a' * 61}", "a" * 60 + "-"),
        ("test_größe", "gr-e-"),
        ("test_退款", ""),
    ],
)
def test_a_name_that_loses_something_gets_a_hash(name: str, readable: str):
    stem = slug_of_test(f"tests/test_a.py::{name}")

    assert re.fullmatch(re.escape(readable) + "[0-9a-f]{8}", stem)


ALIKE = (
    "test_refund",
    "test_Refund",
    "test_REFUND",
    "refund",
    "test__refund",
    "test_refund_",
    "test_refund[a/b]",
    "test_refund[a-b]",
    "test_refund[a?b]",
    "test_refund[a:b]",
    "test_refund[a b]",
    "test_refund[a\\b]",
    "test_refund[A-b]",
    "test_refund[ä]",
    "test_refund[ö]",
    "test_refund[a]",
    "test_refund[]",
    "test_refund-a-b",
    "TestA::test_refund",
    "TestB::test_refund",
    "testa::test_refund",
    "TestA::TestB::test_refund",
    f"test_{'x' * 60}",
    f"test_{'x' * 61}",
    f"test_{'x' * 62}",
    f"test_{'x' * 60}y",
)


def test_names_that_look_alike_never_share_a_file_even_where_case_does_not_count():
    stems = {name: slug_of_test(f"tests/test_a.py::{name}").casefold() for name in ALIKE}

    assert len(set(stems.values())) == len(ALIKE), stems


@pytest.mark.parametrize(
    "name",
    [
        *(f"test_{name}" for name in ("con", "prn", "aux", "nul", "com1", "lpt9")),
        *ALIKE,
        "test_refund[..]",
        "test_refund[../../etc/passwd]",
        'test_refund[<>:"|*?]',
        "test_refund[\x00\x1b]",
        "test_refund[\ud800]",
        "test_refund[.]",
        "test_..",
    ],
)
def test_every_slug_can_be_a_file_on_every_system(name: str):
    stem = slug_of_test(f"tests/test_a.py::{name}")

    assert re.fullmatch(r"[a-z0-9_][a-z0-9_.-]*", stem)
    assert len(stem) <= 60 + 1 + 8
    assert not stem.endswith(".")
    # Windows reserves a name whatever follows its first dot, and the files are `stem.cassette…`.
    assert not re.fullmatch(r"con|prn|aux|nul|com\d|lpt\d", stem.partition(".")[0])


@pytest.mark.parametrize("name", ["test_refund", "test_refund[a/b]", "TestA::test_refund"])
def test_a_suite_finds_its_files_from_whichever_folder_it_is_run(name: str):
    stems = {slug_of_test(f"{folder}test_a.py::{name}") for folder in ("", "tests/", "a/tests/")}

    assert len(stems) == 1


@pytest.mark.parametrize(
    "name", ["claude-opus-5-5", "claude-opus-4-1-20250805", "claude-3.5", "gpt-5"]
)
def test_a_candidate_is_named_as_it_is_where_that_can_be(name: str):
    assert slug_of_variant(name) == name


def test_candidates_that_look_alike_never_share_a_file():
    names = (
        "claude-opus-5",
        "Claude-Opus-5",
        "claude-opus-4=claude-opus-5",
        "claude-opus-4-claude-opus-5",
        "claude-opus-4@claude-opus-5",
        "anthropic/claude-opus-5",
        "anthropic.claude-opus-5",
        "anthropic.claude-opus-5-v1:0",
        "anthropic.claude-opus-5-v1-0",
        "x" * 60,
        "x" * 61,
        "x" * 62,
    )
    slugs = [slug_of_variant(name).casefold() for name in names]

    assert len(set(slugs)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", each) for each in slugs)
