"""What the tests change in the project that they run in, found by what it says, not by its name."""

from __future__ import annotations

import re
from pathlib import Path

MAIN = "templates/main.yaml.j2"


def holding(project: Path, text: str) -> str:
    """The first template that holds this text, by its path."""
    found = (
        path.relative_to(project).as_posix()
        for path in sorted((project / "templates").rglob("*.j2"))
        if text in path.read_text(encoding="utf-8")
    )
    return next(found)


def part(project: Path) -> str:
    """The part with the first resources that every environment has."""
    main = (project / MAIN).read_text(encoding="utf-8").partition("\nResources:\n")[2]
    within = 0
    for statement, name in re.findall(r'{% (if|endif|include "([^"]+)")', main):
        within += {"if": 1, "endif": -1}.get(statement, 0)
        if name and not within:
            return f"templates/{name}"
    raise AssertionError(main)


def resource(project: Path) -> str:
    """The logical id of the first resource there."""
    match = re.search(r"^  (\w+):$", (project / part(project)).read_text(), re.MULTILINE)
    assert match
    return match[1]


def edit(project: Path, old: str, new: str) -> str:
    """Replace a text in the template that holds it; that template."""
    file = holding(project, old)
    path = project / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return file
