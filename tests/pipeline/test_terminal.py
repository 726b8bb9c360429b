"""What a person reads: each finding once, with its code and its mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import terminal
from pipeline.findings import Finding, Level, Place


def finding(environment: str, line: int = 2, level: Level = Level.ERROR) -> Finding:
    return Finding(
        tool="guard",
        rule="BUCKETS_ARE_PRIVATE",
        level=level,
        message="The bucket accepts public ACLs.",
        environment=environment,
        pointer=("Resources", "UploadBucket", "Properties"),
        found="false",
        mend="BlockPublicAcls: true.",
        place=Place("t.j2", line),
        value_place=Place(f"{environment}.yaml", 1),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "t.j2").write_text("one\ntwo [red]not markup[/red]\nthree\nfour\n")
    (tmp_path / "dev.yaml").write_text("flag: false\n")
    return tmp_path


def test_a_finding_shows_where_what_why_and_the_mend(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.show_findings([finding("dev")], folder)

    assert capsys.readouterr().out.splitlines() == [
        "t.j2:2  error BUCKETS_ARE_PRIVATE  dev",
        "  Resources.UploadBucket.Properties",
        "  The bucket accepts public ACLs.",
        "  Found: false",
        "       1 | one",
        "  >    2 | two [red]not markup[/red]",
        "       3 | three",
        "  The value comes from dev.yaml:1",
        "  >    1 | flag: false",
        "  Mend: BlockPublicAcls: true.",
        "",
    ]


def test_the_same_finding_in_two_environments_is_one() -> None:
    found = terminal.merged([finding("dev"), finding("prod"), finding("dev", line=1)])

    assert [(one.place and one.place.line, names) for one, names in found] == [
        (1, "dev"),
        (2, "dev, prod"),
    ]


def test_the_summary_counts_what_is_shown() -> None:
    findings = [finding("dev"), finding("prod"), finding("dev", level=Level.WARNING)]

    assert terminal.summary(findings) == "1 error, 1 warning"
    assert terminal.summary([]) == "no findings"


def test_a_step_is_a_plain_line_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.step("lint dev"):
        pass

    assert capsys.readouterr().err == "lint dev …\n"


def test_a_place_without_a_file_has_no_code(folder: Path) -> None:
    assert terminal.frame(Place("gone.j2", 3), folder) == []
    assert terminal.frame(Place("dev.yaml", 1), folder) == [(1, "flag: false")]


def test_a_file_is_read_once_however_many_findings_it_has(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read = Path.read_text
    seen: list[str] = []

    def counted(path: Path, encoding: str | None = None, errors: str | None = None) -> str:
        seen.append(path.name)
        return read(path, encoding, errors)

    monkeypatch.setattr(Path, "read_text", counted)
    terminal.show_findings([finding("dev", line) for line in (1, 2, 3, 4)], folder)

    assert sorted(seen) == ["dev.yaml", "t.j2"]
    assert "four" in capsys.readouterr().out
