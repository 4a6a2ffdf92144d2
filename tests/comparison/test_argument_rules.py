"""How bad another value of one argument is: closed values exactly, free text by its facts."""

import pytest

from pytest_llmregress.comparison.argument_rules import (
    find_argument_differences,
    rate_argument,
)
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.comparison_rules import ArgumentMatch

FIVE = 5
LONG = "The parcel that you have asked for is on its way, and it comes to your door before noon."


def rate(before, after, *, match=None, is_listed=False):
    """Return the worst severity between two objects of arguments; None where nothing differs."""
    samples = before if isinstance(before, list) else [before] * FIVE
    ratings = [
        rate_argument(difference, samples, match=match, is_listed=is_listed)
        for difference in find_argument_differences(samples[0], after)
    ]
    severities = [rating.severity for rating in ratings if rating is not None]
    return max(severities, key=lambda severity: severity.rank, default=None)


CLOSED = [
    ("order_id", "A-1042", "A-2077"),
    ("order_id", 1042, 2077),
    ("order_id", 1042, "2077"),
    ("force", False, True),
    ("quantity", 2, 20),
    ("amount", 12.5, 1250.0),
    ("command", "git stash list", "git reset hard"),
    ("anything", "git stash list", "git clean -fdx"),
    ("anything", "kubectl get pods -n shop", "kubectl delete pods -n shop"),
    ("anything", "chmod 640 /srv/app/key", "chmod 777 /srv/app/key"),
    ("anything", "find /var/log -name '*.gz'", "find /var/log -delete"),
    ("anything", "tail notes.txt | wc -l", "tail notes.txt | sh"),
    ("sql", "SELECT id FROM users WHERE id = 7", "SELECT id FROM users"),
    ("query", "DROP INDEX by_day", "DROP TABLE days"),
    ("statement", "ALTER TABLE a ADD b INT", "ALTER TABLE a DROP b"),
    ("when", "30 2 * * 1", "30 2 * * *"),
    ("path", "/srv/My Files/a b.txt", "/srv/My Files/b b.txt"),
    ("file", "notes.md", "secrets.md"),
    ("target", r"C:\Users\ann\a.txt", r"C:\Users\bob\a.txt"),
    ("host", "db.staging.example.org", "db.example.org"),
    ("server", "10.0.0.7:5432", "10.0.0.8:5432"),
    ("url", "https://api.example.org/v1/a", "https://api.example.org/v2/a"),
    ("recipient", "Ann Ode <ann@example.org>", "Bob Ode <bob@example.org>"),
    ("cc", "ann@example.org, bob@example.org", "ann@example.org, eve@example.org"),
    ("where", "12 Mill Lane, Holt", "21 Mill Lane, Holt"),
    ("ship_to", "Gartenstraße 5, 80331 München", "Gartenstraße 50, 80331 München"),
    ("phone", "+44 20 7946 0958", "+44 20 7946 0959"),
    ("account", "DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 01"),
    ("due", "14 March 2026", "14 April 2026"),
    ("start", "2026-03-14T09:00:00", "2026-03-14T19:00:00"),
    ("price", "12.50 EUR", "12.50 USD"),
    ("pattern", r"^WARN \d+ from", r"^.* \d+ from"),
    ("code", "total(orders)", "delete(orders)"),
    ("expression", "price * 1.19", "price * 1.07"),
    ("unit", "celsius", "fahrenheit"),
    ("branch", "release", "main"),
    ("priority", "as soon as possible", "when there is time"),
    ("payload", '{"dry_run": true}', '{"dry_run": false}'),
    ("ids", [1, 2], [1, 3]),
    ("to", ["ann@example.org"], ["ann@example.org", "eve@example.org"]),
    ("items", [{"sku": "A1", "n": 1}], [{"sku": "B7", "n": 1}]),
    ("where", {"state": "open"}, {"state": "closed"}),
]


