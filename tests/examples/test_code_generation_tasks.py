"""Every task can be solved, and its checks tell a right answer from a likely wrong one."""

import os
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the sandbox needs resource limits")

SUITE = Path(__file__).resolve().parents[2] / "examples" / "code_generation"
sys.path.insert(0, str(SUITE))

from codetasks import LEVELS, asked_for, find_task, tasks_of  # noqa: E402 - once the path is there
from generator import extract_code  # noqa: E402 - as above
from sandbox import Outcome, run  # noqa: E402 - as above

TASKS = {task.name: task for level in LEVELS for task in tasks_of(level)}

SOLVED = {
    "leap_year": """
def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
""",
    "clamp": """
def clamp(value, low, high):
    if low > high:
        raise ValueError("low is above high")
    return max(low, min(value, high))
""",
    "fizzbuzz": """
def fizzbuzz(n):
    return ["Fizz" * (i % 3 == 0) + "Buzz" * (i % 5 == 0) or str(i) for i in range(1, n + 1)]
""",
    "palindrome": """
def is_palindrome(text):
    signs = [sign.lower() for sign in text if sign.isalnum()]
    return signs == signs[::-1]
""",
    "chunks": """
def chunks(items, size):
    return [items[i:i + size] for i in range(0, len(items), size)]
""",
    "flatten": """
def flatten(items):
    return [leaf for item in items for leaf in (flatten(item) if type(item) is list else [item])]
""",
    "days_between": """
from datetime import date

def days_between(first, second):
    return abs((date.fromisoformat(first) - date.fromisoformat(second)).days)
""",
    "unique": """
def unique(items):
    found = []
    for item in items:
        if item not in found:
            found.append(item)
    return found
""",
    "stack": """
class Stack:
    def __init__(self):
        self.items = []
    def push(self, item):
        self.items.append(item)
    def pop(self):
        return self.items.pop()
    def peek(self):
        return self.items[-1]
    def __len__(self):
        return len(self.items)
""",
    "fibonacci": """
def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
""",
    "roman": """
def to_roman(number):
    signs = ["M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"]
    values = [1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1]
    text = ""
    for sign, value in zip(signs, values):
        text += sign * (number // value)
        number %= value
    return text
""",
    "balanced": """
def is_balanced(text):
    pairs = {")": "(", "]": "[", "}": "{"}
    open_ones = []
    for sign in text:
        if sign in "([{":
            open_ones.append(sign)
        elif sign in pairs and (not open_ones or open_ones.pop() != pairs[sign]):
            return False
    return not open_ones
""",
    "merge_intervals": """
def merge(intervals):
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
""",
    "parse_duration": """
import re

def parse_duration(text):
    match = re.fullmatch(r"(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?", text)
    if not text or match is None:
        raise ValueError(text)
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds
""",
    "parse_query": """
from urllib.parse import parse_qs

def parse_query(query):
    return parse_qs(query, keep_blank_values=True)
""",
    "binary_search": """
from bisect import bisect_left

def find_first(numbers, wanted):
    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        if numbers[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low if low < len(numbers) and numbers[low] == wanted else -1
""",
    "refactor_duplicate": """
def subtotal(lines):
    total = 0
    for line in lines:
        price = line["price"] * line["count"]
        if line["count"] >= 10:
            price = price * 0.9
        total += price
    return total

def invoice_total(lines):
    return round(subtotal(lines) * 1.2, 2)

def offer_total(lines):
    return round(subtotal(lines), 2)
""",
    "refactor_guards": """
def fee(order):
    if order is None:
        raise ValueError("no order")
    if order["weight"] <= 0:
        return 0
    if order["express"]:
        return 10 + order["weight"]
    return 5
""",
    "lru_cache": """
from collections import OrderedDict
from threading import Lock

class LRUCache:
    def __init__(self, capacity):
        self.capacity = capacity
        self.items = OrderedDict()
        self.lock = Lock()
    def get(self, key):
        with self.lock:
            if key not in self.items:
                return None
            self.items.move_to_end(key)
            return self.items[key]
    def put(self, key, value):
        with self.lock:
            self.items[key] = value
            self.items.move_to_end(key)
            if len(self.items) > self.capacity:
                self.items.popitem(last=False)
""",
    "add_months": """
import calendar

def add_months(day, months):
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(years, month + 1)[1]
    return day.replace(year=years, month=month + 1, day=min(day.day, last))
""",
    "topological_sort": """
from graphlib import CycleError, TopologicalSorter

def order(tasks):
    return list(TopologicalSorter(tasks).static_order())
""",
    "split_csv": """
def split_csv(line):
    fields, field, quoted, at = [], "", False, 0
    while at < len(line):
        if quoted and line[at:at + 2] == '""':
            field, at = field + '"', at + 1
        elif line[at] == '"':
            quoted = not quoted
        elif line[at] == "," and not quoted:
            fields, field = [*fields, field], ""
        else:
            field += line[at]
        at += 1
    return [*fields, field]
""",
    "edit_distance": """
def edit_distance(first, second):
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1]
""",
    "retry": """
from functools import wraps

def retry(times, exception):
    def decorate(function):
        @wraps(function)
        def call(*args, **kwargs):
            for left in reversed(range(times)):
                try:
                    return function(*args, **kwargs)
                except exception:
                    if not left:
                        raise
        return call
    return decorate
""",
    "calculate": """
import ast
import operator

SIGNS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}

def calculate(text):
    return value(ast.parse(text, mode="eval").body)

def value(node):
    if isinstance(node, ast.BinOp):
        return SIGNS[type(node.op)](value(node.left), value(node.right))
    return node.value
""",
}


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_good_solution_passes_all_checks(name):
    result = run(SOLVED[name], TASKS[name].checks)

    assert (result.outcome, result.detail) == (Outcome.PASSED, "")


