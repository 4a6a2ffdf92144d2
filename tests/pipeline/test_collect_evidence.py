"""The evidence of a test: what was extracted from both sides, sample by sample."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.pipeline.config import MarkerOptions, TestConfig, TestIdentity
from pytest_llmregress.pipeline.next_command import NextCommand
from pytest_llmregress.pipeline.observe import collect_evidence
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.state import (
    ObservedSample,
    ObservedTest,
    SampleRecording,
    TestState,
)
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.values.behavior import Behavior, Change, Severity, Trait, TraitKind
from pytest_llmregress.values.call import Call, Calls, Outcome
from pytest_llmregress.values.comparison_rules import Severities
from pytest_llmregress.values.evidence import NumberEvidence, TraitEvidence
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.settings import Settings
from pytest_llmregress.values.snapshot import SampleSnapshot, Snapshot
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.judge_suite import judge_suite

TEST = "t.py::test_a"
CALL = Call(provider="anthropic", requested_model="m", outcome=Outcome.ANSWERED)


def behave(value: Any, name: str = "refusal") -> Behavior:
    trait = Trait(name=name, value=value, kind=TraitKind.CATEGORY, severity=Severity.BREAKING)
    return Behavior(traits=(trait,))


def sample(number: int, behavior: Behavior, **fields: Any) -> ObservedSample:
    confirms = fields.pop("confirms", False)
    plan = SamplePlan(number=number, mode=SampleMode.RECORD, confirms=confirms)
    recording = SampleRecording(plan=plan, calls=(CALL,) * fields.pop("calls", 1))
    return ObservedSample(recording=recording, behavior=behavior, compared=True, **fields)


def observed(
    baseline: list[Behavior], samples: list[ObservedSample], **severity: str
) -> ObservedTest:
    settings = Settings()
    identity = TestIdentity(node_id=TEST, path=Path("t.py"), markers=())
    accepted = Snapshot(
        test=TEST,
        cassette="",
        samples=tuple(SampleSnapshot(behavior=behavior) for behavior in baseline),
    )
    state = TestState(
        identity=identity,
        config=TestConfig(
            settings=settings,
            contract=Contract(),
            matching=RequestMatcher(),
            redactor=Redactor(),
            terms=MarkerOptions(severity=Severities.read(severity)),
        ),
        paths=TestPaths(directory=Path("__llm__"), stem="a"),
        commands=NextCommand(
            TEST, Path("t.py"), invoked_from=Path(), settings=settings, in_ci=False
        ),
        accepted=accepted,
    )
    return ObservedTest(state=state, samples=tuple(samples))


def test_a_value_stays_what_it_is_though_the_baseline_showed_it_as_well():
    """The comparison sees no change in a refusal where one of the baseline's samples refuses."""
    baseline = [behave("none"), behave("soft"), behave("none")]
    fresh = sample(2, behave("none"), confirms=True)
    evidence = collect_evidence(observed(baseline, [sample(1, behave("soft")), fresh]))

    (trait,) = evidence.traits
    assert trait.baseline == ('"none"', '"soft"', '"none"')
    assert (trait.screen, trait.fresh) == (('"soft"',), ('"none"',))


def test_a_cosmetic_or_noisy_change_hides_no_value():
    seen = Change(trait="refusal", severity=Severity.COSMETIC, before="a", after="d", noisy=True)
    new = sample(1, behave("d"), changes=(seen,))
    evidence = collect_evidence(observed([behave(each) for each in "abc"], [new]))

    assert evidence.traits[0].screen == ('"d"',)
    assert evidence.traits[0].severity is Severity.BREAKING


@pytest.mark.parametrize(
    ("word", "severity"),
    [("notable", Severity.NOTABLE), ("ignore", Severity.COSMETIC), ("breaking", Severity.BREAKING)],
)
def test_a_trait_is_as_bad_as_the_project_says_before_anything_is_seen(word, severity):
    test = observed([behave("none")], [sample(1, behave("none"))], refusal=word)

    assert collect_evidence(test).traits[0].severity is severity


