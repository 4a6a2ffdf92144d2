"""What both sides of a test were asked, said and did, beside each other."""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from pytest_llmregress.formatting.one_line_diff import common_ends
from pytest_llmregress.formatting.word_diff import DiffSegment, diff_words
from pytest_llmregress.reports.html.markup import NOTHING, Markup, MarkupTemplate, join
from pytest_llmregress.reports.html.model_text import clean, shorten
from pytest_llmregress.values.side_by_side import CallSummary

MAX_WORDS = 240
"""Characters of a value, a name, a place."""
MAX_LIST = 40
"""Tool calls, changes, rules or lines that are shown; the others are counted."""

MORE = MarkupTemplate('<p class="cut">and {} more</p>')

_CUT = MarkupTemplate('<p class="cut">cut here: {} more characters</p>')
_PROMPT = MarkupTemplate('<p class="prompt" dir="auto"><span class="muted">Asked:</span> {}</p>{}')
_WORDS = MarkupTemplate("""
    <h4>Words</h4>
    {}
    <div class="sides">
    <div><h5>Baseline</h5><div class="words" dir="auto">{}</div>{}</div>
    <div><h5>This run</h5><div class="words" dir="auto">{}</div>{}</div>
    </div>
""")
_NO_TEXT = MarkupTemplate('<span class="muted">no text</span>')()
_SIDE, _GONE, _NEW = (
    MarkupTemplate("{}{}"),
    MarkupTemplate("{}<del>{}</del>"),
    MarkupTemplate("{}<ins>{}</ins>"),
)

_STEPS = MarkupTemplate("""
    <h4>Tool calls</h4>
    <table class="steps">
    <caption class="hidden">Tool calls in order, those of one name beside each other</caption>
    <thead><tr><th scope="col">Baseline</th><th scope="col">This run</th></tr></thead>
    <tbody>{}</tbody></table>
    {}
""")
_STEP = MarkupTemplate("<tr><td>{}</td><td>{}</td></tr>")
_CHANGED_STEP = MarkupTemplate('<tr class="differs"><td>{}</td><td>{} <em>{}</em></td></tr>')
_TOOL = MarkupTemplate("<b>{}</b> <code>{}</code>")
_NO_CALL = MarkupTemplate('<span class="muted">no call</span>')()
_to_json = json.JSONEncoder(ensure_ascii=False).encode

Tool = tuple[str, Mapping[str, Any]]


@lru_cache(maxsize=1024)  # most names come again with each test
def line(text: str) -> str:
    """Return a text on one line, cut where it is too long for that."""
    if len(text) <= MAX_WORDS:
        return " ".join(text.split())
    return shorten(" ".join(text[: 4 * MAX_WORDS].split()), MAX_WORDS)


def draw_words(before: CallSummary, after: CallSummary, *, room: int, aligned: bool) -> Markup:
    """Return the texts of both sides, what differs marked, with at most `room` characters each.

    Where they are not `aligned`, all that lies between a common start and a common end differs.
    """
    old, new = clean(before.text[:room]), clean(after.text[:room])
    pieces = diff_words(old, new) if aligned else _ends(old, new)
    return _WORDS(
        _prompt(after.prompt, room // 2),
        _side(_GONE, [(each.before, each.same) for each in pieces]) if old else _NO_TEXT,
        _cut(before.text, room),
        _side(_NEW, [(each.after, each.same) for each in pieces]) if new else _NO_TEXT,
        _cut(after.text, room),
    )


def draw_steps(before: CallSummary, after: CallSummary) -> Markup:
    """Return the tool calls of both sides, those of one name beside each other."""
    if not before.tools and not after.tools:
        return NOTHING
    steps = list(_steps(before.tools, after.tools))
    more = len(steps) - MAX_LIST
    return _STEPS(join(steps[:MAX_LIST]), MORE(str(more)) if more > 0 else NOTHING)


def _prompt(prompt: str, room: int) -> Markup:
    return _PROMPT(clean(prompt[:room]), _cut(prompt, room)) if prompt else NOTHING


def _cut(text: str, room: int) -> Markup:
    return _CUT(f"{len(text) - room:,}") if len(text) > room else NOTHING


def _side(form: MarkupTemplate, stretches: Sequence[tuple[str, bool]]) -> Markup:
    """Return the text of a side, each stretch without the white space behind it."""
    rows, same_before = [], ""
    for text, same in stretches:
        words = "" if same else text.rstrip()
        if words:
            rows.append((same_before, words))
            text = text[len(words) :]  # noqa: PLW2901 - what is left of it
            same_before = ""
        same_before += text
    return _SIDE(form.each(rows), same_before)


def _ends(old: str, new: str) -> tuple[DiffSegment, ...]:
    """Return what two texts share at both ends, and what lies between, word by word."""
    before, after = old.split(" "), new.split(" ")
    start, tail = common_ends(before, after)
    if start == len(before) == len(after):
        return (DiffSegment(before=old, after=new, same=True),)
    head = "".join(f"{word} " for word in before[:start])
    end = "".join(f" {word}" for word in before[len(before) - tail :])
    pieces = (
        DiffSegment(before=head, after=head, same=True),
        DiffSegment(
            before=" ".join(before[start : len(before) - tail]),
            after=" ".join(after[start : len(after) - tail]),
            same=False,
        ),
        DiffSegment(before=end, after=end, same=True),
    )
    return tuple(piece for piece in pieces if piece.before or piece.after)


def _steps(old: Sequence[Tool], new: Sequence[Tool]) -> Iterator[Markup]:
    names = [name for name, _ in old[: 2 * MAX_LIST]], [name for name, _ in new[: 2 * MAX_LIST]]
    for i, to_i, j, to_j in _runs(*names):
        for left, right in zip_longest(old[i:to_i], new[j:to_j]):
            yield _step(left, right)


def _runs(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield from where to where the names of both sides belong to each other."""
    start, tail = common_ends(old, new)
    last, end = len(old) - tail, len(new) - tail
    yield 0, start, 0, start
    if start < last and start < end:
        matcher = SequenceMatcher(None, old[start:last], new[start:end], autojunk=False)
        for _, i, to_i, j, to_j in matcher.get_opcodes():
            yield start + i, start + to_i, start + j, start + to_j
    else:
        yield start, last, start, end
    yield last, len(old), end, len(new)


def _step(left: Tool | None, right: Tool | None) -> Markup:
    if left is None:
        what = "new"
    elif right is None:
        what = "gone"
    elif left[0] != right[0]:
        what = "another tool"
    else:
        what = "" if left[1] == right[1] else "other arguments"
    before, after = _tool(left), _tool(right)
    return _CHANGED_STEP(before, after, what) if what else _STEP(before, after)


def _tool(tool: Tool | None) -> Markup:
    if tool is None:
        return _NO_CALL
    name, arguments = tool
    return _TOOL(line(name), shorten(_to_json(arguments), MAX_WORDS) if arguments else "{}")
