"""Runs one client through all that a provider's seam is for; a row for each of its routes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provider_clients import SECRET, Client
from sdk_replies import env, take_seen

TEXTS = ("hello", "tool", "reason")
"""What is asked in each way, to compare what the client gives."""
CHANGED = (
    *("refuse", "softrefuse", "filter", "recitation", "blocked", "guardrail"),
    *("truncate", "context", "empty", "swap", "language", "malformed"),
)
"""What the candidate does and the old model does not."""
MORE_CHANGED = ("tool", "danger", "json", "tokens", "parallel")
HARMLESS = ("reword", "noise", "dated", "cached")
CANDIDATE = "--llmregress-candidate=new-1"
_TEST = """
    import pytest
    from app import ROUTES, ask, seen

    pytestmark = pytest.mark.llm

    @pytest.mark.parametrize("route", ROUTES)
    @pytest.mark.parametrize("way", {ways})
    @pytest.mark.parametrize("text", {texts})
    def test_way(route, way, text):
        seen(f"{{route}}#{{way}}#{{text}}", ask(route, way, text + ": where is it?"))

    @pytest.mark.parametrize("route", {judged} or ROUTES)
    @pytest.mark.parametrize("text", {scenarios})
    def test_scenario(route, text):
        ask(route, "sync", text + ": where is it?")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was seen of one route of one client."""

    client: str
    route: str
    ways: tuple[str, ...]
    """Those that the client has."""
    different: tuple[str, ...]
    """Ways and texts where a replay gives something else than the recording."""
    is_asked: bool
    """Whether the candidate was asked, and nothing but the candidate."""
    is_refused: bool
    """Whether each test says that the candidate was not asked."""
    named: tuple[str, ...]
    """Scenarios that a run names as a change above cosmetic, of those that change something."""
    missed: tuple[str, ...]
    """Those that it does not name."""
    alarms: tuple[str, ...]
    """Harmless scenarios that a run names."""
    not_understood: bool
    is_signed: bool
    """Whether nobody can change its requests before they are signed: it has to be refused."""
    untold: tuple[str, ...]
    """Scenarios of which its API says nothing."""

    @property
    def faults(self) -> tuple[str, ...]:
        """What is not as it has to be; nothing where all is well."""
        faults = [f"a replay gives something else: {each}" for each in self.different]
        if self.not_understood:
            faults.append("its calls are not understood")
        if self.is_signed:
            return (*faults, *([] if self.is_refused else ["the candidate is not refused"]))
        if not self.is_asked:
            faults.append("the candidate was not asked")
        faults += [f"not named: {each}" for each in self.missed if each not in self.untold]
        return (*faults, *(f"a false alarm: {each}" for each in self.alarms))


def check_client(
    name: str, client: Client, project: Any, folder: Path, *, is_short: bool = False
) -> Iterator[Row]:
    """Record, replay without server and keys, ask the candidate; yield a row for each route.

    :param is_short: to ask fewer texts, and the scenarios once for each wire format.
    """
    scenarios = (*CHANGED, *(() if is_short else MORE_CHANGED), *HARMLESS)
    test = _TEST.format(
        ways=client.ways,
        texts=TEXTS[:2] if is_short else TEXTS,
        scenarios=scenarios,
        judged=sorted(client.formats) if is_short else [],
    )
    project.write(app=client.source, test_it=test)
    (folder / "seen").mkdir()
    project.record("-q", env=env(project, folder, **client.keys))
    recorded = take_seen(folder)
    assert not project.outcomes.get("failed"), "the recording failed"
    assert not any(SECRET.encode() in text for text in project.files().values()), "a key is kept"
    project.offline().replay(env=env(project, folder))
    replayed = take_seen(folder)
    project.online()
    project.stand.take_asked()
    project.record("-q", CANDIDATE, env=env(project, folder, **client.keys))
    asked, found = project.stand.take_asked(), project.found()
    for route in dict.fromkeys(key.partition("#")[0] for key in recorded):
        mine = {key: value for key, value in recorded.items() if key.startswith(f"{route}#")}
        told = {key: test for key, test in found.items() if _is_of(key, route)}
        wanted = {_text_of(key) for key in told if key.startswith("test_scenario")}
        changed = {_text_of(key) for key, test in told.items() if _is_named(key, test)}
        problems = [{p["code"] for p in test["problems"]} for test in told.values()]
        yield Row(
            client=name,
            route=route,
            ways=tuple(dict.fromkeys(key.split("#")[1] for key in mine)),
            different=tuple(key for key, value in mine.items() if replayed.get(key) != value),
            is_asked=bool(asked) and all("new-1" in each for each in asked),
            is_refused=all("not_rewritten" in codes for codes in problems),
            named=tuple(each for each in (*CHANGED, *MORE_CHANGED) if each in changed),
            missed=tuple(
                each for each in (*CHANGED, *MORE_CHANGED) if each in wanted and each not in changed
            ),
            alarms=tuple(each for each in HARMLESS if each in changed),
            not_understood=any(test["not_understood"] for test in told.values()),
            is_signed=route in client.signed,
            untold=("swap",) if route in client.hides_model else (),
        )


def _is_of(key: str, route: str) -> bool:
    return key.removesuffix("]").partition("[")[2].endswith(f"-{route}")


def _text_of(key: str) -> str:
    return key.partition("[")[2].partition("-")[0]


def _is_named(key: str, test: dict[str, Any]) -> bool:
    """Whether a run says that the candidate does something else, or that it gave no answer."""
    changes: Sequence[dict[str, Any]] = (test["drift"] or {}).get("changes", ())
    is_changed = any(each["severity"] != "cosmetic" for each in changes)
    is_whole = all(problem["code"] != "not_whole" for problem in test["problems"])
    return key.startswith("test_scenario") and (is_changed or not is_whole)
