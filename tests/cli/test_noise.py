"""How far the samples of a baseline agree with each other, as `status` tells it."""

from pytest_llmregress.cli.baseline_variance import noise_to_json, render_noise
from pytest_llmregress.values.behavior import Behavior, Severity, Trait, TraitKind
from pytest_llmregress.values.snapshot import SampleSnapshot, Snapshot


def sample(language: str, text: str, *, passed: bool = True, session: str = "2026-01-01"):
    traits = (
        Trait(
            name="text.language",
            value=language,
            kind=TraitKind.CATEGORY,
            severity=Severity.BREAKING,
        ),
        Trait(name="text", value=text, kind=TraitKind.TEXT, severity=Severity.COSMETIC),
    )
    return SampleSnapshot(behavior=Behavior(traits=traits), passed=passed, session=session)


def snapshot(*samples: SampleSnapshot) -> Snapshot:
    return Snapshot(test="test_a.py::test_a", cassette="sha256:00", samples=samples)


def test_one_sample_has_nothing_to_agree_with():
    assert render_noise(snapshot(sample("en", "Hello."))) == ()
    assert noise_to_json(None) is None


def test_agreement_is_told_apart_for_behavior_and_words():
    several = snapshot(
        sample("en", "Hello."),
        sample("en", "Good day."),
        sample("de", "Hello.", passed=False, session="2026-01-02"),
    )

    (line,) = render_noise(several)

    assert line == (
        "  samples: 2 of 3 passed, in 2 sessions; "
        "33 % of pairs the same behavior; 33 % of pairs the same words"
    )


def test_what_varies_too_much_is_named():
    several = snapshot(*(sample(language, "x") for language in ("en", "de", "fr", "es")))

    assert "text.language (4 values)" in render_noise(several)[-1]
    assert noise_to_json(several)["noisy"] == {"text.language": 4}
