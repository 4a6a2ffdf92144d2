"""Damaged cassettes: the short form of what tests/soak/fuzz_cassettes.py runs by command."""

from pathlib import Path

from fuzz_cassettes import DAMAGES, fuzz


def test_a_damaged_cassette_reads_the_same_or_is_refused_by_name(tmp_path: Path):
    found = fuzz(400, seed=7, folder=tmp_path)

    assert found.total() == 400
    assert {what.partition(":")[0] for what in found} == {damage.__name__ for damage in DAMAGES}
    assert found["cut_off: refused"] > 50
