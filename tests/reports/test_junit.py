"""The report of a run as JUnit XML, and the same facts in pytest's own."""

from xml.etree import ElementTree as ET

import pytest

from pytest_llmregress.reports.junit import JunitReporter
from pytest_llmregress.reports.markdown import MarkdownReporter
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import Tally, TestEvidence
from pytest_llmregress.values.run_report import Problem
from reports import record
from run_reports import HOSTILE, drift_of, regressed, report_of

SHAPE = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        {"properties", "testcase"},
    ),
    "testcase": ({"classname", "name", "time"}, {"properties", "failure", "skipped", "system-out"}),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "failure": ({"type", "message"}, set()),
    "skipped": (set(), set()),
    "system-out": (set(), set()),
}
"""The elements that readers of JUnit know, each with its attributes and children."""


def render(*tests, **fields) -> ET.Element:
    root = ET.fromstring("".join(JunitReporter().render(report_of(*tests, **fields))).encode())
    for element in root.iter():
        attributes, children = SHAPE[element.tag]
        assert set(element.attrib) == attributes
        assert {child.tag for child in element} <= children
    suite = root[0]
    assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
    return suite


def facts(case: ET.Element) -> dict[str, str]:
    found = case.findall("properties/property")
    return {each.attrib["name"].removeprefix("llmregress."): each.attrib["value"] for each in found}


def test_a_file_comes_in_pieces_none_of_which_grows_with_the_number_of_tests():
    drift = drift_of(Severity.BREAKING)
    few, many = (
        [
            *JunitReporter().render(
                report_of(*(record(f"t.py::{n}", drift=drift) for n in range(of)))
            )
        ]
        for of in (10, 100)
    )

    assert len(many) - len(few) == 90
    assert max(map(len, many)) < max(map(len, few)) + 20


def test_the_elements_are_indented_one_level_below_another():
    text = "".join(JunitReporter().render(report_of(record("t.py::test_a"))))

    assert text.endswith("    </testcase>\n  </testsuite>\n</testsuites>\n")
    assert "\n    <testcase classname=" in text
    assert "\n      <properties>\n        <property name=" in text


def test_a_test_has_its_facts_as_properties():
    drift = drift_of(Severity.NOTABLE, Severity.COSMETIC)
    (case,) = render(
        record("t.py::test_a", drift=drift, candidate="m", samples=10, passes=8, cost_usd=0.25)
    ).findall("testcase")

    assert case.find("failure") is None
    assert facts(case) == {
        "mode": "replayed",
        "candidate": "m",
        "models": "claude-opus-5",
        "severity": "notable",
        "traits": "trait.0, trait.1",
        "samples": "8/10",
        "calls": "1",
        "tokens": "15",
        "cost_usd": "0.250000",
    }


@pytest.mark.parametrize(
    ("fields", "fail_on", "kind"),
    [
        ({"problems": (Problem(code="no_match", message="m"),)}, "never", "llmregress.no_match"),
        ({"drift": drift_of(Severity.BREAKING)}, "breaking", "llmregress.drift"),
        ({"drift": drift_of(Severity.NOTABLE)}, "notable", "llmregress.drift"),
        ({"drift": drift_of(Severity.NOTABLE)}, "breaking", None),
        ({"drift": drift_of(Severity.BREAKING)}, "never", None),
        ({"drift": drift_of(Severity.BREAKING), "accepted": True}, "breaking", None),
        ({"drift": drift_of(Severity.BREAKING), "verdict": regressed().tests[0]}, "breaking", None),
        ({"passed": False}, "breaking", "llmregress.test"),
    ],
)
def test_what_fails_in_pytest_is_a_failure(fields, fail_on, kind):
    suite = render(record("t.py::test_a", **fields), fail_on=fail_on)

    failure = suite.find("testcase/failure")
    assert (None if failure is None else failure.attrib["type"]) == kind


def test_a_verdict_on_the_suite_that_alone_fails_the_run_is_a_case_of_its_own():
    alone = render(record("t.py::test_a"), verdict=regressed(), fail_on="breaking")
    spared = render(record("t.py::test_a"), verdict=regressed(), fail_on="never")

    assert alone.attrib["failures"] == "1"
    assert alone[-1].attrib["name"] == "suite verdict"
    assert "exact McNemar test" in alone[-1][-1].text
    assert (spared.attrib["tests"], spared.attrib["failures"]) == ("1", "0")
    assert "exact McNemar test" in facts(spared)["verdict"]


@pytest.mark.parametrize(
    ("test", "address"),
    [
        ("tests/a/test_b.py::test_c", ("tests.a.test_b", "test_c")),
        ("test_b.py::TestX::test_c[a::b/c.py]", ("test_b.TestX", "test_c[a::b/c.py]")),
        ("docs/page.md", ("", "docs.page.md")),
    ],
)
def test_names_are_those_of_the_file_that_pytest_writes(test, address):
    (case,) = render(record(test)).findall("testcase")

    assert (case.attrib["classname"], case.attrib["name"]) == address


def test_hostile_text_leaves_the_file_whole():
    drift = drift_of(Severity.BREAKING, text=HOSTILE)
    problem = Problem(code="contract", message=f"{HOSTILE}\n{HOSTILE}")
    suite = render(
        record(f"t.py::test_a[{HOSTILE}]", drift=drift, problems=(problem,)),
        record("t.py::test_b", drift=drift),
        candidate=HOSTILE,
    )

    assert "<script>" in suite.find("testcase/failure").text


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_pytests_own_file_has_the_same_facts_once(project, workers):
    project.write(
        test_it="""
        import pytest

        @pytest.mark.llm
        def test_a():
            pass

        def test_b():
            pass
        """
    )
    project.replay("--junitxml=junit.xml", *workers, passed=1, failed=1)

    root = ET.fromstring(project.read("junit.xml"))
    cases = {case.attrib["name"]: case for case in root.iter("testcase")}
    names = [each.attrib["name"] for each in cases["test_a"].iter("property")]
    assert facts(cases["test_a"])["problems"] == "no_calls"
    assert len(names) == len(set(names))
    assert facts(cases["test_b"]) == {}


@pytest.mark.parametrize("code", ["too_few_samples", "no_snapshot", "rejected"])
def test_a_remark_is_told_and_fails_nothing_in_any_report(code):
    test = record("t.py::test_a", problems=(Problem(code=code, message="it says so"),))
    suite = render(test)
    page = MarkdownReporter().render(report_of(test))

    assert suite.findall("testcase/failure") == []
    assert suite.findtext("testcase/system-out") == "it says so"
    assert "### Passes: 1 test replayed" in page
    assert "| remark |" in page


def test_a_contract_of_a_test_in_quarantine_is_no_failure():
    broken = Problem(code="contract", message="called pay")
    tally = Tally(passed=1, n=1)
    known = TestEvidence(test="t", baseline=tally, screen=tally, quarantine="until June")
    suite = render(record("t.py::test_a", problems=(broken,), evidence=known))

    assert suite.findall("testcase/failure") == []


def test_a_replay_that_ends_as_accepted_has_no_failed_assert():
    test = record("t.py::test_a", passed=False, failed=False, samples=10, passes=9)

    assert "assert of their own" not in MarkdownReporter().render(report_of(test))
