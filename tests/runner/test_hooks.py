"""Hooks that raise, or return what they must not: each is named, and the others are heard."""

from pathlib import Path
from types import ModuleType

import pytest

from pytest_llmregress import hookspecs
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.runner.hook_calls import HookError, Hooks
from pytest_llmregress.values.behavior import Change, Severity, Trait, TraitKind
from pytest_llmregress.values.call import Call, Calls, Outcome
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.run_report import RunReport

ROOT = Path("/project")
CALL = Call(provider="acme", outcome=Outcome.ANSWERED)
CHANGE = Change(trait="x", severity=Severity.COSMETIC, before="1", after="2")
GOOD_TRAIT = Trait(name="mine", value=1, kind=TraitKind.NUMBER, severity=Severity.NOTABLE)
REPORT = RunReport(
    created="", versions={}, candidate=None, fail_on="breaking", tests=(), orphans=(), verdict=None
)
ASKED = Interaction(
    request=Request(method="POST", url="https://acme.example/v1"), response=Response(status=200)
)


class Caller:
    """What `config.hook` is: plugins of a source text each, in a folder that need not exist."""

    def __init__(self, **plugins: str) -> None:
        self.manager = pytest.PytestPluginManager()
        self.manager.add_hookspecs(hookspecs)
        for name, source in plugins.items():
            module = ModuleType(name)
            code = compile(source, str(ROOT / f"{name}.py"), "exec")
            exec(code, module.__dict__)
            self.manager.register(module, str(ROOT / "conftest.py") if name == "conftest" else name)
        self.hook = self.manager.hook
        self.hooks = Hooks(ROOT)

    @property
    def faults(self) -> list[str]:
        return self.hooks.faults


def hook(name: str, body: str, *arguments: str) -> str:
    return f"import pytest\ndef pytest_llmregress_{name}({', '.join(arguments)}):\n    {body}\n"


A_TRAIT = "a list of pytest_llmregress.Trait is allowed"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return [1]", f"returned 1 (int) in a list; {A_TRAIT}"),
        ("return 7", f"returned 7 (int); {A_TRAIT}"),
        ("return 'mine'", f"returned 'mine' (str); {A_TRAIT}"),
        ("return {'a': 1}", f"returned {{'a': 1}} (dict); {A_TRAIT}"),
        ("raise ValueError('mine')", "raised ValueError: mine"),
        ("raise ValueError", "raised ValueError"),
        ("pytest.fail('mine')", "raised Failed: mine"),
        ("pytest.skip('mine')", "raised Skipped: mine"),
        ("raise SystemExit(3)", "raised SystemExit: 3"),
        ("1 / 0; yield", "raised ZeroDivisionError: division by zero"),
        ("raise ValueError('a\\nb')", "raised ValueError: a b"),
    ],
)
def test_traits_that_are_none_are_named_with_their_file(body: str, said: str):
    caller = Caller(conftest=hook("traits", body, "calls"))

    assert caller.hooks.traits(caller.hook, Calls([CALL])) == ()
    where = "conftest.py:2" if said.startswith("returned") else "conftest.py:3"
    assert caller.faults == [f"{where}: pytest_llmregress_traits {said}. Mend it there"]


def test_a_trait_whose_value_is_no_json_is_named():
    source = (
        "from pytest_llmregress import Severity, Trait, TraitKind\n"
        "def pytest_llmregress_traits():\n"
        "    return [Trait(name='t', value={1}, kind=TraitKind.SET, severity=Severity.NOTABLE)]\n"
    )
    caller = Caller(conftest=source)

    assert caller.hooks.traits(caller.hook, Calls([CALL])) == ()
    assert "gave the trait 't' the value {1} (set); a JSON value is allowed" in caller.faults[0]


def test_two_traits_of_one_name_are_named():
    trait = "Trait(name='t', value=1, kind=TraitKind.NUMBER, severity=Severity.NOTABLE)"
    source = (
        "from pytest_llmregress import Severity, Trait, TraitKind\n"
        f"def pytest_llmregress_traits():\n    return [{trait}, {trait}]\n"
    )
    caller = Caller(conftest=source)

    assert caller.hooks.traits(caller.hook, Calls([CALL])) == ()
    assert "returned two traits named 't'; one is allowed" in caller.faults[0]


def test_a_coroutine_is_no_result():
    caller = Caller(conftest="async def pytest_llmregress_traits(): pass")

    assert caller.hooks.traits(caller.hook, Calls([CALL])) == ()
    assert "(coroutine)" in caller.faults[0]


