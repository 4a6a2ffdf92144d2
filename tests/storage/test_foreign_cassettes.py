"""Cassettes that other programs recorded: loaded, stored as ours, replayed through the SDK."""

import pytest

from cassette_checks import (
    OWN,
    check_as_vcrpy,
    check_bodies,
    check_cuts,
    check_export,
    check_no_secrets,
    check_reading,
    check_replay,
    check_structure,
    name_of,
)

STOCK = [path for path in OWN if path.parent.name != "parsed_body"]

each = pytest.mark.parametrize("path", OWN, ids=name_of)


def test_there_are_cassettes_of_every_program() -> None:
    assert {path.parent.name for path in OWN} == {"vcrpy", "pytest_recording", "parsed_body"}


@each
def test_every_call_in_a_cassette_is_read_and_nothing_else(path):
    check_reading(path)


@each
def test_bodies_are_those_of_the_file(path):
    check_bodies(path)


@each
def test_a_cassette_replays_through_the_sdk_as_it_was_recorded(path, tmp_path):
    check_replay(path, tmp_path)


@pytest.mark.parametrize("path", STOCK, ids=name_of)
def test_a_stock_cassette_is_read_as_vcrpy_reads_it(path):
    check_as_vcrpy(path)


@each
def test_an_exported_cassette_is_the_same_for_vcrpy_and_for_us(path, tmp_path):
    check_export(path, tmp_path)


@each
def test_replies_are_stored_as_structure(path, tmp_path):
    check_structure(path, tmp_path)


@each
def test_no_cut_of_a_recorded_reply_raises_or_passes_for_whole(path):
    assert check_cuts(path)


@each
def test_traffic_has_no_false_finding_of_a_secret(path):
    check_no_secrets(path)
