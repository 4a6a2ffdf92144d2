"""What asks for more samples of a test, once those that were asked for are over."""

from dataclasses import dataclass
from typing import Protocol

from pytest_llmregress.pipeline.plan import SamplePlan, SideVariant
from pytest_llmregress.pipeline.state import ObservedTest


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreSamples:
    """What is to be run next; nothing by default."""

    own: tuple[SamplePlan, ...] = ()
    """Samples that join those of the test, numbered on from them."""
    sides: tuple[SideVariant, ...] = ()
    """Samples beside the test, each side in a cassette of its own."""


class Driver(Protocol):
    """Decides which samples come next; runs, judges and writes nothing.

    Add a driver to `runner/drivers/__init__.py` `find_drivers()`. Its samples beside the test are
    in `ObservedTest.sides`, where evidence and report find them. A side that asks the old model
    needs its name in `providers/asked_models.py` `CELLS`: its recording is no candidate's.
    """

    def __call__(self, test: ObservedTest) -> MoreSamples:
        """Return what is to be run after all that was run; nothing once it has had its samples.

        :param test: what a candidate's test has come to by now, its sides included.
        """
