"""Rewrite the committed files that can be derived: the editors' schema, the golden renders, their
diagrams, the rules made from the list of allowed properties, the page on policy, and what the
project's own modules derive.

Those modules stand in pyproject.toml, `[tool.pipeline] derived`. Tests say when a file is stale.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline import files, render, terminal
from pipeline.diagrams import drawings
from pipeline.environment import schema, settings
from pipeline.errors import UserError
from pipeline.policy import allowed_guard, page

GOLDEN = "tests/golden"
PROJECT = "pyproject.toml"


def options(_: ArgumentParser) -> None:
    """It takes none: what is derived fits together, or a test fails."""


def run(_: Namespace, root: Path) -> int:
    for path in refresh(root):
        terminal.say(f"{path.relative_to(root)} written")
    for module in modules(root):
        with terminal.step(f"python -m {module}"):
            _run(module, root)
    return 0


def contents(root: Path) -> dict[Path, bytes]:
    """Each derived file and what it should hold."""
    expected = {root / settings.FOLDER / "schema.json": files.as_json(schema.json_schema())}
    templates = render.render_all(settings.names(root), root)
    for template in templates:
        expected[root / GOLDEN / f"{template.name}.template.yaml"] = template.text.encode()
    expected |= drawings.contents(templates, root)
    expected[root / page.FILE] = page.text(root).encode()
    return expected


def refresh(root: Path) -> list[Path]:
    """Write them; the files that changed. What was derived of an environment that is gone goes."""
    rules = allowed_guard.contents(root)
    written = [path for path, data in rules.items() if files.write(path, data)]
    expected = contents(root)
    derived = {*(root / GOLDEN).glob("*.template.yaml"), *(root / drawings.FOLDER).glob("*.*")}
    for leftover in derived - set(expected):
        leftover.unlink()
    return [*written, *(path for path, data in expected.items() if files.write(path, data))]


def modules(root: Path) -> list[str]:
    """The project's own modules that rewrite a derived file, as pyproject.toml lists them."""
    path = root / PROJECT
    if not path.is_file():
        return []
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(
            f"this isn't TOML: {error}.", where=PROJECT, mend="Mend the file and refresh again."
        ) from None
    named = tables.get("tool", {}).get("pipeline", {}).get("derived", [])
    if not isinstance(named, list) or not all(isinstance(module, str) for module in named):
        raise UserError(
            "tool.pipeline.derived isn't a list of modules.",
            where=PROJECT,
            mend='For example: derived = ["tests.golden.pages"], or leave it out.',
        )
    return named


def _run(module: str, root: Path) -> None:
    done = subprocess.run([sys.executable, "-m", module], cwd=root, check=False)
    if done.returncode:
        raise UserError(
            f"python -m {module} ended with exit code {done.returncode}.",
            where=PROJECT,
            mend="What it says is above. It needs the packages of the project's tests:"
            " `nox -s refresh` has them.",
        )
