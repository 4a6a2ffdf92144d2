"""What is named of real drift: GPT-4 of March against June 2023, in a small part of the corpus."""

import pytest

from corpus_llmdrift import JUNE, MARCH, SHARED, count, questions, run, serve, write_project

PRIMES, PROGRAMS = 30, 20


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Return what is counted, and what the run says, of June and of March against March."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not here: the recorded answers of 2023 lie there")
    folder = tmp_path_factory.mktemp("llmdrift")
    write_project(folder, primes=PRIMES, programs=PROGRAMS, seed=1)
    found = {}
    with serve() as url:
        run(folder, url, "--llmregress-record=once")
        for candidate in (JUNE, MARCH):
            said = run(
                folder, url, f"--llmregress-candidate={candidate}", "--llmregress-record=once"
            )
            found[candidate] = count(folder), said
    return found


def test_every_question_of_a_choice_was_answered_by_both_versions():
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not here: the recorded answers of 2023 lie there")

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
    assert set(prime.severities) == {"notable"}


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
