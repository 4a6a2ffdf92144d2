"""A pending item as lines."""

import random

import pytest

from pytest_llmregress.formatting.styled_text import (
    Style,
    StyledSpan,
    TerminalScreen,
    measure,
    wrap,
)
from pytest_llmregress.reports.review import (
    ItemView,
    ReviewLayout,
    ReviewSide,
    render_help,
    render_item,
    render_keys,
    summarize,
)
from pytest_llmregress.reports.review_queue import (
    QueueEntry,
    ReviewQueue,
    ReviewState,
    classify_drift,
)
from pytest_llmregress.values.behavior import Change, Severity
from pytest_llmregress.values.cause import Cause, CauseKind
from pytest_llmregress.values.side_by_side import CallSummary
from pytest_llmregress.values.snapshot import PendingReason

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b1m \u202etxt\u2066 \r\b\x7f \ud800 \u200b\u2028"
CHANGES = (
    Change(
        trait="tools.set",
        severity=Severity.BREAKING,
        before="none",
        after="find_order",
        detail="gained find_order",
    ),
    Change(trait="length", severity=Severity.NOTABLE, before="9", after="90", detail="10x"),
)
QUEUE = ReviewQueue(
    entries=tuple(
        QueueEntry(test=name, drift=classify_drift(CHANGES, PendingReason.DRIFTED))
        for name in ("a", "b", "c")
    )
).mark({0}, ReviewState.ACCEPTED)


def side(text="It arrives on Thursday.", tools=(), cost=0.0125, latency=1.5, **rest):
    return ReviewSide(
        side=CallSummary(
            prompt="",
            text=text,
            tools=tools,
            outcome="answered",
            calls=2,
            input_tokens=1234,
            output_tokens=41,
            latency=latency,
        ),
        cost=cost,
        **rest,
    )


def item(**over):
    view = {
        "test": "tests/test_a.py::test_refund",
        "models": "claude-opus-5 → claude-opus-5-5",
        "reason": "drifted, 1 breaking, 1 notable",
        "severity": Severity.BREAKING,
        "changes": CHANGES,
        "cause": Cause(kind=CauseKind.MODEL, summary="consistent with the model switch"),
        "old": side(),
        "new": side("It arrives on Friday.", (("find_order", {"id": "A1"}),), cost=None),
    }
    return ItemView(**(view | over))


def lines(view, *, columns=80, layout=ReviewLayout.UNIFIED, prompt=False, **screen):
    shown = TerminalScreen(columns=columns, rows=50, **({"styled": False} | screen))
    return [
        "".join(span.text for span in line)
        for line in render_item(view, QUEUE, screen=shown, layout=layout, prompt=prompt)
    ]


def test_an_item_says_where_one_is_what_waits_and_why():
    shown = lines(item())

    assert shown[:5] == [
        "[2/3] tests/test_a.py::test_refund",
        "claude-opus-5 → claude-opus-5-5  breaking  drifted, 1 breaking, 1 notable",
        "  breaking  tools.set  none → find_order (gained find_order)",
        "  notable   length     9 → 90 (10x)",
        "cause: consistent with the model switch",
    ]
    assert shown[5].startswith("── text ──")
    assert shown[6:8] == ["- It arrives on [-Thursday-].", "+ It arrives on {+Friday+}."]
    assert '+ {+find_order {"id":"A1"}+}' in shown


def test_what_was_spent_stands_in_two_columns_and_the_unknown_is_said():
    shown = lines(item(new=side(cost=None, latency=None)))

    assert shown[-7].split() == ["accepted", "pending"]
    assert shown[-6:] == [
        "outcome        answered  answered",
        "calls          2         2",
        "input tokens   1,234     1,234",
        "output tokens  41        41",
        "cost           $0.0125   unknown",
        "latency        1.50 s    unknown",
    ]


def test_side_by_side_the_words_that_differ_are_marked_on_both_sides():
    shown = lines(item(), columns=120, layout=ReviewLayout.BESIDE)

    assert any(line.startswith("accepted ") and line.endswith(" │ pending") for line in shown)
    (line,) = [line for line in shown if "Thursday" in line]
    assert line.split(" │ ") == [
        "It arrives on [-Thursday-].".ljust(58),
        "It arrives on {+Friday+}.",
    ]


