"""From an environment file to build/<env>/: the same bytes each time, or an error and nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline import render
from pipeline.documents import DocumentError
from pipeline.environment import schema
from pipeline.errors import UserError
from pipeline.stations import refresh
from tests.pipeline.scripted_aws import ROOT
from tests.pipeline.templates import MAIN, holding, part, resource

PART = part(ROOT)
NAME = resource(ROOT)


def append(project: Path, text: str, file: str = PART) -> int:
    """Add text to the end of a template; the line on which it begins."""
    path = project / file
    before = path.read_text()
    path.write_text(before + text)
    return before.count("\n") + 1


def test_the_committed_copies_are_what_is_rendered_now(root: Path) -> None:
    stale = [
        path.relative_to(root).as_posix()
        for path, data in refresh.contents(root).items()
        if not path.is_file() or path.read_bytes() != data
    ]

    assert stale == [], "run: nox -s refresh"


def test_the_same_input_gives_the_same_bytes(project: Path) -> None:
    first = [render.outputs(one) for one in render.render_all(["dev", "prod"], project)]
    second = [render.outputs(one) for one in reversed(render.render_all(["prod", "dev"], project))]

    assert first == second


def test_build_holds_the_template_in_both_forms(project: Path) -> None:
    rendered = render.render_all(["dev"], project)[0]

    render.write(rendered, project)

    folder = project / "build/dev"
    assert (folder / "template.yaml").read_text() == rendered.text
    assert json.loads((folder / "template.json").read_bytes()) == rendered.value
    assert sorted(path.name for path in folder.iterdir()) == [
        *("parameters.json", "sourcemap.json", "template.json", "template.yaml")
    ]


def test_writing_again_changes_no_file(project: Path) -> None:
    rendered = render.render_all(["dev"], project)[0]

    first, second = render.write(rendered, project), render.write(rendered, project)

    assert len(first) == 4
    assert second == []
    assert render.stale(rendered, project) == []


@pytest.mark.parametrize(
    ("text", "offset", "says"),
    [
        (f"  {NAME}:\n    Type: AWS::S3::Bucket\n", 0, f"{NAME} is here a second time"),
        ("\tX: 1\n", 0, "a tab"),
        ("  X: [\n", 1, "not YAML"),
        ("  X:\n    Type: !Foo a\n", 1, "!Foo isn't a known tag"),
        ("  X:\n    Type:\n", 1, "Resources.X.Type is empty"),
        ("  X:\n    A: Yes\n", 1, "true or false"),
        ("  X:\n    A: 000644\n", 1, "octal"),
        ("  X:\n    A: 61.0e+9540\n", 1, "beyond the range"),
        ("  X:\n    A: " + "[" * 200 + "]" * 200 + "\n", 1, "too deep"),
        ("  X: AWS::SNS::Topic\n", 0, "Resources.X isn't a mapping"),
        ("  X:\n    Properties: []\n", 1, "Resources.X.Properties isn't a mapping"),
        ("  X:\n    A: {{ env.logs.keep_day }}\n", 1, "Did you mean env.logs.keep_days?"),
        ("  X:\n    A: {{ keep }}\n", 1, "the variable keep is unknown"),
    ],
)
def test_what_is_no_template_names_the_part_and_its_line(
    project: Path, text: str, offset: int, says: str
) -> None:
    number = append(project, text)

    with pytest.raises(DocumentError) as raised:
        render.render_all(["dev"], project)

    assert raised.value.file.startswith("templates/")
    assert says in str(raised.value)
    if says != "not YAML":  # an open bracket is only noticed where the next part begins
        assert raised.value.where == f"{PART}:{number + offset}"


def test_an_empty_template_is_told_at_the_template(project: Path) -> None:
    shutil.rmtree(project / "templates")
    (project / "templates").mkdir()
    read = ", ".join(f"env.{'.'.join(map(str, leaf))}" for leaf in schema.paths().leaves)
    (project / MAIN).write_text(f"{{% set all = [{read}] %}}\n")

    with pytest.raises(DocumentError) as raised:
        render.render_all(["dev"], project)

    assert raised.value.where == f"{MAIN}:1"


def test_a_section_that_cloudformation_lacks_is_refused(project: Path) -> None:
    number = append(project, "\nResource:\n  A: 1\n", MAIN)

    with pytest.raises(DocumentError, match=f"{MAIN}:{number + 1}: .*Resource isn't a section"):
        render.render_all(["dev"], project)


def test_more_than_cloudformation_takes_is_refused(project: Path) -> None:
    many = (
        "{% for n in range(501) %}\n  Q{{ n | tojson }}:\n    Type: AWS::SQS::Queue\n{% endfor %}\n"
    )
    append(project, many)

    with pytest.raises(UserError, match=r"Resources holds \d+, CloudFormation takes 500"):
        render.render_all(["dev"], project)


def add_parameters(project: Path, text: str) -> tuple[str, int]:
    """Put parameters before the others; the template, and the line on which they begin."""
    file = holding(project, "Parameters:\n")
    before, heading, after = (project / file).read_text().partition("Parameters:\n")
    (project / file).write_text(f"{before}{heading}{text}{after}")
    return file, before.count("\n") + 2


PARAMETERS = """\
  Flag: {Type: String, Default: true, AllowedValues: [true, false]}
  Never: {Type: String, Default: FALSE}
  Zones: {Type: CommaDelimitedList, Default: [a, 1.50, true]}
  Share: {Type: Number, Default: 1.50}
  Large: {Type: Number, Default: 1e3}
  Empty: {Type: String, Default: ""}
  Nothing: {Type: CommaDelimitedList, Default: []}
  Day: {Type: String, Default: 2012-10-17}