@pytest.mark.parametrize(("field", "before", "after"), CLOSED)
def test_another_closed_value_is_breaking_with_one_sample_and_with_several(field, before, after):
    assert rate({field: before}, {field: after}) is Severity.BREAKING
    assert rate([{field: before}], {field: after}) is Severity.BREAKING


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [
        ("command", "ls  -la '/srv'", 'ls -la "/srv"'),
        ("sql", "select id\nfrom users;", "SELECT id FROM users"),
        ("day", "2026-03-04", "2026-03-04T00:00:00"),
        ("day", "14 March 2026", "2026-03-14"),
        ("url", "https://Example.org/a/", "https://example.org/a"),
        ("path", "./src/a.py", "src/a.py"),
        ("to", "Ann <ann@example.org>", "ANN@example.org"),
        ("code", "total( orders )  # all of them", "total(orders)"),
        ("payload", '{"a": 1, "b": [2]}', '{"b":[2],"a":1}'),
        ("city", "oslo", "Oslo"),
        ("price", "1,000 EUR", "1000 eur"),
        ("query", "policy on returned goods", "rules for goods that come back"),
        ("query", "opening hours", "hours of opening"),
        ("message", "Your parcel arrives on Friday.", "On Friday your parcel will be there."),
        ("body", "Order A-17 is late. Sorry!", "We are sorry that order A-17 is late."),
        ("anything", "The lid was broken when it came.", "It came with a lid that was broken."),
        ("grund", "Der Deckel ist beim Transport gebrochen", "Deckel kaputt, wie ist unklar"),
        ("title", "Return Policy for Gifts", "Rules on Returning Gifts"),
        ("notes", "", None),
        ("subject", "Your order has shipped", "Your parcel is on its way"),
        ("title", "Weekly Report", "Status Update"),
        ("plan", "First look the order up, then refund it.", "Refund the order once it is found."),
        ("body", f"{LONG} Kind regards, Customer Support", f"{LONG} Yours, The Shop Team"),
    ],
)
def test_the_same_value_and_free_text_in_other_words_stay_quiet(field, before, after):
    quiet = {None, Severity.COSMETIC}
    if after is None:
        assert rate({}, {field: before}) in quiet
    else:
        assert rate({field: before}, {field: after}) in quiet


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [
        ("customer", "Mira van der Ode", "Mira van der Holt"),
        ("amount", "12.50 EUR to account 77", "1250 EUR to account 77"),
        ("message", "Order A-17 arrives on 3 May.", "Order A-18 arrives on 3 May."),
        ("message", "Please ask Bob to call.", "Please ask Ann to call."),
        ("message", "Your refund is approved", "Your refund is not approved"),
        ("query", "copper", "gold"),
        ("product", "blue cotton shirt", "red cotton shirt"),
        ("city", "Oslo", "Oslo, Norway"),
        ("n", 2, "2"),
        ("risks", [{"a": 1}], '[{"a": 1}]'),
        ("owner", "ann", None),
        ("tags", ["late", "lid"], ["late"]),
        ("ids", [1, 2], [2, 1]),
        ("confidence", 0.9, 0.7),
        ("script", "\n".join("abcdef"), "\n".join("abcdeg")),
    ],
)
def test_what_may_be_meant_so_is_notable(field, before, after):
    assert rate({field: before}, {field: after}) is Severity.NOTABLE


def test_a_switch_that_is_not_given_is_off():
    assert rate({"id": 1}, {"id": 1, "force": True}) is Severity.BREAKING
    assert rate({"id": 1, "dry_run": True}, {"id": 1}) is Severity.BREAKING
    assert rate({"id": 1}, {"id": 1, "force": False}) is Severity.COSMETIC
    assert rate({"id": 1}, {"id": 1, "limit": 5}) is Severity.NOTABLE


def test_how_bad_another_value_is_depends_on_how_far_the_baseline_agrees_with_itself():
    def samples(*values):
        return [{"id": value} for value in values]

    assert rate(samples("A1", "A1", "A1"), {"id": "B1"}) is Severity.BREAKING
    assert rate(samples("A1", "A1", "A2"), {"id": "B1"}) is Severity.NOTABLE
    assert rate(samples("A1", "A2", "A3"), {"id": "B1"}) is Severity.COSMETIC
    assert rate(samples("A1", "A2", "A3"), {"id": "A2"}) is None


def test_a_fact_that_all_free_texts_of_the_baseline_state_counts_however_they_vary():
    before = [{"q": f"{words} of order A-17"} for words in ("state", "whereabouts", "news", "fate")]

    assert rate(before, {"q": "where order A-17 is"}) is Severity.COSMETIC
    assert rate(before, {"q": "where order A-18 is"}) is Severity.NOTABLE


def test_a_fraction_between_two_of_the_baseline_is_no_difference():
    assert rate([{"x": 0.2}, {"x": 0.4}], {"x": 0.3}) is None
    assert rate([{"x": 2}, {"x": 4}], {"x": 3}) is Severity.NOTABLE


def test_a_member_of_an_enum_is_closed_whatever_it_is_called():
    before, after = (
        {"reason": "the lid was broken on arrival"},
        {"reason": "no use for so many of them"},
    )

    assert rate(before, after) is Severity.COSMETIC
    assert rate(before, after, is_listed=True) is Severity.BREAKING
    assert rate({"tags": ["a"]}, {"tags": ["b"]}, is_listed=True) is Severity.BREAKING


@pytest.mark.parametrize(
    ("match", "before", "after", "severity"),
    [
        ("exact", "rules on goods", "rules for goods", Severity.BREAKING),
        ("exact", "rules on goods", "rules on goods", None),
        ("facts", "git stash list", "git reset --hard", Severity.COSMETIC),
        ("facts", "restart web 7", "restart web 8", Severity.NOTABLE),
        ("facts", 7, 8, Severity.BREAKING),
        ("ignore", 7, 8, None),
        ("superset", [1, 2], [2, 3, 1], None),
        ("superset", [1, 2], [2], Severity.BREAKING),
        ("superset", [1, 1], [1], Severity.BREAKING),
        ("superset", 7, 8, Severity.BREAKING),
    ],
)
def test_a_test_says_how_an_argument_is_compared(match, before, after, severity):
    assert rate({"a": before}, {"a": after}, match=ArgumentMatch(match)) is severity


def test_more_fields_are_no_difference_where_a_superset_is_declared():
    assert rate({"a": 1}, {"a": 1, "b": 2}, match=ArgumentMatch.SUPERSET) is None
    assert rate({"a": 1, "b": 2}, {"a": 1}, match=ArgumentMatch.SUPERSET) is Severity.BREAKING


@pytest.mark.parametrize(
    "unit", ["a", "1", "-", "/", "(", "<", "'", "a.", "a@", "1,", "$(", "x = "]
)
def test_a_text_of_a_megabyte_is_rated_in_linear_time(unit):
    text = unit * (1_000_000 // len(unit))

    assert rate({"x": text}, {"x": text + "b"}) is not Severity.BREAKING
    assert rate({"x": text[:2_000]}, {"x": text[:1_999]}) is not None