UNLOCKED = SOLVED["lru_cache"].replace("with self.lock:", "if True:")

WRONG = {
    "a decorated function for a class": (
        "lru_cache",
        "from functools import lru_cache\n\n@lru_cache\ndef get(key):\n    return key\n",
        Outcome.MISUNDERSTOOD,
        "cannot import name 'LRUCache'",
    ),
    "a decorated function with the name of the class": (
        "lru_cache",
        "from functools import lru_cache\n\n@lru_cache\ndef LRUCache(size):\n    return size\n",
        Outcome.MISUNDERSTOOD,
        "has no attribute 'put'",
    ),
    "no lock": (
        "lru_cache",
        UNLOCKED.replace("Lock()", "None").replace("from threading import Lock", ""),
        Outcome.WRONG,
        "something locks",
    ),
    "a lock that nobody takes": (
        "lru_cache",
        UNLOCKED,
        Outcome.WRONG,
        "it can be used from several threads at a time",
    ),
    "both loops are still there": (
        "refactor_duplicate",
        SOLVED["refactor_duplicate"].replace(
            "return round(subtotal(lines), 2)",
            'return round(sum(line["price"] * line["count"] * (0.9 if line["count"] >= 10 else 1) '
            "for line in lines), 2)",
        ),
        Outcome.WRONG,
        "one loop is left",
    ),
    "an else is still there": (
        "refactor_guards",
        SOLVED["refactor_guards"].replace("    return 5", "    else:\n        return 5"),
        Outcome.WRONG,
        "no else is left",
    ),
    "eval": (
        "calculate",
        "def calculate(text):\n    return eval(text)\n",
        Outcome.WRONG,
        "neither eval nor exec is used",
    ),
    "a linear search": (
        "binary_search",
        "def find_first(ns, wanted):\n    return ns.index(wanted) if wanted in ns else -1\n",
        Outcome.WRONG,
        "it does not look at all of them",
    ),
    "exponential recursion": (
        "fibonacci",
        "def fibonacci(n):\n    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)\n",
        Outcome.TOO_SLOW,
        "",
    ),
}


@pytest.mark.parametrize(("name", "code", "outcome", "detail"), WRONG.values(), ids=WRONG)
def test_a_likely_wrong_answer_is_told_from_a_right_one(name, code, outcome, detail):
    result = run(code, TASKS[name].checks)

    assert result.outcome is outcome
    assert detail in result.detail


def test_a_task_is_found_by_what_the_model_is_asked():
    assert len(TASKS) == 25
    assert all(find_task(task.prompt) == task for task in TASKS.values())
    assert find_task("Write a poem.") is None


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("lru_cache", {"LRUCache"}),
        ("refactor_duplicate", {"invoice_total", "offer_total"}),
    ],
)
def test_what_a_task_asks_for_is_what_its_checks_import(name, asked):
    assert asked_for(TASKS[name]) == asked


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```python\nx = 1\n```", "x = 1\n"),
        ("Sure:\n\n```\nx = 1\n```\nDone.\n```python\ny = 2\n```", "x = 1\n"),
        ("```python\ndef f():\n    return", "def f():\n    return"),
        ("def f():\n    return 1", "def f():\n    return 1"),
        ("I cannot do that.", ""),
        ("Nothing", ""),
    ],
)
def test_the_code_of_a_reply_is_its_first_block(text, code):
    assert extract_code(text) == code