"""


def test_a_default_has_cloudformations_form(project: Path) -> None:
    add_parameters(project, PARAMETERS)

    rendered = render.render_all(["dev"], project)[0]

    assert list(rendered.parameters.items())[:8] == [
        ("Flag", "true"),
        ("Never", "false"),
        ("Zones", "a,1.50,true"),
        ("Share", "1.50"),
        ("Large", "1e3"),
        ("Empty", ""),
        ("Nothing", ""),
        ("Day", "2012-10-17"),
    ]


@pytest.mark.parametrize(
    ("parameter", "line", "says"),
    [
        ("Type: String\n    Default: {a: 1}", 3, "Parameters.X.Default is a mapping"),
        ("Type: String\n    Default: !Ref ProjectName", 3, "Parameters.X.Default is a mapping"),
        ("Type: String\n    Default:\n      - [a]", 4, "a list in a list"),
        ("Type: String\n    Default:\n      - a\n      - b,c", 5, "holds a comma"),
        ("Type: String", 1, "the parameter X has no default"),
    ],
)
def test_a_default_that_has_no_such_form_is_an_error_of_its_line(
    project: Path, parameter: str, line: int, says: str
) -> None:
    file, number = add_parameters(project, f"  X:\n    {parameter}\n")

    with pytest.raises(DocumentError, match=says) as raised:
        render.render_all(["dev"], project)

    assert raised.value.where == f"{file}:{number + line - 1}"


def test_a_character_that_only_yaml_takes_for_a_line_end_moves_no_line(project: Path) -> None:
    main = project / MAIN
    main.write_text(main.read_text().replace("Description: ", 'Description: "a\u2028b" # ', 1))
    number = append(project, "  X:\n    Type: [\n      61.0e+9540]\n")

    with pytest.raises(DocumentError, match="beyond") as raised:
        render.render_all(["dev"], project)

    assert raised.value.where == f"{PART}:{number + 2}"


def test_code_in_another_shape_is_left_to_the_linter(project: Path) -> None:
    append(
        project,
        "  X:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code: [a]\n"
        "  Y:\n    Type: AWS::Lambda::Function\n    Properties:\n"
        "      Code: {S3Bucket: {Ref: [a]}}\n",
    )

    rendered = render.render_all(["dev"], project)[0]

    assert {"X", "Y"} <= set(rendered.value["Resources"])


def test_a_failed_render_leaves_what_was_there(project: Path) -> None:
    render.write(render.render_all(["dev"], project)[0], project)
    before = {path: path.read_bytes() for path in (project / "build").rglob("*") if path.is_file()}
    append(project, "  X: [\n")

    with pytest.raises(UserError):
        render.render_all(["dev", "prod"], project)

    assert before == {p: p.read_bytes() for p in (project / "build").rglob("*") if p.is_file()}
