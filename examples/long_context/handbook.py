"""Writes the handbook that the assistant reads: `python handbook.py --pages 50`.

The text is made of the templates below and of nothing else, and is the same each time it is made.
The rules of the ten chapters stand in it at any length; what grows are the notes between them.
"""

import argparse
from dataclasses import dataclass
from zlib import crc32

WORDS_A_PAGE = 400
FEWEST_PAGES = 5
RECORDED_PAGES = 11
"""What the recordings beside the tests were made with: about 5,000 tokens."""


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One chapter: what it rules, and what its notes talk about."""

    title: str
    rules: tuple[str, ...]
    subject: str
    """What the notes are about, in the singular: "a cached entry"."""
    care: str
    """What one does with it: "refresh it"."""
    refers_to: tuple[int, ...]
    """The chapters that its notes point to, counted from 1."""


CHAPTERS = (
    Chapter(
        title="Caching",
        rules=(
            "A cached entry lives for 90 seconds, and nobody raises that without a review.",
            "The event order.changed removes the entry of an order before that time is over.",
            (
                "The key of an entry begins with the id of the tenant, so that no tenant reads "
                "what belongs to another one."
            ),
        ),
        subject="a cached entry",
        care="compute it again",
        refers_to=(8, 4),
    ),
    Chapter(
        title="Threading",
        rules=(
            "Each process runs 12 worker threads, and the number is the same on every machine.",
            (
                "The queue in front of the workers holds 200 jobs; a job that finds it full is "
                "turned away at once."
            ),
            "No thread holds a lock while it waits for the network.",
        ),
        subject="a worker thread",
        care="hand its job back",
        refers_to=(8, 5),
    ),
    Chapter(
        title="Dependency injection",
        rules=(
            "All objects are put together in one file, wiring.py, and nowhere else.",
            (
                "Code never reads the time of the machine; it asks the Clock that it is given, so "
                "that a test can set it."
            ),
            "An object lives as long as one request, unless wiring.py says otherwise.",
        ),
        subject="an injected object",
        care="replace it in a test",
        refers_to=(2, 7),
    ),
    Chapter(
        title="Retries",
        rules=(
            "A call that failed is tried 4 times in all, the first attempt included.",
            (
                "The pause before the second attempt is 250 milliseconds, and each further pause "
                "is twice as long."
            ),
            "A request that writes is tried again only where it carries an idempotency key.",
        ),
        subject="a failed call",
        care="try it once more",
        refers_to=(5, 7),
    ),
    Chapter(
        title="Timeouts",
        rules=(
            "Connecting may take 800 milliseconds, and reading an answer may take 3 seconds.",
            "All attempts of one request together may take 15 seconds, pauses included.",
            "A timeout is an error like any other; it is never swallowed.",
        ),
        subject="a slow answer",
        care="give up on it",
        refers_to=(4, 9),
    ),
    Chapter(
        title="Deployment",
        rules=(
            (
                "A new version goes to 5 percent of the traffic first, as a canary, and stays "
                "there for 30 minutes."
            ),
            "A bad version is taken back with the command harborctl rollback.",
            "Versions go out on Tuesdays and Thursdays only.",
        ),
        subject="a new version",
        care="take it back",
        refers_to=(9, 7),
    ),
    Chapter(
        title="Logging",
        rules=(
            "A log line is one JSON object, and logs are kept for 14 days.",
            (
                "One request is found in all logs by the header X-Trace-Id, which every service "
                "passes on."
            ),
            "A log line never holds a card number or a token.",
        ),
        subject="a log line",
        care="find it again",
        refers_to=(3, 10),
    ),
    Chapter(
        title="Storage",
        rules=(
            "The pool holds 20 database connections for each process.",
            "A backup is made every night at 02:00, and backups are kept for 35 days.",
            "A migration never drops a column in the version that stops using it.",
        ),
        subject="a database connection",
        care="give it back to the pool",
        refers_to=(1, 2),
    ),
    Chapter(
        title="On call",
        rules=(
            "Whoever is on call answers a page within 10 minutes.",
            "After an outage the report on it is written within 6 working days.",
            "Nobody is on call for more than one week in a row.",
        ),
        subject="a page at night",
        care="hand it on",
        refers_to=(6, 7),
    ),
    Chapter(
        title="Access",
        rules=(
            "An access token expires after 45 minutes.",
            "Signing keys are replaced every 60 days, without a change of the code.",
            "Access to production takes the consent of two reviewers.",
        ),
        subject="an access token",
        care="ask for another one",
        refers_to=(7, 3),
    ),
)

SERVICES = ("checkout", "catalogue", "invoicing", "search", "shipping", "returns", "pricing")
NOTES = (
    (
        "In the {service} service {subject} was once the cause of a slow morning, because nobody "
        "had thought about who would {care}."
    ),
    (
        "New colleagues often ask why the {service} service does not treat {subject} differently; "
        "the answer is that one way which everybody knows is worth more than the best one."
    ),
    (
        "Before you {care}, look at what the {service} service does, since its code was written "
        "with this chapter beside it."
    ),
    (
        "The {service} team keeps a drawing of the life of {subject} on its wall, and brings it to "
        "every review."
    ),
    (
        "A test shows what becomes of {subject}; without such a test a change of the {service} "
        "service is not merged."
    ),
    "If it is unclear whether to {care}, the {service} team decides, and writes down why.",
    (
        "What is said here about {subject} holds for the {service} service as it does for all "
        "others, however small it is."
    ),
    (
        "There was a time when the {service} service had rules of its own for {subject}, and it "
        "was not a good one."
    ),
    (
        "Whoever reviews a change of the {service} service asks one thing first: what happens to "
        "{subject} when the machine stops in the middle?"
    ),
    (
        "A dashboard of the {service} service counts how often somebody had to {care}, and a "
        "rising curve is looked at in the same week."
    ),
)
REFERENCE = "See also chapter {number}, {title}."
NOTES_A_PARAGRAPH = 3
WORDS_A_PARAGRAPH = 75
"""About as many: what decides whether there is room for another one."""


def handbook(pages: int = RECORDED_PAGES) -> str:
    """Return the handbook, about `pages` pages of `WORDS_A_PAGE` words long."""
    if pages < FEWEST_PAGES:
        raise SystemExit(f"--pages {pages}: the rules alone need {FEWEST_PAGES}; take more")
    words = pages * WORDS_A_PAGE // len(CHAPTERS)
    chapters = (_write(number, words) for number in range(1, len(CHAPTERS) + 1))
    return "\n\n".join(["# Engineering handbook", *chapters]) + "\n"


def _write(number: int, words: int) -> str:
    """Write a chapter: its rules lie apart, with as many notes between them as there is room."""
    chapter = CHAPTERS[number - 1]
    paragraphs = [f"## Chapter {number}: {chapter.title}"]
    written = notes = 0
    for part, rule in enumerate(chapter.rules, start=1):
        paragraphs.append(rule)
        written += len(rule.split())
        room = words * part // len(chapter.rules)
        while written + WORDS_A_PARAGRAPH // 2 < room:
            refers_to = chapter.refers_to[notes % len(chapter.refers_to)]
            paragraphs.append(_notes(number, first=notes * NOTES_A_PARAGRAPH, refers_to=refers_to))
            written += len(paragraphs[-1].split())
            notes += 1
    return "\n\n".join(paragraphs)


def _notes(chapter: int, *, first: int, refers_to: int) -> str:
    """Write a paragraph of notes; neighbours are never the same."""
    about = CHAPTERS[chapter - 1]
    sentences = []
    for note in range(first, first + NOTES_A_PARAGRAPH):
        at = crc32(f"{chapter}".encode()) + note
        service = SERVICES[at % len(SERVICES)]
        text = NOTES[at % len(NOTES)]
        sentences.append(text.format(service=service, subject=about.subject, care=about.care))
    title = CHAPTERS[refers_to - 1].title
    return " ".join([*sentences, REFERENCE.format(number=refers_to, title=title)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print the handbook.")
    parser.add_argument("--pages", type=int, default=RECORDED_PAGES)
    print(handbook(parser.parse_args().pages), end="")  # noqa: T201 - this is what it is for
