"""The Jinja templates of a repository: compiled once, checked once, rendered per environment."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import safe_range

from pipeline.documents import DocumentError
from pipeline.environment.fields import SchemaPaths
from pipeline.errors import UserError
from pipeline.findings import Pointer
from pipeline.rendering.marks import CLOSE, OPEN, Marks, chain
from pipeline.rendering.scope import Scope, is_plain, to_json
from pipeline.rendering.sourcemap import SourceMap
from pipeline.rendering.static_reads import Reading, Use, reading

FOLDER = "templates"
MAIN = "main.yaml.j2"
_SCOPE = f"'{Scope.__module__}.{Scope.__name__} object'"  # as Jinja calls it
_ARITHMETIC = (TypeError, ValueError, ArithmeticError, LookupError)
_TOO_DEEP = "something here includes or calls itself without an end"


class _Environment(jinja2.Environment):
    """Jinja as every template of ours has it; `marks` makes the second, marked render."""

    def __init__(
        self,
        loader: jinja2.BaseLoader,
        trees: dict[str, nodes.Template],
        marks: Marks | None = None,
    ) -> None:
        super().__init__(
            loader=loader,
            autoescape=False,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
            cache_size=-1,
            optimized=False,  # there are no constants to fold, and looking for them takes a while
        )
        self.filters |= {"tojson": to_json, "plain": _plain}
        self.globals["dynamic_reference"] = dynamic_reference
        self.globals["range"] = safe_range
        del self.globals["lipsum"]  # random text: the same input gives the same bytes
        del self.filters["random"]
        self.trees = trees
        self.marks = marks
        self.uses: list[Use] = []
        self.included: set[str] = set()
        if marks is not None:
            self.globals |= marks.functions()

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        file = f"{FOLDER}/{name}"
        if OPEN in source or CLOSE in source:
            raise UserError(
                f"it holds U+{ord(OPEN):04X} or U+{ord(CLOSE):04X}.",
                where=file,
                mend="These private-use characters carry the source map. Remove them.",
            )
        if self.marks is None:
            tree = super()._parse(source, name, filename)
            self._check(reading(tree), file)
            self.trees[file] = tree
        else:
            tree = self.trees.pop(file)  # its code is made; what is left of it takes the marks
            self.marks.into(tree, file)
        return tree

    def _check(self, found: Reading, file: str) -> None:
        known = {"env", *self.globals, *found.given}
        for name in found.read:
            if name.name not in known:
                raise DocumentError(
                    f"the variable {name.name} is unknown.",
                    file=file,
                    line=name.lineno,
                    mend=f"Templates see env and {', '.join(sorted(self.globals))}; "
                    f"a setting is written env.{name.name}.",
                )
        self.included |= found.files
        self.uses += [Use(at, file, line) for at, line in found.settings]
        _check_plain_texts(found.outputs)


@dataclass
class Templates:
    """All templates below a repository's templates/ folder."""

    root: Path
    marks: Marks = field(default_factory=Marks)

    def __post_init__(self) -> None:
        loader = jinja2.FileSystemLoader(self.root / FOLDER, encoding="utf-8-sig")
        trees: dict[str, nodes.Template] = {}
        self._clean = _Environment(loader, trees)
        self._marked = _Environment(loader, trees, self.marks)
        self._compiled = False

    def check(self, schema: SchemaPaths) -> None:
        """Stop at a setting that no schema knows or no template uses, and at an orphaned part.

        Looks at every template, also at the branches that no environment takes.
        """
        self._compile()
        for use in self._clean.uses:
            _check_known(use, schema)
        used = {use.at for use in self._clean.uses}
        unused = [at for at in schema.leaves if not _covered(at, used)]
        if unused:
            raise UserError(
                f"{', '.join('.'.join(map(str, at)) for at in unused)}: no template uses it.",
                where=schema.file,
                mend=f"Use env.{'.'.join(map(str, unused[0]))} in {FOLDER}/, or remove the key.",
            )

    def render(self, settings: dict[str, Any]) -> tuple[str, SourceMap]:
        """The rendered text and its map; the map is empty where it can't be exact."""
        self._compile()
        text = self._run(self._clean, Scope(settings))
        if OPEN in text or CLOSE in text:
            return text, SourceMap()
        marked = self._run(self._marked, Scope(settings, self.marks.touched))
        stripped, source_map = self.marks.strip(marked)
        return text, source_map if stripped == text else SourceMap()

    def _compile(self) -> None:
        if self._compiled:
            return
        names = self._clean.list_templates(extensions=["j2"])
        if MAIN not in names:
            raise UserError("it is not there.", where=f"{FOLDER}/{MAIN}", mend="Add it.")
        for name in names:
            self._load(name)
        orphans = sorted(set(names) - self._clean.included - {MAIN})
        if orphans:
            raise UserError(
                "no template includes it.",
                where=f"{FOLDER}/{orphans[0]}",
                mend="Include it in another template, or remove it.",
            )
        self._compiled = True

    def _load(self, name: str) -> None:
        try:
            self._clean.get_template(name)
        except jinja2.TemplateSyntaxError as error:
            raise DocumentError(
                f"Jinja can't read this: {(error.message or '').rstrip('.')}.",
                file=f"{FOLDER}/{error.name or name}",
                line=error.lineno,
                mend="Is a {% … %} or {{ … }} left open, or misspelt?",
            ) from None
        except (jinja2.TemplateNotFound, OSError):
            raise UserError(
                "it can't be read.",
                where=f"{FOLDER}/{name}",
                mend="Is it a file, or a link that leads to one, and may you read it?",
            ) from None
        except UnicodeDecodeError as error:
            raise UserError(
                f"byte {error.start} is not UTF-8.",
                where=f"{FOLDER}/{name}",
                mend="Save the file as UTF-8.",
            ) from None

    def _run(self, environment: _Environment, env: Scope) -> str:
        try:
            return environment.get_template(MAIN).render(env=env)
        except (jinja2.TemplateError, RecursionError, *_ARITHMETIC) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> Exception:
        """The same failure with the template's line; our own bugs stay what they are."""
        place = _innermost_line(error, self.root / FOLDER)
        if place is None:
            return error
        file, line = place
        if isinstance(error, jinja2.TemplateNotFound):
            what, mend = f"there is no template {error.name}.", f"Paths start at {FOLDER}/."
        else:
            said = _TOO_DEEP if isinstance(error, RecursionError) else str(error)
            what = f"{said.replace(_SCOPE, 'the section')}."
            mend = "Correct the expression, or add the setting to every environment file."
        return DocumentError(what, file=f"{FOLDER}/{file}", line=line, mend=mend)


