"""Which version of an agent's program a request comes from."""

import re
from collections.abc import Mapping
from typing import Any

_BILLING = re.compile(r"x-anthropic-billing-header:.*?\bcc_version=(\d+(?:\.\d+)*)\.[0-9a-f]{3}\b")
"""A line of Claude Code: its version, and three digits that stand for the first words."""


def read_program(body: Mapping[str, Any]) -> str:
    """Return "claude-code 2.1.332" for a request of Claude Code; "" for any other one.

    Read from the first part of the system prompt, which `CLAUDE_CODE_ATTRIBUTION_HEADER=0` leaves
    out. Checked with 2.1.332.
    """
    match body.get("system"):
        case [{"text": str(text)}, *_]:
            found = _BILLING.match(text)
            return f"claude-code {found[1]}" if found else ""
    return ""
