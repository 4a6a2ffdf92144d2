"""What is named of real drift: GPT-4 of March against June 2023, in a small part of the corpus."""

import json
from collections import Counter

import pytest

from corpus_llmdrift import (
    CORPUS,
    JUNE,
    MARCH,
    SHARED,
    SUITES,
    count,
    questions,
    run,
    serve,
    write_project,
)
from pytest_llmregress.behavior.text.text_facts import (
    JsonForm,
    code_blocks,
    json_form,
    language,
    parse_text,
)
from pytest_llmregress.behavior.traits import extract_text_traits

PRIMES, PROGRAMS = 30, 20

if not SHARED.is_dir():
    pytest.skip(
        f"{SHARED} is not here: the recorded answers of 2023 lie there", allow_module_level=True
    )


def answers(suite, model=None):
    lines = (CORPUS / SUITES[suite]).read_text(encoding="utf-8").splitlines()
    rows = map(json.loads, lines)
    return [row["answer"] for row in rows if model in {None, row["model"]}]


def trait(name, text):
    (value,) = [trait.value for trait in extract_text_traits(text) if trait.name == name]
    return value


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Return what is counted, and what the run says, of June and of March against March."""
    folder = tmp_path_factory.mktemp("llmdrift")
    write_project(folder, primes=PRIMES, programs=PROGRAMS, seed=1)
    found = {}
    with serve() as url:
        run(folder, url, "--llmregress-record=once")
        for candidate in (JUNE, MARCH):
            said = run(
                folder,
                url,
                f"--llmregress-candidate={candidate}",
                "--llmregress-record=once",
                "-vv",
            )
            found[candidate] = count(folder), said
    return found


def test_every_question_of_a_choice_was_answered_by_both_versions():
    assert len(questions("prime", number=5000, seed=1)) == 1000
    assert len(questions("leetcode", number=5000, seed=1)) == 50
    assert questions("prime", number=5, seed=1) == questions("prime", number=5, seed=1)


def test_the_reasoning_that_june_dropped_is_named_in_nearly_all_primes(compared):
    prime = compared[JUNE][0]["prime"]

    assert prime.tests == PRIMES
    assert prime.traits["text.reasoning"] >= 27
    assert prime.traits["text.length"] >= 27
    assert prime.traits["usage.output_tokens"] >= 24
    assert "text.code" not in prime.traits
    assert set(prime.severities) == {"notable", "breaking"}


def test_a_yes_that_june_turned_into_a_no_is_breaking(compared):
    prime = compared[JUNE][0]["prime"]

    assert 1 <= prime.traits["text.answer"] <= prime.severities["breaking"]


def test_the_fences_that_june_put_around_programs_are_named(compared):
    leetcode = compared[JUNE][0]["leetcode"]

    assert leetcode.tests == PROGRAMS
    assert leetcode.traits["text.code"] >= 16
    assert leetcode.traits["text.shape"] >= 14
    assert leetcode.traits.get("text.reasoning", 0) <= 2
    assert leetcode.severities["breaking"] >= 9


def test_the_run_counts_the_tests_of_each_changed_trait(compared):
    counted, said = compared[JUNE]
    both = counted["prime"].traits["text.reasoning"]
    both += counted["leetcode"].traits.get("text.reasoning", 0)

    assert f"text.reasoning {both}" in said
    assert "changed traits: text.length " in said


def test_march_against_itself_shows_nothing(compared):
    counted, said = compared[MARCH]

    assert {suite: dict(found.severities) for suite, found in counted.items()} == {
        "prime": {"none": PRIMES},
        "leetcode": {"none": PROGRAMS},
    }
    assert f"{PRIMES + PROGRAMS} compared, no difference seen (1 recording against 1)" in said
    assert f"{PRIMES + PROGRAMS} passed" in said


def test_the_english_answers_of_four_real_models_are_english_or_undecided():
    texts = [text for suite in SUITES for text in answers(suite)]

    told = Counter(map(language, texts))
    forms = Counter(map(json_form, texts))

    assert len(texts) == 4_200
    assert set(told) == {"en", "und"}
    assert told["en"] > 2_800
    assert forms == {JsonForm.NOT_JSON: 4_200}


def test_the_june_model_no_longer_shows_the_steps_that_march_showed():
    march, june = (
        Counter(trait("text.reasoning", text) for text in answers("prime", model))
        for model in (MARCH, JUNE)
    )

    assert march["steps"] >= 950
    assert june == {"none": 1_000}


@pytest.mark.parametrize(
    ("model", "fenced", "bare"),
    [
        (MARCH, 0, 41),
        (JUNE, 44, 6),
        ("gpt-3.5-turbo-0301", 31, 19),
        ("gpt-3.5-turbo-0613", 49, 1),
    ],
)
def test_the_code_of_the_june_models_is_fenced_and_that_of_march_was_bare(model, fenced, bare):
    texts = answers("leetcode", model)
    code = Counter(tuple(trait("text.code", text)) for text in texts)

    assert sum(bool(code_blocks(text)) for text in texts) == fenced
    assert sum(parse_text(text).is_program for text in texts) == code["python (bare)",] == bare
