"""Presets for requests of programs: what of them tells of a machine, and what does not count."""

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from pytest_llmregress.recording.newer_program import (
    OtherVersions,
    VersionRules,
    read_version_rules,
)
from pytest_llmregress.redaction.secret_patterns import SecretSpan
from pytest_llmregress.redaction.stream_redaction import clean_events
from pytest_llmregress.values.http import Request, Response
from pytest_llmregress.values.matching import RequestMatcher

_FOLDER = "presets"
_EVENTS = (b"event:", b"data:")
_NO_SLUG = re.compile(r"[^A-Za-z0-9]")


class PresetError(ValueError):
    """A preset that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRule:
    """Where a request tells a value that is another one on another machine."""

    name: str
    header: str = ""
    pattern: re.Pattern[str] | None = None
    has_slug: bool = False

    def read(self, request: Request, body: str) -> str | None:
        """Return the value as JSON writes it; None where the request does not tell it."""
        if self.pattern is None:
            return request.header(self.header)
        found = self.pattern.search(body)
        return found[1] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPreset:
    """What is known of the requests of one program."""

    machine: tuple[MachineRule, ...]
    matching: RequestMatcher
    advice: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = ()
    """What to do, in lines, where a request holds what another run may hold otherwise."""
    version: VersionRules | None = None
    """How a recording of another version is found; None where it is not looked for."""

    def read_machine(self, request: Request) -> dict[str, str]:
        """Return what a request tells of its machine: values by their names."""
        body = request.body.decode("utf-8", "replace")
        found: dict[str, str] = {}
        for rule in self.machine:
            value = rule.read(request, body)
            if value:
                found[rule.name] = value
            if value and rule.has_slug:
                found[f"{rule.name}-slug"] = _NO_SLUG.sub("-", value)
        return found


@dataclass(frozen=True, slots=True)
class Machine:
    """The values of one machine, by the names that stand in their places in a recording."""

    values: Mapping[str, str]

    def hide_in_request(self, request: Request) -> Request:
        """Return a request with names in the place of values."""
        return replace(request, body=self._hide(request.body))

    def hide_in_response(self, response: Response) -> Response:
        """Return a response with names in the place of values, those in pieces included."""
        body = response.body
        if body.startswith(_EVENTS):
            body = clean_events(body, self._find, put=lambda span: _name(span.kind).encode())
        return replace(response, body=self._hide(body))

    def put_back(self, response: Response) -> Response:
        """Return a recorded response with the values of this machine."""
        body = response.body
        for name, value in self.values.items():
            body = body.replace(_name(name).encode(), value.encode())
        size = {"content-length": (str(len(body)),)} if "content-length" in response.headers else {}
        return replace(response, body=body, headers={**response.headers, **size})

    def _hide(self, body: bytes) -> bytes:
        for name, value in self._longest_first():
            body = body.replace(value.encode(), _name(name).encode())
        return body

    def _find(self, text: bytes) -> Sequence[SecretSpan]:
        """Return where values stand in a text; of two that overlap, the longer one."""
        spans: list[SecretSpan] = []
        for name, value in self._longest_first():
            for found in re.finditer(re.escape(value.encode()), text):
                start, end = found.span()
                if all(end <= each.start or start >= each.end for each in spans):
                    spans.append(SecretSpan(start, end, name))
        return sorted(spans)

    def _longest_first(self) -> Iterable[tuple[str, str]]:
        return sorted(self.values.items(), key=lambda item: -len(item[1]))


class MachinesBySession:
    """What each session of a program has told of its machine so far. Safe to use from threads."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def read(self, request: Request, presets: Sequence[ProgramPreset]) -> Machine:
        """Return what a request tells, with what earlier ones of its session have told."""
        told: dict[str, str] = {}
        for preset in presets:
            told |= preset.read_machine(request)
        with self._lock:
            known = self._known.setdefault(told.get("session", ""), {})
            known |= {name: value for name, value in told.items() if name not in known}
            return Machine(dict(known))


def find_versions(presets: Iterable[ProgramPreset], matching: RequestMatcher) -> OtherVersions:
    """Return what finds the recordings of other versions."""
    return OtherVersions((each.version for each in presets if each.version), matching)


def preset_names() -> tuple[str, ...]:
    """Return the names of the presets that there are."""
    names = (each.name for each in files(__package__).joinpath(_FOLDER).iterdir())
    return tuple(sorted(n.removesuffix(".toml") for n in names if n.endswith(".toml")))


@cache
def read_preset(name: str) -> ProgramPreset:
    """Return a preset; PresetError where there is none of that name."""
    if name not in preset_names():
        raise PresetError(f"normalize: {name!r} is no preset; {', '.join(preset_names())}")
    import tomllib  # noqa: PLC0415 - for a test that names a preset

    text = files(__package__).joinpath(_FOLDER, f"{name}.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    match = table["match"]
    rules = [(re.compile(pattern), instead) for pattern, instead in match["replace"].items()]
    return ProgramPreset(
        machine=tuple(
            MachineRule(
                name=each["name"],
                header=each.get("header", ""),
                pattern=re.compile(each["pattern"]) if "pattern" in each else None,
                has_slug=each.get("slug", False),
            )
            for each in table["machine"]
        ),
        advice=tuple(
            (re.compile(each["pattern"]), tuple(each["lines"])) for each in table["advice"]
        ),
        matching=RequestMatcher(
            ignore=tuple(match["ignore"]),
            replace=tuple(rules),
            drop_texts=tuple(map(re.compile, match["drop_texts"])),
            sort_results_by=match["sort_results_by"],
            sort_texts_by=re.compile(match["sort_texts_by"]),
        ),
        version=read_version_rules(name, table),
    )


def _name(name: str) -> str:
    return f"[[{name}]]"
