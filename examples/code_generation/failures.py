"""The ways in which generated code fails, each a class: failures are counted by its name."""

from sandbox import Outcome, Result


class NoCode(AssertionError):  # noqa: N818 - the name is what a report counts failures by
    """There is no code in the reply, or none that Python could read."""


class MisunderstoodRequirement(AssertionError):  # noqa: N818 - as above
    """Another name, signature, kind of thing or shape of result than was asked for."""


class WrongLogic(AssertionError):  # noqa: N818 - as above
    """What was asked for, but a check says that it does something else."""


class Crashed(AssertionError):  # noqa: N818 - as above
    """It raised what nobody asked for, or tried what the sandbox refuses."""


class TooSlow(AssertionError):  # noqa: N818 - as above
    """It was not over in time."""


_CLASSES: dict[Outcome, type[AssertionError]] = {
    Outcome.NO_CODE: NoCode,
    Outcome.MISUNDERSTOOD: MisunderstoodRequirement,
    Outcome.WRONG: WrongLogic,
    Outcome.CRASHED: Crashed,
    Outcome.TOO_SLOW: TooSlow,
}


def classify_failure(result: Result) -> AssertionError | None:
    """Return the failure that a result stands for; None where the code passed."""
    if result.outcome is Outcome.PASSED:
        return None
    return _CLASSES[result.outcome](result.detail)
