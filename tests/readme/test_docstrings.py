"""The docstrings of the package: an exception that one names is there."""

import ast
import builtins
import re
from pathlib import Path

import pytest_llmregress

PACKAGE = Path(pytest_llmregress.__file__).parent
FOREIGN = {"UsageError"}
"""Of pytest."""


def test_each_exception_that_a_docstring_names_is_there():
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    nodes = [(path, node) for path, tree in trees.items() for node in ast.walk(tree)]
    known = {node.name for _, node in nodes if isinstance(node, ast.ClassDef)}
    known |= {*dir(builtins), *FOREIGN}
    told = (
        (path.relative_to(PACKAGE).as_posix(), name)
        for path, node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module)
        for name in re.findall(r"\b[A-Z]\w*Error\b", ast.get_docstring(node) or "")
    )

    assert [each for each in told if each[1] not in known] == []
