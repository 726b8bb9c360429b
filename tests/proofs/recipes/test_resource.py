"""The recipe for a resource of a new type, and what is said to whoever forgets a part of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.proofs.recipes.carrying_out import RECIPES, assert_judged_well, carry_out
from tests.proofs.recipes.workshop import Workshop

TYPE = "AWS::KMS::Alias"
PART = """\
  # ---- a name for the alarms' key, for people
  AlarmKeyAlias:
    Type: AWS::KMS::Alias
    Properties:
      AliasName: !Sub alias/${ProjectName}-alarms-${Environment}
      TargetKeyId: !Ref AlarmKey
"""
INCLUDE = """
{% include "parts/alarm_key_alias.yaml.j2" %}
"""
SIBLING = """\
    "AWS::KMS::Alias": {
        "AliasName": "alias/x",
        "TargetKeyId": "arn:aws:kms:us-east-1:123456789012:key/x",
    },
"""
REASON = """\
  - reason: A name for people; nothing refers to the alias.
    at:
      - Resources.AlarmKeyAlias.Properties.AliasName
"""
RESOURCE: dict[str, Callable[[Workshop], None]] = {
    "templates/parts/alarm_key_alias.yaml.j2": lambda w: w.write(
        "templates/parts/alarm_key_alias.yaml.j2", PART
    ),
    "templates/main.yaml.j2": lambda w: w.insert(
        "templates/main.yaml.j2", '{% include "parts/alarm_topic.yaml.j2" %}\n', INCLUDE
    ),
    "rules/application/allowed.yaml": lambda w: allow(w),
    "tests/rules/siblings.py": lambda w: w.insert(
        "tests/rules/siblings.py", "BAD: dict[str, dict[str, Any]] = {\n", SIBLING
    ),
    "rules/unprotected.yaml": lambda w: w.insert("rules/unprotected.yaml", "\nleaves:\n", REASON),
}
FORGOTTEN = {
    "rules/application/allowed.yaml": ("nox -s check", "Nobody allowed resources of the type"),
    "tests/rules/siblings.py": (
        "pytest tests/rules/test_mutations.py",
        "tests/rules/siblings.py has no bad resource of these types",
    ),
}


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A copy whose `refresh` leaves out nothing: the record has to know the new type."""
    return Workshop(tmp_path)


def allow(workshop: Workshop) -> None:
    for path, reason in (("AliasName", ""), ("TargetKeyId", ' --reason "the key of the alarms"')):
        done = workshop.run(f"python -m pipeline allow {TYPE} {path}{reason}")
        assert done.returncode == 0, done.stderr


def resource(workshop: Workshop) -> None:
    for edit in RESOURCE.values():
        edit(workshop)


def test_a_new_resource_takes_the_files_that_the_page_names(workshop: Workshop) -> None:
    recipe = RECIPES["A resource"]

    carry_out(recipe, workshop, resource)

    assert_judged_well(recipe, workshop)


@pytest.mark.parametrize("forgotten", FORGOTTEN)
def test_whoever_forgets_a_file_of_a_resource_is_told_which(
    workshop: Workshop, forgotten: str
) -> None:
    command, says = FORGOTTEN[forgotten]
    for file, edit in RESOURCE.items():
        if file != forgotten:
            edit(workshop)

    done = workshop.run(command)

    assert done.returncode != 0
    assert says in done.stdout + done.stderr