def test_a_trait_that_one_side_lacks_is_no_evidence():
    test = observed([behave(1, "mine")], [sample(1, behave(1, "yours"))])

    assert collect_evidence(test).traits == ()
    assert collect_evidence(test).traits_compared == 0


def asked(*replies: tuple[str, str]) -> Calls:
    """Return independent calls: what was asked, and the answer."""
    return Calls(
        replace(CALL, text=text, request={"messages": [{"role": "user", "content": question}]})
        for question, text in replies
    )


SUN, NO = "The sun is out in Rome.", "I'm sorry, but I can't help with that."


def several(
    baseline: list[Calls], candidate: Calls
) -> tuple[dict[str, TraitEvidence], dict[str, NumberEvidence]]:
    sides = [Behavior(traits=extract_traits(calls)) for calls in (*baseline, candidate)]
    evidence = collect_evidence(observed(sides[:-1], [sample(1, sides[-1])]))
    return (
        {trait.name: trait for trait in evidence.traits},
        {number.name: number for number in evidence.numbers},
    )


def test_each_reply_of_independent_calls_is_evidence_whatever_the_order_of_the_calls():
    first = asked(("a", SUN), ("b", SUN), ("c", SUN))
    other = asked(("c", SUN), ("a", SUN), ("b", SUN))
    traits, numbers = several([first, other], asked(("b", NO), ("a", NO), ("c", SUN)))

    assert traits["refusal"].of_each_reply
    assert traits["refusal"].baseline == ('["none","none","none"]',) * 2
    assert traits["refusal"].screen == ('["soft","soft","none"]',)
    assert "conversations" not in traits
    assert not traits["served_model"].of_each_reply
    assert numbers["text.length"].baseline == (18.0, 18.0)


def test_five_of_six_replies_that_refuse_are_an_event_of_the_suite():
    before = asked(*[(f"tell {n}", SUN) for n in range(6)])
    after = asked(*[(f"tell {n}", NO) for n in range(5)], ("tell 5", SUN))
    sides = [Behavior(traits=extract_traits(calls)) for calls in (before, after)]
    new = [sample(number, sides[1]) for number in range(1, 6)]
    suite = judge_suite([collect_evidence(observed([sides[0]] * 5, new))], gate=GatePolicy())

    assert suite.fails
    assert [(e.name, e.baseline.failed, e.candidate.failed) for e in suite.events] == [
        ("refused in words", 0, 25)
    ]
    assert "refusal" in {trait.name for trait in suite.traits if trait.p < 0.01}


def test_of_the_same_question_asked_twice_the_order_of_the_answers_is_none():
    traits, _ = several([asked(("a", SUN), ("a", NO))], asked(("a", NO), ("a", SUN)))

    assert traits["refusal"].baseline == traits["refusal"].screen


def test_a_reply_that_one_side_lacks_is_missing_and_a_further_one_comes_last():
    traits, _ = several([asked(("a", SUN), ("b", NO))], asked(("b", NO)))
    assert traits["refusal"].screen == ('[null,"soft"]',)

    traits, _ = several([asked(("a", SUN))], asked(("b", NO), ("a", SUN)))
    assert traits["refusal"].baseline == ('["none",null]',)
    assert traits["refusal"].screen == ('["none","soft"]',)


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ({}, True),
        ({"behavior": behave("soft")}, False),
        ({"values": {"total": 42}}, False),
        ({"calls": 2}, False),
    ],
)
def test_all_is_the_same_only_where_every_trait_of_every_call_was_compared(change, is_same):
    """Of two calls, some traits tell of the last one alone."""
    fields: dict[str, Any] = {"behavior": behave("none"), **change}
    samples = [sample(1, behave("none")), sample(2, **fields)]
    evidence = collect_evidence(observed([behave("none")] * 3, samples))

    assert evidence.is_same is is_same
    assert evidence.traits_compared == 1


def test_a_baseline_that_varies_is_not_the_same_though_the_candidate_shows_nothing_new():
    test = observed([behave("none"), behave("soft")], [sample(1, behave("none"))])

    assert not collect_evidence(test).is_same
    assert collect_evidence(replace(test, samples=())).traits == ()
