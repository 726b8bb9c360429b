"""Intrinsic functions: which names a value needs, and the value once they are known."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from localcloud.cloudformation.errors import ValidationError

VARIABLE = re.compile(r"\$\{([^!${}][^${}]*)\}")
LITERAL = re.compile(r"\$\{!([^}]*)\}")


class Reference(NamedTuple):
    """A name that a value needs; `attribute` is empty for Ref."""

    target: str
    attribute: str = ""


class _NoValue:
    """What Ref AWS::NoValue leaves: the key around it disappears."""


NO_VALUE = _NoValue()


@dataclass(frozen=True)
class Scope:
    """Everything that a template's intrinsic functions may ask for.

    `ref` gives a parameter's value, a pseudo parameter or a physical id, `attribute` GetAtt's.
    """

    ref: Callable[[str], Any]
    attribute: Callable[[str, str], Any]
    exports: Mapping[str, str] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)


def references(value: Any) -> Iterator[Reference]:
    """Every Ref, GetAtt and Sub variable in a value."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        function, argument = _function(value)
        if function == "Ref":
            yield Reference(str(argument))
        elif function == "Fn::GetAtt":
            yield _getatt(argument)
        elif function == "Fn::Sub":
            yield from _sub_references(argument)
        else:
            for item in value.values():
                yield from references(item)


def _function(value: Mapping[str, Any]) -> tuple[str, Any]:
    """The function's name and argument, or two blanks for an ordinary mapping."""
    if len(value) == 1:
        ((key, argument),) = value.items()
        if key == "Ref" or (isinstance(key, str) and key.startswith("Fn::")):
            return key, argument
    return "", None


def _getatt(argument: Any) -> Reference:
    parts = argument.split(".", 1) if isinstance(argument, str) else list(argument)
    return Reference(str(parts[0]), ".".join(str(part) for part in parts[1:]))


def _sub_references(argument: Any) -> Iterator[Reference]:
    text, given = (argument, {}) if isinstance(argument, str) else argument
    yield from references(list(given.values()))
    for name in VARIABLE.findall(text):
        if name not in given:
            yield _getatt(name) if "." in name else Reference(name)


def resolve(value: Any, scope: Scope) -> Any:
    """The value with every function evaluated; keys of AWS::NoValue are left out."""
    if isinstance(value, list):
        items = [resolve(item, scope) for item in value]
        return [item for item in items if item is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    function, argument = _function(value)
    if function:
        if function not in FUNCTIONS:
            raise ValidationError(f"Template error: this endpoint doesn't evaluate {function}")
        return FUNCTIONS[function](argument, scope)
    resolved = {key: resolve(item, scope) for key, item in value.items()}
    return {key: item for key, item in resolved.items() if item is not NO_VALUE}


def _ref(argument: Any, scope: Scope) -> Any:
    return NO_VALUE if argument == "AWS::NoValue" else scope.ref(argument)


def _get_attribute(argument: Any, scope: Scope) -> Any:
    return scope.attribute(*_getatt(argument))


def _sub(argument: Any, scope: Scope) -> str:
    text, given = (argument, {}) if isinstance(argument, str) else argument
    values = resolve(given, scope)

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if name in values:
            return _text(values[name])
        return _text(scope.attribute(*_getatt(name)) if "." in name else scope.ref(name))

    return LITERAL.sub(r"${\1}", VARIABLE.sub(replace, text))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, list) else str(value)


def _join(argument: Any, scope: Scope) -> str:
    separator, items = argument
    return str(separator).join(_text(item) for item in resolve(items, scope))


def _select(argument: Any, scope: Scope) -> Any:
    index, items = (resolve(part, scope) for part in argument)
    return items[int(index)]


def _split(argument: Any, scope: Scope) -> list[str]:
    separator, text = (resolve(part, scope) for part in argument)
    return str(text).split(separator)


def _find_in_map(argument: Any, scope: Scope) -> Any:
    name, *keys = (resolve(part, scope) for part in argument)
    value: Any = scope.mappings[name]
    for key in keys:
        value = value[str(key)]
    return value


def _import_value(argument: Any, scope: Scope) -> str:
    name = resolve(argument, scope)
    if name not in scope.exports:
        raise ValidationError(f"No export named {name} found.")
    return scope.exports[name]


def _if(argument: Any, scope: Scope) -> Any:
    name, yes, no = argument
    return resolve(yes if condition(name, scope) else no, scope)


def _base64(argument: Any, scope: Scope) -> str:
    return base64.b64encode(str(resolve(argument, scope)).encode()).decode()


FUNCTIONS: dict[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_attribute,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::FindInMap": _find_in_map,
    "Fn::ImportValue": _import_value,
    "Fn::If": _if,
    "Fn::Base64": _base64,
}


def condition(name: str, scope: Scope) -> bool:
    """Whether a named condition of the template holds."""
    if name not in scope.conditions:
        raise ValidationError(f"Template error: condition {name} is not defined")
    return _holds(scope.conditions[name], scope)


def _holds(value: Any, scope: Scope) -> bool:
    ((function, argument),) = value.items()
    if function == "Condition":
        return condition(argument, scope)
    if function == "Fn::Equals":
        left, right = (_text(resolve(part, scope)) for part in argument)
        return left == right
    if function == "Fn::Not":
        return not _holds(argument[0], scope)
    if function in ("Fn::And", "Fn::Or"):
        results = [_holds(part, scope) for part in argument]
        return all(results) if function == "Fn::And" else any(results)
    raise ValidationError(f"Template error: {function} isn't a condition function")