def test_a_wrapper_is_told_that_nobody_calls_it():
    source = hook("traits", "return (yield)").replace(
        "def ", "@pytest.hookimpl(wrapper=True)\ndef "
    )
    caller = Caller(conftest=source)

    assert caller.hooks.traits(caller.hook, Calls([CALL])) == ()
    assert "is a wrapper; a function that returns is allowed" in caller.faults[0]


def test_a_plugin_is_named_with_what_leaves_it_out():
    caller = Caller(acme_traits=hook("traits", "raise ValueError('mine')"))

    caller.hooks.traits(caller.hook, Calls([CALL]))
    (fault,) = caller.faults
    assert fault == (
        "acme_traits.py:3: pytest_llmregress_traits of the plugin acme_traits raised ValueError: "
        "mine. Mend it, or leave the plugin out: -p no:acme_traits"
    )


def test_what_one_plugin_breaks_is_no_loss_of_another():
    good = (
        "from pytest_llmregress import Severity, Trait, TraitKind\n"
        "def pytest_llmregress_traits(calls):\n"
        "    return [Trait(name='mine', value=len(calls), kind=TraitKind.NUMBER,"
        " severity=Severity.NOTABLE)]\n"
        "def pytest_llmregress_finish(report):\n"
        "    finished.append(report)\n"
        "finished = []\n"
    )
    bad = hook("traits", "return [1]") + hook("finish", "raise ValueError")
    caller = Caller(first=good, bad=bad, last=good)

    assert caller.hooks.traits(caller.hook, Calls([CALL])) == (GOOD_TRAIT,)
    caller.hooks.finish(caller.hook, REPORT)
    finished = [caller.manager.get_plugin(name).finished for name in ("first", "last")]
    assert finished == [[REPORT], [REPORT]]
    assert len(caller.faults) == 2


def test_a_hook_that_says_nothing_does_nothing_wrong():
    names = ("traits", "providers", "redactions", "classify", "price", "reporters", "finish")
    caller = Caller(conftest="".join(hook(name, "return None") for name in names))
    redactor = Redactor()

    assert caller.hooks.traits(caller.hook, Calls([CALL])) == ()
    assert caller.hooks.providers(caller.hook) == ()
    assert caller.hooks.redactor(caller.hook, redactor) is redactor
    assert caller.hooks.classify(caller.hook, CHANGE, None, None) is None
    assert caller.hooks.price(caller.hook, CALL) is None
    assert caller.hooks.reporters(caller.hook) == []
    caller.hooks.finish(caller.hook, REPORT)
    assert caller.faults == []


@pytest.mark.parametrize("given", ["True", "'0.1'", "-1", "float('nan')", "float('inf')", "[]"])
def test_a_price_that_is_none_leaves_it_to_the_next_plugin(given: str):
    caller = Caller(other=hook("price", "return 1"), conftest=hook("price", f"return {given}"))

    assert caller.hooks.price(caller.hook, CALL) == 1.0
    assert "a number of US dollars, 0 or more, or None, is allowed" in caller.faults[0]


@pytest.mark.parametrize("given", ["'breaking'", "2", "True"])
def test_a_severity_that_is_none_leaves_it_to_the_next_plugin(given: str):
    other = "from pytest_llmregress import Severity\n" + hook("classify", "return Severity.NOTABLE")
    caller = Caller(other=other, conftest=hook("classify", f"return {given}", "change"))

    assert caller.hooks.classify(caller.hook, CHANGE, None, None) is Severity.NOTABLE
    assert "a pytest_llmregress.Severity, or None, is allowed" in caller.faults[0]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 'abc'", "returned 'abc' (str); a list of regular expressions, each a str"),
        ("return [b'a']", "returned b'a' (bytes) in a list; a list of regular expressions"),
        ("return ['(']", "redaction pattern '(': missing ), unterminated subpattern"),
        ("return ['a*']", "redaction pattern 'a*': it matches the empty text"),
        ("raise ValueError('mine')", "raised ValueError: mine"),
    ],
)
def test_redactions_that_cannot_be_are_named(body: str, said: str):
    caller = Caller(
        other=hook("redactions", "return ['cust_[0-9]+']"), conftest=hook("redactions", body)
    )

    redactor = caller.hooks.redactor(caller.hook, Redactor())
    assert redactor.value("cust_12 went") == "[redacted] went"
    assert said in caller.faults[0]


@pytest.mark.parametrize("body", ["return object()", "return [object()]", "return [dict]"])
def test_providers_and_reporters_that_are_none_are_named(body: str):
    caller = Caller(conftest=hook("providers", body) + hook("reporters", body))

    assert caller.hooks.providers(caller.hook) == ()
    assert caller.hooks.reporters(caller.hook) == []
    assert [fault.count("is allowed") for fault in caller.faults] == [1, 1]


