"""Both sides are extracted when they are compared: from cassettes, by the extractors of today."""

from dataclasses import replace

import pytest

from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.pipeline import extract
from pytest_llmregress.pipeline.config import TestConfig
from pytest_llmregress.pipeline.extract import (
    Extractors,
    build_stamp,
    extract_behavior,
    find_uncompared,
    hold_back,
    update_baseline,
)
from pytest_llmregress.pipeline.session_context import Plugins
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.storage.cassette_file import digest_of
from pytest_llmregress.values.behavior import Behavior, Change, Severity, Trait, TraitKind
from pytest_llmregress.values.call import Call, Calls
from pytest_llmregress.values.cassette import Cassette, SampleHeader
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.settings import Settings
from pytest_llmregress.values.snapshot import SampleSnapshot, Snapshot


def category(name, value):
    return Trait(name=name, value=value, kind=TraitKind.CATEGORY, severity=Severity.BREAKING)


def behavior(**values):
    return Behavior(traits=tuple(category(*pair) for pair in values.items()))


def taped(*texts):
    """Return a cassette with one sample for each text: one answer that is that text."""
    return Cassette(
        test="t.py::test_a",
        interactions=tuple(
            Interaction(
                request=Request(method="POST", url="https://a/v1/messages", body=b"{}"),
                response=Response(status=200, body=text.encode()),
            )
            for text in texts
        ),
        samples=tuple(SampleHeader(calls=1) for _ in texts),
    )


def read(interactions):
    return Calls(
        Call(provider="x", outcome="answered", text=each.response.body.decode())
        for each in interactions
    )


