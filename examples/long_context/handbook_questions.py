"""Ten questions about the handbook, and what a whole answer to each of them holds."""

import re
from dataclasses import dataclass

from handbook import CHAPTERS

NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
NO_FACT = re.compile(r"^\s*\d+[.)]\s|\bchapters? \d+", flags=re.MULTILINE | re.IGNORECASE)
"""A number that states nothing: that of an item in a list, or of a chapter."""
RULES = {chapter.title: " ".join(chapter.rules) for chapter in CHAPTERS}


class MissedChapterError(AssertionError):
    """The answer leaves out what a chapter says."""


class MixedUpError(AssertionError):
    """The answer leaves something out, and states a number of a chapter nobody asked about."""


class InventedFactError(AssertionError):
    """The answer states a number that the handbook does not have."""


class RanOnError(AssertionError):
    """The answer came to no end."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing that an answer has to say."""

    chapter: str
    says: str
    """In words, for whoever reads that it is missing."""
    pattern: str

    def is_in(self, text: str) -> bool:
        """Whether a text says it."""
        return re.search(self.pattern, text, flags=re.IGNORECASE) is not None


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How much of a whole answer a text holds."""

    covered: tuple[Fact, ...]
    missed: tuple[Fact, ...]
    mixed_up: tuple[str, ...]
    """Numbers out of chapters that the question is not about."""
    invented: tuple[str, ...]
    """Numbers that no chapter has."""

    def __str__(self) -> str:
        found, of = len(self.covered), len(self.covered) + len(self.missed)
        missed = "; ".join(f"{fact.chapter}: {fact.says}" for fact in self.missed)
        parts = [f"covered {found} of {of}", f"missed {missed}" if missed else ""]
        parts.append(f"of other chapters {', '.join(self.mixed_up)}" if self.mixed_up else "")
        parts.append(f"in no chapter {', '.join(self.invented)}" if self.invented else "")
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question, and the facts out of several chapters that answer it."""

    name: str
    text: str
    facts: tuple[Fact, ...]
    floor: float = 0.0
    """The share of answers that have to be whole: what the baseline missed is not demanded, and
    what it reached only now and then is demanded only so far that chance will not fail it."""

    def coverage_of(self, text: str) -> Coverage:
        """Hold an answer against the facts."""
        own = " ".join([self.text, *(RULES[fact.chapter] for fact in self.facts)])
        stated = dict.fromkeys(NUMBER.findall(NO_FACT.sub("", text)))
        foreign = [number for number in stated if number not in NUMBER.findall(own)]
        known = NUMBER.findall(" ".join(RULES.values()))
        return Coverage(
            covered=tuple(fact for fact in self.facts if fact.is_in(text)),
            missed=tuple(fact for fact in self.facts if not fact.is_in(text)),
            mixed_up=tuple(number for number in foreign if number in known),
            invented=tuple(number for number in foreign if number not in known),
        )

    def check(self, text: str) -> None:
        """Raise what is wrong with an answer, under the name of its kind."""
        coverage = self.coverage_of(text)
        if coverage.invented:
            raise InventedFactError(coverage)
        if coverage.missed:
            raise (MixedUpError if coverage.mixed_up else MissedChapterError)(coverage)


QUESTIONS = (
    Question(
        name="capacity",
        text="How many worker threads and how many database connections does a process have?",
        facts=(
            Fact(chapter="Threading", says="12 worker threads", pattern=r"\b(12|twelve)\b"),
            Fact(chapter="Storage", says="20 connections", pattern=r"\b(20|twenty)\b"),
        ),
    ),
    Question(
        name="patience",
        floor=0.4,
        text="How many times is a failed call tried, and how long may reading an answer take?",
        facts=(
            Fact(chapter="Retries", says="4 times", pattern=r"\b(4|four)\b"),
            Fact(chapter="Timeouts", says="3 seconds", pattern=r"\b(3|three) seconds"),
        ),
    ),
    Question(
        name="bad version",
        floor=0.2,
        text=(
            "How long does a canary stay, within how many minutes is a page answered, and which "
            "header finds one request in all logs?"
        ),
        facts=(
            Fact(chapter="Deployment", says="30 minutes", pattern=r"\b30 minutes"),
            Fact(chapter="On call", says="10 minutes", pattern=r"\b(10|ten) minutes"),
            Fact(chapter="Logging", says="X-Trace-Id", pattern=r"X-Trace-Id"),
        ),
    ),
    Question(
        name="keeping",
        floor=0.8,
        text="How long are logs kept, and how long are backups kept?",
        facts=(
            Fact(chapter="Logging", says="14 days", pattern=r"\b(14|fourteen) days"),
            Fact(chapter="Storage", says="35 days", pattern=r"\b35 days"),
        ),
    ),
    Question(
        name="expiry",
        floor=0.8,
        text="How long does a cached entry live, and when does an access token expire?",
        facts=(
            Fact(chapter="Caching", says="90 seconds", pattern=r"\b90 seconds"),
            Fact(chapter="Access", says="45 minutes", pattern=r"\b45 minutes"),
        ),
    ),
    Question(
        name="names",
        floor=0.2,
        text="In which file are objects put together, and which header finds one request in all "
        "logs?",
        facts=(
            Fact(chapter="Dependency injection", says="wiring.py", pattern=r"wiring\.py"),
            Fact(chapter="Logging", says="X-Trace-Id", pattern=r"X-Trace-Id"),
        ),
    ),
    Question(
        name="limits",
        text=(
            "How many jobs does the queue hold, how long is the pause before the second attempt, "
            "and how long may all attempts of one request take together?"
        ),
        facts=(
            Fact(chapter="Threading", says="200 jobs", pattern=r"\b200\b"),
            Fact(chapter="Retries", says="250 milliseconds", pattern=r"\b250 ?(ms|milliseconds)"),
            Fact(chapter="Timeouts", says="15 seconds", pattern=r"\b(15|fifteen) seconds"),
        ),
    ),
    Question(
        name="change",
        text=(
            "Which event removes the cached entry of an order, and to how many percent of the "
            "traffic does a new version go first?"
        ),
        facts=(
            Fact(chapter="Caching", says="order.changed", pattern=r"order\.changed"),
            Fact(chapter="Deployment", says="5 percent", pattern=r"\b(5|five) ?(%|percent)"),
        ),
    ),
    Question(
        name="calendar",
        text=(
            "On which days do versions go out, within how many working days is the report on an "
            "outage written, and how often are signing keys replaced?"
        ),
        facts=(
            Fact(
                chapter="Deployment",
                says="Tuesdays and Thursdays",
                pattern=r"Tuesdays?\b.*\bThursday",
            ),
            Fact(chapter="On call", says="6 working days", pattern=r"\b(6|six) working days"),
            Fact(chapter="Access", says="60 days", pattern=r"\b(60|sixty) days"),
        ),
    ),
    Question(
        name="testing",
        text=(
            "What does code ask for the time, and what does a request that writes have to carry "
            "so that it is tried again?"
        ),
        facts=(
            Fact(chapter="Dependency injection", says="the Clock", pattern=r"\bclock\b"),
            Fact(chapter="Retries", says="an idempotency key", pattern=r"idempotency key"),
        ),
    ),
)
