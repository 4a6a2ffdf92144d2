"""The page of a run, piece by piece: its top, a row a test, and what belongs to no test."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pytest_llmregress.reports.drift import ONCE, is_single
from pytest_llmregress.reports.headline import PASSES, split_headline
from pytest_llmregress.reports.html.detail import MAX_MESSAGE, draw_detail
from pytest_llmregress.reports.html.markup import NOTHING, Markup, MarkupTemplate, join
from pytest_llmregress.reports.html.model_text import shorten
from pytest_llmregress.reports.html.plot_markup import draw_plot, plots_of_nights
from pytest_llmregress.reports.html.plots import MAX_NAME, file_of, plots_of
from pytest_llmregress.reports.html.row import draw_row, is_bad, is_excused, rank_of
from pytest_llmregress.reports.html.side_by_side import MAX_LIST
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.rule_result import tally
from pytest_llmregress.values.run_report import RunReport

MOST_TEXT, LEAST_TEXT = 6_000, 500
"""Characters of one text of a test: as many as `ALL_TEXT` allows, the worst tests first."""
ALL_TEXT = 1_200_000
"""Characters of texts of models in a page, so that it opens at once, however many tests it has."""
ALIGNED_TEXT = 120_000
"""Characters of texts that are aligned word by word, those of the worst tests first: it takes as
long as all the rest. Of the others, what lies between a common start and a common end is marked."""

_HEAD = MarkupTemplate("""
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="{}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="referrer" content="no-referrer">
    <link rel="icon" href="data:,">
    <title>{} · pytest-llmregress</title>
    <style>{}</style>
    <script>{}</script>
    </head>
    <body>
    <a class="skip" href="#tests">Skip to the tests</a>
    <header class="top {}">
    <p class="product">pytest-llmregress</p>
    <h1>{}</h1>
    {}
    <dl class="facts">{}</dl>
    </header>
    <main>
    <div class="chips" role="group" aria-label="Numbers of tests; each shows only those tests">
    {}</div>
    {}{}
""")
_LEAD = MarkupTemplate('<p class="lead">{}</p>')
_FACT = MarkupTemplate('<div><dt>{}</dt><dd dir="auto">{}</dd></div>')
_CHIP = MarkupTemplate("""
    <button type="button" class="chip is-{}" data-key="{}" aria-pressed="{}"{}>
    <b>{}</b> <span>{}</span></button>
""")
_DISABLED = MarkupTemplate(" disabled")()
_PANEL = MarkupTemplate('<section class="panel">{}{}</section>')
_RULES = MarkupTemplate('<h2>Standing rules</h2><ul class="lines">{}</ul>')
_REASONS = MarkupTemplate("""
    <details class="reasons">
    <summary>How this was judged</summary>
    <ul class="lines">{}</ul>
    </details>
""")
_LINE = MarkupTemplate('<li dir="auto">{}</li>')
_PLOTS = MarkupTemplate('<div class="plots">{}</div>')
_TESTS = MarkupTemplate("""
    <section class="panel" id="tests" tabindex="-1" aria-labelledby="tests-title">
    <div class="bar">
    <h2 id="tests-title">Tests</h2>
    <div class="controls" role="search">
    <label><span>Find</span>
    <input id="find" type="search" placeholder="test, trait or word" autocomplete="off"></label>
    <label><span>Severity</span> <select id="severity"><option value="">all</option>
    <option>breaking</option><option>notable</option><option>cosmetic</option></select></label>
    <label><span>File</span> <select id="file"><option value="">all</option>{}</select></label>
    <button type="button" id="unfold">Unfold shown</button>
    </div>
    </div>
    <p id="shown" class="muted" role="status">{} of {} tests shown</p>
    {}
