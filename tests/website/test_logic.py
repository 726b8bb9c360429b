"""The pages' logic, by Node's own test runner: one test here for each of its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.website.tools import HERE, node

FILES = sorted(HERE.glob("*.test.mjs"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_pages_logic_passes_its_own_tests(file: Path) -> None:
    run = node("--test", "--test-reporter=tap", str(file))

    output = run.stdout.decode()
    assert run.returncode == 0, output + run.stderr.decode()
    assert "\nok 1 - " in output, "no test was run"
