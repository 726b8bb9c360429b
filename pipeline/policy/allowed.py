"""rules/application/allowed.yaml: which properties the templates may set, with reasons.

A path names keys below Properties, `*` a list's items. A named path is allowed, with the keys that
lead to it. A property that has properties of its own is closed to all that aren't named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from pipeline import files, schemas
from pipeline.documents import Document, parse_settings
from pipeline.errors import UserError, brief, guess
from pipeline.findings import Pointer
from pipeline.policy.references import resources
from pipeline.schemas import ITEM, Path

FILE = "rules/application/allowed.yaml"
PLAIN = "plain"
RULE = "PROPERTIES_ARE_ALLOWED"
TYPES = "RESOURCE_TYPES_ARE_KNOWN"
COMMAND = "nox -s allow --"

Paths = dict[Path, str]  # each with its reason


@dataclass(frozen=True)
class Allowed:
    """The paths of each resource type, with their reasons."""

    types: Mapping[str, Paths]

    @property
    def digest(self) -> str:
        """A short hash of the allowed paths, independent of reasons and order."""
        names = sorted(
            f"{kind} {'.'.join(path)}" for kind in self.types for path in self.types[kind]
        )
        return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]

    def nodes(self, kind: str) -> dict[Path, list[str]]:
        """Each mapping that is closed, and the keys that it may have; () is Properties itself."""
        paths = self.types[kind]
        children: dict[Path, list[str]] = {(): []}
        for path in paths:
            for end in range(len(path)):
                if path[end] != ITEM:
                    keys = children.setdefault(path[:end], [])
                    keys.extend([path[end]] if path[end] not in keys else [])
            for closed in (path, (*path, ITEM)):
                if _children(kind, closed):
                    children.setdefault(closed, [])
        return {node: sorted(keys) for node, keys in sorted(children.items())}

    def allows(self, kind: str, path: Path) -> bool:
        """May a template set what `path` names?"""
        nodes = self.nodes(kind) if kind in self.types else {(): []}
        return all(
            path[end] == ITEM or path[:end] not in nodes or path[end] in nodes[path[:end]]
            for end in range(len(path))
        )


def read(root: File) -> Allowed | None:
    """The project's list, compared with the schemas; None if it has none."""
    document = _document(root)
    if document is None:
        return None
    for kind, paths in document.value.items():
        for name in paths:
            refuse_unknown(kind, split(name), f"{FILE}:{document.line((kind, name))}")
    return _listed(document)


def as_written(root: File) -> Allowed | None:
    """The same without a look at the schemas, which takes as long as all rules together."""
    document = _document(root)
    return None if document is None else _listed(document)


def _document(root: File) -> Document | None:
    path = root / FILE
    if not path.is_file():
        return None
    document = parse_settings(files.read_text(path, FILE), FILE)
    for kind, paths in document.value.items():
        _refuse_other_shapes(document, kind, paths)
    return document


def _listed(document: Document) -> Allowed:
    return Allowed(
        {
            kind: {split(name): reason for name, reason in paths.items()}
            for kind, paths in document.value.items()
        }
    )


def _refuse_other_shapes(document: Document, kind: str, paths: Any) -> None:
    named = isinstance(paths, dict) and all(isinstance(name, str) for name in paths)
    if not named:
        raise document.error(
            (kind,),
            f"{kind} isn't a mapping of paths.",
            mend=f"Each path with its reason, or with {PLAIN}: BucketName: {PLAIN}.",
        )
    for name, reason in paths.items():
        if not isinstance(reason, str) or not reason.strip():
            raise document.error(
                (kind, name),
                f"{name} has no reason.",
                mend=f"Write why this stack sets it, or {PLAIN}.",
            )


