"""The JSON Schema of the JSON report, as it is published with the package."""

import json
from importlib.resources import files
from typing import Any

from pytest_llmregress.core.report import FORMAT


def read_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of the format that this version writes."""
    text = files(__name__).joinpath(f"report-{FORMAT}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
