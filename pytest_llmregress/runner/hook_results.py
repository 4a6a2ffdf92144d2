"""What may come back from a hook: each function reads it, or says what is wrong with it."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pytest_llmregress.providers.protocol import Provider, Reporter
from pytest_llmregress.values.behavior import Severity, Trait, TraitKind
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.http import Request

_MAX_SHOWN = 60
"""Characters of a wrong value."""


class WrongResultError(ValueError):
    """Something that a hook must not return: what it is, and what is allowed in its place."""


def read_traits(given: Any) -> tuple[Trait, ...]:
    """Read what `pytest_llmregress_traits` returned."""
    traits = _read_all(given, _is_trait, "a list of pytest_llmregress.Trait")
    for trait in traits:
        try:
            dump_canonical_json(trait.value)
        except (TypeError, ValueError, RecursionError):
            raise WrongResultError(
                f"gave the trait {trait.name!r} the value {_shown(trait.value)}; a JSON value is "
                "allowed"
            ) from None
    twice = [name for name, times in Counter(trait.name for trait in traits).items() if times > 1]
    if twice:
        raise WrongResultError(f"returned two traits named {twice[0]!r}; one is allowed")
    return traits


def read_providers(given: Any) -> tuple[Provider, ...]:
    """Read what `pytest_llmregress_providers` returned."""
    allowed = (
        "a list of objects with a name and the methods read, requested_model and incomplete "
        "(pytest_llmregress.Provider)"
    )
    return _read_all(given, _is_provider, allowed)


def read_reporters(given: Any) -> tuple[Reporter, ...]:
    """Read what `pytest_llmregress_reporters` returned."""
    allowed = (
        'a list of objects with a suffix such as ".csv" and the method render '
        "(pytest_llmregress.Reporter)"
    )
    return _read_all(given, _is_reporter, allowed)


def read_patterns(given: Any) -> tuple[str, ...]:
    """Read what `pytest_llmregress_redactions` returned; whether they compile is not looked at."""
    allowed = "a list of regular expressions, each a str"
    return _read_all(given, lambda item: isinstance(item, str), allowed)


def read_severity(given: Any) -> Severity:
    """Read what `pytest_llmregress_classify` returned, if it is not None."""
    if isinstance(given, Severity):
        return given
    raise WrongResultError(
        f"returned {_shown(given)}; a pytest_llmregress.Severity, or None, is allowed"
    )


def read_price(given: Any) -> float:
    """Read what `pytest_llmregress_price` returned, if it is not None."""
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if is_number and math.isfinite(given) and given >= 0:
        return float(given)
    raise WrongResultError(
        f"returned {_shown(given)}; a number of US dollars, 0 or more, or None, is allowed"
    )


def read_call(given: Any) -> Call:
    """Read what a provider's `read` returned, if it is not None."""
    if isinstance(given, Call):
        return given
    raise WrongResultError(
        f"returned {_shown(given)}; a pytest_llmregress.Call, or None, is allowed"
    )


def read_text(given: Any) -> str:
    """Read what a provider's `requested_model` or `incomplete` returned, if it is not None."""
    if isinstance(given, str):
        return given
    raise WrongResultError(f"returned {_shown(given)}; a str, or None, is allowed")


def read_request(given: Any) -> Request:
    """Read what a provider's `rename_model` returned."""
    if isinstance(given, Request):
        return given
    raise WrongResultError(f"returned {_shown(given)}; a pytest_llmregress.Request is allowed")


def read_count(given: Any) -> int:
    """Read what a provider's `requests_a_minute` returned, if it is not None."""
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    raise WrongResultError(f"returned {_shown(given)}; an int above 0, or None, is allowed")


def _read_all(given: Any, is_one: Callable[[Any], bool], allowed: str) -> tuple[Any, ...]:
    """Read a list whose items have to be of one kind."""
    if not isinstance(given, Iterable) or isinstance(given, str | bytes | Mapping):
        raise WrongResultError(f"returned {_shown(given)}; {allowed} is allowed")
    items = tuple(given)
    for item in items:
        if not is_one(item):
            raise WrongResultError(f"returned {_shown(item)} in a list; {allowed} is allowed")
    return items


def _is_trait(item: Any) -> bool:
    if not isinstance(item, Trait):
        return False
    fields: Mapping[str, type] = {"name": str, "kind": TraitKind, "severity": Severity}
    return all(isinstance(getattr(item, name), kind) for name, kind in fields.items())


def _is_provider(item: Any) -> bool:
    methods = ("read", "requested_model", "incomplete")
    return _has_text(item, "name") and all(callable(getattr(item, name, None)) for name in methods)


def _is_reporter(item: Any) -> bool:
    return _has_text(item, "suffix") and callable(getattr(item, "render", None))


def _has_text(item: Any, name: str) -> bool:
    """Tell whether an attribute is a text; a class whose instances have it has none of its own."""
    return not isinstance(item, type) and isinstance(getattr(item, name, None), str)


def _shown(value: Any) -> str:
    """Return a value and its type in a few words, whatever its `repr` does."""
    try:
        words = repr(value)
    except Exception:  # noqa: BLE001 - it is not ours
        words = "something"
    words = words if len(words) <= _MAX_SHOWN else f"{words[: _MAX_SHOWN - 1]}…"
    return f"{words} ({type(value).__name__})"
