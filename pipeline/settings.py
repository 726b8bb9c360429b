"""Environment files: their names, and one of them as checked settings."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from environments.schema import Settings
from pipeline.documents import Document, parse_settings
from pipeline.errors import UsageError, UserError
from pipeline.fields import BaseSettings, SchemaPaths
from pipeline.findings import Place, Pointer

FOLDER = "environments"
_MOST = 8  # errors shown at once: one screen


@dataclass(frozen=True)
class Loaded:
    """One environment: its settings, and the document that knows each value's line."""

    settings: Settings
    document: Document

    @property
    def name(self) -> str:
        return self.settings.name

    def place(self, pointer: Pointer) -> Place:
        """The line of the environment file in which a setting stands."""
        return Place(self.document.file, self.document.line(pointer))


class SettingsError(UserError):
    """An environment file that can't be used; `problems` are its (place, what, mend)."""

    def __init__(self, problems: list[UserError]) -> None:
        super().__init__(problems[0].what, where=problems[0].where, mend=problems[0].mend)
        self.problems = problems

    def __str__(self) -> str:
        shown = "\n\n".join(str(problem) for problem in self.problems[:_MOST])
        more = len(self.problems) - _MOST
        return f"{shown}\n\nand {more} more." if more > 0 else shown


def names(root: Path) -> list[str]:
    """The environments that exist, sorted: one for each YAML file in environments/."""
    return sorted(path.stem for path in (root / FOLDER).glob("*.yaml"))


def chosen(wanted: Iterable[str], root: Path) -> list[str]:
    """The environments that a person named, checked; all of them when none is named."""
    known = names(root)
    if not known:
        raise UserError(
            "there is no environment file.", where=f"{FOLDER}/", mend="Add one, such as dev.yaml."
        )
    picked = list(dict.fromkeys(wanted)) or known
    for name in picked:
        if name not in known:
            raise UsageError(
                f"there is no environment {name!r}.",
                mend=f"Environments: {', '.join(known)}.{_guess(name, known)} "
                f"A new one is one file: {FOLDER}/<name>.yaml.",
            )
    return picked


def load(name: str, root: Path) -> Loaded:
    """The settings of an environment; SettingsError names every wrong line."""
    chosen([name], root)
    file = f"{FOLDER}/{name}.yaml"
    document = parse_settings(read_text(root / file, file), file)
    if "name" in document.value:
        raise UserError(
            "name is the file's own name.",
            where=f"{file}:{document.line(('name',))}",
            mend="Remove the key, or rename the file.",
        )
    try:
        settings = Settings.model_validate({**document.value, "name": name})
    except ValidationError as error:
        problems = [_problem(document, details) for details in error.errors(include_url=False)]
        raise SettingsError(problems) from None
    return Loaded(settings, document)


def read_text(path: Path, shown: str) -> str:
    """A file's text; bytes that are no UTF-8 and a missing file are the person's to mend."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(
            f"it can't be read: {error.strerror}.", where=shown, mend="Is it there, and readable?"
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"byte {error.start} is not UTF-8.", where=shown, mend="Save the file as UTF-8."
        ) from None


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of an environment file, for editors; generated, never edited."""
    schema = Settings.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_paths() -> SchemaPaths:
    """Every key path that a template may read, and those that one of them has to."""
    known: set[Pointer] = {("name",)}
    free: set[Pointer] = set()
    leaves: list[Pointer] = []

    def walk(model: type[BaseModel], above: Pointer) -> None:
        for name, field in _fields(model).items():
            at = (*above, name)
            known.add(at)
            section = _model(field)
            if section is not None:
                walk(section, at)
                continue
            if get_origin(field.annotation) is dict:
                free.add(at)
            if at[0] not in BaseSettings.model_fields:
                leaves.append(at)

    walk(Settings, ())
    return SchemaPaths(f"{FOLDER}/schema.py", frozenset(known), frozenset(free), tuple(leaves))


def _problem(document: Document, details: ErrorDetails) -> UserError:
    at = tuple(key for key in details["loc"] if not str(key).startswith("function-"))
    field = _field(at)
    told = _Telling(".".join(map(str, at)) or "the file", details, at)
    what, mend = told.what(), told.mend(field)
    if at == ("name",):
        return UserError(
            f"{details['input']} is no name for an environment.",
            where=document.file,
            mend="Lower-case letters, digits and hyphens, at most 16. Rename the file.",
        )
    return UserError(what, where=f"{document.file}:{document.line(at)}", mend=mend)


@dataclass(frozen=True)
class _Telling:
    """pydantic's error in words: what is there, and what to write."""

    key: str
    details: ErrorDetails
    at: Pointer

    def what(self) -> str:
        kind = self.details["type"]
        if kind == "missing":
            return f"{self.key} is missing."
        if kind == "extra_forbidden":
            return f"{self.key} is no known key.{_guess(str(self.at[-1]), _siblings(self.at))}"
        if kind == "value_error" and isinstance(self.details["input"], dict):
            return self._said()
        return f"{self.key} is {_shown(self.details['input'])}. {self._said()}"

    def mend(self, field: FieldInfo | None) -> str:
        if self.details["type"] == "extra_forbidden":
            return f"Known here: {', '.join(_siblings(self.at))}."
        about = " ".join((field.description or "").split()) if field else ""
        if self.details["type"] == "string_type" and isinstance(self.details["input"], int):
            return f'Write it in quotes: "{self.details["input"]}". {about}'.rstrip()
        return about or "Look at the other environment files for an example."

    def _said(self) -> str:
        message = self.details["msg"].removeprefix("Value error, ")
        message = message.replace("Input should be", "It should be")
        return message if message.endswith(".") else f"{message}."


def _field(at: Pointer) -> FieldInfo | None:
    """The schema's field for a key path, by the names that the file uses."""
    fields = _fields(Settings)
    field: FieldInfo | None = None
    for key in at:
        field = fields.get(str(key))
        if field is None:
            return None
        fields = _fields(_model(field))
    return field


def _siblings(at: Pointer) -> list[str]:
    parent = _field(at[:-1])
    model = Settings if len(at) == 1 else _model(parent) if parent else None
    return sorted(name for name in _fields(model) if len(at) > 1 or name != "name")


def _fields(model: type[BaseModel] | None) -> dict[str, FieldInfo]:
    if model is None:
        return {}
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, also where it may be null."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str) else str(value)


def _guess(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean {close[0]}?" if close else ""
