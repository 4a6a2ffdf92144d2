"""Names of cassettes and names of tests."""

from pathlib import Path

import pytest

from pytest_llmregress.storage.vcr_format.folders import (
    cassette_name,
    find_cassettes,
    match_node_id,
    origin_of,
)

ROOT = Path("/project")


@pytest.mark.parametrize(
    ("node_id", "name"),
    [
        ("tests/test_a.py::test_b", "test_b"),
        ("tests/test_a.py::TestB::test_c", "TestB.test_c"),
        ("tests/test_a.py::TestA::TestB::test_c", "TestB.test_c"),
        ("tests/test_a.py::TestB::test_c[1-x]", "TestB.test_c[1-x]"),
        ("test_a.py::test_b[a/b:c?d\\u00fc::e]", "test_b[a-b-c-d-u00fc--e]"),
        ("test_a.py::test_b[0.5]", "test_b[0.5]"),
    ],
)
def test_a_cassette_is_named_as_pytest_recording_names_it(node_id, name):
    assert cassette_name(node_id) == name


@pytest.mark.parametrize(
    ("path", "source", "tests", "expected"),
    [
        ("tests/cassettes/test_a/test_b.yaml", "tests", None, "tests/test_a.py::test_b"),
        ("tests/cassettes/test_a/test_b.yaml", "tests/cassettes", None, "tests/test_a.py::test_b"),
        ("tests/cassettes/test_a/T.test_b.yaml", "tests", None, "tests/test_a.py::T::test_b"),
        (
            "tests/cassettes/test_a/T.test_b[0.5.1].yaml",
            "tests",
            None,
            "tests/test_a.py::T::test_b[0.5.1]",
        ),
        ("tests/cassettes/test_a/test_b[a.b].yaml", "tests", None, "tests/test_a.py::test_b[a.b]"),
        ("old/cassettes/test_a/test_b.json", "old", "tests", "tests/test_a.py::test_b"),
        ("old/cassettes/test_a/test_b.yaml", "old/cassettes", "tests", "tests/test_a.py::test_b"),
        ("old/m/cassettes/test_a/test_b.yaml", "old", "tests", "tests/m/test_a.py::test_b"),
        ("other/test_a/test_b.yaml", "other", None, "other/test_a.py::test_b"),
        ("other/test_a/test_b.yaml", "other/test_a", None, "other/test_a.py::test_b"),
        ("other/test_a/test_b.yaml", "other/test_a", "tests", "tests/test_a.py::test_b"),
        ("tests/cassettes/test_b.yaml", "tests", None, None),
    ],
)
def test_a_cassette_is_mapped_back_to_its_test(path, source, tests, expected):
    origin = origin_of(ROOT / path, ROOT / source, None if tests is None else ROOT / tests)
    found = origin and f"{origin.test_file.relative_to(ROOT).as_posix()}::{origin.name}"

    assert found == expected


@pytest.mark.parametrize(
    ("stem", "node_ids", "expected"),
    [
        ("test_b[a-b]", ["tests/test_a.py::test_b[a/b]"], "tests/test_a.py::test_b[a/b]"),
        ("T.test_b", ["tests/test_a.py::O::T::test_b"], "tests/test_a.py::O::T::test_b"),
        ("test_b", ["test_a.py::test_b", "test_a.py::test_c"], "test_a.py::test_b"),
        ("test_b[a-b]", ["tests/test_a.py::test_b[a/b]", "tests/test_a.py::test_b[a:b]"], None),
        ("test_b", ["tests/m/test_a.py::test_b"], None),
        ("test_b", ["other_test_a.py::test_b"], None),
        ("test_b", [""], None),
    ],
)
def test_collected_tests_tell_names_apart_that_have_one_path(stem, node_ids, expected):
    path = ROOT / "tests" / "cassettes" / "test_a" / f"{stem}.yaml"
    origin = origin_of(path, ROOT / "tests", None)

    assert origin is not None
    assert match_node_id(origin, node_ids) == expected
    assert origin.sure is ("-" not in stem)


def test_only_what_may_be_a_cassette_is_found(tmp_path):
    for name in (
        "tests/data.yaml",
        "tests/cassettes/test_a/test_b.yaml",
        "tests/cassettes/test_a/test_c.json",
        "tests/cassettes/test_a/test_d.txt",
        "tests/m/cassettes/test_a/test_e.yml",
        "tests/.venv/cassettes/test_a/test_f.yaml",
        "tests/__llm__/test_a/b.cassette.yaml",
        "flat/test_g.yaml",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def found(source: str) -> list[str]:
        return [path.name for path in find_cassettes(tmp_path / source)]

    assert found("tests") == ["test_b.yaml", "test_c.json", "test_e.yml"]
    assert found("tests/cassettes") == ["test_b.yaml", "test_c.json"]
    assert found("tests/cassettes/test_a") == ["test_b.yaml", "test_c.json"]
    assert found("flat") == ["test_g.yaml"]
    assert found("tests/cassettes/test_a/test_d.txt") == ["test_d.txt"]