PROVIDER = """
class Acme:
    name = "acme"
    def read(self, interaction): {body}
    def requested_model(self, request): {body}
    def incomplete(self, interaction): {body}
def pytest_llmregress_providers():
    return [Acme()]
"""


@pytest.mark.parametrize("body", ["raise ValueError('mine')", "return 7"])
def test_a_provider_that_cannot_read_knows_nothing_of_the_request(body: str):
    caller = Caller(conftest=PROVIDER.format(body=body))
    (provider,) = caller.hooks.providers(caller.hook)

    assert provider.name == "acme"
    assert provider.read(ASKED) is None
    assert provider.requested_model(ASKED.request) is None
    assert provider.incomplete(ASKED) is None
    methods = [fault.split()[2] for fault in caller.faults]
    assert methods == ["Acme.read", "Acme.requested_model", "Acme.incomplete"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise ValueError('mine')", "raised ValueError: mine"),
        ("return 7", "raised TypeError: 'int' object is not iterable"),
        ("return [7]", "returned 7 (int); a str, or pieces of one, are allowed"),
    ],
)
def test_a_reporter_that_cannot_render_is_named(body: str, said: str):
    source = (
        "class Csv:\n    suffix = '.csv'\n"
        f"    def render(self, report): {body}\n"
        "def pytest_llmregress_reporters(): return [Csv()]\n"
    )
    caller = Caller(conftest=source)
    (reporter,) = caller.hooks.reporters(caller.hook)

    with pytest.raises(HookError) as caught:
        list(reporter.render(REPORT))
    assert said in str(caught.value)
    assert "pytest_llmregress_reporters: Csv.render" in str(caught.value)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, pytest.exit.Exception])
def test_an_interrupt_is_no_fault(stop: type[BaseException]):
    name = "KeyboardInterrupt" if stop is KeyboardInterrupt else "pytest.exit.Exception('stop')"
    caller = Caller(conftest=hook("traits", f"raise {name}"))

    with pytest.raises(stop):
        caller.hooks.traits(caller.hook, Calls([CALL]))


# --- in a whole run --------------------------------------------------------------------------

TESTS = """
    import anthropic
    import pytest

    def ask():
        messages = [{"role": "user", "content": "Hello"}]
        return anthropic.Anthropic().messages.create(
            model="claude-opus-5", max_tokens=100, messages=messages
        )

    @pytest.mark.llm
    def test_it():
        ask()

    def test_other():
        pass
"""
MINE = "raise ValueError('mine')"
REPORTED = ("--llmregress-report=run.md",)


def test_a_hook_that_fails_fails_the_test_and_keeps_what_was_paid_for(project):
    project.write(test_it=TESTS, conftest=hook("traits", "return [1]"))
    project.record(failed=1, passed=1).never_says("INTERNALERROR", "Traceback")

    project.says("conftest.py:2: pytest_llmregress_traits returned 1 (int) in a list")
    assert project.problems() == {"test_it": ["bad_hook"]}
    assert not [name for name in project.names() if name.endswith(".yaml")]

    project.write(conftest="").record(passed=2)
    assert len(project.stand.requests) == 1, "the answer was paid for, and kept"


@pytest.mark.parametrize("name", ["providers", "redactions"])
def test_a_hook_that_all_tests_depend_on_fails_the_marked_ones(project, name):
    project.write(test_it=TESTS, conftest=hook(name, MINE))

    project.record(errors=1, passed=1).never_says("INTERNALERROR", "Traceback")
    project.says(f"conftest.py:3: pytest_llmregress_{name} raised ValueError: mine")
    assert project.stand.requests == []


def test_hooks_at_the_end_of_a_run_fail_it_and_leave_the_reports(project):
    conftest = hook("reporters", MINE) + hook("finish", MINE)
    project.write(test_it=TESTS, conftest=conftest).record(*REPORTED, passed=2)

    project.says("problem: bad_hook: conftest.py:3: pytest_llmregress_reporters raised")
    project.says("problem: bad_hook: conftest.py:6: pytest_llmregress_finish raised")
    project.never_says("INTERNALERROR", "Traceback")
    assert project.exit_status == 1
    assert "### Fails, though no marked test does" in project.read("run.md")
    assert "1 test: 1 recorded" in project.read("run.md")


def test_prices_and_severities_that_fail_fail_the_test_that_asked_for_them(project):
    project.write(test_it=TESTS).record(passed=2)
    project.write(conftest=hook("price", MINE) + hook("classify", "return 'notable'", "change"))
    project.stand.script("claude-opus-6", "Hello! How can I help you today? " * 30)

    project.record("--llmregress-candidate=claude-opus-6", failed=1, passed=1)
    project.says("pytest_llmregress_price raised ValueError: mine").never_says("INTERNALERROR")
