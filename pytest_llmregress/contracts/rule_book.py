"""Standing rules that every call of a test has to keep, and the calls that broke them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Any, Self

from pytest_llmregress.values.agents import CallNames
from pytest_llmregress.values.call import Call, Calls
from pytest_llmregress.values.conversations import with_whole_conversations
from pytest_llmregress.values.rule_result import RuleResult

Verdict = bool | str | None
"""What a rule says of a call: True is kept, False is broken, a text is broken and says how, None
is that the rule does not apply to this call."""

AskJudge = Callable[[str, str], object]
"""Returns something true where a text (first) is what a sentence (second) says, else something
false; its attribute `reason` is shown, where it has one."""

MAX_EXCERPT = 120
"""Characters of a text that a broken rule shows."""


class RuleError(ValueError):
    """Raised for rules that are invalid or cannot be checked; one line for each problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbids:
    """A rule on the text of a call: nothing in it may match."""

    pattern: re.Pattern[str]

    def __call__(self, call: Call) -> Verdict:
        """Judge one call."""
        if not call.text.strip():
            return None
        found = self.pattern.search(call.text)
        return True if found is None else _around(call.text, found.start(), found.end())


@dataclass(frozen=True, slots=True, kw_only=True)
class Requires:
    """A rule on the text of a call: something in it has to match."""

    pattern: re.Pattern[str]

    def __call__(self, call: Call) -> Verdict:
        """Judge one call."""
        if not call.text.strip():
            return None
        if self.pattern.search(call.text):
            return True
        return f"nothing matches {self.pattern.pattern!r} in {excerpt(call.text)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiCallRule:
    """A rule that has to see all calls of a test to judge one of them."""

    verdicts: Callable[[Calls], Sequence[Verdict]]
    """Returns a verdict for each call, in their order."""


Rule = re.Pattern[str] | str | MultiCallRule | Callable[[Call], Verdict]
"""A rule as it is declared: a pattern that is forbidden, a sentence for a judge, or a function."""


def forbids(pattern: str | re.Pattern[str]) -> Forbids:
    """Return the rule that no text of the model matches a regular expression."""
    return Forbids(pattern=_compiled("forbids", pattern))


def requires(pattern: str | re.Pattern[str]) -> Requires:
    """Return the rule that every text of the model matches a regular expression."""
    return Requires(pattern=_compiled("requires", pattern))


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """The standing rules that hold for one test, by their names."""

    rules: Mapping[str, Rule] = field(default_factory=dict)

    @classmethod
    def read(cls, *declared: Any) -> Self:
        """Merge declarations, the farthest first; RuleError with all problems at once.

        A closer one wins rule by rule; None switches a rule off.
        """
        problems: list[str] = []
        merged: dict[str, Rule | None] = {}
        for rules in declared:
            if not isinstance(rules, Mapping):
                problems.append(
                    f"rules: {rules!r} is no mapping; the rules by their names: "
                    '{"no_emails": forbids(r"\\S+@\\S+")}'
                )
                continue
            for name, rule in rules.items():
                fault = _fault(name, rule)
                if fault:
                    problems.append(f"rules: {fault}")
                merged[name] = rule
        if problems:
            raise RuleError("\n".join(problems))
        return cls(rules={name: rule for name, rule in merged.items() if rule is not None})

    @property
    def needs_judge(self) -> bool:
        """Whether one of the rules is a sentence."""
        return any(isinstance(rule, str) for rule in self.rules.values())

    def without_sentences(self) -> Self:
        """Return the rules that need no judge: what a baseline's texts are held against."""
        kept = {name: rule for name, rule in self.rules.items() if not isinstance(rule, str)}
        return type(self)(rules=kept)

    def check(
        self, calls: Calls, *, judge: AskJudge | None = None, context: str = ""
    ) -> tuple[RuleResult, ...]:
        """Hold every call of a test against every rule.

        Rules see whole conversations in `call.prompt.messages`, also where the server holds what
        was said before. An exception in a rule breaks it for that call.

        :param judge: judges the rules that are sentences; RuleError where there is one, and no
            judge. Its exceptions are raised.
        :param context: the test, for the words of an error.
        """
        if self.needs_judge and judge is None:
            raise RuleError(self._no_judge(context))
        whole = with_whole_conversations(calls)
        return tuple(
            _result(name, _verdicts(rule, whole, judge), whole) for name, rule in self.rules.items()
        )

    def _no_judge(self, context: str) -> str:
        names = ", ".join(repr(n) for n, rule in self.rules.items() if isinstance(rule, str))
        where = f"{context}: rules" if context else "rules"
        return (
            f"{where}: {names}: a sentence is a rule that a model has to judge, and no judge is "
            'set; set llm_config["judge_model"], llmregress_judge_model in the ini file, or '
            '--llmregress-judge-model MODEL, or write the rule as forbids(r"…"), requires(r"…") '
            "or a function"
        )


