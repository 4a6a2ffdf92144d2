"""The report of a run as a page: what it says, and what no text in it can do."""

import ast
import base64
import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from pytest_llmregress.providers.protocol import Reporter
from pytest_llmregress.reports.html import HtmlReporter, markup
from pytest_llmregress.reports.html.markup import MarkupTemplate
from pytest_llmregress.values.behavior import Drift, Severity
from pytest_llmregress.values.run_report import AnswerSource, Problem
from pytest_llmregress.values.side_by_side import MAX_TEXT
from reports import compared, drifted, record, run, side, with_every_text
from run_reports import drift_of

HOSTILE = (
    "</noscript></script></style></title></textarea></select></svg><script>alert(1)</script>"
    '"><img src=x onerror="alert(1)">\' onload=alert(1) style=color:red <a href=//evil.example>'
    "{{ 7 * 7 }}{% raw %}<!-- &lt;b&gt; \u202eright\u2066 \x00\x1b[2J\x85 \ud800 \ufeff"
)
PACKAGE = Path(markup.__file__).parent
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class Read(HTMLParser):
    """A page, read as a browser would."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline: dict[str, list[str]] = {"style": [], "script": []}
        self.texts: list[str] = []
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in self.inline:
            self.inline[self._inside].append(data)
        elif data.strip():
            self.texts.append(" ".join(data.split()))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]


def page(*tests, **fields) -> Read:
    return Read("".join(HtmlReporter().render(run(*tests, **fields))))


def test_it_is_a_reporter_for_html():
    reporter: Reporter = HtmlReporter()

    assert reporter.suffix == ".html"
    assert "".join(reporter.render(run(record()))).startswith("<!doctype html><html lang=")


# --- what it says ---------------------------------------------------------------------------


def test_the_verdict_stands_on_top_in_a_sentence():
    read = Read("".join(HtmlReporter().render(compared(drifted()))))

    assert read.texts[:2] == [
        "Fails: 1 of 1 test changed with claude-opus-5-5 · pytest-llmregress",
        "Skip to the tests",
    ]
    assert "changed with claude-opus-5-5 No instead of answered (1)" in read.text


def test_a_run_that_nothing_may_fail_is_not_said_to_have_failed():
    test = drifted(problems=(), passed=True, failed=False)
    read = Read("".join(HtmlReporter().render(replace(compared(test), fail_on="never"))))

    assert "Passes: the suite as a whole is worse" in read.text
    assert "which fails nothing with --llmregress-fail-on never" in read.text
    assert "Fails: " not in read.text


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (run(), "Passes: no marked test ran"),
        (
            run(record(), record("tests/test_a.py::test_b")),
            "Passes: 2 tests replayed",
        ),
        (run(record(mode=AnswerSource.RECORDED, accepted=True)), "Passes: 1 test recorded"),
        (run(record(passed=False)), "Fails: 1 of 1 test failed on an assert"),
        (
            run(record(drift=Drift(baseline="a", candidate="b"))),
            "Passes: 1 test compared No value that the baseline never showed.",
        ),
        (
            run(drifted(problems=(), samples=1, passes=0, evidence=None)),
            "1 recording against 1: a difference, not how often it happens.",
        ),
        (
            run(record(problems=(Problem(code="no_match", message="asked anew"),))),
            "Fails: 1 of 1 test asked for what is not recorded Another request (1).",
        ),
    ],
)
def test_the_first_words_say_what_becomes_of_the_build_and_why(report, said):
    assert said in Read("".join(HtmlReporter().render(report))).text


def test_five_samples_of_each_side_are_not_called_one_recording_against_one():
    text = page(drifted(problems=()), verdict=None).text

    assert "Fails: 1 of 1 test changed" in text
    assert "1 recording against 1" not in text


def test_nothing_is_called_stable():
    read = page(record(drift=Drift(baseline="a", candidate="b")), record("t.py::test_b"))

    assert not re.search(r"\bstable\b|\bno change\b|\bunchanged\b", read.text, flags=re.IGNORECASE)


def test_numbers_of_each_kind_stand_on_top():
    read = page(
        drifted(),
        record("t.py::test_b"),
        record("t.py::test_c", problems=(Problem(code="no_match", message="?"),)),
    )

    assert (
        "3 tests 1 breaking 0 notable 0 cosmetic 2 failed 2 problems 1 pending 1 quarantined"
    ) in read.text


@pytest.mark.parametrize(
    "said",
    [
        "outcome answered no",
        "text a b (1 word)",
        "Asked: How long do I have?",
        "You have 30 days to send it back.",
        "You have 14 days to send it back.",
        'find_order {"order": "A1001"} find_order {"order": "A1002"} other arguments',
        "no call refund {} new",
        "consistent with the model switch",
        "tools search is gone same messages served claude-opus-5 → claude-opus-6",
        "input tokens 100 → 120 on an identical request: another tokenizer",
        "version of anthropic 2.11.0 → 2.12.0",
        "baseline: 5 of 5 passed, 95 % interval 57-100 %",
        "this run: 1 of 5 passed, 95 % interval 4-62 %",
        "regressed: 5/5 → 1/5; fails the run",
        "Fisher's exact test: p = 0.0238",
        "no_upsell: kept 2/2 → 1/2 call 2: “buy more”",
        "Problem: contract broke 1 rule max_calls: 3 of 2",
        (
            "pytest-llmregress show tests/__llm__/test_a/refund.cassette.yaml "
            "tests/__llm__/test_a/refund@claude-opus-5-5.cassette.yaml"
        ),
        "pytest-llmregress accept tests/test_a.py::test_refund --candidate claude-opus-5-5",
        "output tokens 10 10",
        "replayed, 1 call, 10 input and 5 output tokens",
        "11 → 95",
    ],
)
def test_a_test_unfolds_to_all_that_is_known_of_it(said):
    assert said in re.sub(r" (?=[.,;])", "", page(drifted()).text)


def test_a_test_that_was_not_compared_says_what_was_done():
    read = page(
        record(mode=AnswerSource.RECORDED, cost_usd=0.0123, unplayed=1, carried=2, accepted=True)
    )

    assert (
        "recorded, nothing compared, 1 call, 10 input and 5 output tokens, $0.0123, "
        "1 recorded request not asked for, 2 answers of an interrupted recording, accepted"
    ) in read.text


def test_a_shell_takes_the_command_of_a_test_with_parameters():
    read = page(drifted("t.py::test_a[it's a b]"))

    assert """pytest-llmregress accept 't.py::test_a[it'"'"'s a b]' --candidate""" in read.text


def test_the_words_that_differ_are_marked_on_their_sides():
    html = "".join(HtmlReporter().render(run(drifted())))

    assert "You have <del>30</del> days to send it back." in html
    assert "You have <ins>14</ins> days to send it back." in html


def test_the_worst_tests_stand_first():
    html = "".join(HtmlReporter().render(run(record("t.py::test_a"), drifted("t.py::test_z"))))

    assert html.index(">test_z</button>") < html.index(">test_a</button>")


def test_a_text_that_is_cut_says_how_much_is_gone():
    long = "word " * (MAX_TEXT // 5)
    read = page(drifted(before=side(long), after=side("short")))

    assert "cut here: 14,000 more characters" in read.text


# --- plots ----------------------------------------------------------------------------------


def test_a_pass_rate_is_drawn_with_its_interval():
    read = page(drifted())
    marks = [each for each in read.all("circle") if each["cy"] in {"8", "18"}]
    spans = [each for each in read.all("line") if "span" in (each["class"] or "")]

    assert [(each["class"], each["cx"]) for each in marks] == [
        ("before", "97.5%"),
        ("after", "21.5%"),
    ]
    assert [(each["x1"], each["x2"]) for each in spans] == [
        ("56.22%", "97.5%"),
        ("5.94%", "61.82%"),
    ]


def test_a_plot_is_a_table_for_those_who_do_not_see_it():
    read = page(drifted())

    assert "Pass rate, baseline and this run" in read.text
    assert "test_refund 5/5 → 1/5" in read.text
    assert all(each.get("focusable") == "false" for each in read.all("svg"))


def test_tests_of_many_are_drawn_by_their_files():
    read = page(*(drifted(f"tests/test_{n % 2}.py::test_{n}") for n in range(20)))

    assert "All tests 100/100 → 20/100" in read.text
    assert "tests/test_0.py 50/50 → 10/50" in read.text
    assert "14 of 20 tests drawn" in read.text


def test_all_tests_together_are_those_that_have_both_sides():
    read = page(drifted(), drifted("t.py::test_b", evidence=None))

    assert "All tests 5/5 → 1/5" in read.text
    assert "test_b 1/5" in read.text


def test_numbers_that_are_far_apart_get_a_logarithmic_axis():
    near = page(drifted(evidence=None))
    far = page(drifted(evidence=None, after=side("x", output_tokens=5_000)))

    assert "logarithmic axis" not in near.text
    assert "logarithmic axis" in far.text


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0, 1e300, 0.0])
def test_a_number_that_cannot_be_is_not_drawn(number):
    read = page(drifted(evidence=None, after=side("x", latency=number, output_tokens=0)))

    assert all(0 <= float((each["cx"] or "")[:-1]) <= 100 for each in read.all("circle"))


# --- what no text can do --------------------------------------------------------------------


def test_a_hostile_text_in_every_field_stays_a_text():
    tame = Read("".join(HtmlReporter().render(with_every_text(compared(drifted()), "tame"))))
    html = "".join(HtmlReporter().render(with_every_text(compared(drifted()), HOSTILE)))
    read = Read(html)

    assert read.inline == tame.inline
    assert {tag for tag, _ in read.elements} <= {tag for tag, _ in tame.elements} | {"del", "ins"}
    assert set(read.shape) <= set(tame.shape) | {("del", ()), ("ins", ())}
    assert len(read.all("script")) == len(read.all("style")) == 1
    assert "<script>alert(1)</script>" in read.text
    assert "{{ 7 * 7 }}{% raw %}" in read.text
    assert r"\u202eright\u2066 \x00\x1b[2J\x85 \ud800 \ufeff" in read.text
    assert not HIDDEN.search(html)
    assert html.encode("utf-8")


def test_a_million_characters_in_every_field_do_not_make_a_page_of_millions():
    html = "".join(
        HtmlReporter().render(with_every_text(compared(drifted()), "<" + "&" * 1_000_000))
    )

    assert len(html) < 500_000


def test_a_page_of_many_tests_is_bounded():
    long = side("word, " * (MAX_TEXT // 6)), side("other. " * (MAX_TEXT // 7))
    tests = [drifted(f"t.py::test_{n}", before=long[0], after=long[1]) for n in range(300)]
    html = "".join(HtmlReporter().render(run(*tests)))

    assert len(html) < 300 * 2 * MAX_TEXT / 2
    assert html.count("<script") == 1


def test_where_there_are_many_tests_the_bad_ones_have_more_room():
    long = {"before": side("b" * MAX_TEXT), "after": side("a" * MAX_TEXT)}
    fine = [record(f"t.py::test_{n}", **long) for n in range(700)]
    read = page(drifted("t.py::test_bad", **long), *fine)

    assert f"cut here: {MAX_TEXT - 6_000:,} more characters" in read.text
    assert f"cut here: {MAX_TEXT - 848:,} more characters" in read.text


def test_nothing_is_loaded_from_anywhere():
    html = "".join(HtmlReporter().render(compared(drifted())))
    read = Read(html)
    places = [
        value
        for _, attributes in read.elements
        for name, value in attributes.items()
        if name in {"href", "src", "srcset", "action", "data", "poster", "xlink:href"}
    ]

    assert all((place or "").startswith(("#", "data:,")) for place in places)
    assert not re.search(r"url\(|@import|@font-face|https?:", html)
    assert "style" not in {name for _, attributes in read.elements for name in attributes}
    assert not [n for _, a in read.elements for n in a if n.startswith("on")]


def test_the_policy_names_the_hashes_of_this_style_and_this_script():
    read = Read("".join(HtmlReporter().render(run(record()))))
    hashes = {
        tag: base64.b64encode(hashlib.sha256("".join(texts).encode()).digest()).decode()
        for tag, texts in read.inline.items()
    }
    (policy,) = [each["content"] for each in read.all("meta") if each.get("http-equiv") is not None]

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; "
        f"script-src 'sha256-{hashes['script']}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


# --- for everybody --------------------------------------------------------------------------


def test_it_can_be_walked_through_by_headings_labels_and_captions():
    read = page(drifted())
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch(r"h[1-6]", tag)]
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    names = [attributes.get("aria-controls") for attributes in read.all("button")]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(read.all("caption")) == len(read.all("table"))
    assert len(ids) == len(set(ids))
    assert {name for name in names if name} <= set(ids)
    assert len(read.all("label")) == len(read.all("input")) + len(read.all("select"))
    assert [each.get("aria-sort") for each in read.all("th") if "aria-sort" in each] == [
        "descending"
    ]


PAIRS = [
    ("ink", ("paper", "panel", "plain-soft", "bad-soft", "del", "ins")),
    ("muted", ("paper", "panel", "bad-soft", "plain-soft")),
    ("accent", ("paper", "panel", "plain-soft")),
    ("bad", ("paper", "panel", "bad-soft")),
    ("warn", ("paper", "panel", "warn-soft")),
    ("plain", ("panel", "plain-soft")),
]


def palettes() -> dict[str, dict[str, str]]:
    """Return the colours by their names: light, those that dark changes, those of print."""
    style = files("pytest_llmregress.reports.html").joinpath("templates", "page.css").read_text()
    blocks = re.findall(r":root \{(.+?)\}", style, flags=re.DOTALL)
    light, dark, paper = [dict(re.findall(r"--([\w-]+): (#\w{6})", each)) for each in blocks]
    return {"light": light, "dark": {**light, **dark}, "print": {**light, **paper}}


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["light", "dark", "print"])
@pytest.mark.parametrize(("ink", "grounds"), PAIRS)
def test_every_text_has_contrast_enough(name, ink, grounds):
    colours = palettes()[name]

    assert {g: r for g in grounds if (r := contrast(colours[ink], colours[g])) < 4.5} == {}


@pytest.mark.parametrize("name", ["light", "dark", "print"])
def test_every_mark_and_every_edge_of_a_control_has_contrast_enough(name):
    colours = palettes()[name]

    assert contrast(colours["mark"], colours["panel"]) >= 3
    assert contrast(colours["accent"], colours["panel"]) >= 3


def test_all_palettes_name_the_same_colours():
    style = files("pytest_llmregress.reports.html").joinpath("templates", "page.css").read_text()
    blocks = re.findall(r":root \{(.+?)\}", style, flags=re.DOTALL)
    used = set(re.findall(r"var\(--([\w-]+)\)", style))

    assert [set(re.findall(r"--([\w-]+):", block)) for block in blocks] == [used] * 3


def test_the_same_run_gives_the_same_page():
    report = compared(drifted())

    assert "".join(HtmlReporter().render(report)) == "".join(HtmlReporter().render(replace(report)))


def test_a_page_comes_in_pieces_none_of_which_grows_with_the_number_of_tests():
    few, many = ([*HtmlReporter().render(run(*map(drifted, names(n))))] for n in (30, 300))
    worst = max(map(len, many[2:])) / max(map(len, few[2:]))

    assert len(many) - len(few) == 270
    assert worst < 1.05


def test_where_there_are_too_many_texts_to_align_what_differs_is_marked_as_a_whole():
    before, after = side("one two three four five" * 200), side("one 2 three 4 five" * 200)
    html = "".join(
        HtmlReporter().render(
            run(*(drifted(name, before=before, after=after) for name in names(1_000)))
        )
    )
    first, last = html.split("<noscript>")[1], html.split("<noscript>")[-1]

    assert first.count("<del>") > 10
    assert last.count("<del>") == 1
    assert last.count("<ins>") == 1


def names(number: int) -> list[str]:
    return [f"tests/test_{n % 3}.py::test_{n:04}" for n in range(number)]


# --- how a text gets into a page --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a & b", "a &amp; b"),
        ("&amp;", "&amp;amp;"),
        ("<b title=\"x\" id='y'>", "&lt;b title=&#34;x&#34; id=&#39;y&#39;&gt;"),
        ("é < ü", "é &lt; ü"),
        ("a\r\nb\nc", "a\nb\nc"),
        ("%s %d {} {0}", "%s %d {} {0}"),
        ("\x00\x1b \u202e \ud800", r"\x00\x1b \u202e \ud800"),
        ("\x00<", r"\x00&lt;"),
    ],
)
def test_whatever_fills_a_gap_is_a_text(text, shown):
    form = MarkupTemplate('<i title="{}">100 % {}</i>')

    assert form(text, text).text == f'<i title="{shown}">100 % {shown}</i>'
    assert form.each([(text, text)] * 2).text == f'<i title="{shown}">100 % {shown}</i>' * 2


def test_markup_stays_markup_and_a_text_that_is_equal_to_it_does_not():
    form = MarkupTemplate("<b>{}</b>")
    inner = form("<")

    assert form(inner).text == "<b><b>&lt;</b></b>"
    assert form(inner.text).text == "<b>&lt;b&gt;&amp;lt;&lt;/b&gt;</b>"


@pytest.mark.parametrize("file", sorted(PACKAGE.glob("*.py")), ids=lambda file: file.name)
def test_markup_is_made_of_literals_alone(file):
    """No text of anybody can become a form, and nothing else can become markup."""
    made = [
        (node.func.id, *(isinstance(each, ast.Constant) for each in node.args))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    forms = [given for name, *given in made if name == "Form"]
    markups = [name for name, *_ in made if name == "Markup"]

    assert all(given == [True] for given in forms)
    assert len(markups) == {"markup.py": 5, "__init__.py": 2}.get(file.name, 0)


def test_no_library_is_needed_for_a_page():
    code = (
        "import sys; from reports import compared, drifted\n"
        "from pytest_llmregress.reports.html import HtmlReporter\n"
        "list(HtmlReporter().render(compared(drifted())))\n"
        "print({'jinja2', 'markupsafe', 'pytest', 'anthropic'} & set(sys.modules))"
    )
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests' / 'helpers'}"},
    )

    assert ran.stdout == "set()\n"


def test_what_fails_comes_before_what_is_worse_and_does_not():
    worse = record("t.py::test_a", drift=drift_of(Severity.BREAKING), failed=False)
    html = "".join(HtmlReporter().render(run(worse, record("t.py::test_b", passed=False))))

    assert re.findall(r'class="name"[^>]*>([^<]*)<', html) == ["test_b", "test_a"]


def test_a_long_name_keeps_its_end_where_a_plot_is_narrow():
    name = f"tests/test_a.py::test_it[{'one-parameter-' * 5}7]"
    html = "".join(HtmlReporter().render(run(drifted(name))))

    (ends,) = {end for end in re.findall(r"<b>[^<]*</b><i>([^<]*)</i>", html) if end.endswith("]")}
    assert ends == "ameter-7]"
