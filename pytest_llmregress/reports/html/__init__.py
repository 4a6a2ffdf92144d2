"""The report of a run as one page for a browser, which asks nothing of any network."""

import binascii
import hashlib
import pkgutil
from collections.abc import Iterator

from pytest_llmregress.reports.html.markup import Markup
from pytest_llmregress.reports.html.page import draw_page
from pytest_llmregress.values.run_report import RunReport


class HtmlReporter:
    """Writes one file that opens from a mail, a disk or the artifacts of a CI run."""

    suffix: str = ".html"

    def render(self, report: RunReport) -> Iterator[str]:
        """Yield the file test by test; whatever a model said in it is text, and nothing else."""
        style, script = _read("page.css"), _read("page.js")
        for piece in draw_page(
            report,
            policy=policy(style=style, script=script),
            # Both are files of this package, and no text of anybody else is in them.
            style=Markup(style),
            script=Markup(script),
        ):
            yield piece.text


def policy(*, style: str, script: str) -> str:
    """Return what a browser may do with the page: run this style and this script, load nothing."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _read(name: str) -> str:
    data = pkgutil.get_data(__package__, f"templates/{name}") or b""
    return data.decode("utf-8").replace("\r\n", "\n").strip()


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{binascii.b2a_base64(digest, newline=False).decode()}"
