"""What the pipeline costs beside the least that could do the same."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.bench.measure import compare

PIPELINE = (sys.executable, "-m", "pipeline")


def render() -> bool:
    """`render dev` with settings, source map and validation, beside Jinja and YAML alone."""
    plain = (sys.executable, "tests/bench/plain_render.py", "dev")
    return compare("render dev", (*PIPELINE, "render", "dev"), plain, runs=21, most=2.5)


def check() -> bool:
    """Both environments rendered, linted and judged, beside cfn-lint alone on both."""
    lint = (str(Path(sys.executable).parent / "cfn-lint"), "--", *_templates())
    return compare("check", (*PIPELINE, "check"), lint, runs=7, most=1.2)


def nox() -> bool:
    """A warm `nox -s render -- dev` beside the work itself."""
    command = shutil.which("nox") or str(Path(sys.executable).parent / "nox")
    ours = (command, "-s", "render", "--", "dev")
    return compare("nox -s render", ours, (*PIPELINE, "render", "dev"), runs=11, most=3)


def _templates() -> list[str]:
    return sorted(str(path) for path in Path("build").glob("*/template.yaml"))
