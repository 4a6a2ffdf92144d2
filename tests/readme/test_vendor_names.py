"""No code outside of `providers/` names a vendor, but for the files that are listed here."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_llmregress
from pages import parse

PACKAGE = Path(pytest_llmregress.__file__).parent
_VENDOR = re.compile(
    r"(?<![a-z])(?:amz|amzn|anthropic|aws|azure|bedrock|claude|cohere|deepseek|gemini|gpt|groq|"
    r"googleapis|google|mistral|ollama|openai|openrouter|stainless|vertex)(?![a-z])",
    re.IGNORECASE,
)
"""Names of vendors, of their models, and of what generates their SDKs."""
KNOWN = {
    "comparison/value_forms.py": "a command line that a tool is given begins with a program's name",
    "redaction/issued_keys.py": "the forms of keys that are issued: a secret goes, whosever it is",
    "redaction/kept_headers.py": "the headers that a cassette keeps, so that clients can read them",
    "redaction/redactor.py": "the hosts that hand out credentials: no answer of theirs is kept",
    "redaction/secret_fields.py": "the parameters of a URL that sign it",
    "redaction/secret_forms.py": "the forms of keys that are issued: a secret goes, whosever it is",
    "storage/vcr_format/reader.py": "a cassette of another tool tells the SDK by its user agent",
    "values/http.py": "the headers that a request is matched by, below all providers: features, "
    "attempts, and the session and agent of known agent programs",
}
"""The files that name a vendor, and why no provider says it in their place.

Docstrings and comments give examples: nothing depends on them.
"""


def names_of_vendors_in(file: Path) -> Iterator[str]:
    """Yield the words of the code that name a vendor: constants, names, imports."""
    tree = parse(file)
    docstrings = [
        statement.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in node.body
        if isinstance(statement, ast.Expr)
    ]
    for node in ast.walk(tree):
        if node in docstrings:
            continue
        for _, value in ast.iter_fields(node):
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            if isinstance(text, str) and _VENDOR.search(text):
                yield text


def files() -> list[str]:
    """Return the modules outside of `providers/`."""
    paths = sorted(PACKAGE.rglob("*.py"))
    names = (path.relative_to(PACKAGE).as_posix() for path in paths)
    return [name for name in names if not name.startswith("providers/")]


def test_no_module_outside_of_the_providers_names_a_vendor():
    found = {name: [*names_of_vendors_in(PACKAGE / name)] for name in files() if name not in KNOWN}

    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize("name", KNOWN)
def test_each_module_that_may_name_a_vendor_does(name: str):
    assert list(names_of_vendors_in(PACKAGE / name)) != []
