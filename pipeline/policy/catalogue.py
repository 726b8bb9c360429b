"""Every rule that templates are judged by: those of rules/, then the checks written in Python."""

from __future__ import annotations

from pathlib import Path

from pipeline.policy import crosschecks, rulebook
from pipeline.policy.rulebook import Rule


def rules(root: Path) -> list[Rule]:
    """The rules of the repository at `root`, in the order in which they are listed."""
    files = rulebook.read_all(root / "rules")
    return [*(rule for file in files for rule in file.rules), *crosschecks.rules()]
