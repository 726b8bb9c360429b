"""pyproject.toml's import contract -> the drawings of the rooms in docs/architecture.md.

`python -m tests.architecture` redraws them; a test says whether they are current.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

from pipeline import files

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/architecture.md"
SOURCES = {  # a package -> its folder
    "pipeline": "pipeline",
    "qr_session": "handlers/qr_session",
    "localcloud": "localcloud",
    "localcloud.application": "localcloud/application",
}


@dataclass(frozen=True)
class Contract:
    """A package and its layers from the top down; a layer is the names of its modules."""

    package: str
    layers: Sequence[Sequence[str]]


def contracts(root: Path) -> list[Contract]:
    """The layers that import-linter holds, one contract for each package."""
    linter = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]
    return [_contract(table) for table in linter["contracts"] if table["type"] == "layers"]


def _contract(table: dict[str, list[str]]) -> Contract:
    layers = [re.split(r" *[:|] *", layer) for layer in table["layers"]]
    if "containers" in table:
        (package,) = table["containers"]
        return Contract(package, layers)
    package = layers[0][0].partition(".")[0]
    return Contract(package, [[name.removeprefix(f"{package}.") for name in row] for row in layers])


def drawing(contract: Contract, root: Path) -> str:
    """A Mermaid flowchart: a row for each layer, arrows to the modules of the next."""
    return "\n".join(["```mermaid", "flowchart TD", *_lines(contract, root), "```"])


def _lines(contract: Contract, root: Path) -> Iterator[str]:
    folder = root / SOURCES[contract.package]
    for name in (name for layer in contract.layers for name in layer):
        label = f"{name}/" if (folder / name).is_dir() else f"{name}.py"
        yield f'    {_node(name)}["{label}"]'
    for upper, lower in pairwise(contract.layers):
        for above, below in product(upper, lower):
            yield f"    {_node(above)} --> {_node(below)}"


def _node(name: str) -> str:
    """An id that is no word of Mermaid's own."""
    return f"room_{name.strip('_')}"


def redrawn(page: str, root: Path) -> str:
    """The page with the drawing of each contract between its two marks."""
    for contract in contracts(root):
        begin, end = f"<!-- rooms of {contract.package} -->", "<!-- end of rooms -->"
        marked = re.compile(f"{begin}\n.*?{end}", re.DOTALL)
        if not marked.search(page):
            raise ValueError(f"{PAGE} has no place for {contract.package}: {begin} … {end}")
        fresh = f"{begin}\n{drawing(contract, root)}\n{end}"
        page = marked.sub(fresh.replace("\\", r"\\"), page)
    return page


def main() -> None:
    path = ROOT / PAGE
    if files.write(path, redrawn(path.read_text(), ROOT).encode()):
        print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
