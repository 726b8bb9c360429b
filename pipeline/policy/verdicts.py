"""What one rule says of one template, whichever engine asked it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Failure:
    """One clause that doesn't hold; `missing` is what the query looked for in vain below `path`.

    `note`: it is told, and the rule passes all the same.
    """

    path: str
    found: Any
    missing: str
    message: str
    clause: str
    note: bool = False


@dataclass(frozen=True)
class Verdict:
    """PASS, FAIL or SKIP of one rule; `file` is where the rule is written."""

    template: str
    file: str
    rule: str
    status: str
    failures: tuple[Failure, ...] = ()
