"""Cassettes on disk: every byte comes back, and an edited or shortened file is refused."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pytest_llmregress.storage.atomic_write import Inspect, write_text
from pytest_llmregress.storage.encoding.anchors import anchor_repeats
from pytest_llmregress.storage.encoding.delta_encoding import DeltaReader, DeltaWriter
from pytest_llmregress.storage.encoding.json_styles import TooLargeError
from pytest_llmregress.storage.errors import UnreadableFileError, UnwritableValueError, restore
from pytest_llmregress.storage.yaml.document import FORMAT, dump_and_load, load
from pytest_llmregress.storage.yaml.emitter import FlowList, FlowMapping
from pytest_llmregress.storage.yaml.parser import MAX_EXPANDED
from pytest_llmregress.storage.yaml.validation import MappingReader, expect_kind, refuse
from pytest_llmregress.values.canonical_json import hash_json
from pytest_llmregress.values.cassette import Cassette, SampleHeader
from pytest_llmregress.values.http import Interaction

KIND = "cassette"


def read_cassette(path: Path) -> Cassette:
    """Read a cassette; `FileNotFoundError` where there is none, else `UnreadableFileError`."""
    return _verified(path, load(path, aliases=True))


def write_cassette(path: Path, cassette: Cassette, *, inspect: Inspect | None = None) -> None:
    """Write a cassette, whole or not at all; `UnwritableValueError` where it would not read back.

    `inspect` sees the text before it is written, and raises where it must not be.
    """
    text, document = dump_and_load(_document(cassette), aliases=True)
    try:
        _verified(path, document)
    except UnreadableFileError as error:
        raise UnwritableValueError(f"{path}: {error.fault}; nothing was written") from None
    if inspect is not None:
        inspect(path, text)
    write_text(path, text)


def digest_of(cassette: Cassette) -> str:
    """Return the digest of what went over the wire: not of dates, latencies or versions.

    A snapshot names its recording by it. Judgements are not in it: they are no behavior, and
    when a text is judged anew, what was accepted of it stays accepted.
    """
    return _digest(each for each in cassette.interactions if not each.judge)


def _digest(
    interactions: Iterable[Interaction], hashes: Mapping[int, str] = MappingProxyType({})
) -> str:
    """Return the digest; `hashes`, those of bodies that are known, by their identities."""
    wire = [
        [
            [
                request.method,
                request.url,
                dict(request.headers),
                hashes.get(id(request.body)) or _hash(request.body),
            ],
            [response.status, response.reason, dict(response.headers), _hash(response.body)],
        ]
        for request, response in ((each.request, each.response) for each in interactions)
    ]
    return f"sha256:{hash_json(wire)}"


_OF_NOTHING = f"sha256:{hash_json([])}"


def _document(cassette: Cassette) -> dict[str, Any]:
    document: dict[str, Any] = {"llmregress": FORMAT, "kind": KIND, "test": cassette.test}
    if cassette.candidate is not None:
        document["candidate"] = cassette.candidate
    if cassette.marks:
        document["marks"] = FlowList(cassette.marks)
    document["models"] = models(cassette.requested_models, cassette.served_models)
    document["recorded_at"] = cassette.recorded_at
    document["versions"] = FlowMapping(cassette.versions)
    document["interactions"] = len(cassette.interactions)
    document["digest"] = digest_of(cassette)
    if cassette.samples:
        document["samples"] = [FlowMapping(_sample_block(sample)) for sample in cassette.samples]
    if any(each.judge for each in cassette.interactions):
        document["judge_digest"] = _digest_of_judgements(cassette)
    writer = DeltaWriter()
    document["calls"] = [
        _call(interaction, call, writer)
        for call, interaction in enumerate(cassette.interactions, start=1)
    ]
    return anchor_repeats(document, before="calls")


def _sample_block(sample: SampleHeader) -> dict[str, Any]:
    block: dict[str, Any] = {"calls": sample.calls}
    if sample.passed is not None:
        block["passed"] = sample.passed
    if sample.failure:
        block["failure"] = sample.failure
    if sample.session:
        block["session"] = sample.session
    if sample.confirms:
        block["confirms"] = True
    if sample.controls:
        block["controls"] = sample.controls
    if sample.among > 1:
        block["among"] = sample.among
    if sample.not_asked:
        block["not_asked"] = sample.not_asked
    if sample.after_body:
        block["after_body"] = sample.after_body
    return block


def _sample(block: MappingReader) -> SampleHeader:
    return SampleHeader(
        calls=block.integer("calls"),
        passed=block.flag("passed", default=False) if block.has("passed") else None,
        failure=block.text("failure", default=""),
        session=block.text("session", default=""),
        confirms=block.flag("confirms", default=False),
        controls=block.integer("controls", default=0),
        among=block.integer("among", default=1),
        not_asked=block.integer("not_asked", default=0),
        after_body=block.integer("after_body", default=0),
    )


def models(requested: tuple[str, ...], served: tuple[str, ...]) -> dict[str, Any]:
    """Return the block that names the models."""
    return FlowMapping(requested=list(requested), served=list(served))


def _digest_of_judgements(cassette: Cassette) -> str:
    judgements = [each for each in cassette.interactions if each.judge]
    return _digest(judgements) if judgements else _OF_NOTHING


def _digests(cassette: Cassette, hashes: Mapping[int, str]) -> tuple[str, str]:
    """Return both; of a long conversation, whose requests repeat it, at a hundredth of the cost."""
    asked = [each for each in cassette.interactions if not each.judge]
    return _digest(asked, hashes), _digest_of_judgements(cassette)


def _call(interaction: Interaction, call: int, writer: DeltaWriter) -> dict[str, Any]:
    written: dict[str, Any] = {
        "call": call,
        **({"judge": True} if interaction.judge else {}),
        "request": writer.request(interaction.request, call),
        "response": writer.response(interaction.response, call),
    }
    if interaction.latency is not None:
        written["latency"] = round(interaction.latency, 3)
    return written


def _verified(path: Path, document: dict[str, Any]) -> Cassette:
    expect_kind(path, document, KIND)
    faults: list[str] = []
    top = MappingReader(document, "", faults)
    test = top.text("test")
    candidate = top.text("candidate") if top.has("candidate") else None
    said, calls = top.integer("interactions"), top.list_of_fields("calls")
    if not faults and said != len(calls):
        fault = (
            f"the file was edited or cut off: it says {said} interactions and holds {len(calls)}"
        )
        raise UnreadableFileError(path, None, fault, advice=restore(test, candidate))
    samples = tuple(map(_sample, top.list_of_fields("samples") if top.has("samples") else ()))
    if any(sample.calls < 0 for sample in samples):
        top.blame("samples", "a sample has a negative number of calls")
    elif samples and sum(sample.calls for sample in samples) != len(calls):
        top.blame("samples", f"their calls do not add up to {len(calls)}")
    named, reader = top.fields("models"), DeltaReader(MAX_EXPANDED, calls=len(calls))
    cassette = Cassette(
        test=test,
        candidate=candidate,
        marks=top.texts("marks"),
        requested_models=named.texts("requested"),
        served_models=named.texts("served"),
        recorded_at=top.text("recorded_at", default=""),
        versions=top.texts_by_name("versions"),
        interactions=_interactions(path, calls, reader),
        samples=samples,
        digest=top.text("digest"),
    )
    said_of_all = cassette.digest, top.text("judge_digest", default=_OF_NOTHING)
    refuse(path, faults, test, candidate)
    if said_of_all != _digests(cassette, reader.hashes):
        fault = "the file was edited or cut off: its calls do not have the digest that it says"
        raise UnreadableFileError(path, None, fault, advice=restore(test, candidate))
    return cassette


def _interactions(
    path: Path, calls: list[MappingReader], reader: DeltaReader
) -> tuple[Interaction, ...]:
    try:
        return tuple(
            _interaction(fields, call, reader) for call, fields in enumerate(calls, start=1)
        )
    except TooLargeError:
        limit = MAX_EXPANDED // 1024 // 1024
        raise UnreadableFileError(path, None, f"its bodies come to more than {limit} MiB") from None


def _interaction(fields: MappingReader, call: int, reader: DeltaReader) -> Interaction:
    if fields.integer("call", default=call) != call:
        fields.blame("call", f"it is {fields.value('call')}, and the calls are counted: {call}")
    return Interaction(
        request=reader.request(fields.fields("request"), call),
        response=reader.response(fields.fields("response"), call),
        latency=fields.seconds("latency"),
        judge=_is_judge(fields),
    )


def _is_judge(fields: MappingReader) -> bool:
    if fields.has("judge") and fields.value("judge") is not True:
        fields.blame("judge", "true is needed, or no such key")
    return fields.has("judge")


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
