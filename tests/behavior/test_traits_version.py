"""The version of what the built-in traits say grows with each change of it."""

import hashlib
from pathlib import Path

from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.providers.registry import built_in_providers, read_calls
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.values.behavior import TRAITS
from pytest_llmregress.values.canonical_json import dump_canonical_json

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SAID = {15: "3abd555ab47a7aa24156146a97deb9d0271b23d4c56c4584e351b01a99489929"}
"""By version, the digest of what the traits say of every recording of the examples."""


def test_what_traits_say_of_the_examples_is_what_this_version_says():
    said = hashlib.sha256()
    providers = built_in_providers()
    for path in sorted(EXAMPLES.rglob("*.cassette.yaml")):
        for run in read_cassette(path).runs:
            traits = extract_traits(read_calls(run, providers))
            said.update(dump_canonical_json([trait.to_json() for trait in traits]).encode())

    # Where the same recordings are told otherwise, raise TRAITS in values/behavior.py, and put the
    # left side in the place of SAID.
    digest = said.hexdigest()
    assert SAID == {TRAITS: digest}, f'SAID = {{{TRAITS}: "{digest}"}}'
