"""Marks in a second render, which tell where each rendered line came from.

Before each physical line of a template's text, around each expression and around each branch of a
condition stands a mark made of private-use characters only, which filters such as `upper` and
`tojson` leave alone. `strip` takes them out and leaves the text and its lines' origins. What is
deployed is never this render: it only has to equal the other one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jinja2 import nodes

from pipeline.findings import Place, Pointer
from pipeline.rendering.scope import METHODS, Touched, traced
from pipeline.rendering.sourcemap import Line

OPEN, CLOSE = "\ue000", "\ue001"
_ZERO, _KIND = 0xE010, 0xE020  # where the private-use digits and kinds of marks begin
_MARK = re.compile(f"{OPEN}([\ue020-\ue030])([\ue010-\ue019]+){CLOSE}")
_DIGITS = str.maketrans({str(digit): chr(_ZERO + digit) for digit in range(10)})
_KINDS = {kind: chr(_KIND + number) for number, kind in enumerate("tvewx")}
_KIND_OF = {character: kind for kind, character in _KINDS.items()}


class Marks:
    """The marks of one Jinja environment: what each stands for, and how they get into a tree."""

    def __init__(self) -> None:
        self.touched = Touched()
        self._places: list[Place] = []
        self._conditions: list[tuple[Pointer, ...]] = []
        self._reads: list[list[Pointer]] = []  # of the render that is under way

    def functions(self) -> dict[str, Any]:
        """What marked templates call: `start`, then the expression, then `note` or `keep`."""
        return {
            "__start__": self.touched.start,
            "__note__": self._note,
            "__keep__": self._keep,
            "__touch__": self._touch,
        }

    def into(self, tree: nodes.Template, file: str) -> None:
        """Put marks into a parsed template."""
        self._walk(tree, file)

    def strip(self, marked: str) -> tuple[str, tuple[Line, ...]]:
        """The text without marks, and the origin of each of its lines; none where a template
        changed the marks themselves, as {% filter upper %} does."""
        try:
            return _Stripper(self._places, self._conditions, self._reads).strip(marked)
        except _BrokenMarksError:
            return _MARK.sub("", marked), ()
        finally:
            self._reads.clear()

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
        elif isinstance(node, nodes.Assign):
            node.node = _keeping(node.node)
        elif isinstance(node, nodes.With):
            node.values = [_keeping(value) for value in node.values]

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
        if not read:
            return str(value)
        self._reads.append(read)
        return f"{_mark('v', len(self._reads) - 1)}{value}{_mark('e', 0)}"

    def _keep(self, _: None, value: Any) -> Any:
        read = self.touched.take()
        for at in read:
            self.touched.note(at)  # for the expression around this one
        return traced(value, *read) if read else value

    def _touch(self, value: Any) -> Any:
        if isinstance(value, str | int | float):
            for at in getattr(value, "at", ()):
                self.touched.note(at)
        return value


def chains(node: nodes.Node) -> Iterator[Pointer]:
    """The key paths below `env` that an expression reads: ("logs", "keep_days")."""
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
    if isinstance(node, nodes.Getattr) and node.attr in METHODS.values():
        return chain(node.node)
    if isinstance(node, nodes.Getattr):
        above, key = chain(node.node), node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        above, key = chain(node.node), node.arg.value
    else:
        return None
    return None if above is None else (*above, key)


class _BrokenMarksError(Exception):
    """The marked render holds marks of unknown origin."""


class _Stripper:
    """Reads a marked text once, from its start to its end."""

    def __init__(
        self,
        places: list[Place],
        conditions: list[tuple[Pointer, ...]],
        reads: list[list[Pointer]],
    ) -> None:
        self.places, self.conditions, self.reads = places, conditions, reads
        self.text: list[str] = []
        self.lines: list[Line] = []
        self.place: Place | None = None
        self.first: Place | None = None  # of this line: of its first visible character
        self.settled = False
        self.values: list[list[Pointer]] = []
        self.carried = False  # a value that began on an earlier line goes on here
        self.when: list[tuple[Pointer, ...]] = []
        self.line_values: list[Pointer] = []
        self.line_when: list[Pointer] = []

    def strip(self, marked: str) -> tuple[str, tuple[Line, ...]]:
        end = 0
        for mark in _MARK.finditer(marked):
            self._text(marked[end : mark.start()])
            self._mark(_KIND_OF[mark[1]], _number(mark[2]))
            end = mark.end()
        self._text(marked[end:])
        if self.text and not "".join(self.text).endswith("\n"):
            self._end_line()
        return "".join(self.text), tuple(self.lines)

    def _mark(self, kind: str, number: int) -> None:
        if kind == "t":
            self.place = self.places[number]
            self.first = self.first or self.place
            self._drop_carried()  # what follows is a template's own text, as in a macro
        elif kind == "v":
            self.values.append(self.reads[number])
            self.line_values += self.reads[number]
        elif kind == "w":
            self.when.append(self.conditions[number])
        elif kind == "e" and self.values:
            self._drop_carried()
            self.values.pop()
        elif kind == "x" and self.when:
            self.when.pop()
        else:
            raise _BrokenMarksError

    def _drop_carried(self) -> None:
        if self.carried and not self.settled:
            self.line_values, self.carried = [], False

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
        self.carried = bool(self.values)


def _unique(pointers: list[Pointer]) -> tuple[Pointer, ...]:
    return tuple(dict.fromkeys(pointers))


def _mark(kind: str, number: int) -> str:
    return f"{OPEN}{_KINDS[kind]}{str(number).translate(_DIGITS)}{CLOSE}"


def _number(digits: str) -> int:
    return int("".join(str(ord(digit) - _ZERO) for digit in digits))


def _call(function: str, *arguments: nodes.Expr) -> nodes.Call:
    return nodes.Call(nodes.Name(function, "load"), list(arguments), [], None, None)


def _keeping(node: Any) -> Any:
    """The same expression, whose result knows every setting that it was worked out from."""
    if isinstance(node, nodes.Const | nodes.Name):
        return node
    return _call("__keep__", _call("__start__"), _touching(node))


def _touching(node: nodes.Expr) -> nodes.Expr:
    """The same expression; each variable in it says where its value came from."""
    if isinstance(node, nodes.Name):
        return node if node.name == "env" else _call("__touch__", node)
    for field, child in list(node.iter_fields()):
        if isinstance(child, nodes.Expr):
            setattr(node, field, _touching(child))
        elif isinstance(child, list):
            told = _keeping if field == "args" and isinstance(node, nodes.Call) else _touching
            setattr(node, field, [told(c) if isinstance(c, nodes.Expr) else c for c in child])
    return node
