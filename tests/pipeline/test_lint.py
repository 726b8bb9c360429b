"""cfn-lint's findings, told by the lines that a person edits."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from pipeline import lint, render
from pipeline.errors import UserError
from pipeline.findings import Finding, Level, Place
from tests.pipeline.templates import edit

DECIDED = "decided:\n  - {rule: I3042, resource: Api, reason: it is so}\n"


def finding(rule: str = "I3042", level: Level = Level.INFO, resource: str = "Api") -> Finding:
    return Finding("cfn-lint", rule, level, "said", pointer=("Resources", resource, "Type"))


def decided(project: Path, text: str = DECIDED) -> list[lint.Decision]:
    (project / "rules").mkdir(exist_ok=True)
    (project / lint.DECISIONS).write_text(text)
    return lint.decisions(project)


def test_the_committed_templates_have_no_finding(root: Path) -> None:
    rendered = render.render_all(["dev", "prod"], root)

    assert lint.lint(rendered, root) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no process can be copied here")
def test_copies_at_hand_find_what_one_process_finds(project: Path) -> None:
    days = "RetentionInDays: {{ env.logs.keep_days }}"
    edit(project, days, f"{days}1")
    rendered = render.render_all(["dev", "prod"], project)
    expected = lint.lint(rendered, project)

    lint.stand_by(1)
    try:
        (copy,) = lint._at_hand
        said = [lint.lint(rendered, project) for _ in range(2)]
        lint.stand_by(1)
        assert lint._at_hand == [copy]
    finally:
        lint.dismiss()

    assert expected
    assert said == [expected, expected]


def test_a_finding_names_the_template_and_the_environment_line(project: Path) -> None:
    templates = "".join(path.read_text() for path in (project / "templates").rglob("*.j2"))
    (memory, *_) = re.findall(r"env\.[a-z_.]+\.memory_mb", templates)
    file = edit(
        project, "RetentionInDays: {{ env.logs.keep_days }}", f"RetentionInDays: {{{{ {memory} }}}}"
    )
    path = project / file
    text = path.read_text().splitlines()
    number = next(n for n, one in enumerate(text, 1) if "Retention" in one and memory in one)

    # a setting that no template uses would stop the render, so a comment uses it
    path.write_text(path.read_text() + "# {{ env.logs.keep_days }}\n")
    found = lint.lint(render.render_all(["dev"], project), project)

    first = found[0]
    assert first.level is Level.ERROR
    assert first.place == Place(file, number)
    assert first.value_place is not None
    assert first.value_place.file == "environments/dev.yaml"
    line = (project / "environments/dev.yaml").read_text().splitlines()[first.value_place.line - 1]
    assert "memory_mb" in line
    assert first.pointer[0] == "Resources"


def test_a_region_that_nobody_knows_is_named_with_its_line(project: Path) -> None:
    path = project / "environments/dev.yaml"
    path.write_text(path.read_text().replace("us-east-1", "mars-north-1"))

    with pytest.raises(UserError, match=r"dev\.yaml:\d+: .*no region mars-north-1"):
        lint.lint(render.render_all(["dev"], project), project)


def test_a_template_cannot_switch_a_rule_off_for_itself(project: Path) -> None:
    path = project / "templates/main.yaml.j2"
    text = path.read_text().replace(
        "Metadata:\n", "Metadata:\n  cfn-lint: {config: {ignore_checks: [E3002]}}\n"
    )
    text = text.replace(
        "Resources:\n", "Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {X: 1}}\n"
    )
    path.write_text(text)

    found = lint.lint(render.render_all(["dev"], project), project)

    assert [one.rule for one in found if one.level is Level.ERROR] == ["E3002"]


def test_a_deprecated_runtime_is_left_to_the_rule_that_knows_what_may_still_be_done_with_it(
    project: Path,
) -> None:
    path = project / "templates/main.yaml.j2"
    old = "{Runtime: nodejs18.x, Handler: a.b, Code: {ZipFile: x}, Role: !GetAtt HttpApiRole.Arn}"
    path.write_text(
        path.read_text().replace(
            "Resources:\n",
            f"Resources:\n  Old: {{Type: AWS::Lambda::Function, Properties: {old}}}\n",
        )
    )

    found = lint.lint(render.render_all(["dev"], project), project)

    assert [finding for finding in found if "2531" in finding.rule] == []


def test_a_decided_information_is_let_through(project: Path) -> None:
    assert lint.decide([finding()], decided(project), whole=True) == []


def test_an_undecided_information_fails(project: Path) -> None:
    standing = lint.decide([finding(rule="I9999")], decided(project), whole=False)

    assert [(one.rule, one.level) for one in standing] == [("I9999", Level.WARNING)]


def test_a_decision_covers_no_error(project: Path) -> None:
    error = finding(level=Level.ERROR)

    assert error in lint.decide([error], decided(project), whole=False)


def test_a_decision_that_nothing_needs_fails(project: Path) -> None:
    standing = lint.decide([], decided(project), whole=True)

    assert [(one.level, one.place) for one in standing] == [
        (Level.WARNING, Place(lint.DECISIONS, 2))
    ]


def test_a_decision_is_only_unused_where_every_environment_was_judged(project: Path) -> None:
    assert lint.decide([], decided(project), whole=False) == []


@pytest.mark.parametrize(
    "text",
    [
        "decided:\n  - {rule: I1, resource: A}\n",
        'decided:\n  - {rule: I1, resource: A, reason: ""}\n',
        "decided:\n  - I1\n",
        "decidet: []\n",
        "decided: {}\n",
    ],
)
def test_a_broken_decision_says_what_it_needs(project: Path, text: str) -> None:
    with pytest.raises(UserError, match=rf"{lint.DECISIONS}:\d"):
        decided(project, text)
