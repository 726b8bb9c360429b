"""Environment files: their names, and one of them as checked settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pipeline import files
from pipeline.documents import Document, parse_settings
from pipeline.errors import UsageError, UserError, brief, guess
from pipeline.findings import Place, Pointer

if TYPE_CHECKING:  # a template from elsewhere is judged where there is no schema
    from environments.schema import Settings

FOLDER = "environments"


@dataclass(frozen=True)
class Loaded:
    """One environment: its settings, and the document that knows each value's line."""

    settings: Settings
    document: Document

    @property
    def name(self) -> str:
        return self.settings.name

    def place(self, pointer: Pointer) -> Place:
        """The line of the environment file in which a setting stands."""
        return Place(self.document.file, self.document.line(pointer))


def names(root: Path) -> list[str]:
    """The environments that exist, sorted: one for each YAML file in environments/."""
    folder = root / FOLDER
    for stray in files.ours(folder.glob("*.yml"), folder):
        raise UserError(
            "an environment file's name ends in .yaml.",
            where=f"{FOLDER}/{stray.name}",
            mend=f"Rename it to {stray.stem}.yaml, or move it out of {FOLDER}/.",
        )
    return [path.stem for path in files.ours(folder.glob("*.yaml"), folder)]


def chosen(wanted: Iterable[str], root: Path) -> list[str]:
    """The environments that a person named, checked; all of them when none is named."""
    known = names(root)
    if not known:
        raise UserError(
            "there is no environment file.", where=f"{FOLDER}/", mend="Add one, such as dev.yaml."
        )
    picked = list(dict.fromkeys(wanted)) or known
    for name in picked:
        if name not in known:
            raise UsageError(
                f"there is no environment {brief(repr(name))}.",
                mend=f"Environments: {', '.join(known)}.{guess(name, known)} "
                f"A new one is one file: {FOLDER}/<name>.yaml.",
            )
    return picked


def load(name: str, root: Path) -> Loaded:
    """The settings of an environment; SettingsError names every wrong line."""
    from environments.schema import Settings

    chosen([name], root)
    file = f"{FOLDER}/{name}.yaml"
    document = parse_settings(files.read_text(root / file, file), file)
    if "name" in document.value:
        raise UserError(
            "name is the file's own name.",
            where=f"{file}:{document.line(('name',))}",
            mend="Remove the key, or rename the file.",
        )
    try:
        settings = Settings.model_validate({**document.value, "name": name})
    except ValidationError as error:
        from pipeline.environment.complaints import SettingsError, problem

        problems = [problem(document, details) for details in error.errors(include_url=False)]
        raise SettingsError(problems) from None
    loaded = Loaded(settings, document)
    _refuse_a_shared_stack(loaded, root)
    return loaded


def _refuse_a_shared_stack(loaded: Loaded, root: Path) -> None:
    """Two files must not mean one stack, as project a-b with c and project a with b-c would."""
    stack = loaded.settings.stack_name
    for other in names(root):
        project = stack.removesuffix(f"-{other}")
        if other == loaded.name or project == stack:
            continue
        file = f"{FOLDER}/{other}.yaml"
        document = parse_settings(files.read_text(root / file, file), file)
        if document.value.get("project_name") == project:
            raise UserError(
                f"its stack {stack} is the stack of {file} too.",
                where=str(loaded.place(("project_name",))),
                mend="Change project_name in one of them, or the name of one file.",
            )
