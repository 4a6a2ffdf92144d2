"""What the pages for contributors say of files, functions, names and commands is what there is."""

import ast
import importlib.util
import re
import shlex
import tomllib
from pathlib import Path

import pytest

import pytest_llmregress
from pages import (
    ARCHITECTURE,
    CONTRIBUTING,
    GUIDES,
    PACKAGE,
    PAGES,
    README,
    ROOT,
    TESTS,
    Named,
    block,
    classes,
    classes_on,
    definitions_on,
    files_on,
    find_definition,
    find_file,
    names_used_in,
    parse,
    rows,
    section_of,
    text_for_users,
    text_of,
    words,
)
from pytest_llmregress import hookspecs
from pytest_llmregress.cli.main import main
from pytest_llmregress.plugin import FLAGS, OPTIONS

WALKS = (
    "An HTTP response becomes a line on the terminal",
    "A test becomes a line of the block at the end",
    "A candidate is recorded with many tests at a time",
    "A journal becomes the cassette of a candidate",
    "`pytest-llmregress accept TEST`",
)
MOST_HOPS, MOST_FILES = 20, 12
"""What a reader of one walk is to go through."""
MOST_LINES = 350
OURS = {f"--llmregress-{row[0]}" for row in (*OPTIONS, *FLAGS)}
HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("pytest_llmregress_"))
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)


def test_there_are_three_pages():
    assert PAGES == (ARCHITECTURE, CONTRIBUTING, TESTS)


@each_page
def test_each_file_that_it_names_is_there(page: Path):
    named = files_on(page)

    assert named
    assert [each for each in named if not (find_file(each) or (page.parent / each).exists())] == []


@each_page
def test_each_function_and_constant_that_it_names_is_in_the_file_named_before_it(page: Path):
    assert [each for each in definitions_on(page) if find_definition(each) is None] == []


@each_page
def test_each_class_that_it_names_is_there(page: Path):
    assert classes_on(page) - classes() == set()


@each_page
def test_each_hook_and_option_that_it_names_is_there(page: Path):
    assert set(re.findall(r"--llmregress-[a-z-]+", text_of(page))) <= OURS
    assert {word for word in words(text_of(page)) if word.startswith("pytest_llmregress_")} <= {
        *HOOKS
    }


def test_each_hook_is_named_on_the_architecture_page_and_for_users():
    assert len(HOOKS) == 7
    assert [hook for hook in HOOKS if f"`{hook}`" not in text_of(ARCHITECTURE)] == []
    assert [hook for hook in HOOKS if f"`{hook}`" not in text_for_users()] == []


def test_the_readme_links_to_each_page():
    pages = [page.relative_to(ROOT).as_posix() for page in (*PAGES, *GUIDES)]

    assert len(GUIDES) == 8
    assert [page for page in pages if f"({page})" not in text_of(README)] == []


@pytest.mark.parametrize("page", [README, *GUIDES], ids=lambda page: page.name)
def test_each_link_of_a_page_for_users_leads_to_a_file(page: Path):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text_of(page))

    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_the_test_that_the_page_of_the_tests_shows_passes(project):
    (shown,) = re.findall(r"^```python\n(.*?)^```$", text_of(TESTS), flags=re.MULTILINE | re.DOTALL)
    app = """
        import anthropic
        import pytest

        @pytest.mark.llm
        def test_hello():
            anthropic.Anthropic().messages.create(
                model="claude-opus-5", max_tokens=9, messages=[{"role": "user", "content": "Hello"}]
            )
    """
    namespace: dict = {"APP": app}
    exec(shown, namespace)

    namespace["test_a_recorded_answer_is_replayed_without_a_server"](project)

    assert project.outcomes == {"passed": 1}


# --- the tree and the floors -----------------------------------------------------------------


