"""The programs, each in an environment of its own below .nox/, as its lock says."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
INSTALLED = ROOT / ".nox/peer-programs"
QUIET = {
    "SAM_CLI_TELEMETRY": "0",
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class NotInstalled(Exception):
    """Why a program isn't there."""


@dataclass(frozen=True)
class Program:
    """What is locked under this name; `npm` names a folder with a package-lock.json."""

    name: str
    package: str
    npm: str = ""

    @property
    def folder(self) -> Path:
        return INSTALLED / self.name

    @property
    def lock(self) -> Path:
        return HERE / f"requirements-{self.name}.lock"

    @property
    def version(self) -> str:
        """As the lock has it."""
        (found,) = re.findall(rf"^{self.package}==(\S+)", self.lock.read_text(), re.MULTILINE)
        return str(found)

    @property
    def variables(self) -> dict[str, str]:
        """What the program's process sees: its own environment first, and no telemetry."""
        places = [
            self.folder / "bin",
            self.folder / "node_modules/.bin",
            Path(sys.executable).parent,
        ]
        path = os.pathsep.join([*map(str, places), os.environ["PATH"]])
        return {**QUIET, "PATH": path, "AWS_DEFAULT_REGION": "us-east-1"}

    def install(self) -> None:
        """Install it, unless just that is there."""
        packages = [HERE / self.npm / name for name in PACKAGES] if self.npm else []
        wanted = b"".join(path.read_bytes() for path in [self.lock, *packages])
        stamp, digest = self.folder / ".installed", hashlib.sha256(wanted).hexdigest()
        if stamp.exists() and stamp.read_text() == digest:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self._run("uv", "venv", "--quiet", "--python", sys.executable, str(self.folder))
        target = ("--python", str(self.folder))
        self._run("uv", "pip", "install", "--quiet", "--require-hashes", "--compile-bytecode",
                  *target, "--requirement", str(self.lock))  # fmt: skip
        for path in packages:
            shutil.copy(path, self.folder)
        if packages:
            self._run(
                "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=self.folder
            )
        stamp.write_text(digest)

    def _run(self, *command: str, folder: Path = ROOT) -> None:
        paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        try:
            done = subprocess.run(
                command, cwd=folder, env=os.environ | {"PATH": paths},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        except FileNotFoundError:
            raise NotInstalled(f"{command[0]} isn't on this machine") from None
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines()[-1:]
            raise NotInstalled(f"{' '.join(command[:3])} failed: {' '.join(said)[:300]}")


PACKAGES = ("package.json", "package-lock.json")
SCEPTRE = Program("sceptre", "sceptre")
SAM = Program("sam", "aws-sam-cli")
CDK = Program("cdk", "aws-cdk-lib", npm="cdk")
PROGRAMS = (SCEPTRE, SAM, CDK)
