"""Which samples of a test are to be run: those that are recorded, and those still to be."""

from dataclasses import dataclass

from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.values.cassette import Cassette, SampleHeader
from pytest_llmregress.values.http import Interaction
from pytest_llmregress.values.settings import RecordMode


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePlan:
    """A place for one sample: what is recorded for it, and what is to be done."""

    number: int
    """From 1."""
    mode: SampleMode
    recorded: tuple[Interaction, ...] | None = None
    """None where nothing is recorded for it."""
    note: SampleHeader | None = None
    """What the cassette says about it."""
    confirms: bool = False
    """Whether it is asked for because an earlier sample looked different."""
    controls: int = 0
    """Of a sample that confirms: how many samples of the old model it is to be held against."""
    among: int = 1
    """Beside that: the tests of the run that records it, which share alpha."""
    tops_up: bool = False
    """Whether it joins accepted samples: it is no change, but part of the baseline's noise."""


AGAIN, AGAIN_CONTROL = "again", "again-control"
"""The names of the sides that ask candidate and old model once more for the suite's sake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideVariant:
    """Samples beside those of a candidate: recorded under a name of their own, never accepted."""

    name: str
    """The end of the name that their recording goes by: CANDIDATE.NAME."""
    samples: int
    """How many there are to be."""
    asks_old_model: bool = False
    """Whether they ask the model of the code, as the baseline did, and not the candidate."""
    has_old_prompt: bool = False
    """Whether the prompts of the baseline stand in the place of new ones."""


def plan_samples(
    old: Cassette | None, *, record: RecordMode, wanted: int | None, is_candidate: bool
) -> list[SamplePlan]:
    """Return the places of a test's samples, at least one.

    :param wanted: how many samples were asked for; None where nobody said. What is recorded
        beyond that is replayed as well, and a baseline that is recorded anew without a word on
        it has as many samples as before.
    """
    runs = () if old is None else old.runs
    notes = () if old is None else old.notes
    again = record in {RecordMode.ALL, RecordMode.REWRITE}
    keeps = not again or (wanted is None and not is_candidate)
    number_of_slots = 0 if record is RecordMode.NONE else wanted or 1
    if keeps:
        number_of_slots = max(number_of_slots, len(runs), 1)
    slots = []
    for number in range(1, number_of_slots + 1):
        known = number <= len(runs)
        slots.append(
            SamplePlan(
                number=number,
                mode=_tape_mode(record, recorded=known),
                recorded=runs[number - 1] if known else None,
                note=notes[number - 1] if known else None,
                confirms=known and not again and notes[number - 1].confirms,
                controls=notes[number - 1].controls if known and not again else 0,
                among=notes[number - 1].among if known and not again else 1,
                tops_up=not known and bool(runs) and not is_candidate,
            )
        )
    return slots


def _tape_mode(record: RecordMode, *, recorded: bool) -> SampleMode:
    match record:
        case RecordMode.NONE:
            return SampleMode.REPLAY
        case RecordMode.ONCE:
            return SampleMode.REPLAY if recorded else SampleMode.RECORD
        case RecordMode.NEW_EPISODES:
            return SampleMode.EXTEND
        case RecordMode.ALL | RecordMode.REWRITE:
            return SampleMode.RECORD
