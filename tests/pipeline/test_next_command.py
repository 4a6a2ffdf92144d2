"""The line of the user's code that asks."""

from pathlib import Path

from pytest_llmregress.pipeline.next_command import find_calling_line


def test_code_of_a_project_that_was_moved_with_its_compiled_files_is_found(tmp_path: Path):
    """A compiled file names the place where the code was compiled."""
    file = tmp_path / "app.py"
    app = compile("def answer(ask):\n    return ask()\n", "/where/it/was/app.py", "exec")
    module: dict = {"__file__": str(file)}
    exec(app, module)

    assert module["answer"](lambda: find_calling_line(tmp_path)) == "app.py:2 in answer"
