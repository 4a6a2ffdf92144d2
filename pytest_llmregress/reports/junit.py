"""The report of a run as JUnit XML, for the pages that CI services make of it."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pytest_llmregress.formatting.value_text import printable
from pytest_llmregress.reports.failing_tests import drift_fails, is_failed, is_skipped, suite_fails
from pytest_llmregress.reports.headline import find_reason, headline
from pytest_llmregress.reports.junit_properties import (
    PREFIX,
    build_properties,
    format_property,
    headline_of,
    render_test_story,
)
from pytest_llmregress.reports.verdict import render_suite
from pytest_llmregress.values.run_report import RunReport, TestRecord
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.verdicts.verdict_text import NAMES

_SUITE = "llmregress"
_VERDICT = "suite verdict"
"""The name of the test case that stands for all tests together."""
_LEVEL = 2
"""How deep a test case lies in the file."""
_NO_CASE = f"{_LEVEL * '  '}<testcase />\n"
"""Where the test cases belong. No text of others has it: in XML no text has a "<"."""
_NO_TIME = "0.000"
"""How long a test took is in pytest's own file; readers want the attribute to be there."""


class JunitReporter:
    """Writes one test case a marked test, with what was found as its properties.

    Its counts are those of pytest over the marked tests. Where the tests together fail the run, and
    none of them by itself, one more test case says so: otherwise a run that fails would look fine.
    """

    suffix: str = ".xml"

    def render(self, report: RunReport) -> Iterator[str]:
        """Yield the file test by test."""
        failed = sum(is_failed(test, report.fail_on) for test in report.tests)
        skipped = sum(map(is_skipped, report.tests))
        by_suite = suite_fails(report)
        counts = {
            "tests": str(len(report.tests) + by_suite),
            "failures": str(failed + by_suite),
            "errors": "0",
            "time": _NO_TIME,
        }
        root = Element("testsuites", {"name": _SUITE, **counts})
        suite = SubElement(
            root,
            "testsuite",
            {
                "name": _SUITE,
                **counts,
                "skipped": str(skipped),
                "timestamp": _timestamp(report.created),
            },
        )
        _add_properties(suite, _properties_of_run(report))
        SubElement(suite, "testcase")
        head, _, tail = _text(root).partition(_NO_CASE)
        yield f'<?xml version="1.0" encoding="utf-8"?>\n{head}'
        for test in report.tests:
            yield _as_line(_case_of_test(test, report))
        if report.verdict is not None and by_suite:
            yield _as_line(_case_of_verdict(report.verdict, fail_on=report.fail_on))
        yield f"{tail}\n"


def _as_line(case: Element) -> str:
    return f"{_LEVEL * '  '}{_text(case, level=_LEVEL)}\n"


def _text(element: Element, *, level: int = 0) -> str:
    indent(element, level=level)
    return tostring(element, encoding="unicode")


def _case_of_test(test: TestRecord, report: RunReport) -> Element:
    classname, name = _address(test.test)
    case = Element("testcase", {"classname": classname, "name": name, "time": _NO_TIME})
    _add_properties(case, build_properties(test))
    story = render_test_story(test, report.fail_on)
    if is_failed(test, report.fail_on):
        kind = _find_kind(test, report)
        message = headline_of(test) or find_reason(test, report).what
        failure = SubElement(case, "failure", {"type": f"{PREFIX}{kind}", "message": message})
        failure.text = story
    elif is_skipped(test):
        SubElement(case, "skipped")
    elif story:
        SubElement(case, "system-out").text = story
    return case


def _find_kind(test: TestRecord, report: RunReport) -> str:
    """Return the code of the problem that fails a test, "drift", or "test" for its own failure."""
    if test.faults:
        return printable(test.faults[0].code)
    return "drift" if drift_fails(test, report.fail_on) or test.passed else "test"


def _case_of_verdict(verdict: SuiteVerdict, *, fail_on: str) -> Element:
    case = Element("testcase", {"classname": _SUITE, "name": _VERDICT, "time": _NO_TIME})
    _add_properties(case, ((f"{PREFIX}verdict", str(verdict.verdict)),))
    text = format_property("\n".join(render_suite(verdict, fail_on=fail_on)))
    head = {"type": f"{PREFIX}{verdict.verdict}", "message": NAMES[verdict.verdict]}
    SubElement(case, "failure", head).text = text
    return case


def _properties_of_run(report: RunReport) -> tuple[tuple[str, str], ...]:
    versions = ((f"{PREFIX}version.{name}", said) for name, said in report.versions.items())
    candidate = ((f"{PREFIX}candidate", report.candidate),) if report.candidate else ()
    said = ((f"{PREFIX}headline", headline(report)),)
    told = (
        () if report.verdict is None else ((f"{PREFIX}verdict", "\n".join(report.verdict.lines)),)
    )
    facts = (*said, *candidate, *told, (f"{PREFIX}fail_on", report.fail_on), *versions)
    return tuple((name, printable(value)) for name, value in facts)


def _add_properties(parent: Element, properties: tuple[tuple[str, str], ...]) -> None:
    if not properties:
        return
    holder = SubElement(parent, "properties")
    for name, value in properties:
        SubElement(holder, "property", {"name": printable(name), "value": value})


def _address(test: str) -> tuple[str, str]:
    """Return class name and name as pytest's own file has them, so that both fall together."""
    path, bracket, parameters = printable(test).partition("[")
    file, *names = path.split("::")
    parts = [file.removesuffix(".py").replace("/", "."), *names]
    return ".".join(parts[:-1]), f"{parts[-1]}{bracket}{parameters}"


def _timestamp(created: str) -> str:
    """Return the moment without its offset: the schema of JUnit knows none."""
    return printable(created).partition("+")[0].removesuffix("Z")
