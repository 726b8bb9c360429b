"""Lines for rules/application/allowed.yaml: a property, or all that the templates set of a type.

Without a type it lists what the templates set and nobody allowed, and changes nothing.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path as File

from pipeline import files, render
from pipeline.environment import settings
from pipeline.errors import UsageError
from pipeline.policy import allowed, allowed_guard, allowing
from pipeline.policy.allowed import COMMAND, FILE, PLAIN, Allowed
from pipeline.schemas import Path
from pipeline.terminal import say


def options(parser: ArgumentParser) -> None:
    parser.add_argument("type", nargs="?", metavar="TYPE", help="such as AWS::S3::Bucket")
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="keys below Properties, joined by dots, * for a list's items; what the templates set"
        " below it comes along. Default: all that they set of the type",
    )
    parser.add_argument(
        "--reason", metavar="TEXT", help="why; needed for what may name another resource"
    )


def run(options: Namespace, root: File) -> int:
    listed = allowed.read(root) or Allowed({})
    templates = [one.value for one in render.render_all(settings.names(root), root)]
    if options.type is None:
        return _show(allowed.missing(templates, listed))
    used = sorted({one for template in templates for one in allowed.used(template)})
    names = options.paths or [".".join(path) for kind, path in used if kind == options.type]
    if not names:
        raise UsageError(
            f"the templates set nothing of {options.type}.",
            mend="Name the properties, or write the resource first.",
        )
    paths = allowing.wanted(options.type, names, used)
    new = [path for path in paths if path not in listed.types.get(options.type, {})]
    _allow(options.type, new, options.reason, root)
    return 0


def _show(missing: dict[str, list[Path]]) -> int:
    for kind, paths in missing.items():
        for path in paths:
            say(f"{COMMAND} {kind} {'.'.join(path)}")
    if any(len(paths) > 1 for paths in missing.values()):
        say(f"A type alone allows all that they set of it: {COMMAND} {next(iter(missing))}")
    if not missing:
        say("The templates set nothing that nobody allowed.")
    return int(bool(missing))


def _allow(kind: str, paths: list[Path], reason: str | None, root: File) -> None:
    for path in paths:
        allowed.refuse_unknown(kind, path, f"{kind} {'.'.join(path)}")
    outward = allowing.need_reasons(kind, paths)
    if outward and not reason:
        raise UsageError(
            f"{', '.join('.'.join(path) for path in outward)} may name another resource, or let"
            " somebody in.",
            mend='Allow it by itself, and say with --reason "..." why that is right.',
        )
    file = root / FILE
    text = files.read_text(file, FILE) if file.is_file() else allowing.HEAD
    lines = dict.fromkeys(paths, reason or PLAIN)
    files.write(root / FILE, allowing.added(text, kind, lines).encode())
    for derived, data in allowed_guard.contents(root).items():
        files.write(derived, data)
    for path, why in lines.items():
        say(f"{FILE}: {kind} {'.'.join(path)}: {why}")
    if not lines:
        say(f"{FILE} has all of it already.")
