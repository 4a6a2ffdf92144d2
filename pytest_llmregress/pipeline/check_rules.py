"""What a test was told to keep to, held against its calls: contract, standing rules, quarantine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pytest_llmregress.contracts.budget import BaselineUsage, Price
from pytest_llmregress.contracts.rule_book import AskJudge, RuleError
from pytest_llmregress.pipeline.config import TestConfig
from pytest_llmregress.values.call import Calls, sum_known
from pytest_llmregress.values.rule_result import RuleResult
from pytest_llmregress.values.run_report import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCheckResult:
    """What came of it."""

    broken: tuple[str, ...] = ()
    """The violations, one line each."""
    problems: tuple[Problem, ...] = ()
    """What kept a rule from being judged, and a quarantine that is over."""
    rules: tuple[RuleResult, ...] = ()
    """How often each standing rule was kept."""
    rules_before: tuple[RuleResult, ...] = ()
    """The same of the accepted recording, where this run is held against it."""
    cost: float | None = None
    """US dollars; None where the price of a call is unknown."""


def check_rules(  # noqa: PLR0913 - the calls, and everything that has a say on them
    test: str,
    calls: Calls,
    *,
    rules: TestConfig,
    baseline: Callable[[], Sequence[Calls]],
    price: Price,
    judge: AskJudge | None,
    is_new: bool,
    asks_judge: bool,
) -> RuleCheckResult:
    """Hold the calls of one run of a test against what it was told to keep to.

    :param baseline: gives the calls of each accepted sample; asked only where a limit is
        relative to them (to the first), or a new recording has rules to keep.
    :param is_new: whether the calls were recorded just now: only then their cost is told.
    :param asks_judge: whether rules that take a judge are held; not where the body failed, since
        what is judged then was never recorded.
    """
    contract, book = rules.contract, rules.rule_book
    if not asks_judge:
        book = book.without_sentences()
    is_held_against = is_new and bool(book.rules)
    before = baseline() if contract.budget is not None or is_held_against else ()
    spent = (
        BaselineUsage.of(before[0], price=price) if before and contract.budget is not None else None
    )
    broken = list(contract.violations(calls, baseline=spent, price=price))
    problems: list[Problem] = []
    results: tuple[RuleResult, ...] = ()
    try:
        results = book.check(calls, judge=judge, context=test)
    except RuleError as error:
        problems.append(Problem(code="no_judge", message=str(error)))
    broken += [line for result in results for line in result.violations]
    quarantine = rules.terms.quarantine
    over = quarantine and quarantine.over_in_words(datetime.now(tz=UTC).date())
    if over:
        problems.append(Problem(code="quarantine_over", message=f"{test}: {over}"))
    return RuleCheckResult(
        broken=tuple(broken),
        problems=tuple(problems),
        rules=results,
        rules_before=tuple(
            result
            for each in (before if is_held_against else ())
            for result in book.without_sentences().check(each, context=f"{test} (baseline)")
        ),
        cost=sum_known(price(call) for call in calls) if is_new else None,
    )
