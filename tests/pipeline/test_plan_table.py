"""Which samples a test is run for: every record mode, with what is recorded and what is asked."""

from collections.abc import Iterator

import pytest

from pytest_llmregress.pipeline.plan import SamplePlan, plan_samples
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.values.cassette import Cassette, SampleHeader
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.settings import RecordMode

MODES = {SampleMode.REPLAY: "p", SampleMode.EXTEND: "e", SampleMode.RECORD: "r"}
PLANS = """
mode          recorded  asked  baseline        candidate
none          0         -      p               p
none          0         1      p               p
none          0         4      p               p
none          1         -      P               P
none          1         1      P               P
none          1         4      P               P
none          3         -      P P P           P P P
none          3         1      P P P           P P P
none          3         4      P P P           P P P
once          0         -      r               r
once          0         1      r               r
once          0         4      r r r r         r r r r
once          1         -      P               P
once          1         1      P               P
once          1         4      P r+ r+ r+      P r r r
once          3         -      P P P           P P P
once          3         1      P P P           P P P
once          3         4      P P P r+        P P P r
new_episodes  0         -      e               e
new_episodes  0         1      e               e
new_episodes  0         4      e e e e         e e e e
new_episodes  1         -      E               E
new_episodes  1         1      E               E
new_episodes  1         4      E e+ e+ e+      E e e e
new_episodes  3         -      E E E           E E E
new_episodes  3         1      E E E           E E E
new_episodes  3         4      E E E e+        E E E e
all           0         -      r               r
all           0         1      r               r
all           0         4      r r r r         r r r r
all           1         -      R               R
all           1         1      R               R
all           1         4      R r+ r+ r+      R r r r
all           3         -      R R R           R
all           3         1      R               R
all           3         4      R R R r+        R R R r
rewrite       0         -      r               r
rewrite       0         1      r               r
rewrite       0         4      r r r r         r r r r
rewrite       1         -      R               R
rewrite       1         1      R               R
rewrite       1         4      R r+ r+ r+      R r r r
rewrite       3         -      R R R           R
rewrite       3         1      R               R
rewrite       3         4      R R R r+        R R R r
"""
"""A letter a sample: replay (p), extend (e), record (r); a capital where something is recorded for
it, and + where it joins accepted samples."""


def rows() -> Iterator[tuple[str, int, int | None, bool, str]]:
    for line in PLANS.strip().splitlines()[1:]:
        mode, recorded, asked, rest = line.split(maxsplit=3)
        for is_candidate, slots in enumerate(rest.split("  ", 1)):
            wanted = None if asked == "-" else int(asked)
            yield mode, int(recorded), wanted, bool(is_candidate), " ".join(slots.split())


def cassette(samples: int, *, confirms: int = 0) -> Cassette | None:
    """Return a recording of that many samples, one interaction each; None for none."""
    if samples == 0:
        return None
    return Cassette(
        test="t.py::test_a",
        interactions=tuple(answer(number) for number in range(1, samples + 1)),
        samples=tuple(
            SampleHeader(calls=1, passed=True, confirms=number > samples - confirms)
            for number in range(1, samples + 1)
        ),
    )


def answer(number: int) -> Interaction:
    request = Request(method="POST", url="https://a/v1/messages", body=str(number).encode())
    return Interaction(request=request, response=Response(status=200))


def letter(slot: SamplePlan) -> str:
    mode = MODES[slot.mode]
    return (mode if slot.recorded is None else mode.upper()) + "+" * slot.tops_up


@pytest.mark.parametrize(("mode", "recorded", "asked", "is_candidate", "slots"), list(rows()))
def test_plan_table(mode: str, recorded: int, asked: int | None, is_candidate: bool, slots: str):
    planned = plan_samples(
        cassette(recorded), record=RecordMode(mode), wanted=asked, is_candidate=is_candidate
    )

    assert " ".join(map(letter, planned)) == slots
    assert [slot.number for slot in planned] == list(range(1, len(planned) + 1))
    for slot in planned:
        own = slot.number <= recorded
        assert slot.recorded == ((answer(slot.number),) if own else None)
        assert (slot.note is not None) is own


def test_the_table_has_a_row_for_each_record_mode_recording_and_request():
    seen = [row[:4] for row in rows()]

    assert len(set(seen)) == len(seen) == len(RecordMode) * 3 * 3 * 2


@pytest.mark.parametrize("mode", RecordMode)
def test_a_sample_confirms_what_it_did_when_it_was_recorded_unless_it_is_recorded_anew(
    mode: RecordMode,
):
    planned = plan_samples(cassette(3, confirms=2), record=mode, wanted=3, is_candidate=True)

    is_anew = mode in {RecordMode.ALL, RecordMode.REWRITE}
    assert [slot.confirms for slot in planned] == [False, not is_anew, not is_anew]
