"""Windows, as far as it can be tested elsewhere: modules, functions, encodings, paths.

Nothing here was ever run on Windows itself; README.md says so.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path, PurePath, PureWindowsPath
from xml.etree import ElementTree as ET

import pytest

from localcloud.__main__ import _check_platform
from pipeline import files
from pipeline.__main__ import main
from pipeline.errors import UserError
from pipeline.findings import TOOL_GUARD, Place, of_error
from pipeline.policy import rulebook
from tests.conftest import ROOT
from tests.pipeline.templates import holding

# Run by every Python of a station, its child processes too.
WITHOUT_POSIX = """
import os, signal, sys
for module in "_curses curses fcntl grp nis pty pwd resource spwd syslog termios tty".split():
    sys.modules[module] = None
for name in '''
    chown chroot confstr ctermid fchmod fchown fork forkpty getegid geteuid getgid getgroups
    getloadavg getpgid getpgrp getpriority getsid getuid initgroups killpg lchown lockf major
    memfd_create mkfifo mknod nice openpty pathconf posix_fadvise pread preadv pwrite pwritev
    sched_getaffinity sched_yield sendfile setpgid setpriority setsid statvfs sync sysconf
    tcgetpgrp ttyname uname wait wait3 wait4
'''.split():
    if hasattr(os, name):
        delattr(os, name)
for name in "SIGALRM SIGHUP SIGKILL SIGPIPE SIGUSR1 SIGUSR2 alarm setitimer".split():
    delattr(signal, name)
"""
STATIONS = {
    "render": ["render", "dev", "prod"],
    "check": ["check", "dev", "--no-cache"],
    "package": ["package", "dev"],
    "guard of a template": ["guard", "--template", "build/dev/template.yaml"],
    "guard's list": ["guard", "--list"],
    "guard's reasons": ["guard", "--explain", "KEYS_ROTATE"],
    "allow": ["allow"],
    "environments": ["environments"],
    "doctor": ["doctor"],
}
EXPLICIT = """
import sys, warnings
warnings.filterwarnings("error", category=EncodingWarning, module="(pipeline|environments)")
from pipeline.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
OTHER_SCRIPTS = "приложение → 🚀 ﷽"


def run(
    project: Path, *words: str, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(variables or {})},
        capture_output=True,
        check=False,
    )


@pytest.fixture
def windows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables with which a Python has nothing that only POSIX has."""
    folder = tmp_path_factory.mktemp("windows")
    (folder / "sitecustomize.py").write_text(WITHOUT_POSIX)
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}


@pytest.mark.parametrize("words", STATIONS.values(), ids=STATIONS)
def test_a_station_needs_nothing_that_windows_lacks(
    project: Path, windows: dict[str, str], words: list[str]
) -> None:
    run(project, "-m", "pipeline", "render", "dev")

    done = run(project, "-m", "pipeline", *words, variables=windows)

    told = done.stderr.decode() + done.stdout.decode()
    assert "Traceback" not in told
    assert done.returncode in ({0, 1} if words[0] in {"doctor", "guard"} else {0})


def test_the_hook_does_take_it_away(project: Path, windows: dict[str, str]) -> None:
    assert b"fcntl" in run(project, "-c", "import fcntl", variables=windows).stderr
    assert b"getuid" in run(project, "-c", "import os; os.getuid()", variables=windows).stderr


@pytest.mark.parametrize("words", STATIONS.values(), ids=STATIONS)
def test_a_station_never_reads_or_writes_in_the_machines_own_encoding(
    project: Path, words: list[str]
) -> None:
    run(project, "-m", "pipeline", "render", "dev")

    done = run(project, "-X", "warn_default_encoding", "-c", EXPLICIT, *words)

    assert b"Traceback" not in done.stderr
    assert done.returncode in {0, 1}


@pytest.fixture
def foreign(project: Path) -> Path:
    """A project with a finding in the midst of letters that cp1252 doesn't have."""
    part = project / holding(project, "PointInTimeRecoveryEnabled: {{")
    text = part.read_text(encoding="utf-8")
    setting = re.compile("PointInTimeRecoveryEnabled: .*")
    part.write_text(setting.sub(rf"\g<0>  # {OTHER_SCRIPTS}", text), encoding="utf-8")
    prod = project / "environments/prod.yaml"
    prod.write_text(
        prod.read_text(encoding="utf-8").replace(
            "point_in_time_recovery: true", f"point_in_time_recovery: false  # {OTHER_SCRIPTS}"
        ),
        encoding="utf-8",
    )
    return project


def test_a_console_without_a_letter_gets_an_escape(foreign: Path) -> None:
    done = run(foreign, "-m", "pipeline", "guard", "prod", variables={"PYTHONIOENCODING": "cp1252"})

    said = done.stdout.decode("cp1252")
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert "PRODUCTION_TABLES_CAN_BE_RESTORED" in said
    assert "\\u2192 \\U0001f680" in said


@pytest.mark.parametrize("form", ["json", "sarif", "junit", "github"])
def test_a_report_on_such_a_console_is_utf_8(foreign: Path, form: str) -> None:
    prod = foreign / "environments/prod.yaml"
    prod.write_text(
        prod.read_text(encoding="utf-8").replace("tier: production", f"tier: {OTHER_SCRIPTS}"),
        encoding="utf-8",
    )

    done = run(
        foreign, "-m", "pipeline", "guard", "prod", "--format", form,
        variables={"PYTHONIOENCODING": "cp1252"},
    )  # fmt: skip

    said = done.stdout.decode("utf-8")
    assert done.returncode == 1
    assert OTHER_SCRIPTS in said
    if form == "junit":
        ET.fromstring(said)  # noqa: S314 - our own
    elif form != "github":
        json.loads(said)


@pytest.mark.parametrize(
    ("where", "place"),
    [
        (r"C:\templates\a.yaml:12", Place(r"C:\templates\a.yaml", 12)),
        (r"C:\templates\a.yaml", Place(r"C:\templates\a.yaml")),
        ("templates/a.yaml:3", Place("templates/a.yaml", 3)),
    ],
)
def test_a_drive_is_no_line(where: str, place: Place) -> None:
    [finding] = of_error(UserError("wrong.", where=where, mend="Mend it."), TOOL_GUARD)

    assert finding.place == place


@pytest.mark.parametrize("kind", [PurePath, PureWindowsPath])
def test_left_over_files_are_told_by_any_kind_of_path(kind: type[PurePath]) -> None:
    assert files.is_ours(kind("parts") / "a.yaml.j2")
    assert not files.is_ours(kind("__MACOSX") / "a.yaml.j2")
    assert not files.is_ours(kind("parts") / "._a.yaml.j2")


def test_a_folder_of_rules_is_shown_with_slashes() -> None:
    folder = PureWindowsPath(r"C:\work\stack\rules\general")

    assert rulebook._shown(folder) == "rules/general"  # type: ignore[arg-type]


def test_the_local_cloud_says_that_it_needs_posix() -> None:
    with pytest.raises(UserError, match=r"needs POSIX.*\n.*WSL"):
        _check_platform("win32")


def test_line_ends_and_a_byte_order_mark_change_nothing(project: Path) -> None:
    assert main(["render", "dev"], project) == 0
    before = (project / "build/dev/template.yaml").read_bytes()

    for part in ("environments", "templates", "rules"):
        for path in (project / part).rglob("*.*"):
            path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))

    assert main(["check", "dev"], project) == 0
    assert main(["render", "dev"], project) == 0
    assert (project / "build/dev/template.yaml").read_bytes() == before
