"""An environment's settings -> its CloudFormation template, checked, with its source map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments.schema import Settings
from pipeline import files
from pipeline.documents import Document, DocumentError, parse_template
from pipeline.environment import schema, settings
from pipeline.environment.settings import Loaded
from pipeline.findings import Place, Pointer
from pipeline.rendering import limits, parameters
from pipeline.rendering.sourcemap import SourceMap
from pipeline.rendering.templates import FOLDER, MAIN, Templates

BUILD = "build"


@dataclass(frozen=True)
class Rendered:
    """One environment's template: `text` is what people read, `value` the same in long form.

    `parameters` are the values to deploy with until an account and code are known.
    """

    loaded: Loaded
    text: str
    document: Document
    source_map: SourceMap
    parameters: dict[str, str]

    @property
    def name(self) -> str:
        return self.loaded.name

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    @property
    def value(self) -> dict[str, Any]:
        template: dict[str, Any] = self.document.value
        return template

    def places(self, pointer: Pointer) -> tuple[Place | None, Place | None]:
        """Where to mend what `pointer` names: the Jinja template's line, and the environment
        file's line if the value there came from a setting."""
        return self.line_places(self.document.line(pointer))

    def line_places(self, number: int) -> tuple[Place | None, Place | None]:
        """The same for a line of the rendered template, counted from 1."""
        line = self.source_map.line(number)
        return line.place, self.loaded.place(line.values[0]) if line.values else None


def render(loaded: Loaded, root: Path, templates: Templates | None = None) -> Rendered:
    """The template of one environment; a text that CloudFormation can't read is an error.

    `templates` are the compiled ones of an earlier call: compiling is most of the work.
    """
    templates = templates or Templates(root)
    templates.check(schema.paths())
    shown = f"{BUILD}/{loaded.name}/template.yaml"
    text, source_map = templates.render(_context(loaded))
    bucket = loaded.settings.deployment_bucket_name(loaded.settings.aws.account)
    try:
        document = parse_template(text, shown)
        _check_limits(text, document)
        values = parameters.defaults(document, bucket)
    except DocumentError as error:
        raise _at_its_origin(error, source_map, loaded) from None
    return Rendered(loaded, text, document, source_map, values)


def render_all(names: Iterable[str], root: Path) -> list[Rendered]:
    """Several environments with one compilation of the templates."""
    templates = Templates(root)
    return [render(settings.load(name, root), root, templates) for name in names]


def outputs(rendered: Rendered) -> dict[str, bytes]:
    """The files of build/<env>/: name -> bytes. The same input gives the same bytes."""
    return {
        "template.yaml": rendered.text.encode(),
        "template.json": files.as_json(rendered.value),
        "parameters.json": files.as_json(parameters.as_file(rendered.parameters)),
        "sourcemap.json": files.as_json_rows(rendered.source_map.as_json()),
    }


def write(rendered: Rendered, root: Path) -> list[Path]:
    """Write build/<env>/; the files whose bytes changed."""
    folder = root / BUILD / rendered.name
    return [
        folder / name
        for name, data in outputs(rendered).items()
        if files.write(folder / name, data)
    ]


def stale(rendered: Rendered, root: Path) -> list[Path]:
    """The files of build/<env>/ that are missing or differ from what would be rendered now.

    Packaging fills real keys into parameters.json, so there only the parameters' names count.
    """
    folder = root / BUILD / rendered.name
    return [
        folder / name
        for name, data in outputs(rendered).items()
        if not (folder / name).is_file() or not _alike(name, (folder / name).read_bytes(), data)
    ]


def _alike(name: str, there: bytes, now: bytes) -> bool:
    if name != "parameters.json" or there == now:
        return there == now
    try:
        return parameters.names(there) == parameters.names(now)
    except (ValueError, TypeError, KeyError):
        return False


def _context(loaded: Loaded) -> dict[str, Any]:
    return {**loaded.settings.model_dump(by_alias=True), "name": loaded.name}


def _at_its_origin(error: DocumentError, source_map: SourceMap, loaded: Loaded) -> DocumentError:
    """An error of the rendered text, told by the template's line instead of the output's."""
    line = source_map.line(error.line)
    if line.place is None and source_map.line(1).place is None and error.line == 1:
        return DocumentError(error.what, file=f"{FOLDER}/{MAIN}", line=1, mend=error.mend)
    if line.place is None:
        return error
    mend = error.mend
    if line.values:
        mend = f"{mend} A value here comes from {loaded.place(line.values[0])}."
    return DocumentError(error.what, file=line.place.file, line=line.place.line, mend=mend)


def _check_limits(text: str, document: Document) -> None:
    broken = limits.broken(text, document.value)
    if broken is not None:
        at, what, mend = broken
        raise document.error(at, what, mend=mend)
