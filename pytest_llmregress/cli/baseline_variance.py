"""How far the samples of a baseline agree with each other, for `status`."""

from collections.abc import Sequence
from typing import Any

from pytest_llmregress.comparison.baseline_variance import TraitNoise, measure_variance
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.values.snapshot import Snapshot

TEXT = "text"
"""The trait that holds the words themselves."""


def render_noise(snapshot: Snapshot | None) -> tuple[str, ...]:
    """Say how the samples of a baseline went and agree; nothing where there is only one.

    Agreement is the share of all pairs of samples that show the same.
    """
    noise = noise_to_json(snapshot)
    if noise is None:
        return ()
    line = f"  samples: {noise['passed']} of {noise['samples']} passed"
    line += f", in {count(noise['sessions'], 'session')}"
    told = [
        f"{100 * noise[key]:.0f} % of pairs the same {what}"
        for key, what in (("agreement_of_traits", "behavior"), ("agreement_of_text", "words"))
        if noise[key] is not None
    ]
    lines = ["; ".join([line, *told])]
    if noise["noisy"]:
        noisy = ", ".join(f"{name} ({values} values)" for name, values in noise["noisy"].items())
        lines.append(f"  noisy, and so never a reason to fail: {noisy}")
    return tuple(lines)


def noise_to_json(snapshot: Snapshot | None) -> dict[str, Any] | None:
    """Return the same as plain JSON; None where there is only one sample."""
    if snapshot is None or len(snapshot.samples) == 1:
        return None
    found = measure_variance(snapshot.behaviors)
    return {
        "samples": len(snapshot.samples),
        "passed": sum(sample.passed for sample in snapshot.samples),
        "sessions": len({sample.session for sample in snapshot.samples}),
        "agreement_of_traits": _mean([each for each in found if each.name != TEXT]),
        "agreement_of_text": _mean([each for each in found if each.name == TEXT]),
        "noisy": {each.name: each.distinct for each in found if each.quarantined},
    }


def _mean(noise: Sequence[TraitNoise]) -> float | None:
    known = [each.agreement for each in noise if each.agreement is not None]
    return sum(known) / len(known) if known else None