def excerpt(text: str) -> str:
    """Return the beginning of a text on one line, in quotation marks."""
    return _around(text, 0, 0)


_WHAT_IS_A_RULE = (
    'forbids(r"…"), requires(r"…"), a compiled regular expression (forbidden), a function of a '
    "call, a sentence for a judge, or None to switch it off"
)


def _fault(name: Any, rule: Any) -> str | None:
    """Say why a value is not a rule; None for a rule."""
    if not isinstance(name, str) or not name.strip():
        return f"{name!r} is no name of a rule; a text"
    if isinstance(rule, re.Pattern):
        usable = isinstance(rule.pattern, str)
    elif isinstance(rule, str):
        usable = bool(rule.strip())
    elif iscoroutinefunction(rule):
        return f"{name!r}: {rule!r} is asynchronous, and is not awaited; a plain function"
    else:
        usable = rule is None or isinstance(rule, MultiCallRule)
        usable = usable or (callable(rule) and not isinstance(rule, type))
    return None if usable else f"{name!r}: {rule!r} is no rule; {_WHAT_IS_A_RULE}"


def _verdicts(rule: Rule, calls: Calls, judge: AskJudge | None) -> list[Verdict]:
    if isinstance(rule, str):
        return [_judged(rule, call, judge) for call in calls]
    if isinstance(rule, MultiCallRule):
        try:
            verdicts = [_checked(verdict) for verdict in rule.verdicts(calls)]
            if len(verdicts) != len(calls):
                raise ValueError(f"{len(verdicts)} verdicts for {len(calls)} calls")  # noqa: TRY301 - one place for all faults of a rule
        except Exception as error:  # noqa: BLE001 - whatever a rule raises breaks that rule only
            return [_raised(error)] * len(calls)
        return verdicts
    check = Forbids(pattern=rule) if isinstance(rule, re.Pattern) else rule
    return [_asked(check, call) for call in calls]


def _asked(rule: Callable[[Call], Verdict], call: Call) -> Verdict:
    try:
        return _checked(rule(call))
    except Exception as error:  # noqa: BLE001 - whatever a rule raises breaks that rule only
        return _raised(error)


def _judged(sentence: str, call: Call, judge: AskJudge | None) -> Verdict:
    if judge is None or not call.text.strip():
        return None
    verdict = judge(call.text, sentence)
    if verdict:
        return True
    reason = getattr(verdict, "reason", "")
    return f"{excerpt(call.text)} ({reason})" if reason else excerpt(call.text)


def _checked(verdict: Any) -> Verdict:
    if verdict is None or isinstance(verdict, bool | str):
        return verdict
    raise TypeError(f"it returned {verdict!r}; True, False, what is wrong, or None")


def _raised(error: Exception) -> str:
    return f"the rule raised {type(error).__name__}: {error}".rstrip(": ")


def _result(name: str, verdicts: Sequence[Verdict], calls: Calls) -> RuleResult:
    broken = []
    names = CallNames(calls)
    for number, (verdict, call) in enumerate(zip(verdicts, calls, strict=True), start=1):
        if verdict is False:
            said = excerpt(call.text) if call.text else ""
        elif isinstance(verdict, str):
            said = verdict
        else:
            continue
        broken.append(f"{names[number]}: {said}" if said else names[number])
    applied = sum(verdict is not None for verdict in verdicts)
    return RuleResult(name=name, kept=applied - len(broken), of=applied, broken=tuple(broken))


def _compiled(function: str, pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, TypeError) as error:
        raise RuleError(
            f"{function}: {pattern!r} is no regular expression: {error}; a text or a compiled one"
        ) from None


def _around(text: str, start: int, end: int) -> str:
    """Return the place of a match with what stands around it, on one line."""
    margin = max(0, (MAX_EXCERPT - (end - start)) // 2)
    first = max(0, start - margin)
    last = min(len(text), first + MAX_EXCERPT)
    shown = " ".join(text[first:last].split())
    return f"“{'…' * (first > 0)}{shown}{'…' * (last < len(text))}”"
