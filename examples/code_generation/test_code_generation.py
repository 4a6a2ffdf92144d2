"""What the team asks of a model that is to write code: 25 tasks, checked by running the answers."""

from functools import cache

import pytest

from codetasks import Task, tasks_of
from failures import classify_failure
from generator import generate
from sandbox import Result, run

# A wrong answer is what this suite counts, and no reason to refuse its recording. Cut-off code
# fails its checks like any other.
pytestmark = pytest.mark.llm(samples=5, pass_rate=0, outcomes=["answered", "truncated"])

of_level = {
    level: pytest.mark.parametrize("task", tasks_of(level), ids=lambda task: task.name)
    for level in ("easy", "medium", "hard")
}


class TestEasy:
    @of_level["easy"]
    def test_solves(self, task: Task) -> None:
        solve(task)


class TestMedium:
    @of_level["medium"]
    def test_solves(self, task: Task) -> None:
        solve(task)


class TestHard:
    @of_level["hard"]
    def test_solves(self, task: Task) -> None:
        solve(task)


def solve(task: Task) -> None:
    """Have the model solve a task; fails by how its code fails."""
    __tracebackhide__ = True
    code = generate(task.prompt)
    failure = classify_failure(_run_once(code, task.checks))
    if failure is not None:
        raise failure


@cache
def _run_once(code: str, checks: str) -> Result:
    """Run code once, however many samples came to the very same."""
    return run(code, checks)
