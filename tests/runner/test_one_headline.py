"""One headline: in each situation all reports, the exit status and pytest's own lines agree."""

import html
import re
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import pytest

OLD, NEW, THIRD = "claude-opus-5", "claude-opus-5-5", "claude-haiku-5"
CANDIDATE = f"--llmregress-candidate={NEW}"
ENDINGS = (".json", ".html", ".md", ".xml")
MAX_BLOCK = 15
"""Lines of ours below the tests, title and last line included."""
JSON, FENCED, REFUSED = (
    '{"a": 1}',
    '```json\n{"a": 1}\n```',
    "I'm sorry, but I can't help with that.",
)
SUITE = """
    import anthropic
    import pytest

    client = anthropic.Anthropic(max_retries=0)

    def ask(text, model="claude-opus-5"):
        message = {"role": "user", "content": text}
        return client.messages.create(model=model, max_tokens=90, messages=[message])

    @pytest.mark.llm
    @pytest.mark.parametrize("n", range(3))
    def test_q(n):
        ask(f"Say {n}")
"""
COUNTING = """
    from pathlib import Path

    import anthropic
    import pytest

    client = anthropic.Anthropic(max_retries=0)

    def fails(name):
        counter = Path(__file__).with_name("count_" + name)
        number = int(counter.read_text()) + 1 if counter.exists() else 1
        counter.write_text(str(number))
        return RULE

    @pytest.mark.llm
    @pytest.mark.parametrize("name", list("abcdef"))
    def test_it(name):
        message = {"role": "user", "content": "Say " + name}
        reply = client.messages.create(model="claude-opus-5", max_tokens=50, messages=[message])
        if "new" in reply.content[0].text:
            assert not fails(name)
"""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the reports of one run say first."""

    headline: str
    exit_status: int
    failed: int
    """Tests that fail."""
    tests: int
    by_suite: bool = False
    """Whether the tests fail the run together, and none of them by itself."""


def reports(stem="r"):
    return [f"--llmregress-report={stem}{ending}" for ending in ENDINGS]


def suite(number):
    return SUITE.replace("range(3)", f"range({number})")


def plain(text):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", text)).split())


def read(project, stem="r", output=None):
    """Read the reports of a run, hold them against each other, and return what all of them say."""
    import json

    found = json.loads(project.read(f"{stem}.json"))
    headline, tests = found["headline"], found["tests"]
    root = ET.fromstring(project.read(f"{stem}.xml"))
    junit = root[0]
    properties = {p.attrib["name"]: p.attrib["value"] for p in junit.find("properties")}
    cases = junit.findall("testcase")
    failures = [case for case in cases if case.find("failure") is not None]
    by_suite = any(case.attrib["name"] == "suite verdict" for case in failures)
    page = project.read(f"{stem}.html")
    title = plain(re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)[1])
    lead = re.search(r'<p class="lead">(.*?)</p>', page, re.DOTALL)
    in_page = title + (f" {plain(lead[1])}" if lead else "")
    marked = plain(project.read(f"{stem}.md").partition("-->")[2].removeprefix("\n### ")[:2_000])
    words = re.sub(r"\W+", " ", headline).strip().lower()

    assert properties["llmregress.headline"] == headline
    assert re.sub(r"\W+", " ", in_page).lower().startswith(words)
    assert re.sub(r"\W+", " ", marked).lower().startswith(words)
    if output is not None:
        assert headline in " ".join(output.split())
    assert int(junit.attrib["tests"]) == len(cases) == len(tests) + by_suite
    assert int(junit.attrib["failures"]) == len(failures)
    return Said(
        headline=headline,
        exit_status=found["exit_status"],
        failed=len(failures) - by_suite,
        tests=len(tests),
        by_suite=by_suite,
    )


def held(project, stem="r"):
    """Hold the last run's reports against its output and its exit status too."""
    block = project.output.partition(" llmregress ===")[2]
    said = read(project, stem, output=block)
    lines = [line for line in project.output.splitlines() if line.startswith("FAILED ")]

    assert project.exit_status == said.exit_status
    assert said.headline.startswith(
        {0: "Passes: ", 1: "Fails", 2: "Interrupted "}[said.exit_status]
    )
    assert project.outcomes.get("failed", 0) == said.failed == len(lines)
    for line in lines:
        name, _, reason = line.removeprefix("FAILED ").partition(" - ")
        assert reason, "the line says why"
        assert not reason.startswith(name), "and does not begin with the name again"
    ours = block.partition("short test summary info")[0].splitlines()
    below = project.output.rpartition("=\n")[2].splitlines()
    assert len(ours) + len(below) <= MAX_BLOCK
    return said


