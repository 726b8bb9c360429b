"""python -m pipeline STATION [ENV…]: the stations of the way from a file to a running stack."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from pipeline import signals
from pipeline.errors import UsageError, UserError, tell

_PYTHONS = ((3, 11), (3, 13))  # from, below: pyproject.toml says why
_OURS = {"environments", "pipeline"}


def main(argv: Sequence[str] | None = None, root: Path | None = None) -> int:
    """Run a station on the repository at `root` (the working folder); its exit code.

    0: done. 1: findings, or a mistake that the message tells how to mend. 2: the command line is
    wrong. 3: refused, to protect an account or data. 130: interrupted. 143: ended by SIGTERM.
    """
    try:
        _check_python(sys.version_info[:2])
        words = list(sys.argv[1:] if argv is None else argv)
        options = _parser(words[0] if words else "").parse_args(words)
        station: Callable[[argparse.Namespace, Path], int] = options.station
        return station(options, root or Path.cwd())
    except UserError as error:
        tell(error)
        return error.exit_code
    except ModuleNotFoundError as error:
        tell(_not_installed(error))
        return 1
    except KeyboardInterrupt:
        code = signals.exit_code()
        print(
            "Ended from outside." if code != signals.INTERRUPTED else "Interrupted.",
            file=sys.stderr,
        )
        return code
    except BrokenPipeError:  # who read our output has seen enough, as head does
        sys.stderr.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _not_installed(error: ModuleNotFoundError) -> UserError:
    """The UserError for a missing dependency; an error in our own imports is re-raised."""
    if error.name in {"environments", "environments.schema"}:
        return UserError(
            "it isn't there: run this in the project's folder, or write the file.",
            where="environments/schema.py",
            mend="It holds `class Settings(BaseSettings)`, what an environment file may say.",
        )
    if error.name is None or error.name.split(".")[0] in _OURS:
        raise error
    return UserError(
        f"the Python module {error.name} is not installed here.",
        mend="`nox -s <session>` installs what a station needs; README.md shows how to get nox.",
    )


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


def _parser(named: str) -> argparse.ArgumentParser:
    """A parser of all stations, with the options of the named one: its module alone is imported."""
    parser = _Parser(prog="python -m pipeline", description=__doc__)
    stations = parser.add_subparsers(metavar="STATION", required=True)
    for name, about in _STATIONS.items():
        station = stations.add_parser(name, help=about, description=about)
        if name == named:
            module = import_module(f"pipeline.stations.{name}")
            module.options(station)
            station.set_defaults(station=module.run)
    return parser


# Each is a module in pipeline/stations/ with `options(parser)` and `run(options, root)`.
_STATIONS = {
    "environments": "list the environments",
    "render": "write build/<env>/ from the templates",
    "lint": "let cfn-lint judge the rendered templates",
    "guard": "judge templates by the rules in rules/",
    "check": "render, lint and guard in one go",
    "package": "zip the functions into build/<env>/",
    "plan": "show what a deployment would change, and change nothing",
    "deploy": "check, package and bring the stack up to date",
    "doctor": "say what is missing on this machine, and in an environment's account",
    "diff": "compare what is rendered with what is deployed",
    "drift": "show what was changed outside the deployer",
    "rollback": "take a running or a stuck update back",
    "destroy": "delete the stack and what is in its buckets",
    "outputs": "show a running stack's outputs",
    "new": "write a small repository for another stack",
    "refresh": "rewrite the committed files that are derived",
}

if __name__ == "__main__":
    signals.heed()
    gc.set_threshold(500_000)  # a short life makes little garbage; looking for it takes a twentieth
    sys.exit(main())
