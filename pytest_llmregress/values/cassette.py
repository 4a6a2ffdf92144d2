"""A cassette as a value: the recorded HTTP of one test under one variant, sample by sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from pytest_llmregress.values.http import Interaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleHeader:
    """What a cassette says about one independent run of its test."""

    calls: int
    """Interactions of this run; those of the next one follow after them."""
    passed: bool | None = None
    """Whether the test passed when this was recorded; None where that is unknown."""
    failure: str = ""
    """Why it failed, in a line; empty where it passed."""
    session: str = ""
    """When the recording session began, as ISO 8601 in UTC: samples of one session share it."""
    confirms: bool = False
    """Whether it was recorded because an earlier sample looked different."""
    controls: int = 0
    """Of a sample that confirms: how many samples of the old model it is to be held against."""
    among: int = 1
    """Beside that: the tests of the run that recorded it, which shared alpha."""
    not_asked: int = 0
    """Interactions at its beginning that were kept from an earlier recording, and not asked for."""
    after_body: int = 0
    """Interactions at its end that were asked once the body of the test was over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cassette:
    """The recorded HTTP of one test: of its baseline, or of one candidate."""

    test: str
    """The node id of the test; a renamed test is recognised by it."""
    marks: tuple[str, ...] = ()
    """The names of the marks that the test had when it was recorded, those of pytest itself and
    "llm" left out; sorted."""
    candidate: str | None = None
    """The candidate model as it was named on the command line; None for the baseline."""
    requested_models: tuple[str, ...] = ()
    """As they went over the wire, in order of first use, without repetitions."""
    served_models: tuple[str, ...] = ()
    recorded_at: str = ""
    """When the recording ended, as ISO 8601 in UTC, to the second."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the packages that recorded: "anthropic", "pytest-llmregress", "vcrpy"."""
    interactions: tuple[Interaction, ...] = ()
    """Of all samples, one after another, each in the order in which its requests were sent."""
    samples: tuple[SampleHeader, ...] = ()
    """One for each sample; empty where nothing is known about the only one."""
    digest: str = field(default="", compare=False)
    """Of what went over the wire, where it was read from a file of ours; empty elsewhere."""

    @property
    def runs(self) -> tuple[tuple[Interaction, ...], ...]:
        """The interactions of each sample; one empty run where nothing is recorded."""
        if not self.samples:
            return (self.interactions,)
        ends = accumulate((sample.calls for sample in self.samples), initial=0)
        return tuple(self.interactions[start:end] for start, end in pairwise(ends))

    @property
    def notes(self) -> tuple[SampleHeader, ...]:
        """What is known about each sample, as many as `runs` has."""
        return self.samples or (SampleHeader(calls=len(self.interactions)),)
