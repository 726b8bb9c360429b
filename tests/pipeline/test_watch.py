"""watch: a verdict at each save, and an end that leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import checks, files, lint, signals, verdict_cache
from pipeline.stations import check
from pipeline.stations import watch as station
from pipeline.verdict_cache import Cache
from tests.conftest import ROOT

WAITING = "Waiting for the next save"
PASSED = re.compile(r"guard: (no findings|\d+ infos?) \(")  # the end of a runtime is only noted

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is stopped by signals")


class Watch:
    """The station in a process of its own, and what it says."""

    def __init__(self, project: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "watch", "dev"],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def verdict(self) -> str:
        """What is said up to the end of a round."""
        return self.line_with(WAITING)

    def line_with(self, words: str) -> str:
        """What is said up to a line with these words."""
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if words in line:
                break
        return "".join(lines)

    def is_gone(self) -> None:
        """Wait until no process is left that it made, but for the dead that nobody asks for."""
        late = time.monotonic() + 60
        while self._living():
            assert time.monotonic() < late
            time.sleep(0.02)

    def _living(self) -> list[str]:
        listed = subprocess.run(
            ["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True
        ).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()]
        own = str(self.process.pid)
        return [row[-1] for row in rows if row[0] == own and not row[1].startswith("Z")]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def watch(checked: Path) -> Iterator[Watch]:
    started = Watch(checked)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.communicate()


def save(path: Path, text: str) -> None:
    """At once, as editors do: a look in between would see half a file, and sees none like this."""
    saved = path.with_name(f".{path.name}.saved")
    saved.write_text(text)
    saved.replace(path)


def test_each_save_gets_a_verdict(checked: Path, watch: Watch) -> None:
    dev = checked / "environments/dev.yaml"
    before = dev.read_text()
    assert PASSED.search(watch.verdict())

    save(dev, before.replace("tier: development", "tier: develop"))
    broken = watch.verdict()
    save(dev, before)
    mended = watch.verdict()

    assert "Saved: environments/dev.yaml" in broken
    assert "tier is 'develop'." in broken
    assert PASSED.search(mended)
    assert "lint: no findings (" in mended
    assert watch.end(signal.SIGINT) == 0
    watch.is_gone()


def test_a_verdict_on_what_was_saved_meanwhile_is_kept(checked: Path, watch: Watch) -> None:
    dev = checked / "environments/dev.yaml"
    watch.verdict()

    def is_known(burst: int) -> bool:
        save(dev, re.sub(r"burst: \d+", f"burst: {burst}", dev.read_text(), count=1))
        assert PASSED.search(watch.verdict())
        day = datetime.now(UTC).date().isoformat()  # of the process that watches
        question = [checks.ALL, ["dev"], str(checked), day]
        return Cache(checked / verdict_cache.FOLDER).get("check", question) is not None

    # a package that another process imports for the first time just now takes one away, not three
    assert any(is_known(burst) for burst in (61, 62, 63))


def test_a_change_of_the_schema_is_seen(checked: Path, watch: Watch) -> None:
    schema = checked / "environments/schema.py"
    watch.verdict()

    text = schema.read_text()
    renamed = re.sub(r"(?m)^    memory_mb: ", "    megabytes: ", text)
    assert renamed != text
    save(schema, renamed)

    said = watch.verdict()
    assert "Saved: environments/schema.py" in said
    assert "memory_mb isn't a known key" in said


def test_what_is_saved_while_a_round_hangs_gets_its_verdict(checked: Path, watch: Watch) -> None:
    main, dev = (checked / name for name in ("templates/main.yaml.j2", "environments/dev.yaml"))
    before = main.read_text()
    watch.verdict()

    save(main, before + "{% for _ in range(1000000000) %}{% endfor %}")
    watch.line_with("Saved: templates/main.yaml.j2\n")
    save(main, before)
    save(dev, f"# once more\n{dev.read_text()}")

    watch.line_with("Saved: environments/dev.yaml")
    assert PASSED.search(watch.verdict())


def _a_process_that_hangs(folder: Path, _: pytest.MonkeyPatch) -> tuple[station._Process, int]:
    process = station._Process(["sleep", "60"], folder)
    return process, process._process.pid


def _a_copy_that_hangs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[station._Copy, int]:
    monkeypatch.setattr(check, "environments", lambda *_: time.sleep(60))
    copy = station._Copy(["dev"], folder, set())
    return copy, copy._process


@pytest.mark.parametrize("hangs", [_a_process_that_hangs, _a_copy_that_hangs])
def test_what_is_saved_during_a_round_ends_it_and_leaves_no_process(
    hangs: Callable[[Path, pytest.MonkeyPatch], tuple[station._Round, int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "templates").mkdir()
    saves = station._Saves(tmp_path)
    running, process = hangs(tmp_path, monkeypatch)

    def begin() -> station._Round:
        (tmp_path / "templates/main.yaml.j2").write_text("a: 1\n")
        return running

    assert station._judged(set(), begin, saves) == {"templates/main.yaml.j2"}
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_signal_at_the_very_beginning_of_a_round_ends_it_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork = os.fork

    def fork_and_be_ended() -> int:
        process = fork()
        if not process:
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            except KeyboardInterrupt:
                os._exit(99)  # the copy would go on with this test and all that follow
        return process

    monkeypatch.setattr(os, "fork", fork_and_be_ended)

    copy = station._Copy(["dev"], tmp_path, set())

    assert copy._wait() == signals.TERMINATED
    copy.close()


def test_a_round_that_is_killed_gives_no_verdict_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saves = station._Saves(tmp_path)

    station._judged(set(), lambda: station._Process(["sh", "-c", "kill -9 $$"], tmp_path), saves)
    killed = capsys.readouterr().out
    copy = station._Copy(["dev"], tmp_path, set())
    os.kill(copy._process, signal.SIGKILL)
    station._judged(set(), lambda: copy, saves)

    assert killed.startswith("No verdict: signal 9 ended the round. Waiting")
    assert capsys.readouterr().out == killed


def test_a_round_that_sigterm_ends_gives_no_verdict_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(station, "_judge", lambda *_: signals.TERMINATED)
    copy = station._Copy(["dev"], tmp_path, set())

    station._judged(set(), lambda: copy, station._Saves(tmp_path))

    assert capsys.readouterr().out.startswith("No verdict: signal 15 ended the round. Waiting")


def test_nothing_that_works_or_waits_outlives_who_watches(watch: Watch) -> None:
    watch.verdict()  # from here on the next round's copy waits, with an engine, and one that lints

    watch.end(signal.SIGKILL)

    watch.is_gone()


@pytest.fixture
def rounds(checked: Path) -> Iterator[station._Copies]:
    with closing(station._Copies(["dev"], checked)) as made:
        yield made


def ended(number: int) -> None:
    """It has ended, but nobody was told of it yet."""
    os.kill(number, signal.SIGKILL)
    os.waitid(os.P_PID, number, os.WEXITED | os.WNOWAIT)


def test_a_copy_that_waits_in_vain_is_exchanged(
    rounds: station._Copies, capfd: pytest.CaptureFixture[str]
) -> None:
    rounds.prepare()
    assert rounds._next is not None
    ended(rounds._next._process)
    ended(lint._at_hand[0]._process)

    with closing(rounds.begin()) as copy:
        assert copy.ends_within(60)
        assert copy.killed_by() == 0

    said = capfd.readouterr().out
    assert "lint: no findings (" in said
    assert PASSED.search(said)


def test_after_a_round_that_was_broken_off_no_copy_has_its_work(rounds: station._Copies) -> None:
    rounds.begin().close()
    assert lint._at_hand == []

    rounds.prepare()
    assert len(lint._at_hand) == 1


def test_an_answer_that_nobody_took_is_not_the_next_rounds(checked: Path, watch: Watch) -> None:
    template = checked / "templates/main.yaml.j2"
    rules = min((checked / "rules/general").glob("*.guard"))
    whole, ruled = template.read_text(), rules.read_text()
    watch.verdict()

    save(template, whole.replace("Resources:", "Resources:\n  Odd:\n    Type: AWS::S3::Odd\n", 1))
    assert "AWS::S3::Odd" in watch.verdict()
    save(rules, f"{ruled}\nrule WITHOUT_CASE {{ Resources exists }}\n")
    assert "WITHOUT_CASE has no case" in watch.verdict()
    save(template, whole.replace("Resources:", "Resources:\n  Ill:\n    Type: AWS::S3::Ill\n", 1))
    assert "WITHOUT_CASE has no case" in watch.verdict()
    save(template, f"{whole}# whole again\n")
    assert "WITHOUT_CASE has no case" in watch.verdict()
    save(rules, ruled)
    said = watch.verdict()

    assert "lint: no findings (" in said
    assert PASSED.search(said)


def test_who_closes_the_pipe_gets_no_traceback(checked: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    ended = subprocess.run(
        [sys.executable, "-m", "pipeline", "watch", "dev"],
        cwd=checked,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)

    assert (ended.returncode, ended.stderr) == (1, "")


def test_of_many_saved_files_some_are_named() -> None:
    names = [f"rules/{number}.guard" for number in range(8)]

    assert station._listed(names) == f"{', '.join(names[:5])} and 3 more"


def test_sigterm_ends_it_with_its_own_code(watch: Watch) -> None:
    watch.verdict()

    assert watch.end(signal.SIGTERM) == 143


def test_what_editors_leave_is_no_save(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/main.yaml.j2").write_text("a: 1\n")
    before = files.states(tmp_path, ["templates", "rules"])

    (tmp_path / "templates/.#main.yaml.j2").symlink_to("me@host.1")
    (tmp_path / "templates/main.yaml.j2~").write_text("a: 0\n")

    assert files.states(tmp_path, ["templates", "rules"]) == before
    assert list(before) == ["templates/main.yaml.j2"]
