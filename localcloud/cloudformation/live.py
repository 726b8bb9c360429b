"""A resource as its own service tells it now, beside what a template wants of it.

Drift detection, drift-aware change sets and the reading back of a whole stack compare by this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from localcloud.cloudformation import dynamic_references, schemas
from localcloud.cloudformation.stacks import Resource
from localcloud.resources import HANDLERS
from localcloud.resources.base import Account, Properties, from_json

Path = tuple[str | int, ...]
IN_SYNC, MODIFIED, DELETED = "IN_SYNC", "MODIFIED", "DELETED"
UNKNOWN, UNSUPPORTED = "UNKNOWN", "UNSUPPORTED"
NOT_LISTED = (ValueError, LookupError, StopIteration)
"""How a handler fails that looks its resource up in a list."""
GONE = ("NotFound", "NoSuch", "NonExistent", "ResourceNotFoundException", "404")


class Difference(NamedTuple):
    """One place where the actual state lacks or contradicts the wanted one; `found` may be None."""

    path: Path
    wanted: Any
    found: Any


@dataclass(frozen=True)
class State:
    """What a resource is like. `actual`: its properties, as far as its service tells them.

    `ignored`: paths of what is wanted that no service gives back, so that nobody can compare it;
    `sensitive` those of them that name a secret.
    """

    status: str
    differences: tuple[Difference, ...] = ()
    ignored: tuple[Path, ...] = ()
    sensitive: tuple[Path, ...] = ()
    actual: Properties = field(default_factory=dict)


def state(account: Account, resource: Resource, wanted: Properties) -> State:
    """Look the resource up, and compare it with `wanted`, a template's properties resolved.

    More than wanted is fine: a tag that the template doesn't name isn't a difference.
    """
    if not schemas.is_readable(resource.type):
        return State(UNSUPPORTED)
    secret = tuple(dynamic_references.places(wanted))
    hidden = (*dict.fromkeys(_hidden(resource.type, wanted)), *secret)
    try:
        actual = _read(account, resource, wanted)
    except ClientError as error:
        return State(DELETED if is_absent(error) else UNKNOWN, ignored=hidden)
    except NOT_LISTED:
        return State(DELETED, ignored=hidden)
    different = tuple(
        difference
        for name, value in wanted.items()
        for difference in compare(value, get(actual, name), (name,))
        if not any(_below(difference.path, path) for path in hidden)
    )
    return State(MODIFIED if different else IN_SYNC, different, hidden, secret, actual)


def is_absent(error: Exception) -> bool:
    """Whether a service says that there is nothing of that name."""
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    return any(word in code for word in GONE)


def _read(account: Account, resource: Resource, wanted: Properties) -> Properties:
    """Its properties; what it lacks is left out, and that it isn't there is an error."""
    handler = HANDLERS[resource.type]
    try:
        return dict(handler.read(account, resource.physical_id, wanted))
    except (ClientError, *NOT_LISTED):
        key = schemas.name_property(resource.type)
        base = {key: wanted[key]} if key in wanted else {}
        actual = dict(handler.read(account, resource.physical_id, base))
        for name in wanted.keys() - base.keys():
            try:
                actual |= handler.read(account, resource.physical_id, {**base, name: wanted[name]})
            except (ClientError, *NOT_LISTED):
                actual.pop(name, None)
        return actual


# ---- what no service gives back


def _hidden(kind: str, wanted: Properties) -> Iterator[Path]:
    """The places of `wanted` that the type's schema calls write-only, or nothing reads here."""
    for name in sorted(HANDLERS[kind].unread & wanted.keys()):
        yield (name,)
    for pattern in schemas.write_only(kind):
        yield from _places(wanted, pattern, ())


def _places(value: Any, pattern: tuple[str, ...], at: Path) -> Iterator[Path]:
    if not pattern:
        yield at
        return
    key, *rest = pattern
    if key == "*" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, tuple(rest), (*at, index))
    elif isinstance(value, Mapping) and key in value:
        yield from _places(value[key], tuple(rest), (*at, key))


def _below(path: Path, place: Path) -> bool:
    """Is it there, or inside of it? A list is compared without order: its indexes mean nothing."""
    keys = [[key for key in one if not isinstance(key, int)] for one in (path[: len(place)], place)]
    return keys[0] == keys[1]


# ---- comparing


def get(properties: Properties, name: str) -> Any:
    """By name, in any case: APIs write ARN and Arn, DefaultTTL and DefaultTtl."""
    if name in properties:
        return properties[name]
    return next((value for key, value in properties.items() if key.lower() == name.lower()), None)


def compare(wanted: Any, actual: Any, path: Path) -> Iterator[Difference]:
    """The places where the actual state lacks or contradicts the wanted one; more than wanted is
    fine.
    """
    if isinstance(wanted, dict):
        yield from _compare_mappings(wanted, _as_data(actual), path)
    elif isinstance(wanted, list):
        yield from _compare_lists(wanted, actual, path)
    elif dynamic_references.is_reference(wanted) and actual is not None:
        return  # CloudFormation detects no drift of dynamic references
    elif _plain(wanted) != _plain(actual):
        yield Difference(path, wanted, actual)


def _compare_mappings(wanted: dict[str, Any], actual: Any, path: Path) -> Iterator[Difference]:
    if not isinstance(actual, dict):
        if wanted or actual is not None:
            yield Difference(path, wanted, actual)
        return
    for name, value in wanted.items():
        yield from compare(value, get(actual, name), (*path, name))


def _compare_lists(wanted: list[Any], actual: Any, path: Path) -> Iterator[Difference]:
    """Order doesn't matter (tags, actions), number does."""
    if not isinstance(actual, list) or len(actual) != len(wanted):
        yield Difference(path, wanted, actual)
        return
    left = list(actual)
    for index, item in enumerate(wanted):
        match = next((one for one in left if not any(compare(item, one, ()))), None)
        if match is None:
            yield from compare(item, left[0], (*path, index))
        else:
            left.remove(match)


def _as_data(value: Any) -> Any:
    try:
        return from_json(value)
    except ValueError:
        return value


def _plain(value: Any) -> str:
    """One text for 7, 7.0 and "7", for True and "true"."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.decode() if isinstance(value, bytes) else str(value)
