r"""Spells out what a terminal would obey, or a CI system that reads the log: the one function.

What a model, a server, a file or a test id says may hold escape sequences (they set a clipboard,
clear a screen), overrides of the writing direction, carriage returns, and commands to the runner
of a CI system. Each is shown as an escape, such as `\x1b`, and does nothing.
"""

import re

# https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands: a line that
# begins so, white space apart
_COMMAND_AT_THE_START = re.compile(r"^(\s*):(?=:.*::)")
# Anywhere in a line: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
# ("##vso[", and "##[" that GitHub's older runners share), https://www.jetbrains.com/help/teamcity
_COMMAND_ANYWHERE = re.compile(r"##(?=[A-Za-z]*\[)")


def escape_controls(text: str) -> str:
    r"""Return a text on one line in which what would be obeyed is spelled out, as in `\x1b`.

    Spaces are kept as they are, so that a name stays the name that it is. What has been spelled
    out stays as it is.
    """
    if not text.isprintable():
        text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    if "##" in text:
        text = _COMMAND_ANYWHERE.sub(r"#\\u0023", text)
    return _COMMAND_AT_THE_START.sub(r"\1\\u003a", text) if "::" in text else text


def visible_lines(text: str) -> str:
    """Return the same of a message of several lines, which stay lines."""
    return "\n".join(map(escape_controls, text.split("\n")))
