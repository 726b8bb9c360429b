"""The schema of environment files, walked by the key paths that the files use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo

from environments.schema import Settings
from pipeline.environment.fields import BaseSettings, SchemaPaths, Section
from pipeline.errors import SCHEMA
from pipeline.findings import Pointer


def section_at(at: Pointer) -> type[Section] | None:
    """The section that a key path leads to; () is the whole file."""
    section: type[Section] | None = Settings
    for key in at:
        field = fields(section).get(str(key))
        section = _section_of(field) if field else None
    return section


def keys(section: type[Section] | None) -> list[str]:
    """What may stand in a section, sorted."""
    return sorted(name for name in fields(section) if (section, name) != (Settings, "name"))


def fields(section: type[Section] | None) -> dict[str, FieldInfo]:
    """A section's fields by the names that the files use."""
    if section is None:
        return {}
    return {field.alias or name: field for name, field in section.model_fields.items()}


def about(at: Pointer) -> str:
    """What the schema says of a key, on one line; of a value inside it, what it says of the key."""
    from pipeline.environment.descriptions import descriptions

    for end in range(len(at), 0, -1):
        section = section_at(at[: end - 1])
        if section and str(at[end - 1]) in fields(section):
            return descriptions(section).get(str(at[end - 1]), "")
    return ""


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of an environment file, for editors; generated, never edited."""
    from pipeline.environment.descriptions import describe

    sections: list[type[Section]] = [Settings, *dict(_sections(Settings, ())).values()]
    schema = describe(Settings.model_json_schema(by_alias=True), sections)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def paths() -> SchemaPaths:
    """Every key path that a template may read, and those that one of them has to: all values but
    the ones that the pipeline itself reads."""
    sections = dict(_sections(Settings, ()))
    known: set[Pointer] = set(sections)
    free, leaves = set(), []
    everything: list[tuple[Pointer, type[Section]]] = [((), Settings), *sections.items()]
    for above, section in everything:
        for name, field in fields(section).items():
            at = (*above, name)
            known.add(at)
            if get_origin(field.annotation) is dict:
                free.add(at)
            if at not in sections and at[0] not in BaseSettings.model_fields:
                leaves.append(at)
    return SchemaPaths(SCHEMA, frozenset(known), frozenset(free), tuple(leaves))


def _sections(model: type[Section], at: Pointer) -> Iterator[tuple[Pointer, type[Section]]]:
    for name, field in fields(model).items():
        section = _section_of(field)
        if section is not None:
            yield (*at, name), section
            yield from _sections(section, (*at, name))


def _section_of(field: FieldInfo) -> type[Section] | None:
    """The section that a field holds, also where it may be null."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, Section):
            return kind
    return None
