"""What a suite shows of numbers, in sentences."""

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.values.suite_verdict import NumberVerdict, SuiteVerdict
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.verdict_text import format_p


def say_number(number: NumberVerdict, *, gate: GatePolicy) -> str:
    """Say how far a number differs over all tests, and how sure that is."""
    interval = ""
    if number.interval is not None:
        interval = f" (95 % interval {number.interval[0]:.2f} to {number.interval[1]:.2f})"
    if number.material:
        found = "a material difference"
    elif number.p_adjusted <= gate.alpha:
        found = f"a difference below {100 * number.limit:g} %"
    else:
        found = "no evidence of a change"
    advisory = ", advisory" if number.advisory else ""
    return (
        f"{number.name}{advisory}: {found}: median ratio {number.ratio:.2f}x{interval} over "
        f"{count(number.tests, 'test')}; sign-flip test: p = {format_p(number.p)}, "
        f"adjusted (Holm over the numbers): {format_p(number.p_adjusted)}"
    )


def say_other_numbers(suite: SuiteVerdict) -> list[str]:
    """Name the numbers without a material difference."""
    others = [number.name for number in suite.numbers if not number.material]
    said = f"{count(len(others), 'number')} without a material difference: {', '.join(others)}"
    return [said] if others else []
