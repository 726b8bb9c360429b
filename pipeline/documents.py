"""YAML that keeps its positions: environment files and rendered templates.

Both are read by YAML 1.1 rules, as CloudFormation reads them, but without its traps: duplicate
keys, numbers with a leading zero, dates, yes/no and aliases are refused instead of reinterpreted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from pipeline.errors import UserError
from pipeline.findings import Pointer

# libyaml where PyYAML was built with it: the same nodes, ten times faster.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAG = "tag:yaml.org,2002:"
_INTRINSICS = {
    "!Ref": "Ref",
    "!Condition": "Condition",
    **{
        f"!{name}": f"Fn::{name}"
        for name in (
            "And", "Base64", "Cidr", "Equals", "FindInMap", "GetAZs", "GetAtt", "If",
            "ImportValue", "Join", "Length", "Not", "Or", "Select", "Split", "Sub",
            "ToJsonString", "Transform",
        )
    },
}  # fmt: skip
_PLAIN_INT = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_LEADING_ZERO = re.compile(r"0[0-9]+\Z")
_PLAIN_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")


class DocumentError(UserError):
    """A text that is not the YAML we accept; `line` counts from 1 in `file`."""

    def __init__(self, what: str, *, file: str, line: int, mend: str) -> None:
        super().__init__(what, where=f"{file}:{line}", mend=mend)
        self.file = file
        self.line = line


@dataclass(frozen=True)
class Document:
    """A YAML text's value, and the line (from 1) at which each of its keys and items stands."""

    file: str
    value: Any
    lines: dict[Pointer, int]

    def line(self, pointer: Pointer) -> int:
        """The line of what `pointer` names, or of its nearest ancestor that exists."""
        for end in range(len(pointer), 0, -1):
            found = self.lines.get(pointer[:end])
            if found is not None:
                return found
        return 1


def parse_settings(text: str, file: str) -> Document:
    """An environment file: plain YAML without tags."""
    return _parse(text, file, {})


def parse_template(text: str, file: str) -> Document:
    """A CloudFormation template: short-form intrinsics become long-form, nulls are refused."""
    document = _parse(text, file, _INTRINSICS)
    empty = next((at for at, value in _leaves(document.value, ()) if value is None), None)
    if empty is not None:
        raise DocumentError(
            f"{'.'.join(map(str, empty))} is empty.",
            file=file,
            line=document.line(empty),
            mend="CloudFormation refuses null. Give the key a value or leave it out.",
        )
    return document


def _leaves(value: Any, at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*at, index))
    else:
        yield at, value


def _parse(text: str, file: str, tags: dict[str, str]) -> Document:
    _refuse_tabs(text, file)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, file) from None
    except yaml.reader.ReaderError as error:
        raise _unreadable(text, error, file) from None
    if not isinstance(node, yaml.MappingNode):
        raise DocumentError(
            "the file holds no keys.", file=file, line=1, mend="Write `key: value` lines."
        )
    reader = _Reader(file, tags)
    try:
        value = reader.read(node, ())
    except RecursionError:
        raise DocumentError(
            "its mappings and lists are nested too deep.", file=file, line=1, mend="Write it flat."
        ) from None
    return Document(file, value, reader.lines)


def _refuse_tabs(text: str, file: str) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        if "\t" in line[: len(line) - len(line.lstrip())]:
            raise DocumentError(
                "a tab indents this line.",
                file=file,
                line=number,
                mend="YAML is indented with spaces. Replace the tab.",
            )


def _syntax_error(error: yaml.MarkedYAMLError, file: str) -> DocumentError:
    mark = error.problem_mark or error.context_mark
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return DocumentError(
        f"this is not YAML: {said}.",
        file=file,
        line=mark.line + 1 if mark else 1,
        mend="Look at this line and the one before it: indentation, a missing colon or quote.",
    )


def _unreadable(text: str, error: yaml.reader.ReaderError, file: str) -> DocumentError:
    number: Any = error.character
    return DocumentError(
        f"this is not YAML: it holds the character U+{number:04X}.",
        file=file,
        line=text.count("\n", 0, text.find(chr(number))) + 1,
        mend="Remove it, or write it as \\u and its number in double quotes.",
    )