def answer(project, old=JSON, new=REFUSED):
    project.stand.script(OLD, old).script(NEW, new).script(THIRD, new)
    return project


def run_candidate(project, number=3, *, old=JSON, new=REFUSED, more=()):
    answer(project, old, new).write(test_app=suite(number)).record()
    return project.record(CANDIDATE, *reports(), *more)


# --- the situations, each with the beginning of its headline ------------------------------------


def nothing_changed(project):
    run_candidate(project, new=JSON)


def one_changed(project):
    run_candidate(project, 1)


def one_of_three_changed(project):
    """The first and the second test ask for nothing that the candidate answers otherwise."""
    answer(project, new=JSON).write(test_app=suite(3))
    asked = f'assert ask(f"Say {{n}}").model != "{NEW}" or n < 2'
    project.change("test_app.py", 'ask(f"Say {n}")', asked)
    project.record().record(CANDIDATE, *reports())


def six_changed(project):
    run_candidate(project, 6, new=FENCED)


def sixty_changed(project):
    run_candidate(project, 60)


def six_changed_under_xdist(project):
    run_candidate(project, 6, more=("-n2",))


def improved_only(project):
    run_candidate(project, old=FENCED, new=JSON)


def never(project):
    run_candidate(project, more=("--llmregress-fail-on=never",))


def other_words(project):
    run_candidate(project, old="Hello, here you are.", new="Hello, there you go.")


def contract_only(project):
    answer(project).write(test_app=suite(3)).record()
    project.change("test_app.py", "@pytest.mark.llm", "@pytest.mark.llm(max_calls=0)")
    project.replay(*reports())


def counted(project, rule):
    project.asks_old_model = True
    answer(project, "An old answer.", "A new answer.")
    project.write(test_it=COUNTING.replace("RULE", rule)).record()
    project.record(CANDIDATE, "--llmregress-concurrency=1", *reports())


def unconfirmed(project):
    counted(project, "number == 1")


def suite_event_only(project):
    counted(project, "number % 2")


def not_comparable(project):
    answer(project, new=JSON).write(test_app=suite(3)).record("--llmregress-samples=5")
    project.change("test_app.py", "Say {n}", "Tell {n}")
    project.record(CANDIDATE, *reports())


def interrupted(project):
    answer(project).write(test_app=suite(3)).record()
    text = '    if n == 1:\n        raise KeyboardInterrupt\n    ask(f"Say {n}")'
    project.change("test_app.py", '    ask(f"Say {n}")', text)
    project.replay(*reports())


def candidate_not_asked(project):
    answer(project).write(test_app=suite(3)).record()
    project.record(f"--llmregress-candidate={THIRD}={NEW}", *reports())


def miss(project):
    answer(project).write(test_app=suite(3)).record()
    project.change("test_app.py", "Say {n}", "Tell {n}").replay(*reports())


def nothing_recorded(project):
    project.write(test_app=suite(3)).replay(*reports())


def only_skipped(project):
    project.write(test_app=suite(3)).change("test_app.py", "ask(f", "pytest.skip('no'); ask(f")
    project.replay(*reports())


def expected_failures(project):
    answer(project).write(test_app=suite(3))
    project.change("test_app.py", "@pytest.mark.llm", "@pytest.mark.xfail\n@pytest.mark.llm")
    project.change("test_app.py", 'ask(f"Say {n}")', 'ask(f"Say {n}"); assert n == 9')
    project.record().replay(*reports())


def pending(project):
    answer(project).write(test_app=suite(3))
    project.change("test_app.py", 'ask(f"Say {n}")', 'ask(f"Say {n}"); assert n < 2')
    project.record(*reports())


def quarantined(project):
    mark = '@pytest.mark.llm(quarantine={"reason": "flaky", "until": "2099-01-01"})'
    answer(project).write(test_app=suite(3)).change("test_app.py", "@pytest.mark.llm", mark)
    project.record().record(CANDIDATE, *reports())


def failed_by_another_test(project):
    answer(project).write(test_app=suite(3)).record()
    text = project.read("test_app.py") + "\n\ndef test_plain():\n    assert 1 == 2\n"
    project.write({"test_app.py": text}).replay(*reports())


