"""Carries out what is planned to be written of a test's run."""

from functools import cache
from pathlib import Path

from pytest_llmregress.pipeline.persist import SavedFiles, WritePlan
from pytest_llmregress.redaction.redactor import Redactor, find_secrets
from pytest_llmregress.storage.cassette_file import write_cassette
from pytest_llmregress.storage.decisions import build_decision, find_author
from pytest_llmregress.storage.errors import SecretInFileError
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.pending import reject
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.snapshot import Decision, PendingReason


def write_files(plan: WritePlan, *, journal: Journal, redactor: Redactor) -> SavedFiles:
    """Carry a plan out; OSError and ValueError where a file cannot be written."""

    def inspect(path: Path, text: str) -> None:
        """Keep a text with a secret in it out of its file: the last line of defence."""
        secrets = find_secrets(text, redactor=redactor)
        if secrets:
            places = [f"line {each.line}: {each.kind} {each.excerpt}" for each in secrets]
            raise SecretInFileError(
                f"{path}: it would hold a secret ({'; '.join(places)}); take it out of what the "
                'test sends, or name its form in llm_config["redact"]'
            )

    for path, cassette in plan.cassettes:
        write_cassette(path, cassette, inspect=inspect)
    for path, snapshot in plan.snapshots:
        write_snapshot(path, snapshot, inspect=inspect)
    if plan.superseded is not None:
        reject(plan.superseded)
    if plan.restored is not None:
        delete_stale_pending(plan.restored)
    if plan.ends_journal:
        journal.remove()  # only now is all of it in a cassette
    return plan.saved


def delete_stale_pending(paths: TestPaths) -> None:
    """Delete what an earlier run left pending of a recording that now does what was accepted.

    A candidate's recording stays beside the baseline, whatever waits for a decision on it.
    """
    if not paths.has_pending_snapshot or paths.pending_cassette.exists():
        return  # a recording was paid for: only a person decides on it
    try:
        pending = read_snapshot(paths.pending_snapshot).pending
    except (FileNotFoundError, ValueError):
        return
    if pending is not None and (pending.candidate or pending.why is PendingReason.CHANGED):
        paths.pending_snapshot.unlink()


def build_run_decision() -> Decision:
    """Return that somebody accepts what this run finds, without a word on why."""
    return build_decision(_author(), "")


@cache
def _author() -> str:
    return find_author()