class _Reader:
    """Turns composed nodes into values, and remembers the line of each pointer."""

    def __init__(self, file: str, tags: dict[str, str]) -> None:
        self.file = file
        self.tags = tags
        self.lines: dict[Pointer, int] = {}
        self._seen: set[int] = set()

    def read(self, node: yaml.Node, at: Pointer) -> Any:
        self._refuse_alias(node)
        if node.tag.startswith(_TAG):
            return self._content(node, at)
        name = self.tags.get(node.tag)
        if name is None:
            raise self._error(
                node, f"{node.tag} is no tag that is known here.", _tag_mend(self.tags)
            )
        value = self._content(node, (*at, name))
        if name == "Fn::GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {name: value}

    def _refuse_alias(self, node: yaml.Node) -> None:
        if id(node) in self._seen:
            raise self._error(node, "an alias (*name) repeats this part.", "Write it out.")
        self._seen.add(id(node))

    def _content(self, node: yaml.Node, at: Pointer) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, at)
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, at: Pointer) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            here = (*at, key)
            if key in result:
                first = self.lines[here]
                raise self._error(
                    key_node,
                    f"{'.'.join(map(str, here))} is here a second time, first in line {first}.",
                    "YAML would keep only the last one. Remove or rename one of them.",
                )
            self.lines[here] = key_node.start_mark.line + 1
            result[key] = self.read(value_node, here)
        return result

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(node, "a key is a list or a mapping.", "Write a word as the key.")
        if node.tag == _TAG + "merge":
            raise self._error(node, "<< merges another mapping.", "Write its keys out.")
        value = self._scalar(node)
        if not isinstance(value, str):
            raise self._error(
                node,
                f"the key {node.value} is read as {_kind(value)}.",
                f'Quote it: "{node.value}".',
            )
        return value

    def _sequence(self, node: yaml.SequenceNode, at: Pointer) -> list[Any]:
        result = []
        for index, item in enumerate(node.value):
            here = (*at, index)
            self.lines[here] = item.start_mark.line + 1
            result.append(self.read(item, here))
        return result

    def _scalar(self, node: yaml.Node) -> Any:
        text: str = node.value
        if (
            node.tag == _TAG + "str"
            and not getattr(node, "style", None)
            and _LEADING_ZERO.match(text)
        ):
            raise self._error(
                node,
                f"{text} begins with 0: some read a number here, some a text.",
                f'Quote it if it is a text: "{text}".',
            )
        read = _SCALARS.get(node.tag.removeprefix(_TAG))
        if node.tag.startswith("!") and not node.tag.startswith(_TAG):
            return text
        if read is None:
            raise self._error(
                node,
                f"{text} is read as {_kind_of_tag(node.tag)}.",
                f'Quote it if it is a text: "{text}".',
            )
        try:
            return read(text)
        except ValueError as error:
            raise self._error(
                node, f"{text} {error}", f'Quote it if it is a text: "{text}".'
            ) from None

    def _error(self, node: yaml.Node, what: str, mend: str) -> DocumentError:
        return DocumentError(what, file=self.file, line=node.start_mark.line + 1, mend=mend)


def _integer(text: str) -> int:
    if not _PLAIN_INT.match(text):
        raise ValueError("is read as an octal, hexadecimal, binary or base-60 number.")
    return int(text)


def _number(text: str) -> float:
    if not _PLAIN_FLOAT.match(text):
        raise ValueError("is read as a number in an unusual form.")
    return float(text)


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("is read as true or false.")
    return text.lower() == "true"


_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": _integer,
    "float": _number,
    "bool": _boolean,
    "null": lambda _: None,
}


def _kind(value: object) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", type(None): "empty"}
    return kinds.get(type(value), "a text")


def _kind_of_tag(tag: str) -> str:
    return "a date" if tag.endswith(":timestamp") else tag.removeprefix(_TAG)


def _tag_mend(tags: dict[str, str]) -> str:
    return f"Known are {', '.join(sorted(tags))}." if tags else "An environment file has no tags."
