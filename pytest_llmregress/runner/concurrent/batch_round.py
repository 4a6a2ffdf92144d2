"""A wave as batches of the providers: handed in, waited for, and found again by the next run."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmregress.providers import batches
from pytest_llmregress.providers.batches import (
    BatchApi,
    BatchError,
    BatchRefusedError,
    BatchResult,
    SubmittedBatch,
)
from pytest_llmregress.recording.request_capture import CapturedRequest
from pytest_llmregress.reports import recording_progress as words
from pytest_llmregress.runner.concurrent.dry_run import DryRun
from pytest_llmregress.runner.concurrent.progress_output import TELL_EVERY, ProgressOutput
from pytest_llmregress.storage.submitted_batches import SubmittedBatchesFile, SubmittedRequest
from pytest_llmregress.values.http import Response
from pytest_llmregress.values.settings import Settings

if TYPE_CHECKING:
    from pytest_llmregress.pipeline.session_context import SessionContext


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSlot:
    """A request that goes, or went, out in a batch."""

    api: BatchApi
    dry_run: DryRun
    sample: int
    note: CapturedRequest
    take: Callable[[Response], None]
    """Takes its answer."""

    @property
    def file(self) -> SubmittedBatchesFile:
        """Where it is noted that it was handed in."""
        return SubmittedBatchesFile(self.dry_run.state.paths, test=self.dry_run.state.node_id)


class BatchRound:
    """The requests of a wave that can be in a batch."""

    def __init__(self, slots: Sequence[BatchSlot]) -> None:
        self.slots = slots
        self.answered = 0
        self.error = ""
        """Why the API has not processed a request, of the last such one."""
        self._in: dict[int, SubmittedRequest] = {}
        self._lost: dict[int, SubmittedRequest] = {}
        """What an earlier run was about to hand in; whether it did is not known."""
        for slot in slots:
            entry = self._find(slot)
            if entry is not None:
                (self._in if entry.batch else self._lost)[id(slot)] = entry

    @property
    def new(self) -> tuple[BatchSlot, ...]:
        """What no earlier run has handed in, as far as it is known."""
        return tuple(slot for slot in self.slots if id(slot) not in self._in)

    def hand_in(self) -> None:
        """Make batches of what is new, and note it before and after. Raises BatchError."""
        self._recover()
        for api, slots in _by_api(self.new):
            self._hand_in(api, {str(number): slot for number, slot in enumerate(slots)})

    def _hand_in(self, api: BatchApi, new: Mapping[str, BatchSlot]) -> None:
        for group in api.groups({n: each.note.outgoing for n, each in new.items()}):
            names = batches.name_requests(group)
            for number, name in names.items():
                slot = new[number]
                entry = SubmittedRequest(sample=slot.sample, key=_key(slot), batch="", name=name)
                self._note(slot, entry, instead=self._lost.pop(id(slot), None))
            identity = api.create({names[n]: each for n, each in group.items()})
            for number in group:
                self._note_batch(new[number], identity)

    def _note(
        self, slot: BatchSlot, entry: SubmittedRequest, *, instead: SubmittedRequest | None
    ) -> None:
        kept = (each for each in slot.file.read() if each != instead)
        slot.file.write((*kept, entry))
        self._in[id(slot)] = entry

    def _note_batch(self, slot: BatchSlot, batch: str) -> None:
        entry = self._in.get(id(slot)) or self._lost.pop(id(slot))
        self._note(slot, replace(entry, batch=batch), instead=entry)

    def _recover(self) -> None:
        """Look for the batches that an earlier run has made before it could note them."""
        lost = [slot for slot in self.slots if id(slot) in self._lost]
        for api, slots in _by_api(lost):
            wanted = {self._lost[id(slot)].name: slot.note.outgoing for slot in slots}
            found = api.find_made(wanted)
            for slot in slots:
                batch = found.get(self._lost[id(slot)].name)
                if batch is not None:
                    self._note_batch(slot, batch)

    def wait(self, *, seconds: float | None, tell: Callable[[Sequence[str]], None]) -> list[str]:
        """Wait for all of it, and return the batches that go on. Raises BatchError."""
        until = float("inf") if seconds is None else time.monotonic() + seconds
        submitted = {
            self._in[id(slot)].batch: SubmittedBatch(api=slot.api, outgoing=slot.note.outgoing)
            for slot in self.slots
        }
        going_on = batches.wait(submitted, until=until, tell=tell)
        for batch, account in submitted.items():
            if batch not in going_on:
                try:
                    found = account.api.results(batch, account.outgoing)
                except LookupError:  # gone, as after 29 days: it is asked for again
                    found = {}
                except BatchRefusedError:  # the next run hands it in anew
                    self._take(batch, {})
                    raise
                self._take(batch, found)
        return list(going_on)

    def _take(self, batch: str, found: dict[str, BatchResult]) -> None:
        for slot in self.slots:
            entry = self._in[id(slot)]
            if entry.batch != batch:
                continue
            result = found.get(entry.name)
            if result is not None and result.response is not None:
                slot.take(result.response)
                self.answered += 1
            else:
                self.error = "gone" if result is None else result.error
            slot.file.write(each for each in slot.file.read() if each != entry)

    def _find(self, slot: BatchSlot) -> SubmittedRequest | None:
        """Return what an earlier run has handed in, if this very request is among it."""
        taken = {*self._in.values(), *self._lost.values()}
        for entry in slot.file.read():
            if (entry.sample, entry.key) == (slot.sample, _key(slot)) and entry not in taken:
                return entry
        return None


class BatchSender:
    """Hands batches in and waits for them; tells, and stops the recording where that fails."""

    def __init__(self, run: "SessionContext", settings: Settings, progress: ProgressOutput) -> None:
        self._run = run
        self._settings = settings
        self._progress = progress

    def hand_in(self, number: int, batch: BatchRound) -> bool:
        """Make batches; tell whether that went well."""
        if not batch.slots:
            return True
        try:
            batch.hand_in()
        except BatchError as error:
            return self._stop("no_batch", str(error))
        self._progress.tell(words.handed_in(number))
        return True

    def wait(self, number: int, batch: BatchRound) -> bool:
        """Wait for batches; tell whether all of them have ended."""
        if not batch.slots:
            return True
        began = told = time.monotonic()

        def tell(going_on: Sequence[str]) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told >= TELL_EVERY:
                told = now
                self._progress.tell(words.during_batch(number, going_on, seconds=now - began))

        try:
            left = batch.wait(seconds=self._settings.batch_wait, tell=tell)
        except BatchError as error:
            return self._stop("no_batch", str(error))
        if left:
            why = words.waits_in_batch(left, seconds=time.monotonic() - began)
            return self._stop("waits_in_batch", why)
        return True

    def _stop(self, code: str, why: str) -> bool:
        """Let nothing more be sent in this run: what is asked for in a batch costs half."""
        why = str(self._run.redactor.value(why))  # it may quote a server, and lands in reports
        self._run.spending.halt(code, why)
        return False


def _by_api(slots: Sequence[BatchSlot]) -> list[tuple[BatchApi, list[BatchSlot]]]:
    """Return the slots of each batch API, the APIs in the order of their first slots."""
    found: dict[int, tuple[BatchApi, list[BatchSlot]]] = {}
    for slot in slots:
        found.setdefault(id(slot.api), (slot.api, []))[1].append(slot)
    return list(found.values())


def _key(slot: BatchSlot) -> str:
    return slot.note.tape.key_in(slot.note.exchange)


__all__ = ["BatchRound", "BatchSender", "BatchSlot"]
