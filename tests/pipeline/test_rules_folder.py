"""Files of rules/ in any state are told like other files: by name and line, without a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.errors import UserError
from pipeline.policy import waivers

FILES = {
    "rules/waivers.yaml": "waivers: 3\n",
    "rules/general/required.yaml": "optional: {KEYS_ROTATE: [a]}\n",
    "rules/application/required.yaml": "everywhere: [{a: b}]\n",
    "rules/calls.json": '{"a": [{"b": 1}]}\n',
    "rules/general/logs.guard": "",
    "rules/lint.yaml": "decided: 1\n",
}


@pytest.mark.parametrize("file", [*FILES, "rules/general/tests/logs_tests.yaml"])
def test_a_file_that_is_not_utf_8_is_named(
    checked: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    path = checked / file
    path.write_bytes(b"# \xe4\n" + (path.read_bytes() if path.is_file() else b""))

    code = main(["check", "dev"], checked)

    assert code == 1
    assert f"{file}: byte 2 is not UTF-8." in capsys.readouterr().err.replace("//", "/")


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_another_shape_is_named(
    checked: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    (checked / file).write_text(FILES[file])

    code = main(["check", "dev"], checked)

    told = capsys.readouterr()
    assert code == 1
    assert file in told.err + told.out


@pytest.mark.parametrize("name", [".#iam.guard", "._iam.guard"])
@pytest.mark.parametrize("folder", ["rules", "rules/general", "rules/application"])
def test_what_editors_and_systems_leave_is_no_rule(checked: Path, folder: str, name: str) -> None:
    (checked / folder / name).symlink_to("me@host.1")

    assert main(["guard", "dev"], checked) == 0


@pytest.mark.parametrize(
    "folder", ["rules", "rules/general/more", "rules/other", "rules/changesets/more"]
)
def test_a_rules_file_that_nobody_would_read_is_named(
    checked: Path, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    (checked / folder).mkdir(exist_ok=True)
    (checked / folder / "more.guard").write_text("rule MORE { Resources !empty }\n")

    code = main(["guard", "dev"], checked)

    assert code == 1
    assert (
        f"{folder}/more.guard: no station judges a rules file in this folder."
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("name", ["prud", "../environments/dev", ".dev", "x" * 2000])
@pytest.mark.parametrize("file", ["rules/waivers.yaml", "rules/changesets/waivers.yaml"])
def test_a_waiver_names_an_environment_that_exists(checked: Path, file: str, name: str) -> None:
    (checked / "environments/.dev.yaml").write_text("")
    (checked / file).write_text(
        "waivers:\n  - rule: KEYS_ROTATE\n    resource: AlarmKey\n"
        f"    environment: {name}\n    reason: a test\n    expires: '2030-12-31'\n"
    )

    with pytest.raises(UserError, match="isn't an environment") as raised:
        waivers.read((checked / file).parent, checked)

    assert raised.value.where == f"{file}:2"
    assert "dev, prod" in raised.value.mend
    assert len(str(raised.value)) < 300
