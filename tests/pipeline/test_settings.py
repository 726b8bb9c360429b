"""Environment files: every mistake has its file, its line, and how to mend it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.documents import DocumentError
from pipeline.environment import settings
from pipeline.environment.fields import BaseSettings
from pipeline.errors import UsageError, UserError
from tests.pipeline.scripted_aws import PROJECT

DEV = "environments/dev.yaml"


def edit(project: Path, old: str, new: str, file: str = DEV) -> None:
    path = project / file
    text = path.read_text()
    assert text.count(old) >= 1, f"{old!r} is not in {file}"
    path.write_text(text.replace(old, new, 1))


def line_of(project: Path, text: str) -> int:
    lines = (project / DEV).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def complaint(project: Path) -> str:
    with pytest.raises(UserError) as raised:
        settings.load("dev", project)
    return str(raised.value)


def test_every_committed_environment_loads(root: Path) -> None:
    names = settings.names(root)

    stacks = [settings.load(name, root).settings.stack_name for name in names]

    assert {"dev", "prod"} <= set(names)
    assert stacks == [f"{PROJECT}-{name}" for name in names]


def test_all_environments_have_the_same_keys(root: Path) -> None:
    names = settings.names(root)

    documents = {name: settings.load(name, root).document for name in names}

    keys = {
        name: {at for at in lines.lines if at[:1] != ("tags",)} for name, lines in documents.items()
    }
    assert keys == dict.fromkeys(names, keys["dev"])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("keep_days: 7", "keep_days: 0", "logs.keep_days is 0."),
        ("keep_days: 7", 'keep_days: "7"', "logs.keep_days is '7'."),
        ("keep_days: 7", "keep_days: 7.5", "logs.keep_days is 7.5."),
        ("keep_days: 7", "keep_days: true", "logs.keep_days is true. It should be 1, 3, 5, 7"),
        ("keep_days: 7", "keep_days: 7.0", "logs.keep_days is 7.0."),
        ("memory_mb: 256", "memory_mb: true", "memory_mb is true."),
        ("keep_days: 7", "keep_days:", "logs.keep_days is empty."),
        ("keep_days: 7", "keep_dayz: 7", "Did you mean keep_days?"),
        ("keep_days: 7", "keep_days: [7]", "logs.keep_days is a list."),
        ("keep_days: 7", "keep_days: 8", "logs.keep_days is 8."),
        ("tier: development", "tier: dev", "tier is 'dev'."),
        ("account: null", "account: 123456789012", 'Write it in quotes: "123456789012"'),
        ("account: null", 'account: "12345"', "aws.account is '12345'."),
        ("account: null", "account: 012345670123", "read as an octal"),
        ("region: us-east-1", "region: virginia", "aws.region is 'virginia'."),
        ("protected: false", "protected: no", "Quote it if it is a text"),
        ("memory_mb: 256", "memory_mb: 0", "memory_mb is 0."),
        ("  profile: null", '  profile: ""', "aws.profile is ''."),
        ("memory_mb: 256", "memory_mb: 2.5", "memory_mb is 2.5."),
        ("enabled: false", "enabled: 1", "enabled is 1."),
        ("project_name: ", "project_name: QR_Upload #", "project_name is 'QR_Upload'."),
    ],
)
def test_a_wrong_value_is_shown_with_its_line(project: Path, old: str, new: str, says: str) -> None:
    number = line_of(project, old)

    edit(project, old, new)

    told = complaint(project)
    assert f"{DEV}:{number}: " in told
    assert says in told
    assert "Traceback" not in told


def test_a_value_in_place_of_a_section_is_told_what_belongs_there(project: Path) -> None:
    edit(project, "logs:\n  keep_days: 7", "logs: 7")

    assert "logs is 7. It should be a mapping: `key: value` lines below it." in complaint(project)


def test_a_missing_key_names_its_section(project: Path) -> None:
    edit(project, "  memory_mb: 256", "  # memory_mb: 256")

    told = complaint(project)

    assert re.search(rf"{DEV}:\d+: [\w.]+\.memory_mb is missing\.", told)


def test_all_mistakes_are_told_at_once(project: Path) -> None:
    edit(project, "memory_mb: 256", "memory_mb: 0")
    edit(project, "keep_days: 7", "keep_days: 8")

    told = complaint(project)

    assert "memory_mb is 0." in told
    assert "logs.keep_days is 8." in told


def test_more_mistakes_than_a_screen_holds_are_counted(project: Path) -> None:
    (project / DEV).write_text("x: 1\n")

    told = complaint(project)

    assert "more." in told
    assert len(told.splitlines()) < 30


def test_the_name_is_the_files(project: Path) -> None:
    edit(project, "tier:", "name: prod\ntier:")

    assert "name is the file's own name." in complaint(project)


@pytest.mark.parametrize("name", ["Dev_1", "eu-", "-x", "a b", "seventeen-letters"])
def test_a_file_whose_name_is_no_name_is_refused(project: Path, name: str) -> None:
    (project / DEV).rename(project / f"environments/{name}.yaml")

    with pytest.raises(UserError, match="Rename the file"):
        settings.load(name, project)


def test_an_unknown_environment_is_answered_with_the_known_ones(project: Path) -> None:
    with pytest.raises(UsageError, match=r"(?s)no environment 'dex'.*dev, prod.*mean dev"):
        settings.chosen(["dex"], project)


def test_no_environment_means_all_of_them(project: Path) -> None:
    every = sorted(path.stem for path in (project / "environments").glob("*.yaml"))

    assert settings.chosen([], project) == every
    assert settings.chosen(["prod", "prod"], project) == ["prod"]


def named(text: str, project: str) -> str:
    return re.sub(r"(?m)^project_name: \S+", f"project_name: {project}", text)


def test_two_files_that_mean_one_stack_are_refused(project: Path) -> None:
    prod = (project / "environments/prod.yaml").read_text()
    (project / "environments/b-c.yaml").write_text(named(prod, "app"))
    (project / "environments/c.yaml").write_text(named(prod, "app-b"))

    with pytest.raises(UserError, match=r"its stack app-b-c is the stack of environments/c\.yaml"):
        settings.load("b-c", project)


@pytest.mark.parametrize("name", [".#dev.yaml", "._dev.yaml", ".hidden.yaml", "#dev.yaml"])
def test_what_editors_and_systems_leave_is_no_environment(project: Path, name: str) -> None:
    before = settings.chosen([], project)

    (project / "environments" / name).symlink_to("me@host.1")

    assert settings.chosen([], project) == before


def test_a_folder_without_environments_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no environment file"):
        settings.chosen([], tmp_path)


def test_a_file_that_is_not_utf_8_is_refused(project: Path) -> None:
    (project / DEV).write_bytes(b"tier: \xff\n")

    assert "is not UTF-8" in complaint(project)


def test_broken_yaml_is_refused_with_its_line(project: Path) -> None:
    edit(project, "aws:", "aws: [")

    with pytest.raises(DocumentError, match="this is not YAML"):
        settings.load("dev", project)


def test_an_environment_file_that_nobody_would_read_is_named(project: Path) -> None:
    (project / "environments/staging.yml").write_text("")

    with pytest.raises(UserError, match=r"environments/staging\.yml: .*ends in \.yaml"):
        settings.chosen([], project)


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ("aws:owner: me", "Tags that begin with aws: belong to AWS."),
        ("{Team: a, team: b}", "Roles can't have it beside Team: IAM ignores case."),
        ('owner: "a\\nb"', "should match pattern"),
        (f"owner: {'x' * 257}", "should match pattern"),
        (f"{'x' * 129}: me", "should match pattern"),
    ],
)
def test_a_tag_that_aws_refuses_is_told_at_its_line(project: Path, tags: str, says: str) -> None:
    path = project / DEV
    before, _, _ = path.read_text().partition("\ntags:\n")
    path.write_text(f"{before}\ntags:\n  {tags}\n")

    said = complaint(project)

    assert says in said
    line = line_of(project, "tags:")
    assert said.startswith((f"{DEV}:{line}: ", f"{DEV}:{line + 1}: "))


class OlderSettings(BaseSettings):
    """Another stack's, with nothing beyond the base."""


def test_another_stacks_files_load_under_a_newer_engine() -> None:
    written = {
        "tier": "development",
        "project_name": "other",
        "aws": {"account": None, "region": "eu-central-1", "profile": None},
        "protected": False,
        "deployment_bucket": None,
        "tags": {"Project": "other"},
    }

    older = OlderSettings.model_validate({**written, "name": "dev"})

    assert older.stack_name == "other-dev"
