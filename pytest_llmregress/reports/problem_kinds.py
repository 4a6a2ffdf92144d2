"""The problems of tests by kind, and what each is called in a few words."""

from typing import NamedTuple

MISSES = frozenset({"already_played", "cassette_not_found", "credentials", "no_match"})
"""Codes of the problems of a request that no recording answered."""

STOPS = frozenset({"no_batch", "over_limit", "waits_in_batch"})
"""Codes of the problems of a test whose recording was stopped by the run."""

UNCOMPARED = frozenset(
    {"no_baseline", "not_its_model", "not_rewritten", "not_understood", "raised_before_asking"}
)
"""Codes of the problems of a test that has nothing of its candidate to be compared."""


class ProblemKind(NamedTuple):
    """What happened to a test, in words that follow a number of tests."""

    what: str
    """ "asked for what is not recorded"."""
    which: str = ""
    """What sets this code apart from others of the same words: "another request"."""


_MISSED = "asked for what is not recorded"
_UNCOMPARED = "could not be compared"
_STOPPED = "stopped before the end of its recording"
_KINDS = {
    "already_played": ProblemKind(_MISSED, "more requests than recorded"),
    "cassette_not_found": ProblemKind(_MISSED, "no recording yet"),
    "credentials": ProblemKind(_MISSED, "no credentials"),
    "no_match": ProblemKind(_MISSED, "another request"),
    "no_batch": ProblemKind(_STOPPED, "its batch is gone"),
    "over_limit": ProblemKind(_STOPPED, "limit on cost or tokens"),
    "waits_in_batch": ProblemKind(_STOPPED, "answers still wait in a batch"),
    "no_baseline": ProblemKind(_UNCOMPARED, "no accepted baseline"),
    "not_its_model": ProblemKind(_UNCOMPARED, "another model than the baseline's"),
    "not_rewritten": ProblemKind(_UNCOMPARED, "the candidate was not asked"),
    "not_understood": ProblemKind(_UNCOMPARED, "requests that no provider reads"),
    "raised_before_asking": ProblemKind(_UNCOMPARED, "raised before asking the candidate"),
    "contract": ProblemKind("broke a rule"),
    "no_calls": ProblemKind("made no model call"),
    "bypassed": ProblemKind("sent requests past the cassette"),
    "unplayed": ProblemKind("left out recorded calls"),
    "refused": ProblemKind("tried to reach the network in a replay"),
    "changed": ProblemKind("replayed the recording with another result"),
    "not_whole": ProblemKind("got no whole answer"),
    "crashed": ProblemKind("crashed"),
    "not_kept": ProblemKind("could not be saved"),
    "bad_marker": ProblemKind("has a marker with a mistake"),
    "bad_settings": ProblemKind("has settings with a mistake"),
    "bad_hook": ProblemKind("met a hook that fails"),
    "no_judge": ProblemKind("could not ask the judge"),
    "quarantine_over": ProblemKind("left quarantine"),
    "unreadable_file": ProblemKind("could not read a file"),
    "no_snapshot": ProblemKind("replayed a recording that nobody has accepted"),
    "rejected": ProblemKind("replayed a recording that was rejected"),
    "too_few_samples": ProblemKind("replayed fewer samples than asked for"),
}


def find_kind(code: str) -> ProblemKind:
    """Return what a problem is called; one that is not known here goes by its code."""
    return _KINDS.get(code, ProblemKind(f"had a problem ({code})"))