def test_styles_stand_for_the_marks_where_there_are_some():
    screen = TerminalScreen(columns=80, rows=50)
    shown = [
        screen.paint(line)
        for line in render_item(
            item(), QUEUE, screen=screen, layout=ReviewLayout.UNIFIED, prompt=False
        )
    ]

    assert "- It arrives on \x1b[31;7mThursday\x1b[0m." in shown
    assert "+ It arrives on \x1b[32;7mFriday\x1b[0m." in shown


def test_what_is_the_same_on_both_sides_is_shown_once():
    shown = lines(item(old=side(prompt="user:\nHi"), new=side(prompt="user:\nHi")), prompt=True)

    assert shown.count("It arrives on Thursday.") == 1
    assert shown.count("the same on both sides:") == 2
    assert shown.index("user:") < shown.index("Hi")


def test_values_are_shown_where_they_differ():
    shown = lines(item(old=side(values='{\n  "a": 1\n}'), new=side(values='{\n  "a": 2\n}')))

    assert '-   "a": [-1-]' in shown
    assert '+   "a": {+2+}' in shown


@pytest.mark.parametrize("missing", [{"old": None}, {"new": None}, {"old": None, "new": None}])
def test_a_side_that_cannot_be_read_leaves_the_other(missing):
    shown = lines(item(**missing, notes=("tests/x.yaml: it is damaged",)))

    assert "tests/x.yaml: it is damaged" in shown
    assert ("- [-It arrives on Thursday.-]" in shown) is ("old" not in missing)


@pytest.mark.parametrize("layout", ReviewLayout)
@pytest.mark.parametrize("columns", [10, 80, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_no_line_is_wider_than_the_screen_and_none_holds_a_command(layout, columns, encoding):
    chance = random.Random(7)
    parts = [EVIL, "中文字符", "e\u0301", "word ", " " * 30, "x" * 90, "\t", "\n", "→", "👩‍👩‍👧"]
    for _ in range(20):
        old, new = ("".join(chance.choices(parts, k=30)) for _ in range(2))
        view = item(
            test=f"test{EVIL}",
            models=old,
            reason=new,
            notes=(EVIL,),
            changes=(
                *CHANGES,
                Change(trait=old, severity=Severity.COSMETIC, before=old, after=new),
            ),
            old=side(old, ((old, {new: old}),), prompt=old, values=old),
            new=side(new, ((new, {old: [new]}),), prompt=new, values=new),
        )
        screen = TerminalScreen(columns=columns, rows=50, encoding=encoding, styled=False)
        queue = ReviewQueue(
            entries=(QueueEntry(test=old, drift=classify_drift(view.changes, None)),)
        )
        shown = [
            *render_item(view, queue, screen=screen, layout=layout, prompt=True),
            *render_keys(queue, screen),
            *render_help(queue, screen),
        ]
        texts = ["".join(span.text for span in line) for line in shown]

        assert all(text.isprintable() for text in texts)
        assert all(text.encode(encoding) for text in texts if text)
        assert max(map(measure, texts)) <= max(columns, 20)


@pytest.mark.parametrize(
    ("text", "columns", "wrapped"),
    [
        ("one two three", 8, ["one two ", "three"]),
        ("one two three", 7, ["one two", "three"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("中文字符", 5, ["中文", "字符"]),
        ("e\u0301e\u0301e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]),
        ("", 5, [""]),
    ],
)
def test_lines_are_broken_between_words_and_measured_in_columns(text, columns, wrapped):
    lines = wrap((StyledSpan(text, Style.OLD),), columns)

    assert ["".join(span.text for span in line) for line in lines] == wrapped


def test_keys_name_the_size_of_the_class_only_where_it_has_others():
    screen = TerminalScreen(columns=100, rows=50, styled=False)
    alone = QUEUE.mark({2}, ReviewState.SKIPPED)

    assert "A R S all 2 of this class" in render_keys(QUEUE, screen)[0][0].text
    assert "of this class" not in render_keys(alone, screen)[0][0].text


def test_the_end_counts_what_became_of_all():
    assert summarize(QUEUE) == "1 accepted, 2 not looked at"
    assert summarize(QUEUE.mark({1}, ReviewState.SKIPPED).mark({2}, ReviewState.FAILED)) == (
        "1 accepted, 1 skipped, 1 failed"
    )
