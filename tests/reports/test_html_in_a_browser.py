"""The page in a real browser: it asks nothing of a network, and can be worked with keys alone."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import Page, browser, find_browser
from pytest_llmregress.reports.html import HtmlReporter
from pytest_llmregress.values.run_report import RunReport
from reports import compared, drifted, record, run, with_every_text

EXECUTABLE = find_browser()
if EXECUTABLE is None:
    pytest.skip("no Chromium is installed: apt install chromium", allow_module_level=True)
if sys.platform == "win32":
    pytest.skip("the browser is driven over POSIX pipes", allow_module_level=True)

SHOWN = (
    "[...document.querySelectorAll('#table > tbody')].filter(b => !b.hidden)"
    ".map(b => b.querySelector('.name').textContent)"
)
OPEN = "[...document.querySelectorAll('#table > tbody.open .name')].map(b => b.textContent)"
HOSTILE = (
    "</noscript></script></style></title><script>alert(1)</script>"
    '"><img src=https://evil.example/x onerror="alert(1)"><svg onload=alert(1)>\u202e\x00\ud800'
)
MANY = (
    drifted("tests/test_a.py::test_breaks"),
    record("tests/test_a.py::test_plain"),
    record("tests/test_b.py::test_fails", passed=False),
)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(str(EXECUTABLE), tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def show(tab: Page, tmp_path: Path):
    def opened(report: RunReport, *, fragment: str = "", width: int = 1280) -> Page:
        # A name of its own each time: to go to the same place once more loads nothing.
        path = tmp_path / f"report-{len(list(tmp_path.iterdir()))}.html"
        path.write_text("".join(HtmlReporter().render(report)), encoding="utf-8")
        tab.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        tab.open(f"{path.as_uri()}{fragment}")
        return tab

    return opened


def choose(tab: Page, field: str, value: str) -> None:
    tab.run(
        f"(() => {{ const field = document.getElementById('{field}'); field.value = '{value}';"
        "field.dispatchEvent(new Event('input')); field.dispatchEvent(new Event('change')); })()"
    )


def test_it_asks_for_nothing_breaks_no_policy_and_raises_nothing(show):
    tab = show(compared(*MANY))
    asked = [each["request"]["url"] for each in tab.of("Network.requestWillBeSent")]

    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in asked if url.startswith("file:")]) == 1
    assert tab.of("Log.entryAdded") == []
    assert tab.of("Runtime.exceptionThrown") == []


def test_the_policy_holds_for_what_it_does_not_name(show):
    tab = show(run(record()))
    tab.run(
        "(() => { const made = document.createElement('script'); made.textContent = 'window.x = 1';"
        "document.body.append(made); document.body.setAttribute('style', 'color: red'); })()"
    )

    assert tab.run("window.x === undefined")
    assert tab.run("getComputedStyle(document.body).color") != "rgb(255, 0, 0)"


def test_a_hostile_text_in_every_field_runs_nothing_and_loads_nothing(show):
    tab = show(with_every_text(compared(drifted()), HOSTILE), fragment="#t1")

    assert tab.run("document.images.length + document.scripts.length") == 1
    assert tab.of("Page.javascriptDialogOpening") == []
    assert tab.of("Log.entryAdded") == []
    assert {each["request"]["url"][:5] for each in tab.of("Network.requestWillBeSent")} <= {
        "file:",
        "data:",
    }
    assert "<script>alert(1)</script>" in tab.run("document.querySelector('h1').textContent")
    assert "<script>alert(1)</script>" in tab.run("document.querySelector('.card').textContent")


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("find", "", ["test_breaks", "test_fails", "test_plain"]),
        ("find", "FAILS test_b", ["test_fails"]),
        ("find", "outcome", ["test_breaks"]),
        ("find", "nothing is like this", []),
        ("severity", "breaking", ["test_breaks"]),
        ("severity", "cosmetic", []),
        ("file", "1", ["test_fails"]),
    ],
)
def test_the_table_is_filtered_by_words_severity_and_file(show, field, value, shown):
    tab = show(run(*MANY))
    choose(tab, field, value)

    assert tab.run(SHOWN) == shown
    assert tab.run("document.getElementById('shown').textContent") == (
        f"{len(shown)} of 3 tests shown"
    )
    assert tab.run("document.getElementById('nothing').hidden") is bool(shown)


def test_a_number_on_top_shows_those_tests_and_shows_all_again(show):
    tab = show(run(*MANY))
    chip = "document.querySelector('.chip[data-key=failed]')"
    tab.run(f"{chip}.click()")
    first = tab.run(SHOWN), tab.run(f"{chip}.getAttribute('aria-pressed')")
    tab.run(f"{chip}.click()")

    assert first == (["test_breaks", "test_fails"], "true")
    assert tab.run(SHOWN) == ["test_breaks", "test_fails", "test_plain"]
    assert tab.run("document.querySelector('.chip[data-key=\"\"]').ariaPressed") == "true"


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        (0, "test_plain", "test_breaks"),
        (1, "test_plain", "test_breaks"),
        (4, "test_breaks", "test_breaks"),
    ],
)
def test_a_headline_sorts_by_its_column_and_the_other_way_round(show, column, first, second):
    tab = show(run(*MANY))
    head = f"document.querySelectorAll('#table thead th')[{column}]"
    seen = []
    for _ in range(2):
        tab.run(f"{head}.querySelector('button').click()")
        seen.append((tab.run(f"{SHOWN}[0]"), tab.run(f"{head}.ariaSort")))

    assert [name for name, _ in seen] == [first, second]
    assert {order for _, order in seen} == {"ascending", "descending"}
    assert tab.run("document.querySelectorAll('[aria-sort]').length") == 1


def test_a_test_unfolds_and_folds_with_the_keyboard(show):
    tab = show(run(*MANY))
    tab.run("document.querySelector('.name').focus()")
    tab.press("Enter", "Enter", 13, "\r")
    unfolded = tab.run(OPEN), tab.run("document.activeElement.ariaExpanded")
    tab.press(" ", "Space", 32, " ")

    assert unfolded == (["test_breaks"], "true")
    assert tab.run(OPEN) == []
    assert tab.run("document.activeElement.ariaExpanded") == "false"


def test_tab_reaches_every_control_and_shows_where_it_is(show):
    tab = show(run(*MANY))
    seen = []
    for _ in range(24):
        tab.press("Tab", "Tab", 9)
        seen.append(
            tab.run(
                "(() => { const e = document.activeElement, s = getComputedStyle(e);"
                "return [e === document.body ? '' : e.id || e.className || e.textContent,"
                "s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1]; })()"
            )
        )
    names = [name for name, _ in seen]

    assert names[0] == "skip"
    assert {"find", "severity", "file", "unfold", "name", "Severity", "Latency"} <= set(names)
    assert [name for name, outlined in seen if not outlined and name] == []


def test_what_unfolds_is_made_once_it_is_wanted(show):
    tab = show(run(*MANY))
    cards = "document.querySelectorAll('.card').length"
    seen = [tab.run(cards)]
    for target in ("querySelector('.name')", "querySelector('.name')", "getElementById('unfold')"):
        tab.run(f"document.{target}.click()")
        seen.append(tab.run(cards))

    assert seen == [0, 1, 1, 3]
    assert tab.run("document.querySelector('.card del').textContent") == "30"


def test_a_link_to_a_test_opens_it(show):
    assert show(run(*MANY), fragment="#t1").run(OPEN) == ["test_breaks"]


def test_without_scripts_everything_can_be_read(show, tab):
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        show(run(*MANY))
        seen = tab.run("document.querySelector('.card .words').checkVisibility()")
        controls = tab.run("document.querySelector('.controls').checkVisibility()")
    finally:
        tab.call("Emulation.setScriptExecutionDisabled", value=False)

    assert seen
    assert not controls


@pytest.mark.parametrize("width", [320, 500, 900, 1280])
def test_no_window_is_too_narrow(show, width):
    tab = show(compared(*MANY), fragment="#t1", width=width)

    assert tab.run("document.documentElement.scrollWidth") <= width


def test_both_sides_stand_beside_each_other_where_there_is_room(show):
    beside = (
        "(([a, b]) => a.top === b.top)([...document.querySelector('.sides').children]"
        ".map(each => each.getBoundingClientRect()))"
    )

    assert show(run(*MANY), fragment="#t1", width=1280).run(beside)
    assert not show(run(*MANY), fragment="#t1", width=500).run(beside)


@pytest.mark.parametrize(("scheme", "bright"), [("light", True), ("dark", False)])
def test_it_is_as_bright_as_the_system_is(show, tab, scheme, bright):
    tab.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    try:
        colour = show(run(*MANY)).run("getComputedStyle(document.body).backgroundColor")
    finally:
        tab.call("Emulation.setEmulatedMedia", features=[])

    assert (int(colour.removeprefix("rgb(").split(",")[0]) > 128) is bright