""")
_FILE = MarkupTemplate('<option value="{}">{}</option>')
_TABLE = MarkupTemplate("""
    <table class="tests" id="table">
    <caption class="hidden">Tests of this run, the worst first. {}</caption>
    <thead><tr>
    <th scope="col" aria-sort="descending"><button type="button">Severity</button></th>
    <th scope="col"><button type="button">Test</button></th>
    <th scope="col" class="wide"><button type="button">What changed</button></th>
    <th scope="col" class="number"><button type="button">Passed</button></th>
    <th scope="col" class="number wide"><button type="button">Output tokens</button></th>
    <th scope="col" class="number wide"><button type="button">Latency</button></th>
    </tr></thead>
""")("A button in a headline sorts by its column; the name of a test unfolds it.")
_END_OF_TABLE = MarkupTemplate(
    '</table><p id="nothing" class="muted" hidden>No test is like that.</p>'
)()
_NO_TEST = MarkupTemplate("""
    <p class="muted">Nothing is marked with @pytest.mark.llm, or nothing of it was selected.</p>
""")()
_END_OF_TESTS = MarkupTemplate("</section>")()
_ORPHANS = MarkupTemplate("""
    <section class="panel">
    <h2>Recordings of no test</h2>
    <ul class="lines">{}{}</ul>
    </section>