class Counted:
    """An extractor of one trait, the text in capitals, that counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def __call__(self, calls):
        self.asked += 1
        return behavior(loud=calls[0].text.upper())


def updated(accepted, cassette, *, others=(), counted=None):
    by = Extractors(extract=counted or Counted(), stamp=build_stamp(others))
    return update_baseline(accepted, cassette, read=read, extractors=by)


TAPE = taped("one", "two")
STORED = Snapshot(
    test="t.py::test_a",
    cassette=digest_of(TAPE),
    extractors=build_stamp(),
    samples=(
        SampleSnapshot(behavior=behavior(loud="ONE"), values={"plan": 1}, session="a"),
        SampleSnapshot(behavior=behavior(loud="TWO"), passed=False, session="b"),
    ),
)
TODAY = (behavior(loud="ONE"), behavior(loud="TWO"))


def test_what_is_kept_is_taken_where_its_stamp_fits():
    counted = Counted()

    assert updated(STORED, TAPE, counted=counted).snapshot is STORED
    assert counted.asked == 0


@pytest.mark.parametrize(
    "stored",
    [
        replace(STORED, extractors=()),
        replace(STORED, extractors=("pytest-llmregress=0",)),
        replace(STORED, extractors=build_stamp(["conftest.py"])),
        replace(STORED, cassette="sha256:of-another"),
    ],
    ids=["without a stamp", "older traits", "a hook that is gone", "another cassette"],
)
def test_where_the_stamp_does_not_fit_the_cassette_is_read_again(stored):
    stale = tuple(replace(each, behavior=behavior(loud="?")) for each in stored.samples)

    found = updated(replace(stored, samples=stale), TAPE).snapshot

    assert found.behaviors == TODAY
    assert [each.passed for each in found.samples] == [True, False]
    assert [each.session for each in found.samples] == ["a", "b"]
    assert found.samples[0].values == {"plan": 1}


def test_what_a_hook_said_is_never_trusted():
    counted = Counted()
    stamp = build_stamp(["conftest.py"])

    updated(replace(STORED, extractors=stamp), TAPE, others=["conftest.py"], counted=counted)

    assert stamp[-1] == "conftest.py=?"
    assert counted.asked == len(TAPE.runs)


def test_an_edited_cassette_is_read_again():
    assert updated(STORED, taped("one", "2")).snapshot.behaviors == (
        behavior(loud="ONE"),
        behavior(loud="2"),
    )


@pytest.mark.parametrize(("texts", "second"), [(["one"], "TWO"), (["one", "two", "three"], "TWO")])
def test_a_cassette_with_another_number_of_samples_leaves_those_that_were_accepted(texts, second):
    found = updated(STORED, taped(*texts)).snapshot

    assert found.behaviors == (behavior(loud="ONE"), behavior(loud=second))


def test_without_a_cassette_what_is_kept_serves_and_what_it_lacks_is_told():
    counted = Counted()
    baseline = updated(replace(STORED, extractors=()), None, counted=counted)

    assert counted.asked == 0
    assert baseline.snapshot.behaviors == TODAY
    assert find_uncompared(baseline, [behavior(loud="ONE", citations=2)]) == (
        "citations: not in the baseline, of which no cassette is left",
    )


def test_a_trait_that_only_one_side_has_is_told():
    baseline = updated(STORED, TAPE)

    assert find_uncompared(baseline, [behavior(loud="ONE")]) == ()
    assert find_uncompared(baseline, [behavior(quiet=""), behavior(loud="", quiet="")]) == (
        "quiet: not in the baseline",
    )
    assert find_uncompared(baseline, [behavior()]) == ("loud: not in the new recording",)


@pytest.fixture
def upgraded(monkeypatch):
    """Return what was accepted with the traits of version 1, as version 2 sees it.

    It has no trait "outcome" yet, and the hook's "loud" neither.
    """
    kept = [
        Behavior(traits=tuple(t for t in extract_traits(read(run)) if t.name != "outcome"))
        for run in TAPE.runs
    ]
    pairs = zip(STORED.samples, kept, strict=True)
    samples = tuple(replace(sample, behavior=each) for sample, each in pairs)

    def both(calls):
        return Behavior(traits=(*extract_traits(calls), category("loud", calls[0].text.upper())))

    monkeypatch.setattr(extract, "TRAITS", 2)
    by = Extractors(extract=both, stamp=build_stamp(["conftest.py"]))

    def update(stamp):
        accepted = replace(STORED, samples=samples, extractors=stamp)
        return update_baseline(accepted, TAPE, read=read, extractors=by)

    return update


@pytest.mark.parametrize("stamp", [("pytest-llmregress=1",), ()], ids=["version 1", "no stamp"])
def test_a_built_in_trait_of_a_later_version_gates_nothing_and_a_hook_gates_at_once(
    upgraded, stamp
):
    baseline = upgraded(stamp)
    changes = [
        Change(trait=name, severity=Severity.BREAKING, before="a", after="b", detail=detail)
        for name, detail in [("outcome", ""), ("outcome", "call 2"), ("loud", "")]
    ]

    assert baseline.new == {"outcome"}
    assert [
        (each.severity, each.detail) for each in hold_back(changes, baseline.new, version="0.9")
    ] == [
        (Severity.COSMETIC, "new in pytest-llmregress 0.9"),
        (Severity.COSMETIC, "new in pytest-llmregress 0.9; call 2"),
        (Severity.BREAKING, ""),
    ]
    assert all(each.get("outcome") for each in baseline.snapshot.behaviors)
    assert not any(each.get("outcome") for each in baseline.gating.behaviors)
    assert all(each.get("loud") for each in baseline.gating.behaviors)


def test_what_this_version_accepted_has_no_new_trait(upgraded):
    assert upgraded(("pytest-llmregress=2",)).new == frozenset()


def test_a_trait_of_a_plugin_with_the_name_of_a_built_in_one_stands_in_its_place():
    """A version may bring a trait that somebody has had for long."""
    mine = Trait(name="citations", value=["[1]"], kind=TraitKind.SET, severity=Severity.BREAKING)
    plugins = Plugins(
        extract_traits=lambda _: (mine,),
        others_with_traits=("conftest.py",),
        classify=lambda *_: None,
        price=lambda _: None,
        faults=(),
    )
    config = TestConfig(
        settings=Settings(), contract=Contract(), matching=RequestMatcher(), redactor=Redactor()
    )

    found = extract_behavior(read(taped("Yes.").interactions), config=config, plugins=plugins)

    assert [trait for trait in found.traits if trait.name == "citations"] == [mine]
    assert found.get("outcome")
