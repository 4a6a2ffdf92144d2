"""The console script: reads its arguments, runs one command, prints what it says."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from pytest_llmregress.cli.output import (
    PROGRAM,
    CommandResult,
    ExitStatus,
    print_result,
    say,
    survive_any_text,
    width,
)
from pytest_llmregress.providers.load_error import ProviderLoadError

_INTERRUPTED = 130
"""As shells say it: 128 and the number of the signal."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the console script, and return its exit status."""
    survive_any_text()
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as end:  # after --help, --version, or a usage that cannot be
        return end.code if isinstance(end.code, int) else int(ExitStatus.FAILED)
    try:
        result = _run(arguments)
    except OSError as error:
        where = error.filename or "the file system"
        result = CommandResult(
            status=ExitStatus.FAILED, problems=(f"{where}: {error.strerror or error}",)
        )
    except ProviderLoadError as error:
        result = CommandResult(status=ExitStatus.FAILED, problems=(str(error),))
    except KeyboardInterrupt:
        return _INTERRUPTED
    print_result(result)
    return int(result.status)


def _run(arguments: argparse.Namespace) -> CommandResult:  # noqa: C901, PLR0911, PLR0912 - one for each command
    """Import and run one command; the import of the others would only cost time."""
    match arguments.command:
        case "status":
            from pytest_llmregress.cli.status import show_status

            return show_status(arguments.paths or [Path()], as_json=arguments.json)
        case "show":
            from pytest_llmregress.cli.show import show

            return show(arguments.cassettes, as_json=arguments.json, width=width())
        case "accept" if arguments.control:
            from pytest_llmregress.cli.take_control import take_control

            return take_control(
                arguments.tests, everything=arguments.all, candidate=arguments.candidate
            )
        case "accept" | "reject" as name:
            from pytest_llmregress.cli.carry_out import DecisionKind
            from pytest_llmregress.cli.decide import decide

            return decide(
                DecisionKind(name),
                targets=arguments.tests,
                everything=arguments.all,
                candidate=arguments.candidate,
                reason=arguments.reason,
            )
        case "review":
            from pytest_llmregress.cli.review import review

            return review(arguments.tests, candidate=arguments.candidate, reason=arguments.reason)
        case "rejudge":
            from pytest_llmregress.cli.rejudge import rejudge

            return rejudge(
                arguments.tests,
                everything=arguments.all,
                dry_run=arguments.dry_run,
                base_url=arguments.base_url,
                say=say,
            )
        case "compare":
            from pytest_llmregress.cli.compare import Format, compare

            return compare(
                arguments.variants,
                paths=arguments.paths or [Path()],
                by=arguments.by,
                form=Format(arguments.form),
            )
        case "report":
            from pytest_llmregress.cli.report import write_report

            return write_report(arguments.run, output=arguments.output)
        case "scan":
            from pytest_llmregress.cli.scan import scan

            return scan(arguments.paths or [Path()], as_json=arguments.json)
        case "import":
            from pytest_llmregress.cli.convert import import_cassettes

            return import_cassettes(
                arguments.sources,
                tests=arguments.tests,
                ids=arguments.ids,
                dry_run=arguments.dry_run,
                as_json=arguments.json,
            )
        case "export":
            from pytest_llmregress.cli.convert import export_cassettes

            return export_cassettes(
                arguments.targets,
                to=arguments.to,
                dry_run=arguments.dry_run,
                as_json=arguments.json,
            )
        case "merge" | "move" | "prune" | "doctor":
            return _keep_house(arguments)
        case command:
            raise AssertionError(command)


