"""Renders the page: templates, style and script out of this package, and a policy over them."""

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pytest_llmregress.core.report import RunReport
from pytest_llmregress.reporting.html.page import page_of
from pytest_llmregress.reporting.html.text import clean

if TYPE_CHECKING:
    from jinja2 import Template


class HtmlReporter:
    """Writes one file that opens from a mail, a disk or the artifacts of a CI run."""

    suffix: str = ".html"

    def render(self, report: RunReport) -> str:
        """Return the whole file; whatever a model said in it is text, and nothing else."""
        return _template().render(page=page_of(report))


def policy(*, style: str, script: str) -> str:
    """Return what a browser may do with the page: run this style and this script, load nothing."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@lru_cache(maxsize=1)
def _template() -> "Template":
    # On use: whoever writes no page should not wait for the library.
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415
    from markupsafe import Markup  # noqa: PLC0415

    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_read_template),
        undefined=StrictUndefined,
        finalize=_finalize,
    )
    style, script = _read("page.css").strip(), _read("page.js").strip()
    environment.globals.update(
        # Both are files of this package, and no text of anybody else is in them.
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        policy=policy(style=style, script=script),
    )
    return environment.get_template("page.html")


def _finalize(value: Any) -> Any:
    """Clean every text on its way into the page, whichever field it comes from."""
    return clean(value) if type(value) is str else value


def _read_template(name: str) -> str:
    """Return a template without its line breaks: each would be a node of the page, row by row."""
    return "".join(line.strip() for line in _read(name).splitlines())


def _read(name: str) -> str:
    return files(__package__ or "").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
