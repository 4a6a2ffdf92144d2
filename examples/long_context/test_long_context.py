"""What the team expects of an answer out of its handbook: all of it, and nothing beside it."""

import pytest

from handbook_questions import QUESTIONS, RanOnError
from reader import answer


def of(question):
    """Return a question as a parameter, with the share of its answers that have to be whole."""
    # An answer that is cut off is a wrong one here; it does not break the contract.
    mark = pytest.mark.llm(pass_rate=question.floor, outcomes=["answered", "truncated"])
    return pytest.param(question, id=question.name, marks=mark)


@pytest.mark.llm(samples=5)
@pytest.mark.parametrize("question", [of(question) for question in QUESTIONS])
def test_an_answer_has_something_from_each_chapter(question, llm_calls):
    reply = answer(question.text)

    if llm_calls[-1].outcome == "truncated":
        raise RanOnError(question.coverage_of(reply))
    question.check(reply)
