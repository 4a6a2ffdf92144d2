"""The drift of one test, as people read it."""

import pytest

from pytest_llmregress.reports.drift import render_drift
from pytest_llmregress.values.behavior import Change, Drift, Severity

TEST = "tests/test_support.py::test_refund"
LOOK = "pytest-llmregress show tests/__llm__/test_support/refund.cassette.yaml"
ACCEPT = "pytest-llmregress accept tests/test_support.py::test_refund"


def change(severity: Severity, trait: str, before: str, after: str, detail: str = "") -> Change:
    return Change(trait=trait, severity=severity, before=before, after=after, detail=detail)


def render(*changes: Change, fails: bool = True, **drift: str) -> str:
    models = {"baseline": "claude-opus-5", "candidate": "claude-opus-5-5"} | drift
    return render_drift(
        test=TEST, drift=Drift(changes=changes, **models), fails=fails, look=LOOK, accept=ACCEPT
    )


def test_changes_are_aligned_and_followed_by_what_to_do():
    text = render(
        change(Severity.BREAKING, "tools.set", "lookup_order, issue_refund", "lookup_order"),
        change(Severity.NOTABLE, "output_tokens", "120", "3,012", "25.1x"),
        change(Severity.COSMETIC, "text", "Your refund is on its way.", "Done!", "call 2"),
    )

    assert text == (
        "tests/test_support.py::test_refund:\n"
        "  claude-opus-5 → claude-opus-5-5: 1 breaking, 1 notable, 1 cosmetic; fails the test\n"
        "  breaking  tools.set      lookup_order, issue_refund → lookup_order\n"
        "  notable   output_tokens  120 → 3,012 (25.1x)\n"
        "  cosmetic  text           Your refund is on its way. → Done! (call 2)\n"
        "observed once: 1 recording against 1: a difference, not how often it happens\n"
        f"look closer: {LOOK}\n"
        f"accept:      {ACCEPT}"
    )


def test_a_short_head_stays_on_one_line_and_says_what_does_not_fail():
    text = render_drift(
        test="test_a.py::test_b",
        drift=Drift(
            baseline="claude-opus-5",
            candidate="claude-opus-5",
            changes=(change(Severity.COSMETIC, "text.length", "12", "14"),),
        ),
        fails=False,
        look="",
        accept="",
    )

    assert text == (
        "test_a.py::test_b: claude-opus-5, recorded again: 1 cosmetic; does not fail the test\n"
        "  cosmetic  text.length  12 → 14\n"
        "observed once: 1 recording against 1: a difference, not how often it happens"
    )


def test_six_changes_are_told_and_the_others_counted():
    severities = [Severity.BREAKING] * 6 + [Severity.NOTABLE] * 2 + [Severity.COSMETIC] * 2
    text = render(*(change(s, f"trait.{n}", "a", "b") for n, s in enumerate(severities)))

    assert text.splitlines()[2:10] == [
        *(f"  breaking  trait.{n}  a → b" for n in range(6)),
        "  and 4 more (2 notable, 2 cosmetic)",
        "observed once: 1 recording against 1: a difference, not how often it happens",
    ]


def test_all_of_a_breaking_detail_is_told_below_a_row_that_has_no_room_for_it():
    detail = "fan-out: call 1 starts sub-agents 1 'Read the log', 2 'Read the tests', 3 'Read all'"
    text = render(
        change(Severity.BREAKING, "agents.count", "1", "4", f"{detail}, 4 'Read \x1b[31m'"),
        change(Severity.NOTABLE, "tools.set", "Read → Bash", "Bash", detail),
    )

    assert text.splitlines()[2:5] == [
        "  breaking  agents.count  1 → 4",
        f"    {detail}, 4 'Read",
        "    \\x1b[31m'",
    ]
    assert text.splitlines()[5].startswith(
        "  notable   tools.set     Read → Bash → Bash (fan-out: "
    )


def test_no_difference_is_not_called_stable():
    text = render(fails=False, baseline="claude-haiku-4-5-20251001-v1:0")

    assert text.splitlines()[1:3] == [
        "  claude-haiku-4-5-20251001-v1:0 → claude-opus-5-5: no difference seen",
        "observed once: 1 recording against 1: a difference, not how often it happens",
    ]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a" * 200, "b" * 200, "a" * 34 + "… → " + "b" * 34 + "…"),
        ("a" * 200, "short", "a" * 64 + "… → short"),
        ("short", "b" * 200, "short → " + "b" * 64 + "…"),
    ],
)
def test_long_values_share_the_width(before: str, after: str, shown: str):
    row = render(change(Severity.BREAKING, "text", before, after, "call 1")).splitlines()[-4]

    assert row == f"  breaking  text  {shown} (call 1)"
    assert len(row) == 100


def test_what_a_terminal_would_obey_is_spelled_out():
    text = render(
        change(Severity.BREAKING, "tool\x1b[2J", "\x1b]0;owned\x07", "a\rb\u202e", "\x9b31m"),
        baseline="m\x1b[31m",
    )

    assert text.splitlines()[-4] == (
        r"  breaking  tool\x1b[2J  \x1b]0;owned\x07 → a b\u202e (\x9b31m)"
    )
    assert text.startswith(r"tests/test_support.py::test_refund: m\x1b[31m → claude-opus-5-5: ")
    assert all(line.isprintable() for line in text.splitlines())
