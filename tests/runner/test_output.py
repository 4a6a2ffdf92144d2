"""Everything of ours that is shown goes one way, and nothing in it is obeyed."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_llmregress

PACKAGE = Path(pytest_llmregress.__file__).parent
IN_PYTEST, ON_THE_SCREEN = "runner/output.py", "cli/output.py"
DRAWS = "cli/terminal.py"
"""Draws what `review` shows; each line of it has gone through `Screen.paint`."""

_STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}
_TERMINAL = {"terminalreporter", "TerminalReporter", "TerminalWriter", "get_terminal_writer"}
_OUTCOMES = {"fail", "skip", "xfail", "exit", "UsageError", "Collector", "PytestWarning"}
_OF_A_REPORT = {"longrepr", "sections"}
_CHANGES_A_LIST = {"append", "extend", "insert"}


def ways_out(source: str) -> Iterator[tuple[int, str]]:
    """Yield each place where code hands something to pytest or to a stream, with which it is."""
    for node in ast.walk(ast.parse(source)):
        for way, is_one in (("screen", _is_for_the_screen), ("pytest", _is_for_pytest)):
            if is_one(node):
                yield getattr(node, "lineno", 0), way


def _is_for_the_screen(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="sys"), attr=attr):
            return attr in _STREAMS
        case ast.ImportFrom(module="sys", names=names):
            return bool(_STREAMS & {each.name for each in names})
        case (
            ast.Call(func=ast.Name(id="print"))
            | ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="write"))
            | ast.Call(func=ast.Attribute(attr="exit"), args=[_, _, *_])  # argparse prints it
        ):
            return True
    return False


def _is_for_pytest(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            return name in _TERMINAL or (name in _OF_A_REPORT and _is_stored(node))
        case ast.Constant(value=str(value)):
            return value in _TERMINAL | {"longrepr"}
        case ast.ImportFrom(module="pytest"):  # its names would be called without saying so
            return True
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="sections"), attr=attr)):
            return attr in _CHANGES_A_LIST
        case ast.Call(func=func):
            return _is_outcome(func)
    return False


def _is_outcome(func: ast.expr) -> bool:
    """Tell whether it is `pytest.fail`, `pytest.fail.Exception`, or one of their like."""
    names = []
    while isinstance(func, ast.Attribute):
        names.append(func.attr)
        func = func.value
    of = func.id if isinstance(func, ast.Name) else ""
    outermost = names[-1] if names else ""
    return (of == "pytest" and outermost in _OUTCOMES) or (of, outermost) == ("warnings", "warn")


def _is_stored(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store) and isinstance(node, ast.Attribute)


def test_nothing_of_the_package_goes_round_the_ways_out():
    allowed = {"pytest": {IN_PYTEST}, "screen": {ON_THE_SCREEN, DRAWS, IN_PYTEST}}
    files = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}

    found = {
        (name, line, way)
        for name, path in files.items()
        for line, way in ways_out(path.read_text(encoding="utf-8"))
        if name not in allowed[way] and not _asks_whether_it_is_a_terminal(path, line)
    }
    assert found == set()
    assert {IN_PYTEST, ON_THE_SCREEN, DRAWS} <= set(files)


def _asks_whether_it_is_a_terminal(path: Path, line: int) -> bool:
    return ".isatty()" in path.read_text(encoding="utf-8").splitlines()[line - 1]


@pytest.mark.parametrize(
    ("code", "way"),
    [
        ("print(text)", "screen"),
        ("sys.stdout.write(text)", "screen"),
        ("from sys import stderr", "screen"),
        ("os.write(1, text)", "screen"),
        ("self.exit(2, text)", "screen"),
        ("pytest.fail(text)", "pytest"),
        ("raise pytest.fail.Exception(text)", "pytest"),
        ("raise pytest.UsageError(text)", "pytest"),
        ("raise pytest.Collector.CollectError(text)", "pytest"),
        ("pytest.exit(text)", "pytest"),
        ("from pytest import fail", "pytest"),
        ("warnings.warn(text)", "pytest"),
        ("report.longrepr = text", "pytest"),
        ("report.outcome, report.longrepr = 'failed', text", "pytest"),
        ("setattr(report, 'longrepr', text)", "pytest"),
        ("report.sections.append(('x', text))", "pytest"),
        ("report.sections = [('x', text)]", "pytest"),
        ("config.pluginmanager.get_plugin('terminalreporter')", "pytest"),
        ("def pytest_terminal_summary(terminalreporter): pass", "pytest"),
        ("def show(terminal: pytest.TerminalReporter): pass", "pytest"),
        ("config.get_terminal_writer().line(text)", "pytest"),
        ("sys.exit(status)", ""),
        ("try: pass\nexcept pytest.fail.Exception: pass", ""),
        ("text = report.longreprtext", ""),
        ("file.write(text)", ""),
    ],
)
def test_a_way_out_is_recognised(code: str, way: str):
    assert {found for _, found in ways_out(code)} == ({way} if way else set())


# --- in whole runs -----------------------------------------------------------------------------

TESTS = """
    import anthropic
    import pytest
    from pytest_llmregress import rules

    EVIL = "\\x1b]52;c;cHduZWQ=\\x07\\n::add-mask::a\\n##[add-mask]b\\n\\u202e\\x1b[2Jz"

    def ask(text, **more):
        client = anthropic.Anthropic(max_retries=0)
        messages = [{"role": "user", "content": text}]
        return client.messages.create(
            model="claude-opus-5", max_tokens=100, messages=messages, **more
        )

    @pytest.fixture
    def llm_config(request):
        name = request.node.name
        return {"rules": {"r": rules.forbids("pwned")}} if name == "test_rule" else {}

    @pytest.mark.llm(served_model={})
    def test_model():
        ask(f"[[served {EVIL}]]")

    @pytest.mark.llm(forbid_tools=["delete*"])
    def test_tool():
        ask('[[tool delete::x {}]]', tools=[
            {"name": "delete" + EVIL, "input_schema": {"type": "object"}}
        ])

    @pytest.mark.llm
    def test_rule():
        ask(f"[[say pwned {EVIL}]]")

    @pytest.mark.llm
    def test_snapshot(llm_snapshot):
        assert ask(f"[[say {EVIL}]]").content[0].text == llm_snapshot

    @pytest.mark.llm
    def test_miss():
        ask("changed by " + EVIL if CHANGED else "first")

    CHANGED = False
"""


def assert_nothing_is_obeyed(output: str) -> None:
    assert not re.search("[\x07\x1b\u202e\r]", output)
    assert not [line for line in output.splitlines() if line.lstrip().startswith("::add-mask")]
    assert "##[add-mask]" not in output


def test_what_a_model_says_is_obeyed_by_no_terminal_and_no_runner(project):
    project.write(test_it=TESTS)
    github = {"GITHUB_ACTIONS": "true"}
    project.record("--tb=short", env=github)
    recorded = project.output
    project.change("test_it.py", "CHANGED = False", "CHANGED = True")
    project.replay("--tb=short", env=github)

    for output in (recorded, project.output):
        assert_nothing_is_obeyed(output)
        assert r"\x1b]52" in output, "it is told, spelled out"
    assert "::error file=test_it.py" in project.output, "our own command is one"
