"""Names of files: from a node id to a readable slug that no other test can share."""

import hashlib
import re

MAX_SLUG = 60
"""Characters of a slug; what is longer is cut, and gets a hash."""

_LOSSLESS = re.compile(r"test_[a-z0-9]+(?:_[a-z0-9]+)*")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)")
"""Names that Windows does not let a file have."""


def slug_of_test(node_id: str) -> str:
    """Return the file name stem of a test, unique within the folder of its test file.

    `tests/test_a.py::test_refund` is `refund`. Wherever that would lose something (letter case,
    a class, parameter ids, length, a name that does not start with `test_`), eight digits of a
    hash of the name within the file follow, so that two tests never share a file, and a suite
    finds its files from whichever root directory it is run.
    """
    name = node_id.partition("::")[2]
    stem = name.removeprefix("test_")
    if _LOSSLESS.fullmatch(name) and len(stem) <= MAX_SLUG and not _RESERVED.fullmatch(stem):
        return stem
    return slug(stem.replace("::test_", "-"), of=name)


def slug_of_variant(name: str) -> str:
    """Return the part of a file name that stands for a candidate; equal to it where it can be."""
    name = re.sub(r"^variant:", "variant.", name)
    if re.fullmatch(r"[a-z0-9]+(?:[.-][a-z0-9]+)*", name) and len(name) <= MAX_SLUG:
        return name
    return slug(name, of=name)


def slug(text: str, *, of: str) -> str:
    """Return `text` as a file name stem, followed by eight digits of a hash of `of`."""
    readable = re.sub(r"[^a-z0-9_.]+", "-", text.lower()).strip("-.")[:MAX_SLUG].strip("-.")
    digest = hashlib.sha256(of.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{readable}-{digest}" if readable else digest