def folders_of_the_tree() -> set[str]:
    """Return the folders that the tree of the page shows, "/" between them."""
    found: set[str] = set()
    above: list[str] = []
    for line in block(ARCHITECTURE, "3. The folders"):
        name = line.split()[0]
        if name.endswith("/"):
            above[(len(line) - len(line.lstrip())) // 2 :] = [name.rstrip("/")]
            found.add("/".join(above))
    return found


def test_each_folder_of_the_package_is_in_the_tree():
    there = {
        folder.relative_to(PACKAGE).as_posix()
        for folder in PACKAGE.rglob("*")
        if folder.is_dir() and folder.name != "__pycache__" and any(folder.glob("*.*"))
    }

    assert folders_of_the_tree() == there


def test_no_file_of_the_package_is_longer_than_one_reads_at_a_time():
    lengths = {file: len(text_of(file).splitlines()) for file in PACKAGE.rglob("*.py")}

    assert {file: length for file, length in lengths.items() if length > MOST_LINES} == {}


def test_the_import_floors_are_those_that_are_checked():
    contracts = tomllib.loads(text_of(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (floors,) = (each["layers"] for each in contracts if each["id"] == "floors")

    assert block(ARCHITECTURE, "3. The folders", 1) == floors


def test_the_public_names_are_those_that_the_package_exports():
    public = rows(section_of(ARCHITECTURE, "8. What is public, and what may change"))[0][0]

    assert words(public) == pytest_llmregress.__all__


# --- the walks -------------------------------------------------------------------------------


def hops_of(walk: str) -> list[tuple[str, list[Named]]]:
    """Return the rows of a walk: where each comes from, and its functions in their order."""
    found = []
    for number, (told, origin, functions, _) in enumerate(
        rows(section_of(ARCHITECTURE, walk, "###")), start=1
    ):
        assert told == str(number)
        file, *names = words(functions)
        found.append((origin, [Named(find_file(file), name.removesuffix("()")) for name in names]))
    return found


@pytest.mark.parametrize("walk", WALKS)
def test_a_walk_counts_its_hops_and_files(walk: str):
    functions = [each for _, some in hops_of(walk) for each in some]
    files = {each.file for each in functions}

    assert len(functions) <= MOST_HOPS
    assert len(files) <= MOST_FILES
    assert f"{len(functions)} hops in {len(files)} files." in section_of(ARCHITECTURE, walk, "###")


@pytest.mark.parametrize("walk", WALKS)
def test_each_hop_of_a_walk_is_used_by_the_one_that_it_comes_from(walk: str):
    hops = hops_of(walk)
    broken = []
    for origin, functions in hops:
        callers = hops[int(origin) - 1][1] if origin.isdecimal() else []
        for each in functions:
            if callers and not any(uses(caller, each) for caller in callers):
                broken.append((origin, each.name))
            callers = [*(callers if each is not functions[0] else []), each]

    assert broken == []


def uses(caller: Named, called: Named) -> bool:
    """Whether a function uses the name of another one; of a class where its constructor is."""
    function = find_definition(caller)
    owner, _, name = called.name.rpartition(".")
    wanted = {owner, "cls"} if name == "__init__" else {name}
    return function is not None and bool(wanted & names_used_in(function))


# --- the commands ----------------------------------------------------------------------------


def commands_on(page: Path) -> list[list[str]]:
    """Return the commands of a page: the lines of its `sh` blocks, and those in backticks."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text_of(page), flags=re.MULTILINE | re.DOTALL)
    lines = [line for some in blocks for line in some.splitlines()]
    inline = [word for word in words(text_of(page)) if re.match(r"(python|pytest\S*) \S", word)]
    return [
        shlex.split(part, comments=True)
        for line in (*lines, *inline)
        for part in line.split(" && ")
        if part.strip()
    ]


@each_page
def test_each_command_on_it_parses(page: Path, capsys):
    faults = [(command, why) for command in commands_on(page) if (why := fault_of(command, capsys))]

    assert faults == []


def fault_of(command: list[str], capsys) -> str:
    """Say what is wrong with a command; empty where nothing is."""
    match command:
        case ["pytest-llmregress", *arguments]:
            assert main([*arguments, "--help"]) == 0
            known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
            unknown = {each for each in arguments if each.startswith("--")} - known
        case ["python", "-m", "pytest", *arguments] | ["pytest", *arguments]:
            unknown = {
                each
                for each in (argument.partition("=")[0] for argument in arguments)
                if (each.startswith("--llmregress") and each not in OURS)
                or ("/" in each and find_file(each) is None)
            }
        case ["python", "-m", module, *_]:
            is_known = module in {"venv", "pip"} or importlib.util.find_spec(module)
            unknown = set() if is_known else {module}
        case ["python", script, *arguments] if script.endswith(".py"):
            file = find_file(script)
            given = {each for each in arguments if each.startswith("--")}
            unknown = {script} if file is None else given - options_of(file)
        case [("git" | "cd" | "." | "python3" | "ruff" | "mypy" | "lint-imports"), *_]:
            unknown = set()
        case [script, *_]:
            unknown = set() if find_file(script) else {script}
        case _:
            unknown = {"nothing"}
    return ", ".join(sorted(unknown))


def options_of(script: Path) -> set[str]:
    """Return the options that a script declares."""
    return {
        argument.value
        for node in ast.walk(parse(script))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument"
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }
