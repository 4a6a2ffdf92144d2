"""The tasks: files whose docstring is the prompt, and whose asserts the model never sees."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LEVELS = ("easy", "medium", "hard")
_FOLDER = Path(__file__).with_name("tasks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task."""

    name: str
    prompt: str
    checks: str
    """A program that imports from `generated` what was asked for, and asserts."""


def tasks_of(level: str) -> list[Task]:
    """Return the tasks of a level."""
    return [_read(path) for path in sorted((_FOLDER / level).glob("*.py"))]


def find_task(prompt: str) -> Task | None:
    """Return the task with that prompt; None where there is none."""
    return _by_prompt().get(prompt)


def asked_for(task: Task) -> frozenset[str]:
    """Return the names that a task asks for: those that its checks import."""
    return frozenset(
        alias.name
        for node in ast.walk(ast.parse(task.checks))
        if isinstance(node, ast.ImportFrom) and node.module == "generated"
        for alias in node.names
        if alias.name != "__source__"
    )


@cache
def _by_prompt() -> dict[str, Task]:
    return {task.prompt: task for level in LEVELS for task in tasks_of(level)}


def _read(path: Path) -> Task:
    text = path.read_text(encoding="utf-8")
    prompt = ast.get_docstring(ast.parse(text))
    if prompt is None:
        raise ValueError(f"{path}: it has no prompt; a docstring at its top")
    return Task(name=path.stem, prompt=prompt, checks=text)
