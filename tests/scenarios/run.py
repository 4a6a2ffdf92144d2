"""Record every scenario against a scripted server, and print what the plugin names.

python tests/scenarios/run.py                all of them
python tests/scenarios/run.py refusal        those of these names
"""

import argparse
import contextlib
import io
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "scenarios"), str(TESTS / "helpers"), str(TESTS)]

from scenario_stand import CANDIDATE, ScenarioStand  # noqa: E402 - found by the path above
from scenarios import EIGHT, MORE, Scenario  # noqa: E402

from pytest_llmregress.formatting.text_table import align  # noqa: E402

ALL = (*EIGHT, *MORE)
SEVERITIES = ("breaking", "notable", "cosmetic")
APP = """
    import anthropic

    client = anthropic.Anthropic(max_retries=0)
    TOOLS = [
        {
            "name": name,
            "description": name,
            "input_schema": {
                "type": "object",
                "properties": {"id": {"type": "string"}},
                "required": ["id"],
            },
        }
        for name in ("find_order", "refund_order")
    ]

    def answer(question, resumes=True, turns=30):
        messages = [{"role": "user", "content": question}]
        for _ in range(turns):
            asked = {"max_tokens": 2000, "tools": TOOLS, "messages": messages}
            try:
                reply = client.messages.create(model="claude-opus-5", **asked)
            except anthropic.APIStatusError:
                return "Please try again later."
            said = {"role": "assistant", "content": [b.to_dict() for b in reply.content]}
            if reply.stop_reason == "pause_turn" and resumes:
                messages.append(said)
                continue
            uses = [block for block in reply.content if block.type == "tool_use"]
            if not uses:
                return "".join(b.text for b in reply.content if b.type == "text")
            results = [
                {"type": "tool_result", "tool_use_id": each.id, "content": "paid, sent"}
                for each in uses
            ]
            messages += [said, {"role": "user", "content": results}]
        return "I give up."
"""
TEST = """
    import pytest
    from app import answer
    from pytest_llmregress import rules

    @pytest.mark.llm({marker})
    def test_{name}():
        answer({question!r}, resumes={resumes})
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the plugin reports of one scenario."""

    scenario: Scenario
    changes: tuple[dict[str, Any], ...]
    """All changes, as the report has them."""
    contract: tuple[str, ...]
    """What was broken, a line each."""
    problems: tuple[str, ...]
    """Codes of any other problem."""
    failed: bool

    @property
    def named(self) -> dict[str, str]:
        """The traits above cosmetic, with their severities."""
        return {
            each["trait"]: each["severity"]
            for each in self.changes
            if each["severity"] != "cosmetic"
        }

    @property
    def faults(self) -> tuple[str, ...]:
        """What was not named rightly; nothing where all is well."""
        scenario = self.scenario
        words = " ".join(
            f"{each['before']} {each['after']} {each['detail']}" for each in self.changes
        )
        faults = []
        if self.named != dict(scenario.changes):
            faults.append(f"named {self.named}, expected {dict(scenario.changes)}")
        faults += [f"not said: {text}" for text in scenario.says if text not in words]
        if len(self.contract) != len(scenario.contract) or not all(
            line.startswith(start)
            for line, start in zip(self.contract, scenario.contract, strict=False)
        ):
            faults.append(f"contract {self.contract}, expected {scenario.contract}")
        if self.failed != scenario.fails:
            faults.append(f"failed: {self.failed}, expected: {scenario.fails}")
        faults += [f"problem: {code}" for code in self.problems]
        return tuple(faults)


def write(project: Any, scenarios: Iterable[Scenario]) -> None:
    """Write the app, and a file of tests for each scenario."""
    project.write(app=APP)
    for each in scenarios:
        text = TEST.format(
            marker=each.marker,
            name=each.name,
            question=each.question,
            resumes=each.name != "pause_turn",
        )
        project.write({f"test_{each.name}.py": text})


def record(project: Any, scenarios: Sequence[Scenario]) -> tuple[Seen, ...]:
    """Record the baseline of each scenario, then the candidate; return what is reported of it."""
    write(project, scenarios)
    project.record()
    baseline = project.found()
    wrong = {name: found["problems"] for name, found in baseline.items() if not found["accepted"]}
    if wrong or len(baseline) != len(scenarios):
        raise RuntimeError(f"the baseline was not recorded: {wrong or project.output}")
    project.record(f"--llmregress-candidate={CANDIDATE}")
    return read(project, scenarios)


