"""Files in any state: how they come about, and what has to hold of what is said about them."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from pipeline.__main__ import main
from pipeline.findings import Pointer

READABLE = 1_000  # characters of a line
TRACEBACK = "Traceback (most recent call last)"

# What a hand, an editor or a program might leave in the midst of a file.
BITS = (
    ":", ": ", "- ", "\t", "  ", "\n", "\r\n", "\r", "#", "'", '"', "{", "}", "[", "]", "&a ", "*a",
    "<<: ", "!Ref ", "!!python/object:os.system ", "|", ">-", "%", "@", "`", "---\n", "...\n", "? ",
    "\x00", "\x07", "\x1b[31m", "\x85", "\u2028", "\ufeff", "\ud800", "🚀", "é", "0644", "1e999",
    "9" * 400, "yes", "~", "null", "2024-01-01", "12:30:45", "0x1F", ".inf", "=", "{{", "}}", "{%",
    "%}", "{#", "#}", "{{ env }}", "{% for x in env %}", "{% endfor %}", "{% include 'x' %}",
    "{{ env.a.b }}", "{{ range(10**9) }}", "{{ 'x' * 10**9 }}", "${", "${A", "<<", ">>", "let x = ",
    "rule R {", "when %x !empty {", "%x.Properties.*", "some ", "== /(/", "exists", "or", "[ keys ",
)  # fmt: skip
WORDS = ("true", "false", "0", "-1", "1.5", '"x"', "x", "[]", "{}", "[1, [2]]", "{a: {b: 1}}", "")


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """A text after a few slips: lines lost, doubled, moved, indented; bits put in; ends cut off."""
    lines = text.splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(lines) - 1)))
        slip = draw(st.sampled_from(SLIPS))
        slip(draw, lines, at)
    return "".join(lines)


def _put_in(draw: st.DrawFn, lines: list[str], at: int) -> None:
    line = lines[at] if lines else ""
    where = draw(st.integers(0, len(line)))
    lines[at : at + 1] = [line[:where] + draw(st.sampled_from(BITS)) + line[where:]]


def _other_value(draw: st.DrawFn, lines: list[str], at: int) -> None:
    found = re.match(r"(\s*(?:- )?[^:#\n]+:)", lines[at]) if lines else None
    if found:
        lines[at] = f"{found[1]} {draw(st.sampled_from(WORDS))}\n"


def _indent(draw: st.DrawFn, lines: list[str], at: int) -> None:
    if lines:
        lines[at] = draw(st.sampled_from([" ", "  ", "\t", ""])) + lines[at].lstrip(" ")


def _lose(_: st.DrawFn, lines: list[str], at: int) -> None:
    del lines[at : at + 1]


def _double(draw: st.DrawFn, lines: list[str], at: int) -> None:
    lines[at:at] = lines[at : at + 1] * draw(st.sampled_from([1, 2, 300]))


def _cut_off(draw: st.DrawFn, lines: list[str], at: int) -> None:
    rest = lines[at] if lines else ""
    lines[at:] = [rest[: draw(st.integers(0, len(rest)))]]


def _move(draw: st.DrawFn, lines: list[str], at: int) -> None:
    taken = lines[at : at + 1]
    del lines[at : at + 1]
    to = draw(st.integers(0, len(lines)))
    lines[to:to] = taken


def _nest(draw: st.DrawFn, lines: list[str], at: int) -> None:
    depth = draw(st.sampled_from([50, 101, 5_000]))
    lines[at:at] = [draw(st.sampled_from(["x: ", ""])) + "[" * depth + "]" * depth + "\n"]


SLIPS: list[Callable[[st.DrawFn, list[str], int], None]] = [
    _put_in, _put_in, _put_in, _other_value, _other_value, _indent, _lose, _double, _cut_off, _move,
    _nest,
]  # fmt: skip

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["", "*", "arn:aws:s3:::x", "${A}", "${", "{{resolve:ssm:/a}}", "Ref", "a" * 5_000]
    ),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=5), inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["Ref", "Fn::Sub", "Fn::GetAtt", "Fn::If", "Fn::Join", "Fn::Select"]),
            inner, max_size=2,
        ),
    ),
    max_leaves=6,
)  # fmt: skip


@st.composite
def grafted(draw: st.DrawFn, document: Any) -> Any:
    """A document some of whose parts are something else."""
    result = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 5))):
        places = list(_places(result))
        if not places:
            break
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        holder[key] = draw(TREES)
    return result


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def texts(value: Any, at: Pointer = ()) -> dict[Pointer, str]:
    """What was written for each number of a document, as its reader keeps it."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {
            pointer: text
            for key, inner in items
            for pointer, text in texts(inner, (*at, key)).items()
        }
    return {at: str(value)} if isinstance(value, int | float) else {}


def written(path: Path, content: str | bytes) -> None:
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    path.write_bytes(data)


def holds(project: Path, *words: str) -> int:
    """Run a station: no traceback, no line that nobody can read, an exit code that says it, and
    nothing written where it isn't 0."""
    before = _built(project)
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        code = main(list(words), project)
    said = out.getvalue() + error.getvalue()
    assert code in {0, 1}, said
    assert TRACEBACK not in said
    assert (
        max(map(len, said.splitlines()), default=0) < READABLE or "found nothing to judge" in said
    )
    if code:
        assert said.strip()
        assert _built(project) == before
    return code


def _built(project: Path) -> dict[str, bytes]:
    return {
        path.as_posix(): path.read_bytes()
        for path in sorted((project / "build").rglob("*"))
        if path.is_file() and ".verdicts" not in path.parts
    }


def as_json(document: Any) -> str:
    return json.dumps(document, indent=1)
