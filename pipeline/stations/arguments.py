"""The options that several stations take, each declared once."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline.errors import UsageError


def environments(parser: ArgumentParser) -> None:
    _environments(parser, "default: all")


def environment(parser: ArgumentParser) -> None:
    _environments(parser, "exactly one")


def _environments(parser: ArgumentParser, about: str) -> None:
    words = parser.add_argument("environments", nargs="*", metavar="ENV", help=about)
    words.completer = _known  # type: ignore[attr-defined]  # argcomplete's


def _known(**_: object) -> list[str]:
    """The environments of the working folder, for a shell that completes."""
    from pipeline.environment.settings import names

    return names(Path.cwd())


def the_environment(options: Namespace, root: Path) -> str:
    """The environment of a station that acts on AWS: it is never guessed, and never several."""
    from pipeline.environment.settings import chosen, names

    if len(options.environments) != 1:
        raise UsageError(
            "which environment? This station takes exactly one.",
            mend=f"Environments: {', '.join(names(root))}.",
        )
    return chosen(options.environments, root)[0]


def confirm(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--confirm",
        metavar="ENV",
        help="a protected environment's name, where nobody can be asked",
    )


def verbose(parser: ArgumentParser) -> None:
    flag(parser, "--verbose", "every event of the stack")


def report(parser: ArgumentParser) -> None:
    """How findings are written, and where to."""
    parser.add_argument(
        "--format",
        choices=("human", "sarif", "junit", "json", "github"),
        default="human",
        help="how findings are written; all but human leave standard output to the report",
    )
    parser.add_argument(
        "--output", metavar="FILE", help="write the report there, not to the screen"
    )


def answer(parser: ArgumentParser) -> None:
    """How a station that is asked something answers (pipeline/answers.py)."""
    parser.add_argument(
        "--format",
        choices=("human", "json"),
        default="human",
        help="json: the answer as docs/answers/ describes it, on standard output; the rest goes to"
        " standard error",
    )


def flag(parser: ArgumentParser, name: str, about: str) -> None:
    """An option without a value."""
    parser.add_argument(name, action="store_true", help=about)
