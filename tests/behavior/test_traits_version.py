"""The version of what the built-in traits say grows with each change of it."""

import hashlib
from pathlib import Path

from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.values.behavior import TRAITS
from pytest_llmregress.values.call import Calls
from pytest_llmregress.values.canonical_json import dump_canonical_json

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SAID = {7: "b84dea9ca1adb6961cdefe1682bb2836ab9d423dd51ca9f8c9afb6fadd2b163f"}
"""By version, the digest of what the traits say of every recording of the examples."""


def test_what_traits_say_of_the_examples_is_what_this_version_says():
    said = hashlib.sha256()
    provider = AnthropicProvider()
    for path in sorted(EXAMPLES.rglob("*.cassette.yaml")):
        for run in read_cassette(path).runs:
            read = (provider.read(each) for each in run if not each.judge)
            traits = extract_traits(Calls([call for call in read if call is not None]))
            said.update(dump_canonical_json([trait.to_json() for trait in traits]).encode())

    # Where the same recordings are told otherwise, raise TRAITS in values/behavior.py, and put the
    # left side in the place of SAID.
    digest = said.hexdigest()
    assert SAID == {TRAITS: digest}, f'SAID = {{{TRAITS}: "{digest}"}}'
