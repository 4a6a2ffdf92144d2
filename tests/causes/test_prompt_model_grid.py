"""Tests of what the cross of two prompts with two models is said to show."""

import random

import pytest

from pytest_llmregress.causes.prompt_model_grid import GridResult, attribute_grid
from pytest_llmregress.values.evidence import Tally


def cross(oldest: int, prompt: int, model: int, both: int, *, n: int = 5) -> GridResult:
    """Return the four cells: nothing switched, the prompt, the model, both."""
    return GridResult(
        old_prompt_old_model=Tally(passed=oldest, n=n),
        new_prompt_old_model=Tally(passed=prompt, n=n),
        old_prompt_new_model=Tally(passed=model, n=n),
        new_prompt_new_model=Tally(passed=both, n=n),
    )


@pytest.mark.parametrize(
    ("cells", "finding"),
    [
        (cross(5, 5, 0, 0), "the difference comes with the model; no evidence that the prompt"),
        (cross(5, 0, 5, 0), "the difference comes with the prompt; no evidence that the model"),
        (cross(0, 0, 5, 5), "the difference comes with the model; no evidence that the prompt"),
        (cross(5, 5, 5, 0), "the model and the prompt interact"),
        (cross(5, 0, 0, 0), "the model and the prompt interact"),
        (cross(5, 0, 0, 5), "the model and the prompt interact"),
        (cross(100, 70, 70, 40, n=100), "the difference comes with the model as well as with"),
        (cross(5, 4, 4, 3), "no evidence that the model or the prompt matters: "),
        (
            cross(3, 3, 0, 0, n=3),
            "no evidence that the model or the prompt matters, and these sample sizes cannot show",
        ),
    ],
)
def test_a_cross_shows_prompt_model_both_their_interaction_or_nothing(
    cells: GridResult, finding: str
) -> None:
    assert attribute_grid(cells).startswith(finding)


def test_the_sentence_has_every_contrast_with_its_counts_and_its_adjusted_p():
    assert attribute_grid(cross(5, 5, 0, 0)) == (
        "the difference comes with the model; no evidence that the prompt matters: "
        "model, old prompt 5/5 → 0/5 p=0.032; model, new prompt 5/5 → 0/5 p=0.032; "
        "prompt, old model 5/5 → 5/5 p=1.000; prompt, new model 0/5 → 0/5 p=1.000 "
        "(Fisher, two-sided, Holm over the four)"
    )


def test_two_labels_of_significance_that_differ_are_no_interaction():
    text = attribute_grid(cross(5, 5, 1, 0))

    assert "p=0.143" in text
    assert "p=0.032" in text
    assert "interact" not in text


def test_a_cell_without_samples_separates_nothing():
    cells = GridResult(
        old_prompt_old_model=Tally(passed=5, n=5),
        new_prompt_old_model=Tally(passed=0, n=0),
        old_prompt_new_model=Tally(passed=0, n=5),
        new_prompt_new_model=Tally(passed=0, n=5),
    )

    assert attribute_grid(cells) == (
        "prompt and model cannot be told apart: no sample of the new prompt with the old model"
    )


def test_more_passes_than_samples_are_refused():
    with pytest.raises(ValueError, match="it is a count from 0 to n"):
        attribute_grid(cross(6, 5, 5, 5))


def test_where_nothing_matters_something_is_named_in_five_of_a_hundred_crosses_at_most():
    dice = random.Random(20)
    named = 0
    for _ in range(400):
        passes = [sum(dice.random() < 0.8 for _ in range(10)) for _ in range(4)]
        named += not attribute_grid(cross(*passes, n=10)).startswith(
            "no evidence that the model or"
        )

    assert named <= 0.05 * 400