def dynamic_reference(service: str, *parts: str) -> str:
    """CloudFormation's dynamic reference, whose braces Jinja would read as its own."""
    return "{{resolve:" + ":".join((service, *parts)) + "}}"


def _plain(value: Any) -> Any:
    """The value itself, if it can stand in YAML without quotes."""
    if isinstance(value, jinja2.Undefined):
        return str(value)  # which raises, and says what is missing
    if not is_plain(value):
        raise TypeError(f"{value!r} needs quotes here: write `| tojson`")
    return value


def _check_plain_texts(outputs: list[nodes.Output]) -> None:
    """Let every `{{ env.a.b }}` prove that its value needs no quotes."""
    for output in outputs:
        output.nodes = [
            nodes.Filter(node, "plain", [], [], None, None, lineno=node.lineno)
            if chain(node) is not None
            else node
            for node in output.nodes
        ]


def _check_known(use: Use, schema: SchemaPaths) -> None:
    for end in range(1, len(use.at) + 1):
        part = use.at[:end]
        if part in schema.open:
            return
        if part not in schema.known:
            near = [".".join(map(str, at)) for at in schema.known if at[:-1] == part[:-1]]
            wrong = ".".join(map(str, part))
            close = difflib.get_close_matches(wrong, near, n=1)
            raise DocumentError(
                f"env.{wrong} is no setting.",
                file=use.file,
                line=use.line,
                mend=f"Did you mean env.{close[0]}?"
                if close
                else f"Known here: {', '.join(sorted(near)) or 'nothing, it is a value'}.",
            )


def _covered(leaf: Pointer, used: set[Pointer]) -> bool:
    return any(leaf[: len(at)] == at or at[: len(leaf)] == leaf for at in used if at)


def _innermost_line(error: BaseException, folder: Path) -> tuple[str, int] | None:
    found = None
    trace = error.__traceback__
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.is_relative_to(folder):
            found = (path.relative_to(folder).as_posix(), trace.tb_lineno)
        trace = trace.tb_next
    return found
