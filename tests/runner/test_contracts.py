"""Contracts of whole runs: costs, budgets, standing rules, severities, trajectories, quarantine."""

import json

import pytest

APP = """
    import anthropic

    client = anthropic.Anthropic()

    def ask(text="Hello", model="claude-opus-5", **more):
        messages = [{"role": "user", "content": text}]
        asked = {"model": model, "max_tokens": 100, "messages": messages, **more}
        return client.messages.create(**asked)
"""
OLD, NEW = "claude-opus-5", "claude-opus-5-5"
CANDIDATE = f"--llmregress-candidate={NEW}"
FREE = """
    def pytest_llmregress_price(call):
        return 0.25
"""
UPSELL = "For this you need more. Upgrade to our Pro plan today and save 20 %."


def write(project, keywords: str, *, conftest: str = "", body: str = "ask()"):
    test = f"""
        import pytest
        from app import ask

        @pytest.mark.llm({keywords})
        def test_hello():
            {body}
    """
    return project.write({"conftest.py": conftest}, app=APP, test_it=test)


def problem(project, code: str, test: str = "test_hello") -> str:
    (found,) = (p for p in project.found()[test]["problems"] if p["code"] == code)
    return found["message"]


@pytest.mark.parametrize("keywords", ["max_cost_usd=0.3", "max_cost_usd=1"])
def test_costs_are_limited_by_the_prices_of_a_hook(project, keywords: str):
    body = "[ask(text) for text in ('Hello', 'Again')]"
    limited = write(project, keywords, conftest=FREE, body=body)
    if keywords == "max_cost_usd=1":
        limited.record(passed=1).says("cost: $0.5000 for 1 test").offline().replay(passed=1)
        return

    limited.record(failed=1)

    assert "call 2 went over it" in problem(project, "contract")


def test_a_limit_on_costs_fails_where_a_price_is_unknown(project):
    unknown = 'model="a-model-that-nobody-knows"'

    write(project, "max_cost_usd=1", body=f"ask({unknown})").record(failed=1)

    assert "the price of" in problem(project, "contract")
    assert "pytest_llmregress_price" in problem(project, "contract")
    project.never_says("cost: $0")


def test_a_budget_is_relative_to_what_was_accepted(project):
    keywords = 'budget={"output_tokens": 1.5}, severity={"*": "ignore"}'
    project.stand.script(OLD, "[[size 40]]").script(NEW, "[[size 4000]]")
    write(project, keywords).record(passed=1)

    project.record(CANDIDATE, failed=1)

    assert "output_tokens" in problem(project, "contract")
    project.offline().replay(CANDIDATE, failed=1)
    project.replay(passed=1)


RULES = """
    import pytest
    from pytest_llmregress import rules

    @pytest.fixture(scope="session")
    def llm_config():
        return {"rules": {"no upsell": rules.no_upsell, "short": rules.forbids(r"(?s).{500}")}}
"""


def test_a_standing_rule_holds_for_every_call_and_is_summed_up(project):
    project.stand.script(OLD, "Your parcel is on its way.").script(NEW, UPSELL)
    write(project, "", conftest=RULES, body="ask('Where is it?'), ask('And now?')")
    project.record(passed=1).says("rule no upsell: kept 2/2", "rule short: kept 2/2")

    project.record(CANDIDATE, failed=1)

    project.says("rule no upsell: kept 2/2 → 0/2", "rule short: kept 2/2 → 2/2")
    assert "'no upsell' is broken by call 1" in problem(project, "contract")
    assert "'no upsell' is broken by call 2" in problem(project, "contract")


def test_more_samples_of_a_baseline_are_held_against_nothing(project):
    project.stand.script(OLD, "Your parcel is on its way.")
    write(project, "", conftest=RULES).record(passed=1)

    project.record("--llmregress-samples=3", passed=1)

    project.says("rule no upsell: kept 3/3").never_says("→")


def test_the_marker_switches_a_rule_off_by_name(project):
    project.stand.script(OLD, UPSELL)

    write(project, 'rules={"no upsell": None}', conftest=RULES).record(passed=1)

    project.says("rule short: kept 1/1").never_says("no upsell")


def test_a_contract_holds_whatever_became_of_the_body(project):
    body = "assert ask() is None"
    write(project, "samples=2, pass_rate=0.0, max_calls=1", body=body).record(passed=1)

    write(project, "samples=2, pass_rate=0.0, max_output_tokens=1", body=body)
    project.replay(failed=1)

    assert "max_output_tokens" in problem(project, "contract")


def test_a_standing_rule_is_counted_in_runs_that_failed_as_well(project):
    project.stand.script(OLD, UPSELL)
    write(project, "", conftest=RULES, body="assert ask() is None").record(failed=1)

    assert {rule["of"] for rule in project.found()["test_hello"]["rules"]} == {1}
    assert "'no upsell' is broken by call 1" in problem(project, "contract")


def test_a_sentence_is_no_rule_without_a_judge(project):
    write(project, 'rules={"polite": "The reply is polite."}').record(failed=1)

    assert "judge_model" in problem(project, "no_judge")


