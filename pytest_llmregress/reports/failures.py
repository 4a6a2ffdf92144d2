"""What a test is told that fails by a rule of ours."""

import re
import shlex
from collections.abc import Sequence

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.values.behavior import Change
from pytest_llmregress.values.settings import Candidate
from pytest_llmregress.values.snapshot import Decision

MAX_REQUESTS = 3
"""Requests that are named; the others are counted."""
_NOTHING_KEPT = "  nothing of this test is compared, kept or accepted"


def no_calls(test: str) -> str:
    """Say that a marked test made no call at all."""
    return (
        f"{test}: it is marked with @pytest.mark.llm and made no model call, so it watches over "
        "nothing; let it call the model, or take the marker off"
    )


def bypassed(test: str, requests: Sequence[str]) -> str:
    """Say that requests went past the cassette."""
    told = escape_controls(", ".join(sorted(set(requests))))
    return (
        f"{test}: {count(len(requests), 'request')} of the SDK went past the cassette "
        f"({told}); a transport of its own, or another recorder on "
        "the same test, keeps them from being recorded and replayed. Use the SDK's own transport "
        "in marked tests, or one that subclasses httpx2.HTTPTransport"
    )


def unplayed(test: str, calls: Sequence[str], *, recorded: int, command: str) -> str:
    """Say that a replay has left out model calls that are recorded.

    :param calls: "call 2 (POST https://…)" of each. :param recorded: how many calls there are.
    """
    return (
        f"{test}: {len(calls)} of {count(recorded, 'recorded request')} not asked for: "
        f"{escape_controls(_some(calls))}\n"
        "  the code calls the model less often than when this was recorded\n"
        f"  record it again: {command}\n"
        '  or allow it with @pytest.mark.llm(unplayed="allow"), where it depends on time which '
        "calls a test makes"
    )


def refused(test: str, place: str, where: str | None, without: str) -> str:
    """Say that a connection was refused that the cassette knows nothing of.

    :param where: the line that connects. :param without: the command that runs without the test.
    """
    at = f" by {where}" if where else ""
    return (
        f"{test}: a connection to {escape_controls(place)}{at} was refused before a byte was "
        "sent: a replay sends nothing, and the cassette has no answer for it.\n"
        "  replace it in the test, or let it pass: override the fixture llm_config, and return "
        f'{{"pass_hosts": ["{escape_controls(place)}"]}}\n'
        f"  {without}"
    )


_ENDS = {
    "a thread": "thread.join()",
    "a child process": "process.terminate(), then wait()",
    "an atexit handler": "atexit.unregister(it), and call it",
}
"""How a test ends what it has started, by what that is."""


def refused_late(test: str, place: str, by: str) -> str:
    """Say that a thread or child of a replayed test was refused what it asked for after it.

    :param by: "a thread", "a child process" or "an atexit handler".
    """
    end = _ENDS[by]
    return (
        f"{test}: {by} that it has started asked for {escape_controls(place)} after the test "
        f"was over, and was refused; end it within the test: {end}"
    )


def not_asked(
    test: str, models: Sequence[str], candidate: Candidate, *, where: str | None, command: str
) -> str:
    """Say that other models were asked for where the candidate should have been.

    :param where: the line that asked; None where it is not known.
    """
    new = candidate.new
    place = f" ({where})" if where else ""
    one = f"; OLD={new} replaces one model and leaves others alone" if candidate.old is None else ""
    return (
        f"{test}: asked for {escape_controls(', '.join(models))}, not for {new}{place}\n"
        f"  --llmregress-candidate={candidate.name} reaches only requests that a provider reads, "
        f"and that nobody has signed before\n{_NOTHING_KEPT}\n"
        "  allowed: calls of a built-in provider, or of one of yours with rename_model "
        f"(pytest_llmregress_providers), or an app that asks for {new}{one}\n"
        f"  record it then: {command}"
    )


def raised_before_asking(test: str, candidate: Candidate | None, *, why: str, command: str) -> str:
    """Say that a test has raised before it asked a model anything.

    :param candidate: None where the baseline is recorded. :param why: the exception, in a line.
    """
    model = "the model" if candidate is None else candidate.new
    kept = "  there is nothing to record of this sample" if candidate is None else _NOTHING_KEPT
    return (
        f"{test}: raised before asking {model}: {escape_controls(why)}\n{kept}\n"
        f"  mend the test or what it needs, then: {command}"
    )


def none_replaced(
    test: str, models: Sequence[str], candidate: Candidate, *, named: str, without: str
) -> str:
    """Say that a test does not ask for the one model that the candidate is to replace.

    :param named: the command that names a model of the test.
    :param without: the command that leaves the test out.
    """
    return (
        f"{test}: asked for {escape_controls(', '.join(models))}, not for {candidate.new}\n"
        f"  --llmregress-candidate={candidate.name} replaces {candidate.old} alone, and this test "
        f"does not ask for it\n{_NOTHING_KEPT}\n"
        f"  leave the test out: {without}\n"
        f"  or replace its model: {named}"
    )


def not_understood(test: str, requests: Sequence[str], candidate: str, *, without: str) -> str:
    """Say that a candidate cannot be judged by calls that nobody reads.

    :param without: the command that leaves the test out.
    """
    return (
        f"{test}: not understood: no provider reads {escape_controls(_some(requests))}\n"
        f"  what {candidate} does in this test cannot be compared with the baseline\n"
        f"{_NOTHING_KEPT}\n"
        "  allowed: calls of a built-in provider, or of one of yours that reads them "
        "(pytest_llmregress_providers)\n"
        f"  leave the test out: {without}"
    )


