"""The official cfn-guard, where it is installed."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.rules.cases import ROOT

PACKAGE = "node_modules/@cdklabs/cdk-validator-cfnguard/bin"
SYSTEMS = {"Linux": "ubuntu", "Darwin": "macos"}
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


def binary() -> Path:
    """The program, from CFN_GUARD or from npm's package; in CI its absence is a failure."""
    named = os.environ.get("CFN_GUARD")
    folder = f"{SYSTEMS.get(platform.system(), '?')}/{MACHINES.get(platform.machine(), '?')}"
    path = Path(named) if named else ROOT / PACKAGE / folder / "cfn-guard"
    if not path.is_file():
        missing = f"{path} isn't there; `npm ci` brings it, or CFN_GUARD names another"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return path


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The program's answer; its exit status is for the caller to judge."""
    return subprocess.run(
        [str(binary()), *arguments], input=stdin, capture_output=True, text=True, cwd=ROOT,
        check=False, timeout=120,
    )  # fmt: skip


def validate(rules: list[str], data: list[str]) -> list[dict[str, str]]:
    """For each text of `data`, what each rule of these rules files says of it."""
    payload = json.dumps({"rules": rules, "data": data})
    done = run(
        "validate", "--payload", "--structured", "--show-summary", "none", "-o", "json",
        stdin=payload,
    )  # fmt: skip
    return [_statuses(report) for report in json.loads(done.stdout)]


def _statuses(report: dict[str, Any]) -> dict[str, str]:
    failed = {check["Rule"]["name"]: "FAIL" for check in report["not_compliant"]}
    passed = dict.fromkeys(report["compliant"], "PASS")
    return failed | passed | dict.fromkeys(report["not_applicable"], "SKIP")