NOTHING = "2 compared, nothing found in these (1 recording against 1)"
SITUATIONS = [
    (nothing_changed, "Passes: 3 tests compared, no difference seen", 0),
    (one_changed, f"Fails: 1 of 1 test changed with {NEW}: refused in words (1)", 1),
    (
        one_of_three_changed,
        f"Fails: 1 of 3 tests changed with {NEW}: the test's own assert fails (1); {NOTHING}",
        1,
    ),
    (six_changed, f"Fails: 6 of 6 tests changed with {NEW}: answers fenced in ``` (6)", 1),
    (sixty_changed, f"Fails: 60 of 60 tests changed with {NEW}: refused in words (60)", 1),
    (six_changed_under_xdist, f"Fails: 6 of 6 tests changed with {NEW}: refused", 1),
    (improved_only, f"Passes: 3 of 3 tests changed with {NEW}, below breaking: bare JSON", 0),
    (never, f"Passes: 3 of 3 tests changed with {NEW}, which fails nothing", 0),
    (other_words, f"Passes: 3 of 3 tests changed with {NEW}, in wording alone", 0),
    (contract_only, "Fails: 3 of 3 tests broke a rule: max_calls (3)", 1),
    (unconfirmed, f"Passes: 6 of 6 tests changed with {NEW}, not confirmed by more samples", 0),
    (suite_event_only, "Fails: the suite as a whole is worse: failed: ", 1),
    (not_comparable, "Passes: 3 tests compared, no value that the baseline never showed", 0),
    (interrupted, "Interrupted after 1 marked test: 1 test replayed", 2),
    (candidate_not_asked, "Fails: 3 of 3 tests could not be compared: ", 1),
    (miss, "Fails: 3 of 3 tests asked for what is not recorded: another request (3)", 1),
    (nothing_recorded, "Fails: 3 of 3 tests asked for what is not recorded: no recording yet", 1),
    (only_skipped, "Passes: 3 tests skipped", 0),
    (expected_failures, "Passes: 3 tests replayed", 0),
    (pending, "Fails: 1 of 3 tests failed on an assert or error of their own", 1),
    (quarantined, f"Passes: 3 of 3 tests changed with {NEW}, all in quarantine", 0),
]


@pytest.mark.parametrize(
    ("situation", "begins", "status"), SITUATIONS, ids=[each[0].__name__ for each in SITUATIONS]
)
def test_all_reports_say_first_what_becomes_of_the_build(project, situation, begins, status):
    situation(project)
    said = held(project)

    assert said.headline.startswith(begins)
    assert said.exit_status == status
    assert said.by_suite == (situation is suite_event_only)
    assert status == 0 or "no difference" not in said.headline


def test_a_run_that_fails_by_another_test_says_that_no_marked_one_does(project):
    failed_by_another_test(project)
    said = read(project, output=project.output)

    assert project.exit_status == said.exit_status == 1
    assert said.headline == "Fails, though no marked test does: 3 tests replayed"
    assert said.failed == 0


def test_each_of_several_candidates_has_its_headline(project):
    answer(project).write(test_app=suite(3)).record()
    project.stand.script(THIRD, JSON)
    project.record(CANDIDATE, f"--llmregress-candidate={THIRD}", *reports())

    worse, same = (read(project, f"r@{name}", output=project.output) for name in (NEW, THIRD))
    assert project.exit_status == worse.exit_status == same.exit_status == 1
    assert worse.headline.startswith(f"Fails: 3 of 3 tests changed with {NEW}: refused in words")
    assert same.headline.startswith(f"Fails, though no marked test with {THIRD} does: 3 tests")


def test_shards_that_are_merged_have_the_headline_of_all(project, console):
    answer(project).write(test_app=suite(4)).record()
    for shard, chosen in (("a", "0 or 1"), ("b", "2 or 3")):
        project.record(CANDIDATE, "-k", chosen, f"--llmregress-report={shard}.json")
    for ending in ENDINGS:
        merged = console("merge", "a.json", "b.json", "--output", f"all{ending}")
    said = read(project, "all", output=merged.stdout)

    assert merged.returncode == 1
    assert said.headline == f"Fails: 4 of 4 tests changed with {NEW}: refused in words (4)"


def test_a_control_that_is_gone_is_no_reason_to_pass(project):
    project.asks_old_model = True
    answer(project).write(test_app=suite(3)).record().record(CANDIDATE)
    for path in project.root.rglob("*control*.yaml"):
        path.unlink()
    project.replay(CANDIDATE, *reports())

    said = held(project)
    assert said.exit_status == 1
