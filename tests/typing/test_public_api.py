"""The public names carry their types to a user's own tests."""

import subprocess
import sys
from pathlib import Path

import pytest

import pytest_llmregress

USER = Path(__file__).with_name("public_api.py")


def test_a_strict_type_check_passes_a_users_test_module_and_finds_its_errors(tmp_path: Path):
    pytest.importorskip("mypy", reason="mypy is not installed")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from pytest_llmregress import Calls\n\n"
        "def test_it(llm_calls: Calls) -> None:\n"
        "    number: int = llm_calls[-1].text\n"
        "    llm_calls.txt\n",
        encoding="utf-8",
    )
    # No public name has a type of these: three thousand modules, which take most of the time.
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\n\n[mypy-anthropic.*,deepdiff.*,vcr.*]\nfollow_imports = skip\n")

    result = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--no-incremental"),
            *("--config-file", str(config), "--cache-dir", str(tmp_path), str(USER), str(wrong)),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    *errors, total = result.stdout.splitlines()
    assert [line.partition(" error: ")[0] for line in errors] == ["wrong.py:4:", "wrong.py:5:"]
    assert "Incompatible types in assignment" in errors[0]
    assert '"Calls" has no attribute "txt"' in errors[1]
    assert total.startswith("Found 2 errors in 1 file (checked 2 source files)")


def test_every_public_name_can_be_imported():
    assert {name: getattr(pytest_llmregress, name).__name__ for name in pytest_llmregress.__all__}


def test_a_name_that_is_not_public_is_refused_as_usual():
    with pytest.raises(AttributeError, match="module 'pytest_llmregress' has no attribute 'vcr'"):
        _ = pytest_llmregress.vcr
