"""pydantic's errors in words: where, the value, and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import ErrorDetails

from pipeline.documents import Document
from pipeline.environment import schema
from pipeline.errors import SCHEMA, UserError, brief, guess
from pipeline.findings import Pointer

_MOST = 8  # errors shown at once: one screen


class SettingsError(UserError):
    """An environment file that can't be used; `problems` holds each of its mistakes."""

    def __init__(self, problems: list[UserError]) -> None:
        super().__init__(problems[0].what, where=problems[0].where, mend=problems[0].mend)
        self.problems = problems

    @property
    def each(self) -> Sequence[UserError]:
        return self.problems

    def __str__(self) -> str:
        shown = "\n\n".join(str(problem) for problem in self.problems[:_MOST])
        more = len(self.problems) - _MOST
        return f"{shown}\n\nand {more} more." if more > 0 else shown


def problem(document: Document, details: ErrorDetails) -> UserError:
    """One of pydantic's errors as a mistake in a line of the file."""
    at = tuple(details["loc"])
    if at == ("name",):
        return UserError(
            f"{brief(str(details['input']))} can't be the name of an environment.",
            where=document.file,
            mend="Lower-case letters, digits and hyphens within, at most 16. Rename the file.",
        )
    told = _Telling(Document.path(at) or "the file", details, at)
    return UserError(told.what(), where=f"{document.file}:{document.line(at)}", mend=told.mend())


@dataclass(frozen=True)
class _Telling:
    """pydantic's error in words: the value, and what to write."""

    key: str
    details: ErrorDetails
    at: Pointer

    def what(self) -> str:
        kind = self.details["type"]
        if kind == "missing":
            return f"{self.key} is missing."
        if kind == "extra_forbidden":
            return f"{self.key} isn't a known key.{guess(str(self.at[-1]), self._siblings())}"
        if kind == "value_error" and isinstance(self.details["input"], dict):
            return self._said()
        return f"{self.key} is {_shown(self.details['input'])}. {self._said()}"

    def mend(self) -> str:
        about = schema.about(self.at)
        if self.details["type"] == "extra_forbidden":
            known = ", ".join(self._siblings())
            return f"Known here: {known}. A new key goes into {SCHEMA}."
        if self.details["type"] == "string_type" and isinstance(self.details["input"], int):
            return f'Write it in quotes: "{_shown(self.details["input"])}". {about}'.rstrip()
        return about or "Look at the other environment files for an example."

    def _siblings(self) -> list[str]:
        return schema.keys(schema.section_at(self.at[:-1]))

    def _said(self) -> str:
        message = self.details["msg"].removeprefix("Value error, ")
        if self.details["type"] in {"model_type", "model_attributes_type", "dict_type"}:
            return "It should be a mapping: `key: value` lines below it."
        message = message.replace("Input should be", "It should be")
        return message if message.endswith(".") else f"{message}."


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return brief(repr(value) if isinstance(value, str) else str(value), 100)
