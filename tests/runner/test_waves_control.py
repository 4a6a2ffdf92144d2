"""A candidate in waves: fresh samples of both models go out together, phase by phase."""

import os
import signal
from collections import Counter

import pytest

from forked_pytest import is_available, start_forked
from patience import PATIENCE
from wave_stand import WaveStand

OLD, NEW = "claude-opus-5", "claude-opus-5-5"
CANDIDATE = f"--llmregress-candidate={NEW}"
TESTS = """
    import anthropic
    import pytest

    @pytest.mark.llm
    @pytest.mark.parametrize("number", range(3))
    def test_one(number):
        message = {"role": "user", "content": f"What does {number} cost?"}
        anthropic.Anthropic(max_retries=0).messages.create(
            model="claude-opus-5", max_tokens=50, messages=[message]
        )
"""
ANSWER, REFUSAL = "It costs 3 euros.", "I cannot help with that."


@pytest.fixture
def stand():
    stand = WaveStand()
    yield stand.start()
    stand.stop()


@pytest.fixture
def project_with_baseline(project, stand):
    stand.script(OLD, ANSWER).script(NEW, REFUSAL)
    project.asks_old_model = True
    project.write(test_it=TESTS).record(passed=3)
    stand.requests.clear()
    return project


def count_models(stand) -> Counter[str]:
    """Count the requests to each model; one that was killed may have sent no body."""
    return Counter(each.json["model"] for each in stand.requests if each.body)


def test_fresh_samples_of_both_models_go_out_together_to_the_same_verdict(
    project_with_baseline, stand, tmp_path
):
    (tmp_path / "inline").mkdir()
    inline = project_with_baseline.copy(tmp_path / "inline")

    waves = project_with_baseline.record(CANDIDATE, failed=3)

    assert count_models(stand) == {NEW: 3 * 6, OLD: 3 * 10}
    waves.says(
        "3 tests look different: 6 fresh samples of the candidate",
        f"wave 2: 6 calls of 3 tests (6 to {NEW}), 6 at a time",
        "3 tests look different: 12 samples of the old model",
        f"(12 to {OLD}), 12 at a time",
    )
    assert all(not test["carried"] for test in waves.found().values())
    stand.requests.clear()
    inline.record(CANDIDATE, "--llmregress-concurrency=1", failed=3)
    assert count_models(stand) == {NEW: 3 * 6, OLD: 3 * 10}
    assert verdicts(waves) == verdicts(inline)
    waves.offline().replay(CANDIDATE, failed=3)
    assert verdicts(waves) == verdicts(inline)


def verdicts(project) -> dict[str, object]:
    return {
        name: (test["verdict"], test["evidence"]["control"])
        for name, test in project.found().items()
    }


@pytest.mark.skipif(not is_available(), reason="kills a forked process: POSIX only")
def test_a_control_that_is_interrupted_is_carried_on(project_with_baseline, stand, key):
    project = project_with_baseline
    asked = stand.counted

    def count(text):
        if count_models(stand)[OLD] == 8:
            os.kill(process.pid, signal.SIGKILL)
        return asked(text)

    stand.counted = count
    process = start_forked(
        ["--llmregress-record=once", CANDIDATE, "-p", "no:cacheprovider"],
        cwd=project.root,
        env={"HOME": str(project.home), "ANTHROPIC_BASE_URL": stand.url, "ANTHROPIC_API_KEY": key},
        output=project.root.parent / "killed.txt",
    )
    process.join(PATIENCE)
    del stand.counted
    kept = sum(
        text.count(b"\n") - 1
        for name, text in project.files().items()
        if name.endswith(".part.jsonl")
    )
    asked_before = count_models(stand).total()

    project.record(CANDIDATE, failed=3)

    assert process.exitcode == -signal.SIGKILL
    assert kept >= 3 * 6  # the candidate's, at least
    assert count_models(stand).total() - asked_before == 3 * (6 + 10) - kept
    assert not [name for name in project.names() if ".part." in name]
