"""Files are written where a path points, whole or not at all."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path, PurePath

import pytest

from pipeline import files, pattern
from pipeline.errors import UserError
from pipeline.stations import new


def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there/target").write_text("old")
    link = tmp_path / "link"
    link.symlink_to("there/target")

    assert files.write(link, b"new")

    assert link.is_symlink()
    assert (tmp_path / "there/target").read_text() == "new"
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["target"]


def test_a_link_to_what_is_not_there_yet_makes_it(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "new/target")

    files.write(link, b"x")

    assert link.is_symlink()
    assert (tmp_path / "new/target").read_bytes() == b"x"


def test_a_pipe_is_written_through(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()

    files.write(pipe, b"report")

    reader.join(timeout=10)
    assert read == [b"report"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_stays_a_device(tmp_path: Path) -> None:
    link = tmp_path / "null"
    link.symlink_to(os.devnull)

    files.write(link, b"x")

    assert link.is_symlink()
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_an_open_file_is_written_and_not_replaced(tmp_path: Path) -> None:
    with (tmp_path / "report").open("w+b") as stream:
        files.write(Path(f"/dev/fd/{stream.fileno()}"), b"report")

        assert stream.read() == b"report"


def test_the_permissions_of_a_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old")
    path.chmod(0o640)

    files.write(path, b"new")

    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["folder", "circle", "/dev/full", "file/below"])
def test_what_can_not_be_written_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to("circle")

    with pytest.raises(UserError, match="can't be written: "):
        files.write(tmp_path / name, b"x")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["circle", "file", "folder"]


@pytest.mark.parametrize(
    "name",
    [
        ".#a.guard",
        "._a.guard",
        "a.guard~",
        "#a.guard#",
        ".a.guard.swp",
        "a.guard.orig",
        ".git/a.guard",
        "__MACOSX/a.guard",
        "Thumbs.db",
        ".DS_Store",
        "__pycache__/a.guard",
    ],
)
def test_what_editors_and_systems_leave_is_not_ours(name: str) -> None:
    assert not files.is_ours(PurePath(name))
    assert files.is_ours(PurePath("a.guard"))
    assert files.is_ours(PurePath("parts/a.yaml.j2"))


def test_what_editors_and_systems_leave_is_not_in_a_new_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = tmp_path / "pattern" / pattern.EXAMPLE
    example.mkdir(parents=True)
    (example / ".gitignore").write_text("build/\n")
    (example / ".#README.md").symlink_to("me@host.1")
    (example / "._README.md").write_bytes(b"\x00\xff")
    monkeypatch.setattr(pattern, "ROOT", tmp_path / "pattern")
    monkeypatch.setattr(new, "TAKEN", ())

    new.write(tmp_path / "made", "orders")

    assert [path.name for path in (tmp_path / "made").iterdir()] == [".gitignore"]
