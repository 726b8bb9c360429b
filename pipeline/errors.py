"""What a person can mend. Everything else is a bug and keeps its traceback."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any


class UserError(Exception):
    """A person's mistake: what happened, where, and how to mend it.

    `where` is `file`, `file:line` or a name that the person typed; `mend` is one or two
    sentences. The command line prints all three, without a traceback, and exits with `exit_code`.
    """

    exit_code = 1

    def __init__(self, what: str, *, mend: str, where: str = "") -> None:
        super().__init__(what)
        self.what = shortened(what)
        self.where = where
        self.mend = shortened(mend)

    @property
    def each(self) -> Sequence[UserError]:
        """The mistakes that this one stands for, where several were found at once."""
        return [self]

    def __reduce__(self) -> tuple[Any, ...]:
        """Also one that another process found can be raised here."""
        return _found_elsewhere, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        first = f"{self.where}: {self.what}" if self.where else self.what
        return f"{first}\n{self.mend}"


def _found_elsewhere(
    kind: type[UserError], args: tuple[Any, ...], about: dict[str, Any]
) -> UserError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(about)
    return error


class UsageError(UserError):
    """The command line itself is wrong: an unknown station, environment or option."""

    exit_code = 2


class Refused(UserError):
    """The request is understood and must not be carried out: wrong account, lost data."""

    exit_code = 3


def guess(word: str, known: list[str]) -> str:
    """` Did you mean x?` where a known word is near, else nothing."""
    close = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean {close[0]}?" if close else ""


def shortened(text: str, most: int = 800) -> str:
    """A text without the middle of lines that are too long to read, whatever value they repeat."""
    if len(text) <= most:
        return text
    half = most // 2
    lines = text.split("\n")
    return "\n".join(
        line if len(line) <= most else f"{line[:half]}…{line[-half:]}" for line in lines
    )


def brief(text: str, most: int = 60) -> str:
    """A quoted value as a message holds it: on one line, cut short where it is long."""
    line = " ".join(text[: 2 * most].split())
    return line if len(line) <= most and len(text) <= 2 * most else f"{line[: most - 1]}…"


SCHEMA = "environments/schema.py"


def of_the_schema(error: Exception) -> UserError | None:
    """The mistake that an error tells of where a project's own code raised it: its schema."""
    line = _line_of_the_schema(error)
    if line is None:
        return None
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return UserError(
        f"Python stops here: {type(error).__name__}: {brief(said, 300)}.",
        where=f"{SCHEMA}:{line}" if line else SCHEMA,
        mend="It holds `class Settings(BaseSettings)`, what an environment file may say.",
    )


def _line_of_the_schema(error: Exception) -> int | None:
    """0 means the whole file: it has no Settings, or one that isn't fully defined."""
    if isinstance(error, SyntaxError) and _is_the_schema(error.filename):
        return error.lineno or 0
    from traceback import extract_tb  # only who made a mistake pays for it

    frames = extract_tb(error.__traceback__)
    lines = [frame.lineno or 0 for frame in frames if _is_the_schema(frame.filename)]
    if lines:
        return lines[-1]
    without = isinstance(error, ImportError) and _is_the_schema(error.path)
    undefined = type(error).__module__ == "pydantic.errors"
    return 0 if without or undefined else None


def _is_the_schema(path: str | None) -> bool:
    return path is not None and PurePath(path).as_posix().endswith(f"/{SCHEMA}")


def tell(error: UserError) -> None:
    """Print a mistake on standard error, its first line in red on a terminal.

    Needs nothing but Python, of any version: it also tells that Python is too old.
    """
    first, _, rest = str(error).partition("\n")
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        first = f"\033[1;31m{first}\033[0m"
    print(first, rest, sep="\n", file=sys.stderr, flush=True)
