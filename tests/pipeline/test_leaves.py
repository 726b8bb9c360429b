"""rules/unprotected.yaml: paths with stars, and what is wrong with an entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.policy import unprotected
from pipeline.policy.unprotected import Unprotected


@pytest.mark.parametrize(
    ("pattern", "path", "covers"),
    [
        ("A.B", "A.B", True),
        ("A.B", "A.B.C", False),
        ("A.*", "A.B", True),
        ("A.*", "A.B.C", False),
        ("A.**", "A.B.C", True),
        ("A.**", "A", False),
        ("A.**.Sid", "A.B.0.C.Sid", True),
        ("A.*Route", "A.PingRoute", True),
        ("A.*Route", "A.PingRouteResponse", False),
        ("A.B+", "A.BB", False),
    ],
)
def test_a_pattern_covers_paths(pattern: str, path: str, covers: bool) -> None:
    entry = Unprotected((pattern,), "why")

    assert (entry.covering(tuple(path.split("."))) == pattern) is covers


@pytest.mark.parametrize(
    "text",
    [
        "leaves: []\n",
        "leaves: {}\ndeletions: []\n",
        "leaves:\n  - {at: [A]}\ndeletions: []\n",
        "leaves:\n  - {at: [A], reason: b, survives: [shake]}\ndeletions: []\n",
        "leaves:\n  - {at: [A], reason: b, more: c}\ndeletions: []\n",
    ],
)
def test_an_entry_that_says_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / unprotected.FILE).write_text(text)

    with pytest.raises(UserError, match="isn't a list of unprotected leaves"):
        unprotected.read(tmp_path)


def test_without_the_file_nothing_is_excepted(tmp_path: Path) -> None:
    assert unprotected.read(tmp_path) == unprotected.Exceptions([], [], [])
