"""The form of a check: its subject, and the problems that it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipeline.findings import Pointer
from pipeline.schemas import Lifecycle

BUCKET = "AWS::S3::Bucket"
FUNCTION = "AWS::Lambda::Function"
LOG_GROUP = "AWS::Logs::LogGroup"


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place, and how to mend it; as a `note` it fails nothing."""

    pointer: Pointer
    found: Any
    what: str
    mend: str
    note: bool = False


@dataclass(frozen=True)
class Subject:
    """The template, the day, the days that AWS has set for runtimes, and what the settings name as
    foreign."""

    template: dict[str, Any]
    day: date
    runtimes: Mapping[str, Lifecycle]
    foreign: frozenset[str] = frozenset()


# Its name in upper case is the rule's; its docstring says what that protects and who asks for it.
# It returns None where there is nothing to judge.
Check = Callable[[Subject], list[Problem] | None]
