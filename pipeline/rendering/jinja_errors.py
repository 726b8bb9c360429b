"""What Jinja says of a template -> a mistake with its file, its line and how to mend it."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2

from pipeline.documents import DocumentError
from pipeline.documents.lines import split
from pipeline.errors import UserError, brief
from pipeline.rendering.scope import Scope

RUNTIME = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What an expression of a template may end in, as it runs."""

_SCOPE = f"'{Scope.__module__}.{Scope.__name__} object'"  # as Jinja calls it
_MOST = 200  # characters of an error's own words
_TOO_DEEP = "something here includes or calls itself without an end"
_RESOLVE = re.compile(r"\{\{[-+]?\s*resolve\s*:")
_RAW = "stands between {% raw %} and {% endraw %}"


def unreadable(error: Exception, file: str, source: str) -> UserError:
    """A template that can't be compiled; `source` is its text as far as that could be read."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return _syntax(error, file, source)
    if isinstance(error, UnicodeDecodeError):
        return UserError(
            f"byte {error.start} is not UTF-8.", where=file, mend="Save the file as UTF-8."
        )
    if isinstance(error, jinja2.TemplateNotFound | OSError):
        return UserError(
            "it can't be read.",
            where=file,
            mend="Is it a file, or a link that leads to one, and may you read it?",
        )
    deep = isinstance(error, RecursionError | MemoryError) or "nested" in str(error)
    said = "it is nested too deep" if deep else brief(str(error).partition(" (<")[0], _MOST)
    return UserError(
        f"Jinja can't compile this: {said}.",
        where=file,
        mend="Split it into parts, or write the expression or the loops in a simpler way.",
    )


COMPILING = (
    jinja2.TemplateSyntaxError,
    jinja2.TemplateNotFound,
    MemoryError,
    OSError,
    RecursionError,
    SyntaxError,  # Python's own, of the code that Jinja makes
    ValueError,
)
"""What compiling a template may end in."""


def failed(error: Exception, folder: Path, shown: str) -> Exception:
    """A failure of a render with the template's line; our own bugs stay what they are."""
    place = _innermost_line(error, folder)
    if place is None:
        return error
    file, line = place
    if isinstance(error, jinja2.TemplateNotFound):
        what = f"there is no template {brief(str(error.name))}."
        mend = f"Paths start at {shown}/."
    else:
        what = f"{_words(error).replace(_SCOPE, 'the section')}."
        mend = "Correct the expression, or add the setting to every environment file."
    return DocumentError(what, file=f"{shown}/{file}", line=line, mend=mend)


def _words(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if isinstance(error, MemoryError):
        return "this takes more memory than there is"
    return brief(str(error), _MOST).rstrip(".") or type(error).__name__


def _syntax(error: jinja2.TemplateSyntaxError, file: str, source: str) -> DocumentError:
    said = (error.message or "").rstrip(".")
    lines = split(source)
    line = lines[error.lineno - 1] if 0 < error.lineno <= len(lines) else ""
    what, mend = f"Jinja can't read this: {brief(said, _MOST)}.", _mend(line)
    if "end of comment" in said:
        what = "Jinja can't read this: {# opens a comment that nothing closes."
        mend = "Close it with #}. Text that holds {#, as ${#list[@]} does, " + _RAW + "."
    elif "end of raw" in said:
        mend = "Close {% raw %} with {% endraw %}."
    return DocumentError(what, file=file, line=error.lineno, mend=mend)


def _mend(line: str) -> str:
    if _RESOLVE.search(line):
        return (
            "CloudFormation's braces are Jinja's too. Write"
            ' {{ dynamic_reference("ssm", "/a/name") | tojson }} for {{resolve:ssm:/a/name}}.'
        )
    return (
        "Is a {% … %} or {{ … }} left open, or misspelt? Text with such braces that isn't"
        f" Jinja's {_RAW}."
    )


def _innermost_line(error: BaseException, folder: Path) -> tuple[str, int] | None:
    innermost = None
    trace = error.__traceback__
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.is_relative_to(folder):
            innermost = (path.relative_to(folder).as_posix(), trace.tb_lineno)
        trace = trace.tb_next
    return innermost
