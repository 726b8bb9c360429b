"""A function's entry -> every module that it imports from handlers/, without running any.

Imports are read from the syntax tree, wherever they stand in the file; only those under
`if TYPE_CHECKING:` are left out. Names are looked up as Lambda does: first beside the entry, then
in handlers/, as if that folder were unpacked next to it.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError

ENTRY = "lambda_function"
RUNTIME = frozenset({"boto3", "botocore"})  # Lambda's Python has these beside the standard library


@dataclass(frozen=True)
class Module:
    """A Python file and the name that it is imported by; `name` decides its place in the zip."""

    name: str
    path: Path

    @property
    def zip_name(self) -> str:
        """The file's place in the zip, always with forward slashes."""
        stem = self.name.replace(".", "/")
        return f"{stem}/__init__.py" if self.is_package else f"{stem}.py"

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def package(self) -> str:
        """What a relative import starts from; empty for a module at the zip's top."""
        return self.name if self.is_package else self.name.rpartition(".")[0]


@dataclass(frozen=True)
class Import:
    """One imported name. `attribute` may be a module of `module`, or anything defined in it."""

    module: str
    attribute: str
    line: int


class Closure:
    """The modules that one function's zip needs."""

    def __init__(self, folder: Path) -> None:
        self._roots = (folder, folder.parent)
        self._top = folder.parent.parent

    def modules(self) -> list[Module]:
        """The entry and everything it reaches, sorted by place in the zip."""
        reached: dict[str, Module] = {}
        waiting = self._find(ENTRY) or []
        while waiting:
            module = waiting.pop()
            if module.zip_name not in reached:
                reached[module.zip_name] = module
                waiting += self._reached(module)
        return [reached[name] for name in sorted(reached)]

    def _reached(self, module: Module) -> Iterator[Module]:
        shown = module.path.relative_to(self._top).as_posix()
        for statement in _imports(module, shown):
            yield from self._resolve(statement, f"{shown}:{statement.line}")

    def _resolve(self, statement: Import, where: str) -> list[Module]:
        head = statement.module.partition(".")[0]
        if self._find(head) is None:
            _check_available(head, where)
            return []
        modules = self._find(statement.module)
        if modules is None:
            raise _missing(statement.module, where)
        within = (
            self._find(f"{statement.module}.{statement.attribute}") if statement.attribute else None
        )
        runs = bool(modules) and modules[-1].name == statement.module
        if statement.attribute and within is None and not runs:
            raise _missing(f"{statement.module}.{statement.attribute}", where)
        return modules + (within or [])

    def _find(self, name: str) -> list[Module] | None:
        """The files that importing `name` runs, packages first; None if there is no such module.

        A folder without `__init__.py` is a package too and runs nothing.
        """
        for root in self._roots:
            modules = _find_under(root, name)
            if modules is not None:
                return modules
        return None


def _find_under(root: Path, name: str) -> list[Module] | None:
    modules: list[Module] = []
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        dotted, path = ".".join(parts[:depth]), root.joinpath(*parts[:depth])
        if (path / "__init__.py").is_file():
            modules.append(Module(dotted, path / "__init__.py"))
        elif depth == len(parts) and path.with_suffix(".py").is_file():
            modules.append(Module(dotted, path.with_suffix(".py")))
        elif not any(path.rglob("*.py")):
            return None
    return modules


def _imports(module: Module, shown: str) -> Iterator[Import]:
    for node in _statements(_parse(module.path, shown)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, "", node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node, shown)
            for alias in node.names:
                yield Import(base, "" if alias.name == "*" else alias.name, node.lineno)
        elif isinstance(node, ast.Call) and _hides_an_import(node.func):
            raise UserError(
                "this import happens at run time, so the contents of the zip are unknown.",
                where=f"{shown}:{node.lineno}",
                mend="Write an import statement.",
            )


def _parse(path: Path, shown: str) -> ast.Module:
    try:
        return ast.parse(importlib.util.decode_source(path.read_bytes()), shown)
    except UnicodeDecodeError as error:  # in a comment the parser alone would let it through
        where, reason = shown, f"byte {error.start} is not {error.encoding}"
    except SyntaxError as error:
        where, reason = f"{shown}:{error.lineno or 1}", error.msg
    except ValueError as error:  # a null byte, before Python 3.12
        where, reason = shown, str(error)
    raise UserError(f"this isn't Python: {reason}.", where=where, mend="Mend the file.")


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that can run; the branch that only type checkers take is left out."""
    yield node
    for child in _running_children(node):
        yield from _statements(child)


def _running_children(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.If) and _is_type_checking(node.test):
        return iter(node.orelse)
    if (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.UnaryOp)
        and isinstance(node.test.op, ast.Not)
        and _is_type_checking(node.test.operand)
    ):
        return iter(node.body)
    return ast.iter_child_nodes(node)


def _is_type_checking(test: ast.expr) -> bool:
    return _last_name(test) == "TYPE_CHECKING"


def _hides_an_import(function: ast.expr) -> bool:
    return _last_name(function) in {"import_module", "__import__"}


def _last_name(expression: ast.expr) -> str:
    if isinstance(expression, ast.Name):
        return expression.id
    return expression.attr if isinstance(expression, ast.Attribute) else ""


def _base(module: Module, node: ast.ImportFrom, shown: str) -> str:
    """The absolute name of what `from … import` reads from."""
    if not node.level:
        return node.module or ""
    package = module.package.split(".") if module.package else []
    if node.level > len(package):
        raise UserError(
            "this relative import leaves its package; in Lambda the entry is in none.",
            where=f"{shown}:{node.lineno}",
            mend="Import it by its absolute name, from a folder in handlers/.",
        )
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _check_available(head: str, where: str) -> None:
    if head in sys.stdlib_module_names or head in RUNTIME:
        return
    raise UserError(
        f"it imports {head}, which Lambda does not have.",
        where=where,
        mend="Handlers use the standard library, boto3 and modules in handlers/ only.",
    )


def _missing(name: str, where: str) -> UserError:
    return UserError(
        f"it imports {name}, which does not exist.",
        where=where,
        mend="Mend the name, or add the module to handlers/.",
    )
