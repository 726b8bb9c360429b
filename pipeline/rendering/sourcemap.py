"""Where each line of a rendered template came from."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from pipeline.findings import Place, Pointer


class Line(NamedTuple):
    """One rendered line: the template line it stands on, the settings whose values it shows, and
    the settings whose conditions or loops let it be there."""

    place: Place | None
    values: tuple[Pointer, ...] = ()
    when: tuple[Pointer, ...] = ()


class SourceMap:
    """The origin of each rendered line; `lines[0]` is line 1. Empty when there is no map.

    It costs as much as the template itself, and only who has something to tell needs it: it is made
    when it is first asked for.
    """

    def __init__(self, make: Callable[[], tuple[Line, ...]] = tuple) -> None:
        self._make = make

    @functools.cached_property
    def lines(self) -> tuple[Line, ...]:
        return self._make()

    def line(self, number: int) -> Line:
        """The origin of a rendered line, counted from 1; an unknown line has none."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else Line(None)

    def as_json(self) -> dict[str, Any]:
        """`files`: template files; `lines`: for each line [file index, line, values?, when?],
        where values and when are key paths of the environment file."""
        files = sorted({line.place.file for line in self.lines if line.place})
        return {"version": 1, "files": files, "lines": [_row(line, files) for line in self.lines]}


def _row(line: Line, files: list[str]) -> list[Any]:
    row: list[Any] = [files.index(line.place.file), line.place.line] if line.place else [None, 0]
    if line.values or line.when:
        row.append([".".join(map(str, at)) for at in line.values])
    if line.when:
        row.append([".".join(map(str, at)) for at in line.when])
    return row
