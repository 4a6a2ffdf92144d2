"""Requests of another version of an agent's program: what of them is the same in both versions.

A release changes the prompts, reminders and tools of its own. Its user's words, the model's answers
and the results of tools stay, and by those a recording of another version is found in a replay.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_llmregress.values.http import Interaction, Request
from pytest_llmregress.values.matching import RequestMatcher


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRules:
    """Where a program's requests tell its version, and what of them is the program's own."""

    program: str
    """The name of the preset."""
    version: re.Pattern[str]
    """Matched against the JSON of the body; its first group is the version."""
    drop_roles: frozenset[str]
    """Whose messages are the program's own."""
    drop_texts: tuple[re.Pattern[str], ...]
    """What of a block of text is, at its beginning; a block with nothing behind that is as well."""
    marks: tuple[str, ...]
    """Texts that count wherever they stand in a body."""

    def find_version(self, request: Request) -> str:
        """Return the version that a request tells, or ""."""
        found = self.version.search(request.body.decode("utf-8", "replace"))
        return found[1] if found else ""

    def key_of(self, request: Request, matching: RequestMatcher) -> str:
        """Return the key of what is the same in every version; "" where nothing of it is known.

        Whether tools are offered counts: a program asks for a title of what its user has said, too.
        """
        try:
            body = json.loads(request.body)
        except (ValueError, RecursionError):
            return ""
        if not isinstance(body, dict):
            return ""
        text = request.body.decode("utf-8", "replace")
        messages = self._kept(body.get("messages"))
        if not messages:
            return ""
        kept = {
            "model": body.get("model"),
            "messages": messages,
            "has_tools": bool(body.get("tools")),
            "marks": [mark for mark in self.marks if mark in text],
        }
        return matching.key_of(
            Request(method=request.method, url=request.url, body=json.dumps(kept).encode())
        )

    def _kept(self, messages: Any) -> list[dict[str, Any]]:
        kept = []
        for message in messages if isinstance(messages, list) else ():
            if not isinstance(message, dict) or message.get("role") in self.drop_roles:
                continue
            content = message.get("content")
            blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
            left = [each for each in map(self._without_own, blocks) if each is not None]
            if left:
                kept.append({"role": message.get("role"), "content": left})
        return kept

    def _without_own(self, block: Any) -> Any:
        """Return a block without what is the program's own; None where nothing else is in it."""
        text = block.get("text") if isinstance(block, dict) else None
        if not isinstance(text, str):
            return block
        ends = [found.end() for each in self.drop_texts if (found := each.match(text))]
        if not ends:
            return block
        rest = text[max(ends) :].strip()
        return {**block, "text": rest} if rest else None


class OtherVersions:
    """Finds what another version of a program has recorded. Not thread-safe."""

    def __init__(self, rules: Iterable[VersionRules], matching: RequestMatcher) -> None:
        self.rules = tuple(rules)
        self._matching = matching
        self._known: dict[int, tuple[str, str]] = {}

    def find(
        self,
        request: Request,
        recorded: Sequence[Interaction],
        left: Iterable[int],
        *,
        judge: bool,
    ) -> int | None:
        """Return the place of the first recording of another version that is the same, or None.

        Parameters: `left`, the places of what has not been asked for; `judge`, whether a judge
        asks, whom a judge's recording answers alone.
        """
        for rules in self.rules:
            version = rules.find_version(request)
            key = rules.key_of(request, self._matching) if version else ""
            for place in left if key else ():
                if place not in self._known:
                    known = recorded[place].request
                    of_it = rules.find_version(known)
                    self._known[place] = of_it, rules.key_of(known, self._matching) if of_it else ""
                other, its_key = self._known[place]
                if other != version and its_key == key and recorded[place].judge == judge:
                    return place
        return None


class _Played(Protocol):
    """A request of this run, with what was recorded for it."""

    request: Request
    interaction: Interaction | None
    played: bool


def find_program_change(exchanges: Iterable[_Played], rules: Sequence[VersionRules]) -> str:
    """Return the versions of a program, with an arrow, where another one was recorded; or ""."""
    for exchange in exchanges if rules else ():
        if not exchange.played or exchange.interaction is None:
            continue
        asked, recorded = exchange.request, exchange.interaction.request
        if asked.body == recorded.body:
            continue
        for each in rules:
            old, new = each.find_version(recorded), each.find_version(asked)
            if old and new and old != new:
                return f"{each.program} {old} → {new}"
    return ""


def read_version_rules(program: str, table: Mapping[str, Any]) -> VersionRules | None:
    """Read the part of a preset; None where it has none."""
    found = table.get("version")
    if found is None:
        return None
    return VersionRules(
        program=program,
        version=re.compile(found["pattern"]),
        drop_roles=frozenset(found["drop_roles"]),
        drop_texts=tuple(map(re.compile, found["drop_texts"])),
        marks=tuple(found["marks"]),
    )
