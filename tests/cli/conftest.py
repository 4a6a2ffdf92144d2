"""A folder with stored tests, and the console script run inside of it."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_llmregress.cli.main import main
from pytest_llmregress.storage.cassette_file import digest_of, write_cassette
from pytest_llmregress.storage.file_paths import TestPaths, build_test_paths
from pytest_llmregress.storage.snapshot_file import write_snapshot
from pytest_llmregress.values.behavior import Behavior, Change, Severity, Trait, TraitKind
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.snapshot import PendingReason, PendingState, SampleSnapshot, Snapshot

BASELINE = "claude-opus-5"
RECORDED_AT = "2026-01-02T03:04:05Z"


def interaction(model: str, text: str, served: str | None = None) -> Interaction:
    """One exchange, as the Messages API has it."""
    request = {
        "model": model,
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "Where is my refund?"}],
    }
    reply = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": served or model,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 12, "output_tokens": 7},
    }
    return Interaction(
        request=Request(
            method="POST",
            url="https://api.anthropic.com/v1/messages",
            headers={"content-type": ("application/json",)},
            body=json.dumps(request).encode(),
        ),
        response=Response(
            status=200,
            reason="OK",
            headers={"content-type": ("application/json",)},
            body=json.dumps(reply).encode(),
        ),
        latency=1.25,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run of the console script left behind."""

    status: int
    out: list[str]
    err: list[str]


class Project:
    """The current folder, with a test file and what was stored for its tests."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def paths(self, test: str, candidate: str | None = None) -> TestPaths:
        file = self.root / test.partition("::")[0]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        return build_test_paths(file, test, candidate)

    def cassette(
        self,
        test: str,
        *more: Interaction,
        model: str = BASELINE,
        served: str | None = None,
        candidate: str | None = None,
        text: str = "On its way.",
    ) -> Cassette:
        return Cassette(
            test=test,
            candidate=candidate,
            requested_models=(model,),
            served_models=(served or model,),
            recorded_at=RECORDED_AT,
            versions={"anthropic": "2.12.0", "pytest-llmregress": "0.1.0", "vcrpy": "9.4.2"},
            interactions=(interaction(model, text, served), *more),
        )

    def snapshot(self, cassette: Cassette, pending: PendingState | None = None) -> Snapshot:
        outcome = Trait(
            name="outcome",
            value="answered",
            kind=TraitKind.CATEGORY,
            severity=Severity.BREAKING,
        )
        return Snapshot(
            test=cassette.test,
            cassette=digest_of(cassette),
            requested_models=cassette.requested_models,
            served_models=cassette.served_models,
            recorded_at=cassette.recorded_at,
            samples=(SampleSnapshot(behavior=Behavior(traits=(outcome,))),),
            pending=pending,
        )

    def accepted(self, test: str, *more: Interaction, served: str | None = None) -> TestPaths:
        """Store a test with a recording and a behavior that are accepted."""
        paths = self.paths(test)
        cassette = self.cassette(test, *more, served=served)
        write_cassette(paths.cassette, cassette)
        write_snapshot(paths.snapshot, self.snapshot(cassette))
        return paths

    def candidate(
        self,
        test: str,
        candidate: str,
        *severities: Severity,
        why: PendingReason | None = PendingReason.DRIFTED,
    ) -> TestPaths:
        """Store a candidate's recording, and that its behavior waits for a decision."""
        paths = self.paths(test, candidate)
        cassette = self.cassette(test, model=candidate, candidate=candidate, text="Sent!")
        write_cassette(paths.cassette, cassette)
        if why is not None:
            changes = tuple(
                Change(trait=f"trait.{n}", severity=severity, before="a", after="b")
                for n, severity in enumerate(severities)
            )
            pending = PendingState(why=why, candidate=candidate, baseline=BASELINE, changes=changes)
            write_snapshot(paths.pending_snapshot, self.snapshot(cassette, pending))
        return paths

    def run(self, *arguments: str | Path) -> Run:
        """Run the console script in this process."""
        self._capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        said = self._capsys.readouterr()
        return Run(status=status, out=said.out.splitlines(), err=said.err.splitlines())


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path, capsys)
