"""Canonical JSON: one text, and so one digest, for every way to write the same value."""

import hashlib
import json
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def dump_canonical_json(value: Any) -> str:
    """Return a JSON value as text with sorted keys and no white space."""
    return _ENCODER.encode(value)


def identify(value: Any) -> str:
    """Return a text that only values with the same canonical JSON have; of a text it costs less."""
    return f'"{value}' if type(value) is str else _ENCODER.encode(value)


def hash_json(value: Any) -> str:
    """Return the SHA-256 of a JSON value's canonical text, in hexadecimal."""
    return hashlib.sha256(dump_canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()
