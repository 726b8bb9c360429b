"""The Guard engine, asked many questions by one process: its start costs more than most answers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

from tests.rules.cases import ROOT


def ask(
    texts: Mapping[str, str], templates: Mapping[str, str], jobs: Sequence[tuple[str, str]]
) -> list[list[tuple[str, str]]]:
    """For each job (the names of a rules text and a JSON template) the rules and their statuses."""
    task = json.dumps({"files": texts, "templates": templates, "jobs": jobs})
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.policy.engine"],
        input=task.encode(), capture_output=True, cwd=ROOT, check=True,
    )  # fmt: skip
    _, *lines = map(json.loads, done.stdout.splitlines())
    assert len(lines) == len(jobs)
    return [[(rule, status) for rule, status, _ in line["verdicts"]] for line in lines]
