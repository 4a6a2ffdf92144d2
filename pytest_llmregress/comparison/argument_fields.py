"""What the name of an argument says of its value."""

import re

_CLOSED_NAMES = """
account action address alias app arg argv assignee attachment bcc bin binary branch bucket calendar
cc channel class cluster cmd code column command commit container coordinates country cron crontab
currency cwd database date datetime day deadline destination device dir directory domain due email
endpoint entity enum env environment expr expression extension field file filename filepath filter
flag folder format formula from glob group hash host hostname href iban id index interval ip isbn
job key kind lang language level link locale login mail method mode module namespace number op
operation operator order origin package parent path pattern permission phone pid platform pod
port postcode prefix priority profile project protocol queue recipient ref reference regex region
release repo repository resource revision role room route schedule schema scope script selector
serial server service severity sha shell sku slug sort source sql src stage start state statement
status strategy suffix symbol table tag target team template tenant ticker tier time timestamp
timezone to token type unit uri url user username uuid variable version volume when workspace zip
zone
"""
_FREE_NAMES = """
about analysis answer background bio body caption comment conclusion content context criteria
description detail explanation feedback goal greeting headline hint info instruction intent
justification keyword memo message note notes objective observation overview passage phrase prompt
purpose q query question rationale reason reasoning remark reply request requirement response
search sentence story subject summary term text thought tip title
"""
_CLOSED = frozenset(_CLOSED_NAMES.split())
_FREE = frozenset(_FREE_NAMES.split())
_SEARCHES = frozenset({"keyword", "phrase", "q", "query", "search", "term"})
_ESTIMATES = frozenset({"confidence", "likelihood", "probability", "relevance", "score"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def is_closed(field: str) -> bool:
    """Say whether a name stands for a choice of many: "branch", "shipping_address"."""
    return _last_word(field) in _CLOSED


def is_free(field: str) -> bool:
    """Say whether a name stands for a text in words of one's own: "search_query", "message"."""
    return _last_word(field) in _FREE


def is_search(field: str) -> bool:
    """Say whether a free text is looked for: two words of it may name the thing."""
    return _last_word(field) in _SEARCHES


def is_estimate(field: str) -> bool:
    """Say whether a name stands for a number that a model guesses: "confidence"."""
    return _last_word(field) in _ESTIMATES


def _last_word(field: str) -> str:
    words = _WORD.findall(field)
    last = words[-1].lower() if words else ""
    is_known = last in _CLOSED or last in _FREE or last in _ESTIMATES
    return last if is_known else last.removesuffix("s")
