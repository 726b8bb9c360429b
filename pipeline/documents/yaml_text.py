"""YAML -> a document."""

from __future__ import annotations

import re
from typing import Any

import yaml

from pipeline.documents.dialects import Dialect
from pipeline.documents.document import (
    MAX_DEPTH,
    MOST_DIGITS,
    Document,
    DocumentError,
    too_deep,
    twice,
    within_range,
)
from pipeline.documents.lines import Lines, split
from pipeline.errors import brief
from pipeline.findings import Pointer

# libyaml where PyYAML was built with it: the same nodes, ten times faster.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAG = "tag:yaml.org,2002:"
_PYTHON = _TAG + "python/"
_LEADING_ZERO = re.compile(r"0[0-9]+\Z")
_TAB_FIRST = re.compile(r"[ \t]*\t")
_PAIR = re.compile(r"([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_NOT_A_CHARACTER = "found invalid Unicode character escape code"
_TOO_DEEP = "exceeded maximum nesting depth"  # libyaml's own limit, in PyYAML from 6.0.4 on
_END = "found unexpected end of stream"  # in quotes
_BEYOND = "is beyond the range of numbers."
_YES = {"yes", "y", "on"}
_SHORT = 20  # digits: all of them can be shown
_MOST_JOINED = 200  # characters; each costs another reading


class _DeepError(Exception):
    """The nodes nest deeper than anything that reads them may follow."""

    def __init__(self, mark: Any) -> None:
        super().__init__()
        self.mark = mark


class _Bounded(_Loader):  # type: ignore[misc]  # the base is chosen at run time
    """A loader that stops before its own recursion ends the process."""

    depth = 0

    def descend_resolver(self, parent: Any, index: Any) -> None:
        self.depth += 1
        if self.depth > 2 * MAX_DEPTH:  # a short form is one node and two levels of its value
            raise _DeepError(parent.start_mark)
        super().descend_resolver(parent, index)

    def ascend_resolver(self) -> None:
        self.depth -= 1
        super().ascend_resolver()


def parse(text: str, file: str, dialect: Dialect) -> Document:
    """The document, or a DocumentError with the line that it is about."""
    node, lines = _compose(text, file)
    if not isinstance(node, yaml.MappingNode):
        raise DocumentError(
            "the file holds no keys.", file=file, line=1, mend="Write `key: value` lines."
        )
    reader = _Reader(file, dialect, lines)
    return Document(file, reader.read(node, ()), reader.lines, reader.texts)


def _compose(text: str, file: str) -> tuple[yaml.Node | None, Lines]:
    """The root node, and the lines of the text that its marks are about."""
    for left in range(_MOST_JOINED, -1, -1):
        try:
            return yaml.compose(text, Loader=_Bounded), Lines(text)
        except _DeepError as error:
            raise too_deep(file, Lines(text).at(error.mark.index)) from None
        except yaml.MarkedYAMLError as error:
            if error.problem == _TOO_DEEP:
                raise too_deep(file, _line_of(error, text)) from None
            joined = _with_joined_halves(text, error)
            if joined is None or not left:
                raise _syntax_error(error, text, file) from None
            text = joined
        except yaml.reader.ReaderError as error:
            raise _unreadable(text, error, file) from None
    raise AssertionError  # the last round returns or raises


def _with_joined_halves(text: str, error: yaml.MarkedYAMLError) -> str | None:
    """The same text where a character is written as two escapes, as JSON's libraries do; YAML
    knows no halves. None where the error is another one."""
    if error.problem != _NOT_A_CHARACTER or error.problem_mark is None:
        return None
    at = error.problem_mark.index
    pair = _PAIR.match(text, at)
    if pair is None or not text.endswith("\\u", 0, at):
        return None
    high, low = int(pair[1], 16), int(pair[2], 16)
    number = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
    return f"{text[: at - 2]}\\U{number:08x}{text[pair.end() :]}"


def _line_of(error: yaml.MarkedYAMLError, text: str) -> int:
    """Where the mistake is seen; a quote that nobody closes is seen at the end of the file."""
    mark = error.problem_mark or error.context_mark
    if error.problem == _END and error.context_mark:
        mark = error.context_mark
    return Lines(text).at(mark.index) if mark else 1


def _syntax_error(error: yaml.MarkedYAMLError, text: str, file: str) -> DocumentError:
    line = _line_of(error, text)
    written = split(text)[line - 1 : line]
    if written and _TAB_FIRST.match(written[0]):
        return DocumentError(
            "a tab indents this line.",
            file=file,
            line=line,
            mend="YAML is indented with spaces. Replace the tab.",
        )
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return DocumentError(
        f"this is not YAML: {brief(said, 160)}.",
        file=file,
        line=line,
        mend="Look at this line and the one before it: indentation, a missing colon or quote.",
    )


def _unreadable(text: str, error: yaml.reader.ReaderError, file: str) -> DocumentError:
    number: Any = error.character
    return DocumentError(
        f"this is not YAML: it holds the character U+{number:04X}.",
        file=file,
        line=Lines(text).at(text.find(chr(number))),
        mend="Remove it, or write it as \\u and its number in double quotes.",
    )


class _Reader:
    """Turns composed nodes into values, and remembers the line of each pointer."""

    def __init__(self, file: str, dialect: Dialect, lines: Lines) -> None:
        self.file = file
        self.dialect = dialect
        self.lines: dict[Pointer, int] = {}
        self.texts: dict[Pointer, str] = {}
        self._lines = lines
        self._seen: set[int] = set()

    def read(self, node: yaml.Node, at: Pointer) -> Any:
        self._refuse_alias(node)
        if node.tag.startswith(_TAG):
            self._refuse_program(node)
            return self._content(node, at)
        name = self.dialect.tags.get(node.tag)
        if name is None:
            raise self._error(
                node,
                f"{brief(node.tag)} isn't a known tag.",
                _tag_mend(self.dialect.tags),
            )
        value = self._content(node, (*at, name))
        if name == "Fn::GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {name: value}

    def _refuse_alias(self, node: yaml.Node) -> None:
        if id(node) in self._seen:
            raise self._error(node, "an alias (*name) repeats this part.", "Write it out.")
        self._seen.add(id(node))

    def _refuse_program(self, node: yaml.Node) -> None:
        if node.tag.startswith(_PYTHON):
            tag = "!!" + node.tag.removeprefix(_TAG)
            raise self._error(node, f"{brief(tag)} isn't a known tag.", "Write the value.")

    def _content(self, node: yaml.Node, at: Pointer) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, at)
        if len(at) >= MAX_DEPTH:
            raise too_deep(self.file, self._line(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        assert isinstance(node, yaml.SequenceNode)  # noqa: S101  there is no fourth kind
        return self._sequence(node, at)

    def _mapping(self, node: yaml.MappingNode, at: Pointer) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, at)
            here = (*at, key)
            line = self._line(key_node)
            if key in result:
                raise twice(self.file, here, (self.lines[here], line))
            self.lines[here] = line
            result[key] = self.read(value_node, here)
        return result

    def _key(self, node: yaml.Node, at: Pointer) -> str:
        if isinstance(node, yaml.MappingNode) and node.flow_style:
            raise self._error(
                node,
                "braces stand here in place of a word, as in {{ ... }}.",
                "Quote the text that holds them. Templates alone are filled in, by Jinja.",
            )
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(node, "a key is a list or a mapping.", "Write a word as the key.")
        if node.tag == _TAG + "merge":
            raise self._error(node, "<< merges another mapping.", "Write its keys out.")
        if self.dialect.lenient:
            return str(node.value)
        value = self._scalar(node, at)
        if not isinstance(value, str):
            raise self._error(
                node, f"the key {brief(node.value)} is read as {_kind(value)}.", _quoted(node.value)
            )
        return value

    def _sequence(self, node: yaml.SequenceNode, at: Pointer) -> list[Any]:
        result = []
        for index, item in enumerate(node.value):
            here = (*at, index)
            self.lines[here] = self._line(item)
            result.append(self.read(item, here))
        return result

    def _scalar(self, node: yaml.ScalarNode, at: Pointer) -> Any:
        text: str = node.value
        if node.tag.startswith("!"):
            return text
        self._refuse_leading_zero(node)
        kind = node.tag.removeprefix(_TAG)
        read = self.dialect.scalars.get(kind)
        if read is None:
            told = "a date" if kind == "timestamp" else kind
            raise self._error(node, f"{brief(text)} is read as {told}.", _quoted(text))
        try:
            value = read(text)
        except ValueError as error:
            told = _BEYOND if len(text) > MOST_DIGITS else str(error)
            mend = _as_meant(kind, text) + _quoted(text)
            raise self._error(node, f"{brief(text)} {told}", mend) from None
        if isinstance(value, int | float):
            self.texts[at] = text
            if not within_range(value):
                raise self._error(node, f"{brief(text)} {_BEYOND}", _quoted(text))
        return value

    def _refuse_leading_zero(self, node: yaml.ScalarNode) -> None:
        if self.dialect.lenient or node.tag != _TAG + "str" or getattr(node, "style", None):
            return
        if _LEADING_ZERO.match(node.value):
            raise self._error(
                node,
                f"{brief(node.value)} begins with 0: some read a number here, some a text.",
                _quoted(node.value),
            )

    def _line(self, node: yaml.Node) -> int:
        return self._lines.at(node.start_mark.index)

    def _error(self, node: yaml.Node, what: str, mend: str) -> DocumentError:
        return DocumentError(what, file=self.file, line=self._line(node), mend=mend)


def _quoted(text: str) -> str:
    return f'Quote it if it is a text: "{brief(text)}".'


def _as_meant(kind: str, text: str) -> str:
    """How it is written without doubt, where YAML 1.1 and people read the same."""
    plain = text.replace("_", "").removeprefix("+")
    if kind == "bool":
        return f"Write {'true' if text.lower() in _YES else 'false'}. "
    if kind == "int" and plain.isdecimal() and not plain.startswith("0") and len(plain) < _SHORT:
        return f"Write {plain}. "
    return ""


def _kind(value: object) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", type(None): "empty"}
    return kinds.get(type(value), "a text")


def _tag_mend(tags: dict[str, str]) -> str:
    return f"Known are {', '.join(sorted(tags))}." if tags else "An environment file has no tags."