def _keep_house(arguments: argparse.Namespace) -> CommandResult:
    """Run a command on a whole suite: its reports, its leftovers, its set-up."""
    match arguments.command:
        case "merge":
            from pytest_llmregress.cli.merge import merge

            return merge(arguments.reports, to=arguments.output)
        case "move":
            from pytest_llmregress.cli.move import move

            return move(arguments.old, arguments.new)
        case "prune":
            from pytest_llmregress.cli.prune import prune

            return prune(
                arguments.paths or [Path()],
                ids=arguments.ids,
                from_report=arguments.from_report,
                delete=arguments.delete,
                as_json=arguments.json,
            )
        case "doctor":
            from pytest_llmregress.cli.doctor import examine

            return examine(arguments.paths or [Path()], as_json=arguments.json)
        case command:
            raise AssertionError(command)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong the way that the rest of this script does."""

    def error(self, message: str) -> NoReturn:
        fault = f"{message}. {self.prog} --help"
        print_result(CommandResult(status=ExitStatus.FAILED, problems=(fault,)))
        self.exit(ExitStatus.FAILED)


class _Version(argparse.Action):
    """Looks the version up when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from pytest_llmregress.providers.installed_versions import installed

        say(f"{PROGRAM} {installed()[PROGRAM]}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description="Read recordings of LLM tests, and decide on what is pending.",
        epilog="Exit status: 0 fine, 1 something is pending, or is no more, "
        "2 usage, or a file cannot be read.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    status = commands.add_parser(
        "status", help="which models each test is verified on, and what is pending"
    )
    status.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="a folder, a test file or a recording; default: the current folder",
    )

    show = commands.add_parser("show", help="the calls in a cassette, one a row")
    show.add_argument("cassettes", nargs="+", type=Path, metavar="CASSETTE")

    for name, what in (
        ("review", "look at what is pending, and decide on it one by one"),
        ("accept", "make what is pending the baseline; without TEST: list what is pending"),
        ("reject", "delete what is pending; without TEST: list what is pending"),
    ):
        decide = commands.add_parser(name, help=what)
        decide.add_argument(
            "tests", nargs="*", metavar="TEST", help="a node id, a test file or a pending file"
        )
        if name != "review":
            decide.add_argument("--all", action="store_true", help="all below the current folder")
        if name == "accept":
            decide.add_argument(
                "--control",
                action="store_true",
                help="in its place: the samples of the old model, as further ones of the baseline",
            )
        decide.add_argument("--candidate", metavar="MODEL", help="only this candidate's")
        decide.add_argument(
            "--reason", metavar="TEXT", default="", help="why; kept with the decision"
        )

    again = commands.add_parser(
        "rejudge", help="ask for the judgements that replays have missed: the only call of an API"
    )
    again.add_argument("tests", nargs="*", metavar="TEST", help="a node id or a test file")
    again.add_argument("--all", action="store_true", help="all below the current folder")
    again.add_argument("--dry-run", action="store_true", help="say it, and ask nobody")
    again.add_argument("--base-url", metavar="URL", help="where the judge is; default: the SDK's")

    _add_compare(commands)
    report = commands.add_parser("report", help="write what a run found for people")
    report.add_argument("run", type=Path, metavar="RUN.json", help="of --llmregress-report")
    report.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="by its ending, .html, .md or .xml; default: RUN.html",
    )

    scan = commands.add_parser("scan", help="look for secrets in files; exit status 1 on a finding")
    scan.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="default: this folder")
    _add_converters(commands)
    _add_housekeeping(commands)
    for command in (status, show, scan):
        command.add_argument("--json", action="store_true", help="for programs")
    return parser


def _add_compare(commands: "argparse._SubParsersAction[_Parser]") -> None:
    compare = commands.add_parser(
        "compare",
        help="variants side by side, from their recordings; exit status 1 where one regressed",
    )
    compare.add_argument(
        "variants",
        nargs="+",
        metavar="VARIANT",
        help="baseline, a candidate, or the model of one; the first is what others are held "
        "against",
    )
    compare.add_argument(
        "--in",
        dest="paths",
        action="append",
        type=Path,
        metavar="PATH",
        help="a folder, a test file or a recording, repeatable; default: the current folder",
    )
    compare.add_argument(
        "--by",
        default="file",
        metavar="WHAT",
        help="group by file, folder, class or mark; default: file",
    )
    form = compare.add_mutually_exclusive_group()
    for name, what in (("json", "for programs"), ("markdown", "for a pull request")):
        form.add_argument(
            f"--{name}", dest="form", action="store_const", const=name, default="text", help=what
        )


def _add_housekeeping(commands: "argparse._SubParsersAction[_Parser]") -> None:
    join = commands.add_parser("merge", help="the JSON reports of several shards as one")
    join.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="a JSON report")
    join.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help="where to write; the ending chooses: .html, .json, .md or .xml",
    )
    rename = commands.add_parser(
        "move", help="a renamed or moved test, or test file, takes all its recordings along"
    )
    for end in ("old", "new"):
        rename.add_argument(end, metavar=end.upper(), help="a node id, or a test file")
    clear = commands.add_parser("prune", help="list recordings that nobody needs any more")
    clear.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="default: this folder")
    known = clear.add_mutually_exclusive_group()
    known.add_argument(
        "--ids", metavar="FILE", help='the output of pytest --collect-only -q; "-" reads it here'
    )
    known.add_argument(
        "--from-report", type=Path, metavar="REPORT", help="the JSON report of a whole suite"
    )
    clear.add_argument("--delete", action="store_true", help="delete what is listed")
    look = commands.add_parser("doctor", help="what of this set-up is broken, and how to mend it")
    look.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="default: this folder")
    for command in (clear, look):
        command.add_argument("--json", action="store_true", help="for programs")


def _add_converters(commands: "argparse._SubParsersAction[_Parser]") -> None:
    bring = commands.add_parser("import", help="take over the cassettes of pytest-recording")
    bring.add_argument("sources", nargs="+", type=Path, metavar="SOURCE", help="folder or cassette")
    bring.add_argument("--tests", type=Path, metavar="DIR", help="where the test files are")
    bring.add_argument(
        "--ids", type=Path, metavar="FILE", help="the output of pytest --collect-only -q"
    )
    take = commands.add_parser("export", help="write cassettes as vcrpy's own")
    take.add_argument("targets", nargs="*", metavar="TEST", help="test, folder or cassette")
    take.add_argument("--to", type=Path, metavar="DIR", help="default: cassettes, beside the tests")
    for command in (bring, take):
        command.add_argument("--dry-run", action="store_true", help="say it, and write nothing")
        command.add_argument("--json", action="store_true", help="for programs")