def not_of_the_candidate(command: str) -> str:
    """Say how a recording is removed that a candidate has, and that is not its own."""
    return f"\n  the recording that is there is not the candidate's; remove it: {command}"


def _some(requests: Sequence[str]) -> str:
    more = len(requests) - MAX_REQUESTS
    return ", ".join(requests[:MAX_REQUESTS]) + (f" and {more} more" if more > 0 else "")


def crashed(test: str) -> str:
    """Say that the process ended in which a test ran, and how to see why."""
    return (
        f"{test}: the worker crashed while this test ran, and nothing of it was compared or "
        f"accepted; by itself: pytest {shlex.quote(test)} -p no:xdist"
    )


def no_baseline(test: str, command: str) -> str:
    """Say that a candidate has nothing to be compared with."""
    return (
        f"{test}: there is no accepted baseline to hold a candidate against; "
        f"record one first. {command}"
    )


def not_its_model(test: str, candidate: str, models: Sequence[str]) -> str:
    """Say that a canary is to record the model of the baseline, and no other one."""
    return (
        f"{test}: its baseline is of {', '.join(models)}, and --llmregress-history keeps nights of "
        f"the baseline's own model, not of {candidate}; name that model, or leave the history out"
    )


def bad_marker(test: str, problems: str) -> str:
    """Say what is wrong with a marker's keywords."""
    return f"{test}: @pytest.mark.llm: {problems}"


def unknown_config(test: str, keys: Sequence[str], known: Sequence[str]) -> str:
    """Say which keys of `llm_config` nobody knows."""
    return f"{test}: llm_config: {', '.join(map(repr, keys))}: no such key; {', '.join(known)}"


def contract_broken(test: str, violations: Sequence[str]) -> str:
    """Say which written rules were broken, and by which call."""
    names = dict.fromkeys(
        re.split("[=:]", escape_controls(line), maxsplit=1)[0] for line in violations
    )
    head = f"{test}: broke {count(len(violations), 'rule')} of its contract: {', '.join(names)}"
    return "\n".join([head, *(f"  {escape_controls(line)}" for line in violations)])


def replay_differs(test: str, changes: Sequence[Change], accept: str) -> str:
    """Say what a replay of the accepted recording did not reproduce."""
    head = f"{test}: replayed the accepted recording, and the test's own code made something else"
    lines = [f"{head} of it"]
    for change in changes:
        detail = f" ({change.detail})" if change.detail else ""
        what = f"{change.trait}: {change.before} → {change.after}{detail}"
        lines.append(f"  {escape_controls(what)}")
    lines.append(f"  accept: {accept}")
    return "\n".join(lines)


def not_whole(test: str, reasons: Sequence[str], *, saved: int) -> str:
    """Say why a recording was not kept, and what became of the answers that were whole."""
    lines = [f"{test}: a request has no whole answer, so no cassette was written"]
    lines.extend(f"  {escape_controls(line)}" for line in reasons)
    lines.append("  what was accepted before is untouched")
    if saved:
        answers = f"{count(saved, 'whole answer')} {'is' if saved == 1 else 'are'} saved"
        lines.append(f"  {answers}; recording this test again asks only for the rest")
    return "\n".join(lines)


def no_snapshot(test: str, command: str) -> str:
    """Say that a replay has nothing to be compared with."""
    return (
        f"{test}: replayed a recording that nobody has accepted: no snapshot lies beside it, so "
        f"nothing is compared. Accept it: {command}"
    )


def too_few_samples(test: str, *, asked: int, recorded: int, command: str) -> str:
    """Say that a replay was asked for more samples than there are."""
    return (
        f"{test}: {count(asked, 'sample')} asked for, and {recorded} recorded: a replay runs what "
        f"there is; record the others. {command}"
    )


def program_changed(test: str, program: str, command: str) -> str:
    """Say that another version of an agent's program was replayed than was recorded."""
    return (
        f"{test}: agent program changed: {escape_controls(program)}. Its requests were answered by "
        "the user's words, the model's answers and the results of tools alone: its prompts and "
        f"tools are others now. Record the test anew to have it asked with them: {command}"
    )


def rejected(test: str, decision: Decision, command: str) -> str:
    """Say that a recording was rejected, and how another one is made."""
    why = f": {escape_controls(decision.reason)}" if decision.reason else ""
    return (
        f"{test}: this recording was rejected by {decision.by} on {decision.at[:10]}{why}; it is "
        f"not pending any more. Record another one: {command}"
    )


def not_kept(test: str, error: str) -> str:
    """Say that a file could not be written."""
    return f"{test}: what this run found could not be saved: {error}"


def samples_too_late(test: str) -> str:
    """Say that a fixture cannot ask for samples."""
    return (
        f'{test}: llm_config["samples"]: what is sampled is set up anew for each sample, this '
        "fixture included; say it in the marker (pytestmark holds for a whole file), or with "
        "--llmregress-samples"
    )


def bad_hook(hook: str, what: str, *, where: str, plugin: str) -> str:
    """Say what a hook did wrong; `plugin` is empty for a hook of a conftest."""
    out = f"Mend it, or leave the plugin out: -p no:{plugin}" if plugin else "Mend it there"
    of_plugin = f" of the plugin {plugin}" if plugin else ""
    return f"{where}: {hook}{of_plugin} {what}. {out}"


def broken_hooks(test: str, faults: Sequence[str]) -> str:
    """Say that a test cannot be run, or judged, for hooks that have a say on it."""
    return "\n".join(
        [
            f"{test}: a hook that has a say on it fails",
            *(f"  {escape_controls(fault)}" for fault in faults),
        ]
    )
