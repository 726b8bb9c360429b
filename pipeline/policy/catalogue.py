"""Every rule that templates are judged by: those of rules/, then the checks written in Python."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipeline.policy import crosschecks, rulebook
from pipeline.policy.rulebook import Rule, RulesFile


def rules(root: Path) -> list[Rule]:
    """The rules of the repository at `root`, in the order in which they are listed."""
    return with_checks(rulebook.read_all(root / "rules"))


def with_checks(files: Iterable[RulesFile]) -> list[Rule]:
    """The same of the rules files that were read."""
    return [*(rule for file in files for rule in file.rules), *crosschecks.rules()]
