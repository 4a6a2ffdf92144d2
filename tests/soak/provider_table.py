"""Record, replay and ask a candidate by each route of each provider's client; print a table.

    python tests/soak/provider_table.py                   all clients that are installed
    python tests/soak/provider_table.py openai litellm    these clients

`tests/wire/test_provider_routes.py` holds the same. It takes the scripted server that lies beside a
clone (`tests/helpers/provider_stand.py`).
"""

import argparse
import contextlib
import io
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "helpers"), str(TESTS)]

from provider_clients import CLIENTS  # noqa: E402 - found by the path above
from provider_routes import (  # noqa: E402
    CHANGED,
    HARMLESS,
    MORE_CHANGED,
    Row,
    check_client,
)
from provider_stand import PATH, ProviderStand  # noqa: E402
from pytest_llmregress.formatting.text_table import align  # noqa: E402

HEADS = ("client", "route", "ways", "replayed", "candidate", "twelve", "more", "quiet", "")


def check(name: str) -> Iterator[Row]:
    """Yield the rows of one client."""
    from conftest import Project

    stand = ProviderStand().start()
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.redirect_stdout(io.StringIO()),  # the runs say all they have to say
        ):
            project = Project(Path(folder), stand)
            rows = list(check_client(name, CLIENTS[name], project, Path(folder)))
    finally:
        stand.stop()
    yield from rows


def cells(row: Row) -> tuple[str, ...]:
    """Return what the table has of a row."""
    asked = "refused" if row.is_refused else "asked" if row.is_asked else "not asked"
    if row.is_refused:
        counts = ("-", "-", "-")
    else:
        twelve = sum(each in row.named for each in CHANGED)
        more = sum(each in row.named for each in MORE_CHANGED)
        counts = (
            f"{twelve}/{len(CHANGED)}",
            f"{more}/{len(MORE_CHANGED)}",
            f"{len(HARMLESS) - len(row.alarms)}/{len(HARMLESS)}",
        )
    untold = [f"{each}: its API does not say" for each in row.untold if each in row.missed]
    same = "the same" if not row.different else f"{len(row.different)} differ"
    return (
        row.client,
        row.route,
        str(len(row.ways)),
        same,
        asked,
        *counts,
        "; ".join((*row.faults, *untold)),
    )


def main() -> int:
    """Run by command; return 1 where a route has a fault."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("clients", nargs="*", metavar="client", help=", ".join(CLIENTS))
    given = parser.parse_args().clients
    if not PATH.is_file():
        parser.error(f"there is no {PATH}: its scripted server answers the clients")
    wanted = given or [each for each in CLIENTS if _is_installed(CLIENTS[each].module)]
    if unknown := [each for each in wanted if each not in CLIENTS]:
        parser.error(f"no such client: {', '.join(unknown)}; known are {', '.join(CLIENTS)}")
    rows = [row for name in wanted for row in check(name)]
    sys.stdout.write("\n".join([*align([HEADS, *map(cells, rows)]), ""]))
    missing = [each for each in CLIENTS if each not in wanted]
    sys.stdout.write(f"not installed or not asked for: {', '.join(missing) or 'none'}\n")
    return int(any(row.faults for row in rows))


def _is_installed(module: str) -> bool:
    return find_spec(module.partition(".")[0]) is not None and find_spec(module) is not None


if __name__ == "__main__":
    sys.exit(main())
