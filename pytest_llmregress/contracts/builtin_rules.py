"""Standing rules that are ready to use: `from pytest_llmregress import rules`."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from pytest_llmregress.behavior.text.deflections import find_brush_off, find_upsell
from pytest_llmregress.behavior.text.text_facts import language
from pytest_llmregress.contracts.rule_book import (
    Forbids,
    MultiCallRule,
    Requires,
    Rule,
    RuleError,
    Verdict,
    excerpt,
    forbids,
    requires,
)
from pytest_llmregress.values.agents import find_agent_starts
from pytest_llmregress.values.call import Call, Calls
from pytest_llmregress.values.conversations import messages_of
from pytest_llmregress.values.rule_result import RuleResult

# Users have this module as `pytest_llmregress.rules`; type checkers go by this list.
__all__ = [
    "Forbids",
    "MultiCallRule",
    "Requires",
    "Rule",
    "RuleError",
    "RuleResult",
    "Verdict",
    "answers_in_the_users_language",
    "asks_before",
    "forbids",
    "no_commands",
    "no_deflection",
    "no_extra_work",
    "no_upsell",
    "requires",
]


def no_upsell(call: Call) -> Verdict:
    """Refuse a text that sells: a higher plan, a subscription, an offer.

    Sees stock phrases (`upsells` of `behavior/text/phrases`). Does not see an offer in other words,
    nor whether the user had asked for one: switch it off (`None`) where a test is about prices.
    """
    if not call.text.strip():
        return None
    return excerpt(call.text) if find_upsell(call.text) else True


def no_deflection(call: Call) -> Verdict:
    """Refuse a text that sends the user elsewhere and says little else: "please contact support".

    Sees stock phrases (`behavior.text.deflections`); a contact that stands beside an answer
    is fine. Does not see a deflection in other words, nor whether elsewhere was the right place.
    """
    if not call.text.strip():
        return None
    return excerpt(call.text) if find_brush_off(call.text) else True


def asks_before(*tool_patterns: str) -> Rule:
    """Refuse a call of these tools unless the user was asked before, and has replied.

    :param tool_patterns: names of tools that do what cannot be undone; * and ? allowed.

    Asked is: the assistant has said something with a question mark, or "please confirm", earlier
    in the conversation. Replied is: a user's message with text has followed; the result of a tool
    is no reply. A question in the very message that calls the tool comes too late. Does not see
    what was asked, nor whether the reply was a yes; one question is enough for a conversation.
    Applies to the calls of a test that call such a tool.
    """
    if not tool_patterns or not _is_list_of_texts(tool_patterns):
        raise RuleError(
            f'asks_before{tool_patterns!r}: it takes names of tools; asks_before("delete_*")'
        )

    def ask_first(call: Call) -> Verdict:
        called = [tool.full_name for tool in call.tool_calls if tool.find_match(tool_patterns)]
        if not called:
            return None
        return _was_answered(call) or f"{', '.join(called)} without a question and a reply before"

    return ask_first


def no_commands(*patterns: str) -> Rule:
    """Refuse tool calls that run one of these commands: `no_commands("rm -rf", "git push*")`.

    :param patterns: globs of a command with its first arguments; whatever follows is included.

    A command is what stands in an argument that is named so (`command`, `cmd`, `script`), of a
    tool of any agent, each part of a line (after `;`, `&&`, `||`, `|` and a new line) for itself,
    without `sudo` and assignments before it. White space does not count. Does not see what a
    script or a program runs, nor the same flags in another order. Applies to calls that run one.
    """
    if not patterns or not _is_list_of_texts(patterns):
        raise RuleError(f'no_commands{patterns!r}: it takes commands; no_commands("rm -rf")')
    globs = [" ".join(pattern.split()) for pattern in patterns]

    def runs_none(call: Call) -> Verdict:
        run = [(tool, part) for tool in call.tool_calls for part in _commands(tool.arguments)]
        broken = [
            f"{tool.full_name} runs {excerpt(part)}"
            for tool, part in run
            if any(fnmatchcase(part, each) or fnmatchcase(part, f"{each} *") for each in globs)
        ]
        return "; ".join(broken) or (True if run else None)

    return runs_none


def answers_in_the_users_language(call: Call) -> Verdict:
    """Refuse a text in another language than the last thing that the user has said.

    Code and JSON are left out. Kept where either language does not show: a text is too short, or
    mixed. Does not see that a translation was asked for, and takes a document that the user has
    pasted for the user's own words.
    """
    asked = [text for role, text in _said(call) if role == "user"]
    if not call.text.strip() or not asked:
        return None
    asked_in, answered_in = language(asked[-1]), language(call.text)
    if "und" in {asked_in, answered_in} or asked_in == answered_in:
        return True
    return f"asked in {asked_in!r}, answered in {answered_in!r}: {excerpt(call.text)}"


def no_extra_work(
    *,
    tools: Sequence[str] | None = None,
    agents: int | None = None,
    paths: Sequence[str] | None = None,
) -> Rule:
    r"""Refuse work that the task does not need: other tools, other files, more agents.

    :param tools: names of the tools that may be called; * and ? allowed.
    :param agents: how many conversations one run of the test may start.
    :param paths: globs of the files that arguments of tools may name; * reaches into folders.

    An argument names a file where its key says so (`path`, `file`, `directory`, …), or where
    its text begins as a path does ("/", "./", "../", "~/", "C:\"). A path that is relative is
    held against the globs as it stands, without "./" and with ".." resolved; an absolute one
    needs an absolute glob. Does not see files that a shell command or a program names.
    """
    for name, given in (("tools", tools), ("paths", paths)):
        if given is not None and not _is_list_of_texts(given):
            raise RuleError(f"no_extra_work: {name}={given!r} is no list of patterns; texts")
    if agents is not None and not _is_count(agents):
        raise RuleError(f"no_extra_work: agents={agents!r} is no number; a whole one from 1 on")
    if tools is None and agents is None and paths is None:
        raise RuleError("no_extra_work: it forbids nothing; give it tools, agents or paths")

    def stay_in_scope(calls: Calls) -> list[Verdict]:
        verdicts: list[Verdict] = []
        started = 0
        starting = find_agent_starts(calls) if agents is not None else [False] * len(calls)
        for call, start in zip(calls, starting, strict=True):
            faults = [*_other_tools(call, tools), *_other_files(call, paths)]
            started += start
            if agents is not None and start and started > agents:
                faults.append(f"it starts conversation {started} of {agents} allowed")
            verdicts.append("; ".join(faults) or True)
        return verdicts

    return MultiCallRule(verdicts=stay_in_scope)


_QUESTION = re.compile(
    r"[?؟？](?=[\s\"'”’»)\]*_]|$)|\bplease confirm\b|\blet me know (?:if|whether)\b",  # noqa: RUF001 - question marks of other scripts
    re.IGNORECASE,
)
"""Not every question mark: the one in a URL asks nothing."""
_NAMES_A_FILE = re.compile(
    r"(?:^|[_-])(?:path|file|dir|directory|folder|cwd)s?$|^filenames?$|^filepaths?$"
    r"|(?:Path|File|Dir|Directory|Folder)s?$|_(?:filename|filepath)s?$"
)
_NAMES_A_COMMAND = re.compile(r"(?:^|[_-])(?:command|cmd|script|shell)s?$", re.IGNORECASE)
_PARTS = re.compile(r"\|\||&&|[;|&\n]")
_BEFORE = re.compile(r"^(?:(?:sudo|env|exec|nohup|time)\s+|[A-Za-z_]\w*=\S*\s+)+")
"""What may stand before a command."""
_BEGINS_AS_A_PATH = re.compile(r"(?:~|\.{1,2})?/[^\s/]|\.{1,2}\\|[A-Za-z]:[\\/]")


def _is_list_of_texts(given: Any) -> bool:
    return isinstance(given, list | tuple) and all(isinstance(each, str) for each in given)


def _is_count(given: Any) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 1


def _said(call: Call) -> list[tuple[str, str]]:
    """Return role and text of each message; tool results are left out."""
    said = []
    for role, blocks in messages_of(call):
        kinds = {block.get("type") for block in blocks}
        text = "\n".join(str(b.get("text")) for b in blocks if b.get("type") == "text")
        if text.strip() and not (role == "user" and "tool_result" in kinds):
            said.append((role, text))
    return said


def _was_answered(call: Call) -> bool:
    """Say whether a user has replied to a question of the assistant's."""
    asked = False
    for role, text in _said(call):
        if role == "assistant":
            asked = asked or _QUESTION.search(text) is not None
        elif role == "user" and asked:
            return True
    return False


def _other_tools(call: Call, allowed: Sequence[str] | None) -> list[str]:
    if allowed is None:
        return []
    return [
        f"{tool.full_name} is none of the tools {', '.join(allowed) or '(none)'}"
        for tool in call.tool_calls
        if not tool.find_match(allowed)
    ]


def _other_files(call: Call, allowed: Sequence[str] | None) -> list[str]:
    if allowed is None:
        return []
    globs = [_normal(glob) for each in allowed for glob in (each, each.replace("**/", ""))]
    return [
        f"{tool.full_name} names {path}; allowed: {', '.join(allowed) or 'none'}"
        for tool in call.tool_calls
        for path in _files(tool.arguments, says_so=False)
        if not _matches(_normal(path), globs)
    ]


def _commands(arguments: Mapping[str, Any]) -> list[str]:
    """Return the commands in the arguments of a tool, each part of a line for itself."""
    given = [value for key, value in arguments.items() if _NAMES_A_COMMAND.search(str(key))]
    lists = (" ".join(map(str, each)) for each in given if isinstance(each, list))
    lines = (*(each for each in given if isinstance(each, str)), *lists)
    parts = (_BEFORE.sub("", part.strip()) for line in lines for part in _PARTS.split(line))
    return [" ".join(part.split()) for part in parts if part]


def _files(value: Any, *, says_so: bool) -> list[str]:
    """Return the files that an argument names; `says_so` is whether its key does."""
    if isinstance(value, str):
        named = says_so or _BEGINS_AS_A_PATH.match(value) is not None
        return [value] if named and value.strip() and "\n" not in value else []
    if isinstance(value, Mapping):
        return [
            path
            for key, child in value.items()
            for path in _files(child, says_so=_NAMES_A_FILE.search(str(key)) is not None)
        ]
    if isinstance(value, list):
        return [path for child in value for path in _files(child, says_so=says_so)]
    return []


def _normal(path: str) -> str:
    """Return a path with "/" between folders, without "." and with ".." resolved."""
    path = path.strip().replace("\\", "/")
    parts: list[str] = []
    for part in path.split("/"):
        if part in {"", "."}:
            continue
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return ("/" if path.startswith("/") else "") + "/".join(parts)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