def refuse_unknown(kind: str, path: Path, where: str) -> None:
    """An error unless the type's schema has such a property.

    Below what a schema leaves open, such as a policy, any path will do, and so it will for a type
    of the account's own.
    """
    if kind.startswith("AWS::") and kind not in schemas.names():
        raise UserError(
            f"there is no resource type {brief(kind)}.",
            where=where,
            mend=f"Write one of CloudFormation's.{guess(kind, sorted(schemas.names()))}",
        )
    for end in range(len(path)):
        known = _children(kind, path[:end])
        if known and path[end] != ITEM and path[end] not in known:
            raise UserError(
                f"{kind} has no {'.'.join(path[: end + 1])}.",
                where=where,
                mend=f"Its schema knows {', '.join(sorted(known))}."
                f"{guess(path[end], sorted(known))}",
            )
    if has_named_keys(kind, path):
        raise UserError(
            f"{'.'.join(path)} of {kind} takes any key, so this allows all of them.",
            where=where,
            mend=f"Name each key: {'.'.join(path)}.NAME.",
        )


def used(template: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    """Each property that a template sets: the resource's type and the path, as the list has it."""
    for resource in resources(template).values():
        kind = str(resource.get("Type"))
        for path in _leaves(kind, resource.get("Properties"), ()):
            yield kind, path


def has_named_keys(kind: str, path: Path) -> bool:
    """Is it a mapping whose keys the template chooses, each with a meaning of its own?

    Tags are such a mapping without a meaning.
    """
    if not path or not _has_schema(kind) or path[-1].endswith("Tags"):
        return False
    return any("patternProperties" in way for way in schemas.ways(kind, path))


def split(name: str) -> Path:
    return tuple(name.split("."))


def path_of(pointer: Pointer) -> Path:
    """The path, as the list has it, of what a pointer into a template names below Properties."""
    return tuple(ITEM if isinstance(key, int) else key for key in pointer[3:])


def told_type(kind: str) -> tuple[str, str]:
    """What is wrong with a resource whose type isn't listed, and how to mend it."""
    return (
        f"Nobody allowed resources of the type {brief(kind)}.",
        f"see that rules judge what matters of it, then `{COMMAND} {brief(kind)}`, or remove it.",
    )


def told(template: dict[str, Any], pointer: Pointer) -> tuple[str, str]:
    """What is wrong with a property that the list doesn't have, and how to mend it."""
    resource = resources(template)[str(pointer[1])]
    kind, path = str(resource.get("Type")), path_of(pointer)
    name = ".".join(path)
    known = path[-1] in _children(kind, path[:-1])
    about = schemas.described(kind, path if known else path[:-1]) if _has_schema(kind) else ""
    return (
        f"Nobody allowed {name} of {kind}. {about}".rstrip(),
        f"remove it, or allow it in {FILE}, where a reviewer sees it: `{COMMAND} {kind} {name}`.",
    )


def _leaves(kind: str, value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, dict) and value and _goes_on(kind, path) and not _is_function(value):
        for key, item in value.items():
            yield from _leaves(kind, item, (*path, key))
    elif isinstance(value, list):
        below = (*path, ITEM)
        for item in value:
            yield from _leaves(kind, item, below)
    elif path:
        yield tuple(path[:-1] if path[-1] == ITEM else path)


def _goes_on(kind: str, path: Path) -> bool:
    return not path or bool(_children(kind, path)) or has_named_keys(kind, path)


def _is_function(value: dict[str, Any]) -> bool:
    key, *more = value
    return not more and (key == "Ref" or key.startswith("Fn::"))


def _has_schema(kind: str) -> bool:
    return kind in schemas.names()


def _children(kind: str, path: Path) -> dict[str, Any]:
    return schemas.children(kind, path) if _has_schema(kind) else {}


def missing(templates: Iterable[dict[str, Any]], allowed: Allowed) -> dict[str, list[Path]]:
    """What the templates set and the list doesn't have, by type."""
    unlisted: dict[str, list[Path]] = {}
    for kind, path in sorted({one for template in templates for one in used(template)}):
        if not allowed.allows(kind, path):
            unlisted.setdefault(kind, []).append(path)
    return unlisted
