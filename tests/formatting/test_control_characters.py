"""Tests of what is spelled out, so that neither a terminal nor a CI system obeys it."""

import pytest

from pytest_llmregress.formatting.control_characters import escape_controls, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]52;c;cHduZWQ=\x07", r"\x1b]52;c;cHduZWQ=\x07"),
        ("\x1b[2J\x1b[31m", r"\x1b[2J\x1b[31m"),
        ("\x9b2J", r"\x9b2J"),
        ("safe\rrm -rf", r"safe\rrm -rf"),
        ("a\nb\tc\x0bd\x0ce\x85f\u2028g", r"a\nb\tc\x0bd\x0ce\x85f\u2028g"),
        ("user\u202etxt.exe\u2066x\u2069", r"user\u202etxt.exe\u2066x\u2069"),
        ("a\u200bb\ufeff", r"a\u200bb\ufeff"),
        ("\ud800", r"\ud800"),
        ("\x00\x08\x7f", r"\x00\x08\x7f"),
        ("::add-mask::a", r"\u003a:add-mask::a"),
        ("  ::error file=a,line=1::x", r"  \u003a:error file=a,line=1::x"),
        ("::set-output name=x::y", r"\u003a:set-output name=x::y"),
        ("##[add-mask]x", r"#\u0023[add-mask]x"),
        ("a ##vso[task.setvariable variable=x]y", r"a #\u0023vso[task.setvariable variable=x]y"),
        ("###teamcity[buildStop]", r"##\u0023teamcity[buildStop]"),
    ],
)
def test_what_would_be_obeyed_is_spelled_out(text: str, shown: str):
    assert escape_controls(text) == shown
    assert escape_controls(shown) == shown, "what is spelled out once stays"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Grüße, 世界 → ok",
        "tests/test_a.py::TestA::test_b[x::y]",
        "::1",
        "## Heading [link](x)",
        "C# and F##",
        r"a\nb",
        "  two  spaces ",
    ],
)
def test_ordinary_text_stays(text: str):
    assert escape_controls(text) == text


def test_lines_of_a_message_stay_lines_and_none_is_a_command():
    text = "test: broke\n  tool \x1b[2J\n::add-mask::a\n\t::error::b"

    assert visible_lines(text).split("\n") == [
        "test: broke",
        r"  tool \x1b[2J",
        r"\u003a:add-mask::a",
        r"\t::error::b",
    ]
