"""The Jinja templates of a repository: compiled once, checked once, rendered per environment."""

from __future__ import annotations

import difflib
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import CodeType
from typing import Any, cast

import jinja2
from jinja2 import nodes
from jinja2.bccache import Bucket
from jinja2.sandbox import safe_range

from pipeline import files
from pipeline.documents import DocumentError
from pipeline.environment.fields import SchemaPaths
from pipeline.errors import UserError, brief
from pipeline.findings import Pointer
from pipeline.rendering import jinja_errors
from pipeline.rendering.marks import CLOSE, OPEN, Marks, chain
from pipeline.rendering.scope import Scope, is_plain, to_json
from pipeline.rendering.sourcemap import Line, SourceMap
from pipeline.rendering.static_reads import Reading, Use, reading

FOLDER = "templates"
MAIN = "main.yaml.j2"


class _Ahead(jinja2.BytecodeCache):
    """What `compile_ahead` compiled: the code by the template's name and text, and the environment
    that saw nothing but this template."""

    def __init__(self) -> None:
        self.compiled: dict[tuple[str, str], tuple[CodeType, _Environment]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (bucket.key, bucket.checksum) in self.compiled:
            # once: what is left of the tree takes the marks
            bucket.code, seen = self.compiled.pop((bucket.key, bucket.checksum))
            cast(_Environment, bucket.environment).take(seen)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Not kept: only what was compiled for copies is."""


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
            bytecode_cache=_ahead if marks is None else None,
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

    def take(self, seen: _Environment) -> None:
        """What another one saw in a template that this one needn't compile."""
        self.trees |= seen.trees
        self.uses += seen.uses
        self.included |= seen.included

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

    def _check(self, reading: Reading, file: str) -> None:
        known = {"env", *self.globals, *reading.given}
        for name in reading.read:
            if name.name not in known:
                raise DocumentError(
                    f"the variable {brief(name.name)} is unknown.",
                    file=file,
                    line=name.lineno,
                    mend=f"Templates see env and {', '.join(sorted(self.globals))}; "
                    f"a setting is written env.{brief(name.name)}.",
                )
        self.included |= reading.files
        self.uses += [Use(at, file, line) for at, line in reading.settings]
        _check_plain_texts(reading.outputs)


_ahead = _Ahead()


def compile_ahead(root: Path) -> None:
    """Compile all templates for the copies of this process: each takes those that are still the
    same. What is wrong with one is for them to say."""
    before, _ahead.compiled = _ahead.compiled, {}
    loader = _loader(root)
    for name in _Environment(loader, {}).list_templates(filter_func=_is_template):
        with suppress(Exception):
            environment = _Environment(loader, {})
            source, filename, _ = loader.get_source(environment, name)
            this = (_ahead.get_cache_key(name, filename), _ahead.get_source_checksum(source))
            _ahead.compiled[this] = before.get(this) or (
                environment.compile(source, name, filename),
                environment,
            )


def _loader(root: Path) -> jinja2.FileSystemLoader:
    return jinja2.FileSystemLoader(root / FOLDER, encoding="utf-8-sig")


@dataclass
class Templates:
    """All templates below a repository's templates/ folder."""

    root: Path
    marks: Marks = field(default_factory=Marks)

    def __post_init__(self) -> None:
        trees: dict[str, nodes.Template] = {}
        self._clean = _Environment(_loader(self.root), trees)
        # what stands in a file by now doesn't matter: the trees are those of the first render
        parsed = jinja2.FunctionLoader(lambda name: ("", str(self.root / FOLDER / name), None))
        self._marked = _Environment(parsed, trees, self.marks)
        self._marking = threading.Lock()
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
        return text, SourceMap(lambda: self._origins(text, settings))

    def _origins(self, text: str, settings: dict[str, Any]) -> tuple[Line, ...]:
        """The second render; lint and guard may want it at the same time."""
        if OPEN in text or CLOSE in text:
            return ()
        with self._marking:
            try:
                marked = self._run(self._marked, Scope(settings, self.marks.touched))
            except RecursionError:  # marks nest, and the templates themselves only just don't
                return ()
            stripped, lines = self.marks.strip(marked)
        return lines if stripped == text else ()

    def _compile(self) -> None:
        if self._compiled:
            return
        names = self._clean.list_templates(filter_func=_is_template)
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
        except jinja_errors.COMPILING as error:
            source = self._source(name) if isinstance(error, jinja2.TemplateSyntaxError) else ""
            raise jinja_errors.unreadable(error, f"{FOLDER}/{name}", source) from None

    def _source(self, name: str) -> str:
        return (self.root / FOLDER / name).read_text(encoding="utf-8-sig")

    def _run(self, environment: _Environment, env: Scope) -> str:
        try:
            return environment.get_template(MAIN).render(env=env)
        except jinja_errors.RUNTIME as error:
            raise jinja_errors.failed(error, self.root / FOLDER, FOLDER) from error


def dynamic_reference(service: str, *parts: str) -> str:
    """CloudFormation's dynamic reference, whose braces Jinja would read as its own."""
    return "{{resolve:" + ":".join((service, *parts)) + "}}"


def _is_template(name: str) -> bool:
    return name.endswith(".j2") and files.is_ours(PurePosixPath(name))


def _plain(value: Any) -> Any:
    """The value itself, if it can stand in YAML without quotes."""
    if isinstance(value, jinja2.Undefined):
        return str(value)  # which raises, and says what is missing
    if not is_plain(value):
        raise TypeError(f"{brief(repr(value))} needs quotes here: write `| tojson`")
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
                f"env.{brief(wrong)} isn't a setting.",
                file=use.file,
                line=use.line,
                mend=f"Did you mean env.{close[0]}?"
                if close
                else f"Known here: {', '.join(sorted(near)) or 'nothing, it is a value'}.",
            )


def _covered(leaf: Pointer, used: set[Pointer]) -> bool:
    return any(leaf[: len(at)] == at or at[: len(leaf)] == leaf for at in used if at)
