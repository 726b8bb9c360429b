# PYTHON_ARGCOMPLETE_OK
"""python -m pipeline STATION [ENV…]: the stations of the way from a file to a running stack."""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from pipeline import __version__, signals
from pipeline.errors import SCHEMA, UsageError, UserError, brief, guess, of_the_schema, tell

_PYTHONS = ((3, 11), (3, 13))  # from, below: pyproject.toml says why
_OURS = {"environments", "pipeline"}


def main(argv: Sequence[str] | None = None, root: Path | None = None) -> int:
    """Run a station on the repository at `root` (the working folder); its exit code."""
    try:
        _check_python(sys.version_info[:2])
        _never_fail_on_a_character()
        if "_ARGCOMPLETE" in os.environ:  # a shell asks what could come next
            _complete()
        options = _options(list(sys.argv[1:] if argv is None else argv))
        station: Callable[[argparse.Namespace, Path], int] = options.station
        return station(options, root or Path.cwd())
    except UserError as error:
        tell(error)
        return error.exit_code
    except ModuleNotFoundError as error:
        tell(_not_installed(error))
        return 1
    except KeyboardInterrupt:
        return signals.tell()
    except BrokenPipeError:  # who read our output has seen enough, as head does
        sys.stderr.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if mistake := of_the_schema(error):
            tell(mistake)
            return mistake.exit_code
        raise


def _not_installed(error: ModuleNotFoundError) -> UserError:
    """The UserError for a missing dependency; an error in our own imports is re-raised."""
    if error.name in {"environments", "environments.schema"}:
        return UserError(
            "it isn't there: run this in the project's folder, or write the file.",
            where=SCHEMA,
            mend="It holds `class Settings(BaseSettings)`, what an environment file may say.",
        )
    if error.name is None or error.name.split(".")[0] in _OURS:
        if mistake := of_the_schema(error):
            return mistake
        raise error
    return UserError(
        f"the Python module {error.name} is not installed here.",
        mend="`nox -s <session>` installs what a station needs; README.md shows how to get nox.",
    )


def _never_fail_on_a_character() -> None:
    """What a console's encoding lacks (cp1252 has no arrow) is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _check_python(version: tuple[int, ...]) -> None:
    first, below = _PYTHONS
    if not first <= version < below:
        raise UserError(
            f"this is Python {version[0]}.{version[1]}; Python 3.11 or 3.12 is needed.",
            mend="cfn-guard-rs, the policy engine, has no build for others. "
            "`nox -s <session>` finds or fetches Python 3.11 by itself.",
        )


class _Parser(argparse.ArgumentParser):
    """argparse whose errors look like every other error."""

    def error(self, message: str) -> None:  # type: ignore[override]  # it raises, as exit() would
        raise UsageError(f"{message}.", mend=f"{self.format_usage().strip()}")


def _options(words: list[str]) -> argparse.Namespace:
    """The options of a station, read by its own parser: its module alone is imported."""
    if not words or words[0].startswith("-"):
        return _parser(()).parse_args(words)
    name, *rest = words
    if name not in _STATIONS:
        raise UsageError(
            f"there is no station {brief(repr(name))}.",
            mend=f"Stations: {', '.join(_STATIONS)}.{guess(name, list(_STATIONS))}",
        )
    parser = _Parser(prog=f"{_PROGRAM} {name}", description=_STATIONS[name], epilog=_EXIT_CODES,
                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    return _with_options(parser, name).parse_args(rest)


def _parser(complete: Sequence[str]) -> argparse.ArgumentParser:
    """A parser of all stations; those in `complete` with their options."""
    parser = _Parser(
        prog=_PROGRAM,
        description=__doc__,
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"pipeline {__version__}")
    stations = parser.add_subparsers(metavar="STATION", required=True)
    for name, about in _STATIONS.items():
        station = stations.add_parser(name, help=about, description=about)
        if name in complete:
            _with_options(station, name)
    return parser


def _with_options(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    module = import_module(f"pipeline.stations.{name}")
    module.options(parser)
    parser.set_defaults(station=module.run)
    return parser


def _complete() -> None:
    """Print what could come next in COMP_LINE, and exit."""
    import argcomplete

    words = os.environ.get("COMP_LINE", "").split()
    argcomplete.autocomplete(_parser([name for name in _STATIONS if name in words]))


_PROGRAM = "python -m pipeline"
_EXIT_CODES = """exit codes:
  0    done, or nothing to do
  1    findings, or a mistake that the message tells how to mend
  2    the command line is wrong
  3    refused, to protect an account or data
  130  interrupted
  143  ended by SIGTERM; 129 by SIGHUP
"""

# Each is a module in pipeline/stations/ with `options(parser)` and `run(options, root)`.
_STATIONS = {
    "environments": "list the environments",
    "render": "write build/<env>/ from the templates",
    "lint": "let cfn-lint judge the rendered templates",
    "guard": "judge templates by the rules in rules/",
    "check": "render, lint and guard in one go",
    "watch": "the same at each save, until Ctrl-C",
    "allow": "allow properties that the templates set, or list those that nobody allowed",
    "diagram": "draw the environments from their templates: docs/diagrams/",
    "package": "zip the functions into build/<env>/",
    "plan": "show what a deployment would change, and change nothing",
    "deploy": "check, package and bring the stack up to date",
    "doctor": "say what is missing on this machine, and in an environment's account",
    "diagnose": "explain a stack's state, and name the way out",
    "logs": "show what the functions of a running stack say",
    "diff": "compare what is rendered with what is deployed",
    "drift": "show what was changed outside the deployer",
    "rollback": "roll a running or a stuck update back",
    "restore": "bring back a table or objects that were lost",
    "destroy": "delete the stack and what is in its buckets",
    "cost": "say what a month costs, by service",
    "gc": "delete old code in the deployment bucket that no stack needs",
    "outputs": "show a running stack's outputs",
    "new": "write a small repository for another stack",
    "refresh": "rewrite the committed files that are derived",
}


def command() -> int:
    """The command line of a process of its own, also of the installed `stack-pipeline`."""
    signals.heed()
    gc.set_threshold(500_000)  # a short life makes little garbage; looking for it takes a twentieth
    if str(Path.cwd()) not in map(os.path.abspath, sys.path):
        sys.path.insert(0, str(Path.cwd()))  # as `python -m` does: the project's schema is there
    code = main()
    gc.freeze()  # at the end Python would look for cycles in all of cfn-lint: a fifth of `check`
    return code


if __name__ == "__main__":
    sys.exit(command())
