"""The values of a template's parameters, checked as CloudFormation checks them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.cloudformation.errors import ValidationError

TYPES = {"String", "Number", "CommaDelimitedList", "List<Number>"}


def values(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """One text for each declared parameter, from the request or its default."""
    if unknown := sorted(set(given) - set(declared)):
        raise ValidationError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, one in declared.items() if name not in given and "Default" not in one]
    if missing:
        raise ValidationError(f"Parameters: [{', '.join(missing)}] must have values")
    chosen = {name: str(given.get(name, one.get("Default"))) for name, one in declared.items()}
    for name, value in chosen.items():
        _check(name, declared[name], value)
    return chosen


def _check(name: str, declared: Mapping[str, Any], value: str) -> None:
    if declared.get("Type") not in TYPES:
        raise ValidationError(
            f"Parameter {name}: this endpoint doesn't support {declared.get('Type')}"
        )
    allowed = [str(one) for one in declared.get("AllowedValues", [value])]
    if value not in allowed:
        raise ValidationError(f"Parameter '{name}' must be one of AllowedValues")
    pattern = declared.get("AllowedPattern", ".*")
    if not re.fullmatch(pattern, value, re.DOTALL):
        raise ValidationError(f"Parameter '{name}' must match pattern {pattern}")
    if not int(declared.get("MinLength", 0)) <= len(value) <= int(declared.get("MaxLength", 4096)):
        raise ValidationError(f"Parameter '{name}' has a length that isn't allowed")


def typed(declared: Mapping[str, Any], value: str) -> str | list[str]:
    """What Ref gives: a list for the list types, text for the others."""
    if declared["Type"] in ("CommaDelimitedList", "List<Number>"):
        return [item.strip() for item in value.split(",")]
    return value
