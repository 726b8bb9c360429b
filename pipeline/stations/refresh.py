"""What is committed although it could be derived: the editors' schema, the golden
renders and the page on policy.

`refresh` writes them all; a test says when they are not current.
"""

from __future__ import annotations

from pathlib import Path

from pipeline import files, render
from pipeline.environment import schema, settings
from pipeline.policy import page

GOLDEN = "tests/golden"


def contents(root: Path) -> dict[Path, bytes]:
    """Each derived file and what it should hold."""
    expected = {root / settings.FOLDER / "schema.json": files.as_json(schema.json_schema())}
    for one in render.render_all(settings.names(root), root):
        expected[root / GOLDEN / f"{one.name}.template.yaml"] = one.text.encode()
    expected[root / page.FILE] = page.text(root).encode()
    return expected


def refresh(root: Path) -> list[Path]:
    """Write them; the files that changed. A golden file without an environment goes."""
    expected = contents(root)
    for leftover in set((root / GOLDEN).glob("*.template.yaml")) - set(expected):
        leftover.unlink()
    return [path for path, data in expected.items() if files.write(path, data)]
