"""Marks in a second render, which tell where each rendered line came from.

Before each physical line of a template's text, around each expression and around each branch of a
condition stands a mark made of private-use characters. `strip` takes them out and leaves the text
and its source map. What is deployed is never this render: it only has to equal the other one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from jinja2 import nodes

from pipeline.findings import Place, Pointer
from pipeline.rendering.scope import Touched
from pipeline.rendering.sourcemap import Line, SourceMap

OPEN, CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{OPEN}(.)(.*?){CLOSE}", re.DOTALL)


class Marks:
    """The marks of one Jinja environment: what each stands for, and how they get into a tree."""

    def __init__(self) -> None:
        self.touched = Touched()
        self._places: list[Place] = []
        self._conditions: list[tuple[Pointer, ...]] = []

    def functions(self) -> dict[str, Any]:
        """What marked templates call: `start`, then the expression, then `note`."""
        return {"__start__": self.touched.start, "__note__": self._note, "__touch__": self._touch}

    def into(self, tree: nodes.Template, file: str) -> None:
        """Put marks into a parsed template."""
        self._walk(tree, file)

    def strip(self, marked: str) -> tuple[str, SourceMap]:
        """The text without marks, and the origin of each of its lines; no map where a template
        changed the marks themselves, as {% filter upper %} does."""
        try:
            return _Stripper(self._places, self._conditions).strip(marked)
        except _BrokenMarksError:
            return _MARK.sub("", marked), SourceMap()

    # ---- at parse time

    def _walk(self, node: nodes.Node, file: str) -> None:
        for child in node.iter_child_nodes():
            if isinstance(child, nodes.Output):
                child.nodes = list(self._output(child, file))
            else:
                self._walk(child, file)
        if isinstance(node, nodes.If):
            self._condition(node, [node.test, *(other.test for other in node.elif_)])
        elif isinstance(node, nodes.For):
            self._condition(node, [node.iter])

    def _output(self, output: nodes.Output, file: str) -> Iterator[nodes.Expr]:
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                yield nodes.TemplateData(self._lines(node, file), lineno=node.lineno)
            else:
                mark = self._place(Place(file, node.lineno))
                yield nodes.TemplateData(mark, lineno=node.lineno)
                yield _call("__note__", _call("__start__"), _touching(node))

    def _lines(self, data: nodes.TemplateData, file: str) -> str:
        *whole, rest = data.data.split("\n")
        pieces = [*whole, *([rest] if rest else [])]
        marked = [
            self._place(Place(file, data.lineno + offset)) + piece
            for offset, piece in enumerate(pieces)
        ]
        return "\n".join(marked if rest else [*marked, ""])

    def _condition(self, node: nodes.If | nodes.For, tests: list[nodes.Node]) -> None:
        read = tuple(dict.fromkeys(at for test in tests for at in chains(test)))
        if not read:
            return
        self._conditions.append(read)
        start, end = _mark("w", len(self._conditions) - 1), _mark("x", 0)
        branches = [node.body, node.else_]
        if isinstance(node, nodes.If):
            branches += [other.body for other in node.elif_]
        for branch in branches:
            if branch:
                branch.insert(0, nodes.Output([nodes.TemplateData(start)]))
                branch.append(nodes.Output([nodes.TemplateData(end)]))

    def _place(self, place: Place) -> str:
        self._places.append(place)
        return _mark("t", len(self._places) - 1)

    # ---- at render time

    def _note(self, _: None, value: Any) -> str:
        read = self.touched.take()
        return f"{_mark('v', json.dumps(read))}{value}{_mark('e', 0)}" if read else str(value)

    def _touch(self, value: Any) -> Any:
        at = getattr(value, "at", None) if isinstance(value, str | int | float) else None
        if at is not None:
            self.touched.note(at)
        return value


def chains(node: nodes.Node) -> Iterator[Pointer]:
    """The key paths below `env` that an expression reads: ("uploads", "keep_days")."""
    at = chain(node)
    if at is not None:
        yield at
        return
    for child in node.iter_child_nodes():
        yield from chains(child)


def chain(node: nodes.Node) -> Pointer | None:
    """The key path of `env.a.b` or `env["a"].b`; None when the node is anything else."""
    if isinstance(node, nodes.Name):
        return () if node.name == "env" and node.ctx == "load" else None
    if isinstance(node, nodes.Getattr):
        above, key = chain(node.node), node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        above, key = chain(node.node), node.arg.value
    else:
        return None
    return None if above is None else (*above, key)


class _BrokenMarksError(Exception):
    """The marked render holds marks that nobody put there."""


class _Stripper:
    """Reads a marked text once, from its start to its end."""

    def __init__(self, places: list[Place], conditions: list[tuple[Pointer, ...]]) -> None:
        self.places, self.conditions = places, conditions
        self.text: list[str] = []
        self.lines: list[Line] = []
        self.place: Place | None = None
        self.first: Place | None = None  # of this line: of its first visible character
        self.settled = False
        self.values: list[list[Pointer]] = []
        self.when: list[tuple[Pointer, ...]] = []
        self.line_values: list[Pointer] = []
        self.line_when: list[Pointer] = []

    def strip(self, marked: str) -> tuple[str, SourceMap]:
        end = 0
        for mark in _MARK.finditer(marked):
            self._text(marked[end : mark.start()])
            self._mark(mark[1], mark[2])
            end = mark.end()
        self._text(marked[end:])
        if self.text and not "".join(self.text).endswith("\n"):
            self._end_line()
        return "".join(self.text), SourceMap(tuple(self.lines))

    def _mark(self, kind: str, said: str) -> None:
        if kind == "t":
            self.place = self.places[int(said)]
            self.first = self.first or self.place
        elif kind == "v":
            read = [tuple(at) for at in json.loads(said)]
            self.values.append(read)
            self.line_values += read
        elif kind == "w":
            self.when.append(self.conditions[int(said)])
        elif kind == "e" and self.values:
            self.values.pop()
        elif kind == "x" and self.when:
            self.when.pop()
        else:
            raise _BrokenMarksError

    def _text(self, piece: str) -> None:
        if not piece:
            return
        self.text.append(piece)
        *whole, rest = piece.split("\n")
        for line in whole:
            self._content(line)
            self._end_line()
        self._content(rest)

    def _content(self, line: str) -> None:
        if not line.strip():
            return
        if not self.settled:
            self.first, self.settled = self.place, True
        self.line_when += [at for condition in self.when for at in condition]

    def _end_line(self) -> None:
        self.lines.append(
            Line(self.first or self.place, _unique(self.line_values), _unique(self.line_when))
        )
        self.first, self.settled, self.line_when = None, False, []
        self.line_values = [at for read in self.values for at in read]


def _unique(pointers: list[Pointer]) -> tuple[Pointer, ...]:
    return tuple(dict.fromkeys(pointers))


def _mark(kind: str, said: object) -> str:
    return f"{OPEN}{kind}{said}{CLOSE}"


def _call(function: str, *arguments: nodes.Expr) -> nodes.Call:
    return nodes.Call(nodes.Name(function, "load"), list(arguments), [], None, None)


def _touching(node: nodes.Expr) -> nodes.Expr:
    """The same expression; each variable in it says where its value came from."""
    if isinstance(node, nodes.Name):
        return node if node.name == "env" else _call("__touch__", node)
    for field, child in list(node.iter_fields()):
        if isinstance(child, nodes.Expr):
            setattr(node, field, _touching(child))
        elif isinstance(child, list):
            setattr(node, field, [_touching(c) if isinstance(c, nodes.Expr) else c for c in child])
    return node
