"""Which samples come next."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmregress.runner.drivers.driver import Driver


def find_drivers() -> "Sequence[Driver]":
    """Return all drivers, in the order in which they are asked; loaded with a candidate alone."""
    from pytest_llmregress.runner.drivers.confirmation import plan_confirmation
    from pytest_llmregress.runner.drivers.control import plan_control
    from pytest_llmregress.runner.drivers.grid import plan_grid
    from pytest_llmregress.runner.drivers.suite_replay import plan_suite_replay

    return plan_confirmation, plan_control, plan_grid, plan_suite_replay
