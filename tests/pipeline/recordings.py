"""`python -m tests.pipeline.recordings`: docs/terminal/*.svg anew, from runs on this machine."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boto3 import Session
from rich.console import Console
from rich.text import Text

from pipeline.deploying import events
from pipeline.deploying.progress import Live

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("environments", "templates", "rules", "handlers", "website")
WIDTH = 132
TERMINAL = {
    "FORCE_COLOR": "1",
    "TERM": "xterm-256color",
    "COLUMNS": str(WIDTH),
    "PYTHONPATH": str(ROOT),
}
FONT = re.compile(r"@font-face \{.*?\}", re.DOTALL)
CONTROL = re.compile(r"\x1b\[(?P<number>\d*)(?P<what>[AK])|\x1b\[\?25[lh]")


def main() -> int:
    with _endpoint() as variables, tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in PARTS:
            shutil.copytree(ROOT / part, root / part)
        environment = {**os.environ, **variables}
        _record_watch(root)
        _record("plan", "plan", ["plan", "dev"], root, environment)
        _record("deploy", "deploy", ["deploy", "dev"], root, environment)
        _record_midway(environment)
        _change(root, "burst: 50 ", "burst: 60 ")
        _record("plan-of-a-change", "plan", ["plan", "dev"], root, environment)
        _record("diff", "diff", ["diff", "dev"], root, environment)
        _record("destroy", "destroy", ["destroy", "dev", "--confirm", "dev"], root, environment)
        with _patched(environment):
            Session(region_name="us-east-1").client("sqs").create_queue(
                QueueName="qr-upload-failures-dev"
            )
        _record("failed-deploy", "deploy", ["deploy", "dev"], root, environment)
    return 0


def _change(root: Path, before: str, after: str) -> None:
    file = root / "environments/dev.yaml"
    file.write_text(file.read_text().replace(before, after, 1))


def _record(name: str, title: str, words: list[str], root: Path, env: dict[str, str]) -> None:
    """Run a station as on a terminal, and write the picture of what was left on the screen."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *words],
        cwd=root,
        env=env | TERMINAL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    _write(name, title, words, _screen(done.stdout.decode()))
    print(f"docs/terminal/{name}.svg: exit code {done.returncode}")


def _record_watch(root: Path) -> None:
    """Three rounds of watch: the first, one that a rule refuses, and its mending."""
    words = ["watch", "dev"]
    file = root / "environments/dev.yaml"
    before = file.read_text()
    watch = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *words],
        cwd=root, env=os.environ | TERMINAL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    with watch:
        assert watch.stdout is not None
        said = []
        for text in (re.sub(r"keep_days: 30 ", "keep_days: 45 ", before, count=1), before, None):
            for line in watch.stdout:
                said.append(line.decode())
                if "Waiting" in said[-1]:
                    break
            said.append("\n")
            if text is not None:
                file.write_text(text)
        watch.send_signal(signal.SIGINT)
        watch.stdout.read()
    _write("watch", "watch", words, _screen("".join(said).rstrip()))
    print(f"docs/terminal/watch.svg: exit code {watch.returncode}")


def _record_midway(environment: dict[str, str]) -> None:
    """What the deployment looks like when AWS has made half of it and works on the next four.

    The endpoint makes one resource after the other, faster than anybody looks; the events are
    its own.
    """
    with _patched(environment):
        cloudformation = Session(region_name="us-east-1").client("cloudformation")
        [stack] = cloudformation.describe_stacks(StackName="qr-upload-dev")["Stacks"]
        history = events.since(cloudformation, stack["StackId"], "")
    begun = [one for one in history if one.status.endswith("_IN_PROGRESS") and not one.of_stack]
    named = list(dict.fromkeys(one.logical_id for one in begun))
    done, working = named[:18], named[18:22]
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    shown = Live(console)
    for one in history:
        ends = one.status.endswith("_COMPLETE")
        if one.logical_id in done or (one.logical_id in working and not ends):
            shown.show(one)
    console.print(shown.table(history[-1].at))
    _write(
        "deploy-midway", "deploy", ["deploy", "dev"], console.export_text(styles=True).split("\n")
    )


def _write(name: str, title: str, words: list[str], screen: list[str]) -> None:
    lines = [f"$ nox -s {words[0]} -- {' '.join(words[1:])}", *screen]
    shown = "\n".join(lines)
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text.from_ansi(shown))
    svg = console.export_svg(title=f"nox -s {title}", unique_id=name)
    folder = ROOT / "docs/terminal"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.svg").write_text(FONT.sub("", svg))


def _screen(output: str) -> list[str]:
    """The lines that are left when the terminal has done what it was told."""
    lines, row = [""], 0
    for part in re.split(r"(\n|\r|\x1b\[\d*[AK]|\x1b\[\?25[lh])", output):
        found = CONTROL.fullmatch(part)
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif found and found["what"] == "A":
            row = max(0, row - int(found["number"] or 1))
        elif found and found["what"] == "K":
            lines[row] = ""
        elif not found and part != "\r":
            lines[row] += part
    return lines


@contextmanager
def _endpoint() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "localcloud", "--aws-only", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())["environment"]
        finally:
            server.terminate()


@contextmanager
def _patched(environment: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    sys.exit(main())