@pytest.mark.parametrize(
    ("severity", "outcome", "told"),
    [
        ("{}", "failed", "breaking"),
        ('{"text.language": "notable"}', "passed", "notable"),
        ('{"text.*": "ignore", "text": "cosmetic"}', "passed", "cosmetic"),
    ],
)
def test_a_project_says_how_bad_a_change_is(project, severity: str, outcome: str, told: str):
    project.stand.script(OLD, "The parcel is on its way and you will have it by tomorrow.")
    project.stand.script(NEW, "Das Paket ist unterwegs und du wirst es morgen in der Hand haben.")
    write(project, f"severity={severity}").record(passed=1)

    project.record(CANDIDATE, **{outcome: 1})

    assert project.found()["test_hello"]["drift"]["severity"] == told


def test_a_hook_has_the_last_word_on_a_change(project):
    conftest = """
        from pytest_llmregress import Severity

        def pytest_llmregress_classify(change, before, after):
            if change.trait == "text":
                assert (before.value, after.value) == ("Paris is it.", "It is Paris.")
                return Severity.BREAKING

        def pytest_llmregress_finish(report):
            print("finished with", len(report.tests), report.candidate)
    """
    project.stand.script(OLD, "Paris is it.").script(NEW, "It is Paris.")
    write(project, "", conftest=conftest).record(passed=1)

    project.record(CANDIDATE, failed=1).says(f"finished with 1 {NEW}")

    (change,) = project.found()["test_hello"]["drift"]["changes"]
    assert (change["trait"], change["severity"]) == ("text", "breaking")


def test_a_trajectory_can_be_held_to_that_of_the_baseline(project):
    tools = (
        '[{"name": n, "input_schema": {"type": "object"}} for n in ("find_order", "refund_order")]'
    )
    body = f"ask(tools={tools})"
    project.stand.script(OLD, '[[tool find_order {"id": "A1"}]]')
    project.stand.script(NEW, '[[tool refund_order {"id": "A1"}]]')
    write(project, 'tool_match="superset", severity={"tools.set": "ignore"}', body=body)
    project.record(passed=1)

    project.record(CANDIDATE, failed=1)

    changes = {c["trait"]: c["severity"] for c in project.found()["test_hello"]["drift"]["changes"]}
    assert changes["tools.match"] == "breaking"


def test_a_test_says_which_argument_of_a_tool_may_be_any(project):
    body = 'ask(tools=[{"name": "find_order", "input_schema": {"type": "object"}}])'
    project.stand.script(OLD, '[[tool find_order {"id": "A1", "page": 1}]]')
    project.stand.script(NEW, '[[tool find_order {"id": "A1", "page": 2}]]')
    write(project, "", body=body).record(passed=1).record(CANDIDATE, failed=1)

    write(project, 'arguments={"find_order.page": "ignore"}', body=body)

    project.replay(CANDIDATE, passed=1)


def test_a_quarantine_that_is_over_fails_its_test_with_the_day(project):
    keywords = 'quarantine={"reason": "the model rambles", "until": "2020-01-31"}'

    write(project, keywords).record(failed=1)

    assert "2020-01-31" in problem(project, "quarantine_over")


def test_a_drift_says_what_it_is_consistent_with(project):
    project.stand.script(OLD, "Paris.").script(NEW, "[[max_tokens]]")
    write(project, "").record(passed=1)

    project.record(CANDIDATE, failed=1)

    project.says(f"cause: consistent with the model switch {OLD} → {NEW}")
    cause = project.found()["test_hello"]["drift"]["cause"]
    assert cause["kind"] == "model"
    project.never_says("caused by")


def test_a_quarantine_that_is_over_spares_no_failing_candidate(project):
    keywords = 'quarantine={"reason": "the model rambles", "until": "2999-01-31"}'
    project.stand.script(OLD, "Paris.").script(NEW, "[[max_tokens]]")
    write(project, keywords).record(passed=1)
    project.change("test_it.py", "2999", "2020")

    project.record(CANDIDATE, failed=1)

    assert "outcomes" in problem(project, "contract")


def test_a_report_that_cannot_be_written_is_told_and_loses_nothing_else(project):
    write(project, "").record(passed=1)
    (project.root / "taken.html").mkdir()

    asked = ("r.md", "taken.html", "r.json")
    project.replay(*(f"--llmregress-report={path}" for path in asked), passed=1)

    assert project.exit_status == 1
    assert "### Fails, though no marked test does" in project.read("r.md")
    assert json.loads(project.read("r.json"))["exit_status"] == 1
    project.says(
        "Fails, though no marked test does: 1 test replayed",
        "report: taken.html: it could not be written",
    )


def test_a_key_in_the_failure_of_a_test_reaches_no_file(project, key):
    body = "import os; assert ask() is None, os.environ['ANTHROPIC_API_KEY']"
    write(project, "", body=body).record(failed=1)

    assert any(b"passed: false" in content for content in project.files().values())
    assert all(key.encode() not in content for content in project.files().values())