""")
_PATH = MarkupTemplate("<li><code>{}</code></li>")
_MORE_PATHS = MarkupTemplate("<li>and {} more</li>")
_END = MarkupTemplate("</main></body></html>")()


def draw_page(report: RunReport, *, policy: str, style: Markup, script: Markup) -> Iterator[Markup]:
    """Yield the page of a run in pieces, the worst tests first: each test is a piece of its own."""
    severities = [test.severity for test in report.tests]
    found = Counter(severities)
    excused = set() if report.verdict is None else set(report.verdict.quarantined)
    title, lead, tone = _say_first(report, found)
    yield _HEAD(
        policy,
        title,
        style,
        script,
        tone,
        title,
        _LEAD(lead) if lead else NOTHING,
        _FACT.each(_facts(report)),
        join(_chips(report, found, excused)),
        _judged(report),
        _plots(report),
    )
    files = {file: n for n, file in enumerate(sorted({file_of(t.test) for t in report.tests}))}
    number = f"{len(report.tests):,}"
    options = _FILE.each((str(n), file) for file, n in files.items())
    yield _TESTS(options, number, number, _TABLE if report.tests else _NO_TEST)
    yield from _rows(report, severities, files=files, excused=excused)
    if report.tests:
        yield _END_OF_TABLE
    yield _END_OF_TESTS
    yield _orphans(report.orphans)
    yield _END


def _rows(
    report: RunReport,
    severities: Sequence[Severity | None],
    *,
    files: Mapping[str, int],
    excused: set[str],
) -> Iterator[Markup]:
    verdicts = {} if report.verdict is None else {each.test: each for each in report.verdict.tests}
    tests = list(zip(report.tests, severities, strict=True))
    much, little = _rooms(len(tests), bad=sum(is_bad(*each) for each in tests))
    tests.sort(key=lambda each: (-rank_of(*each), each[0].test))
    left = ALIGNED_TEXT
    for number, (test, severity) in enumerate(tests, start=1):
        room = much if is_bad(test, severity) else little
        left -= sum(min(len(side.text), room) for side in (test.before, test.after) if side)
        detail = draw_detail(
            number,
            test,
            test.verdict or verdicts.get(test.test),
            fail_on=report.fail_on,
            room=room,
            aligned=left >= 0,
        )
        yield draw_row(
            number,
            test,
            severity,
            detail,
            file_index=files[file_of(test.test)],
            quarantined=is_excused(test, excused),
        )


# --- the top --------------------------------------------------------------------------------


def _say_first(report: RunReport, found: Mapping[Severity | None, int]) -> tuple[str, str, str]:
    """Return what becomes of the build, why, and the tone of it."""
    title, rest = split_headline(report)
    is_fine = title.startswith(PASSES)
    tone = "bad" if not is_fine else "warn" if found[Severity.NOTABLE] else "plain"
    why = f"{_sentence(shorten(rest, MAX_MESSAGE))}." if rest else ""
    once = f"{_sentence(ONCE)}." if report.drifted and is_single(report.drifted) else ""
    return shorten(title, MAX_NAME), " ".join(filter(None, (why, once))), tone


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _facts(report: RunReport) -> Iterator[tuple[str, str]]:
    if report.candidate is not None:
        yield "Candidate", shorten(report.candidate, MAX_NAME)
    baselines = {test.drift.baseline for test in report.tests if test.drift is not None}
    if baselines:
        named = ", ".join(sorted(baselines)[:3])
        more = f" and {len(baselines) - 3} more" if len(baselines) > 3 else ""  # noqa: PLR2004 - as many as are named
        yield "Baseline", shorten(named + more, MAX_NAME)
    yield (
        "Drift fails a test from",
        "never" if report.fail_on == "never" else f"{shorten(report.fail_on, MAX_NAME)} on",
    )
    yield "Run", shorten(report.created, MAX_NAME)
    versions = ", ".join(f"{name} {version}" for name, version in sorted(report.versions.items()))
    if versions:
        yield "With", shorten(versions, MAX_NAME)


def _chips(
    report: RunReport, found: Mapping[Severity | None, int], excused: set[str]
) -> Iterator[Markup]:
    problems = sum(bool(test.problems) for test in report.tests)
    chips = (
        ("", "tests", len(report.tests)),
        *((str(severity), str(severity), found[severity]) for severity in reversed(Severity)),
        ("failed", "failed", sum(test.failed for test in report.tests)),
        ("problem", "problem" if problems == 1 else "problems", problems),
        ("pending", "pending", sum(test.pending is not None for test in report.tests)),
        ("quarantined", "quarantined", sum(is_excused(test, excused) for test in report.tests)),
    )
    for key, label, number in chips:
        disabled = _DISABLED if key and not number else NOTHING
        pressed = "false" if key else "true"
        yield _CHIP(key or "any", key, pressed, disabled, f"{number:,}", label)


def _judged(report: RunReport) -> Markup:
    rules = tally(
        (rule for test in report.tests for rule in test.rules),
        baseline=(rule for test in report.tests for rule in test.rules_before),
    )[:MAX_LIST]
    reasons = () if report.verdict is None else report.verdict.lines[1 : MAX_LIST + 1]
    if not rules and not reasons:
        return NOTHING
    told = _LINE.each((shorten(rule.in_words, MAX_MESSAGE),) for rule in rules)
    why = _LINE.each((_sentence(shorten(reason, MAX_MESSAGE)),) for reason in reasons)
    return _PANEL(_RULES(told) if rules else NOTHING, _REASONS(why) if reasons else NOTHING)


def _plots(report: RunReport) -> Markup:
    history = None if report.verdict is None else report.verdict.history
    plots = (*plots_of_nights(history), *plots_of(report))
    return _PLOTS(join(map(draw_plot, plots))) if plots else NOTHING


# --- the bottom -----------------------------------------------------------------------------


def _orphans(paths: Sequence[str]) -> Markup:
    if not paths:
        return NOTHING
    told = _PATH.each((shorten(path, MAX_NAME),) for path in paths[:MAX_LIST])
    more = len(paths) - MAX_LIST
    return _ORPHANS(told, _MORE_PATHS(f"{more:,}") if more > 0 else NOTHING)


# --- how much of it -------------------------------------------------------------------------


def _rooms(tests: int, *, bad: int) -> tuple[int, int]:
    """Return how many characters a text has of a test that is bad, and of one that is not."""
    much = _room(ALL_TEXT - 2 * LEAST_TEXT * (tests - bad), bad)
    return much, _room(ALL_TEXT - 2 * much * bad, tests - bad)


def _room(characters: int, tests: int) -> int:
    return min(MOST_TEXT, max(LEAST_TEXT, characters // (2 * max(1, tests))))