def replay(project: Any, scenarios: Sequence[Scenario]) -> tuple[Seen, ...]:
    """Replay what the candidate recorded, without a server."""
    project.offline().replay(f"--llmregress-candidate={CANDIDATE}")
    return read(project, scenarios)


def read(project: Any, scenarios: Iterable[Scenario]) -> tuple[Seen, ...]:
    """Read the report of the last run."""
    found = project.found()
    seen = []
    for scenario in scenarios:
        name = f"test_{scenario.name}"
        test = found[name]
        broken = [p["message"] for p in test["problems"] if p["code"] == "contract"]
        seen.append(
            Seen(
                scenario=scenario,
                changes=tuple((test["drift"] or {}).get("changes", ())),
                contract=tuple(line.strip() for text in broken for line in text.split("\n")[1:]),
                problems=tuple(
                    f"{p['code']}: {p['message']}"
                    for p in test["problems"]
                    if p["code"] != "contract"
                ),
                failed=f"FAILED {name}.py::{name}" in project.output,
            )
        )
    return tuple(seen)


def table(seen: Sequence[Seen]) -> tuple[str, ...]:
    """Return a row for each scenario: what was expected, what was named, and whether that fits."""
    rows = [("scenario", "expected", "named by drift", "severity", "contract", "failed?", "ok")]
    for each in seen:
        worst = next((s for s in SEVERITIES if s in each.named.values()), None)
        rows.append(
            (
                each.scenario.name.replace("_", " "),
                _cut(_expected(each.scenario), 40),
                _cut(", ".join(_worst_of(each.named)) or "nothing", 40),
                worst or ("cosmetic" if each.changes else "none"),
                ", ".join(_keyword(line) for line in each.contract) or "kept",
                "failed" if each.failed else "no",
                "no" if each.faults else "ok",
            )
        )
    return align(rows)


def _expected(scenario: Scenario) -> str:
    """Return what drift has to name; where that is nothing, the keyword that is to be broken."""
    broken = [f"{_keyword(line)} (contract)" for line in scenario.contract]
    return ", ".join(_worst_of(scenario.changes) or broken) or "no alarm"


def _keyword(line: str) -> str:
    return line.partition(":")[0].partition("=")[0]


def _worst_of(changes: Any) -> list[str]:
    """Return the traits of the worst severity, and the number of the others."""
    worst = next((s for s in SEVERITIES if s in changes.values()), None)
    traits = [trait for trait, severity in changes.items() if severity == worst]
    others = len(changes) - len(traits)
    return [*traits, f"+{others} notable"] if others else traits


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def summary(seen: Sequence[Seen]) -> str:
    """Count what was named rightly, and what was named although nothing happened."""
    core = [each for each in seen if each.scenario.core]
    quiet = [each for each in seen if not each.scenario.changes and not each.scenario.contract]
    alarms = sum(bool(each.named or each.contract or each.failed) for each in quiet)
    return (
        f"{sum(not each.faults for each in core)} of {len(core)} of the core scenarios and "
        f"{sum(not each.faults for each in seen)} of {len(seen)} of all are named rightly; "
        f"{alarms} false alarms in the {len(quiet)} that have to be quiet"
    )


def main() -> int:
    """Run, print the table, return 1 where one scenario was not named rightly."""
    from conftest import Project

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="scenarios to run alone")
    names = parser.parse_args().names
    scenarios = tuple(each for each in ALL if not names or each.name in names)
    stand = ScenarioStand(scenarios)
    with tempfile.TemporaryDirectory() as folder:
        stand.start()
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # the runs say all they have to say
                seen = record(Project(Path(folder), stand), scenarios)
        finally:
            stand.stop()
    faults = [f"{each.scenario.name}: {fault}" for each in seen for fault in each.faults]
    sys.stdout.write("\n".join([*table(seen), "", summary(seen), *faults, ""]))
    return int(any(each.faults for each in seen))


if __name__ == "__main__":
    sys.exit(main())
