"""The command `scan`."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from pytest_llmregress.cli.output import CommandResult
from pytest_llmregress.cli.scan import ALLOW, MAX_SIZE, scan

KEY = "sk-" + "ant-api03-" + "0badC0ffee" * 8
TOKEN = "gh" + "p_" + "0badC0ffee" * 4
FOUND = "Anthropic key: sk-a…"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: str, text: str | bytes) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


def run(*paths: str | Path) -> CommandResult:
    return scan([Path(path) for path in paths or (".",)], as_json=False)


def test_a_secret_is_one_line_and_never_whole():
    write("tests/a.yaml", f"one\ntwo: {KEY}\n")
    write("b.txt", f"{TOKEN} and {KEY}")

    result = run()

    assert result.status == 1
    assert result.problems == ()
    assert result.lines == (
        "b.txt:1: GitHub token: ghp_…",
        f"b.txt:1: {FOUND}",
        f"tests/a.yaml:2: {FOUND}",
        (
            "3 secrets in 2 files. Revoke what is real and take it out; "
            'an example has "llmregress: allow-secret" on its line'
        ),
    )


def test_no_secret_is_status_zero():
    write("a.py", "print('sk-ant-short')")

    assert run() == CommandResult(status=run().status, lines=("no secret in 1 file",))
    assert run().status == 0


def test_the_secrets_of_this_environment_are_looked_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2hunter2")
    write("a.yaml", "it is hunter2hunter2")

    assert run().lines[0] == "a.yaml:1: value of SHOP_PASSWORD: hun…"


def test_a_line_that_says_so_may_show_a_key():
    write("docs.md", f"use {KEY}  <!-- {ALLOW} -->\n{TOKEN}\n# {ALLOW}\n")

    assert run().lines[0] == "docs.md:2: GitHub token: ghp_…"
    assert len(run().lines) == 2


def test_a_hook_gives_the_names_of_the_files():
    one, two = write("one.yaml", KEY), write("two.yaml", "fine")
    write("three.yaml", KEY)

    assert run(one, two).lines[0] == f"one.yaml:1: {FOUND}"
    assert run(one, two).status == 1
    assert run(two, two).lines == ("no secret in 1 file",)


def test_of_a_work_tree_only_what_could_be_committed_is_looked_into():
    git("init", "-q")
    write(".gitignore", "ignored*\n")
    for name in ("ignored.yaml", "new.yaml", "sub/staged é.yaml", "deleted.yaml"):
        write(name, KEY)
    git("add", "sub", "deleted.yaml")
    Path("deleted.yaml").unlink()

    assert run().lines[:-1] == (f"new.yaml:1: {FOUND}", f"sub/staged é.yaml:1: {FOUND}")
    assert run("sub").lines[0] == f"sub/staged é.yaml:1: {FOUND}"
    assert run("ignored.yaml").status == 1


def test_a_folder_that_git_ignores_is_looked_into_where_it_is_asked_for():
    git("init", "-q")
    write(".gitignore", "build\n")
    write("build/a.yaml", KEY)

    assert run().status == 0
    assert run("build").lines[0] == f"build/a.yaml:1: {FOUND}"


@pytest.mark.parametrize(
    "path", [".git/config", "env/lib/a.py", "node_modules/a.js", "a/__pycache__/b.txt"]
)
def test_what_is_not_of_the_project_is_left_out(path: str):
    write("env/pyvenv.cfg", "")
    write(path, KEY)

    assert run().status == 0


def test_a_binary_file_is_left_out():
    write("a.png", b"\x89PNG\x00" + KEY.encode())

    assert run().lines == ("no secret in 0 files",)


def test_text_that_is_no_unicode_is_looked_into():
    write("a.txt", b"\xff\xe9\n" + KEY.encode())

    assert run().lines[0] == f"a.txt:2: {FOUND}"


def test_a_file_that_is_too_big_is_named_and_no_error():
    write("big.jsonl", b"x" * (MAX_SIZE + 1))

    result = run()

    assert result.status == 0
    assert result.problems == (
        "big.jsonl: not scanned; files of up to 20 MB are. grep -n 'sk-' big.jsonl",
    )


def test_a_path_that_leads_nowhere_is_status_two_and_hides_nothing():
    write("a.yaml", KEY)

    result = run("missing", "a.yaml")

    assert result.status == 2
    assert result.problems == ("missing: there is no such file or folder",)
    assert result.lines[0] == f"a.yaml:1: {FOUND}"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser reads everything")
def test_a_file_that_cannot_be_read_is_status_two():
    write("a.yaml", KEY).chmod(0)

    assert run().status == 2
    assert run().problems == (
        "a.yaml: it cannot be read: Permission denied; a file that can be is needed",
    )


def test_a_link_is_not_followed(tmp_path: Path):
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.write_text(KEY)
    Path("link").symlink_to(outside)

    assert run().status == 0


def test_json_is_for_programs():
    write("a.yaml", f"\n{KEY}")

    result = scan([Path(), Path("missing")], as_json=True)

    assert json.loads("\n".join(result.lines)) == {
        "files": 1,
        "findings": [{"path": "a.yaml", "line": 2, "kind": "Anthropic key", "excerpt": "sk-a…"}],
        "too_big": [],
        "problems": [
            {"path": "missing", "line": None, "what": "there is no such file or folder"},
        ],
    }
