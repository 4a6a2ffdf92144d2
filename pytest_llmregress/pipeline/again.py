"""The command that carries on with a recording of a whole run."""

import shlex
from collections.abc import Iterator, Mapping, Sequence

from pytest_llmregress.values.settings import Settings

_RECORD = "--llmregress-record"


def build_resume_command(
    arguments: Sequence[str], settings: Settings, *, options: Mapping[str, str] | None = None
) -> str:
    """Return what this run was called with, as one would type it, so that it carries on.

    :param arguments: those of the run, without the name of the program.
    :param options: replace those of the same name, or join them.
    """
    changed = dict(options or {})
    given = list(_without(arguments, tuple(changed)))
    if not any(each.partition("=")[0] == _RECORD for each in given):
        changed[_RECORD] = str(settings.record)  # it may stand where the next shell has none
    parts = [*given, *(part for pair in changed.items() for part in pair)]
    return shlex.join(["pytest", *parts])


def _without(arguments: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """Yield the arguments but for these options and their values."""
    is_value = False
    for argument in map(str, arguments):
        if is_value:
            is_value = False
        elif argument in names:
            is_value = True
        elif argument.partition("=")[0] not in names:
            yield argument
