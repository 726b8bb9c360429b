"""What functions do with AWS, as their tests recorded it: rules/calls.json.

An entry is one operation on one kind of resource. It names resources as the function itself knows
them: `${NAME}` is its environment variable NAME, and a `*` at the end is whatever it makes up at
run time. So a recording of the tests' names is bound to any environment's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline import files
from pipeline.errors import UserError
from pipeline.iam import service_reference, subjects
from pipeline.iam.conditions import Context
from pipeline.iam.resolving import Target, Unresolvable

FILE = "rules/calls.json"
CALLED, PRESIGNED = "called", "presigned"
ENDPOINT = "Endpoint"
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


@dataclass(frozen=True)
class Entry:
    """One operation of a service by a function. `about` has the names of AWS's ARN forms."""

    function: str
    how: str
    service: str
    operation: str
    about: Mapping[str, str]
    context: Context

    @property
    def action(self) -> str:
        """The IAM action that it needs."""
        return service_reference.action_of(self.service, self.operation)

    def resource(self, variables: Mapping[str, str], target: Target) -> str:
        """The ARN that it is about, with a function's environment in one place."""
        where = {"Partition": target.partition, "Region": target.region, "Account": target.account}
        fields = {name: _filled(text, variables) for name, text in self.about.items()}
        if ENDPOINT in fields:
            fields |= _endpoint(fields.pop(ENDPOINT))
        return subjects.resource(self.action, where, fields)


def _filled(text: str, variables: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in variables:
            raise Unresolvable(f"the environment variable {match[1]}, which the code reads")
        return variables[match[1]]

    return _VARIABLE.sub(value, text)


def _endpoint(url: str) -> dict[str, str]:
    """An API's id and stage, which its address begins and ends with."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    return {"ApiId": (parts.hostname or "").split(".")[0], "Stage": parts.path.strip("/")}


def load(root: Path) -> list[Entry]:
    """The committed recording; none is an empty one."""
    path = root / FILE
    if not path.is_file():
        return []
    try:
        by_function = json.loads(files.read_text(path, FILE))
        return [Entry(function, **one) for function, found in by_function.items() for one in found]
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise UserError(
            "this isn't a recording.", where=FILE, mend="Make it again: nox -s refresh."
        ) from None


def as_value(entries: Iterable[Entry]) -> dict[str, list[dict[str, Any]]]:
    """The recording as the file holds it: in an order that doesn't depend on the tests'."""
    result: dict[str, list[dict[str, Any]]] = {}
    for entry in sorted(entries, key=_order):
        value = {
            "how": entry.how,
            "service": entry.service,
            "operation": entry.operation,
            "about": dict(sorted(entry.about.items())),
            "context": dict(sorted(entry.context.items())),
        }
        result.setdefault(entry.function, []).append(value)
    return result


def _order(entry: Entry) -> tuple[str, ...]:
    about = json.dumps([dict(sorted(entry.about.items())), dict(sorted(entry.context.items()))])
    return entry.function, entry.service, entry.operation, entry.how, about
