"""The reports for machines: valid in their own language, and about the right line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from pipeline import formats
from pipeline.__main__ import main
from pipeline.findings import Finding, Level, Place
from pipeline.formats import MACHINE, Report
from pipeline.policy.rulebook import Rule
from tests.conftest import check, copy_of_the_project
from tests.pipeline.scripted_aws import ROOT
from tests.pipeline.templates import edit, holding

SUBSET = json.loads((Path(__file__).parent / "sarif_subset.json").read_text(encoding="utf-8"))
RULE = Rule("BOXES_ARE_SHUT", "boxes.guard", 3, "Boxes stay shut.\ndocs/policy.md")
QUIET = Rule("BALLS_ARE_ROUND", "boxes.guard", 9, "Balls roll.\ndocs/policy.md")
HOSTILE = 'a, "b": 100%\n<c> & [d](e) \x00 ü 📦'


def finding(environment: str = "dev", **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "tool": "guard",
        "rule": RULE.name,
        "level": Level.ERROR,
        "message": "The lid is open.",
        "environment": environment,
        "pointer": ("Resources", "Crate", "Lid"),
        "found": '"open"',
        "mend": "Lid: shut.",
        "place": Place("templates/boxes.yaml.j2", 7),
        "value_place": Place(f"environments/{environment}.yaml", 3),
    }
    return Finding(**values | changes)


def report(*findings: Finding) -> Report:
    return Report(["lint", "guard"], ["dev", "prod"], findings, [RULE, QUIET])


def sarif(*findings: Finding) -> Any:
    log = json.loads(formats.text("sarif", report(*findings)))
    jsonschema.Draft202012Validator(SUBSET).validate(log)
    return log


@pytest.mark.parametrize("name", MACHINE)
def test_a_report_is_the_same_bytes_each_time(name: str) -> None:
    one = report(finding(), finding("prod"))

    assert formats.text(name, one) == formats.text(name, one)


def test_sarif_shows_the_jinja_line_and_where_the_value_comes_from() -> None:
    lint, guard = sarif(finding(), finding("prod"))["runs"]

    assert lint["results"] == []
    (result,) = guard["results"]
    (location,) = result["locations"]
    physical = location["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "templates/boxes.yaml.j2"
    assert physical["region"] == {"startLine": 7}
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "Resources.Crate.Lid"
    related = [one["physicalLocation"]["artifactLocation"] for one in result["relatedLocations"]]
    assert [one["uri"] for one in related] == ["environments/dev.yaml", "environments/prod.yaml"]
    assert result["properties"] == {"environments": ["dev", "prod"]}


def test_sarif_carries_the_help_of_every_rule_that_was_asked() -> None:
    rules = sarif(finding(rule="WAIVER"))["runs"][1]["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in rules] == [RULE.name, QUIET.name, "WAIVER"]
    assert "Boxes stay shut." in rules[0]["help"]["text"]
    assert "docs/policy.md" in rules[0]["help"]["text"]
    assert "rules/boxes.guard:3" in rules[0]["help"]["text"]


def test_sarif_says_which_rule_a_result_is_of() -> None:
    run = sarif(finding(rule=QUIET.name))["runs"][1]

    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_suppresses_what_is_waived() -> None:
    (result,) = sarif(finding(level=Level.INFO, waived="Waived until 2030: it is empty"))["runs"][
        1
    ]["results"]

    assert result["suppressions"] == [
        {"kind": "external", "justification": "Waived until 2030: it is empty"}
    ]


def test_a_finding_keeps_its_fingerprint_when_lines_move() -> None:
    moved = finding(place=Place("templates/boxes.yaml.j2", 70))

    (one,), (other,) = (sarif(each)["runs"][1]["results"] for each in (finding(), moved))

    assert one["partialFingerprints"] == other["partialFingerprints"]


def test_sarif_makes_no_link_of_words_in_brackets() -> None:
    (result,) = sarif(finding(message="See [this](1)."))["runs"][1]["results"]

    assert result["message"]["text"].startswith(r"See \[this\](1).")


@pytest.mark.parametrize("place", [None, Place("rules/waivers.yaml"), Place("a b/ü.yaml", 2)])
def test_any_place_can_be_reported(place: Place | None) -> None:
    sarif(finding(place=place, value_place=None, pointer=()))
    for name in MACHINE:
        assert formats.text(name, report(finding(place=place, pointer=())))


def test_hostile_words_stay_inside_every_format() -> None:
    hostile = report(finding(message=HOSTILE, mend=HOSTILE, found=HOSTILE))

    assert json.loads(formats.text("json", hostile))["findings"][0]["message"] == HOSTILE
    sarif(*hostile.findings)
    ET.fromstring(formats.text("junit", hostile))  # noqa: S314  our own text
    (line,) = formats.text("github", hostile).splitlines()
    assert line.startswith("::error file=templates/boxes.yaml.j2,line=7,title=")
    assert "100%25%0A<c>" in line


def test_github_escapes_what_would_end_a_property() -> None:
    text = formats.text("github", report(finding(place=Place("a:b,c.j2", 7))))

    assert "file=a%3Ab%2Cc.j2,line=7" in text


@pytest.mark.parametrize(
    ("level", "command"), [("error", "error"), ("warning", "warning"), ("info", "notice")]
)
def test_github_knows_three_levels(level: str, command: str) -> None:
    text = formats.text("github", report(finding(level=Level(level))))

    assert text.startswith(f"::{command} ")


def test_junit_has_a_case_for_each_rule_and_environment() -> None:
    text = formats.text("junit", report(finding(), finding(rule=QUIET.name, level=Level.INFO)))

    suites = ET.fromstring(text)  # noqa: S314  our own text
    names = [suite.get("name") for suite in suites]
    assert names == ["cfn-lint dev", "cfn-lint prod", "guard dev", "guard prod"]
    assert [suite.get("failures") for suite in suites] == ["0", "0", "1", "0"]
    failed = [
        case.get("name") for case in suites.iter("testcase") if case.find("failure") is not None
    ]
    assert failed == [RULE.name]
    assert suites.get("failures") == "1"


def test_junit_skips_what_is_waived() -> None:
    text = formats.text("junit", report(finding(level=Level.INFO, waived="Waived until 2030: x")))

    suites = ET.fromstring(text)  # noqa: S314  our own text
    (skipped,) = suites.iter("skipped")
    assert skipped.get("message") == "Waived until 2030: x"


def test_json_counts_and_says_whether_it_fails() -> None:
    failing = json.loads(formats.text("json", report(finding(), finding("prod"))))
    passing = json.loads(formats.text("json", report(finding(level=Level.INFO))))

    assert (failing["failed"], failing["counts"]["error"]) == (True, 1)
    assert failing["findings"][0]["environments"] == ["dev", "prod"]
    assert failing["findings"][0]["place"] == {"file": "templates/boxes.yaml.j2", "line": 7}
    assert (passing["failed"], passing["counts"]) == (False, {"error": 0, "warning": 0, "info": 1})


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory, verdicts: Path) -> Path:
    """A project whose functions aren't traced, as a value of the template itself.

    One for all, and judged already.
    """
    project = copy_of_the_project(tmp_path_factory.mktemp("broken"), verdicts)
    edit(project, "Mode: Active", "Mode: PassThrough")
    assert check(project) == 1
    return project


@pytest.mark.parametrize("name", MACHINE)
@pytest.mark.parametrize("words", [["lint", "dev"], ["guard"]], ids=str)
def test_standard_output_holds_the_report_and_nothing_else(
    broken: Path, capsys: pytest.CaptureFixture[str], name: str, words: list[str]
) -> None:
    code = main([*words, "--format", name], broken)

    told = capsys.readouterr()
    assert code == (words[0] == "guard")
    _parse(name, told.out)
    assert f"{words[0]}: " in told.err.splitlines()[-1]


def _parse(name: str, text: str) -> None:
    if name == "junit":
        ET.fromstring(text)  # noqa: S314  our own text
    elif name == "github":
        assert all(line.startswith("::") for line in text.splitlines())
    else:
        parsed = json.loads(text)
        if name == "sarif":
            jsonschema.Draft202012Validator(SUBSET).validate(parsed)


@pytest.mark.parametrize("name", ["human", "sarif"])
def test_a_report_goes_into_a_file(
    broken: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["guard", "dev", "--format", name, "--output", "build/report"], broken) == 1

    assert capsys.readouterr().out == ""
    assert "FUNCTIONS_ARE_TRACED" in (broken / "build/report").read_text()


def test_a_report_without_findings_says_so_in_the_file(project: Path) -> None:
    assert main(["guard", "dev", "--output", "report"], project) == 0

    assert (project / "report").read_text() == "guard: no findings in dev\n"


def test_a_report_may_go_to_standard_output_by_its_usual_name(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["guard", "dev", "--format", "json", "--output", "-"], broken) == 1

    assert json.loads(capsys.readouterr().out)["findings"]
    assert not (broken / "-").exists()


def test_a_report_that_cannot_be_written_is_an_error_in_words(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["guard", "dev", "--format", "json", "--output", "rules"], broken)

    assert code == 1
    assert "it can't be written" in capsys.readouterr().err


MISTAKES = {
    "settings": (
        "environments/prod.yaml",
        "logs:\n  keep_days: 90",
        "logs:\n  keep_days: 91",
        ("settings", "SETTINGS", "logs.keep_days is 91"),
    ),
    "expression": (
        holding(ROOT, "env.logs.keep_days"),
        "env.logs.keep_days",
        "env.logs.keep_dayz",
        ("render", "TEMPLATE", "env.logs.keep_dayz isn't a setting"),
    ),
    "yaml": (
        holding(ROOT, "Type: AWS::DynamoDB::Table"),
        "Type: AWS::DynamoDB::Table",
        "Type: 0644",
        ("render", "TEMPLATE", "0644 is read as an octal"),
    ),
    "waiver": (
        "rules/waivers.yaml",
        "waivers:",
        "waivers: [{}] #",
        ("guard", "WAIVER", "waiver"),
    ),
    "required": (
        "rules/application/required.yaml",
        "everywhere:",
        "everywhere: 1 #",
        ("guard", "RULES_FILE", "this is not YAML"),
    ),
}


@pytest.fixture(params=MISTAKES)
def mistaken(request: pytest.FixtureRequest, checked: Path) -> tuple[Path, str, int, Any]:
    """A project with a mistake in one of its files, the file, the line, and what it is called."""
    file, old, new, told = MISTAKES[request.param]
    before, found, after = (checked / file).read_text().partition(old)
    assert found
    (checked / file).write_text(before + new + after)
    line = f"{before}{new}".count("\n") + 1
    return checked, file, line, told


def test_a_mistake_that_stops_the_work_is_a_finding(
    mistaken: tuple[Path, str, int, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    project, file, line, (tool, rule, says) = mistaken

    assert main(["guard", "--format", "json", "--output", "report.json"], project) == 1
    human = capsys.readouterr().err
    told = json.loads((project / "report.json").read_text())

    (complaint,) = told["findings"]
    assert (complaint["tool"], complaint["rule"], complaint["level"]) == (tool, rule, "error")
    assert complaint["place"]["file"] == file
    assert says in complaint["message"]
    assert says in human
    assert told["failed"]
    assert tool in told["tools"]
    if rule != "RULES_FILE":  # what is open there is noticed where it ends
        assert complaint["place"]["line"] == line


@pytest.mark.parametrize("name", MACHINE)
@pytest.mark.parametrize("mistaken", ["settings"], indirect=True)
def test_every_format_holds_a_mistake_that_stops_the_work(
    mistaken: tuple[Path, str, int, Any], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    project, file, _, (_, rule, _) = mistaken

    code = main(["guard", "--format", name], project)

    text = capsys.readouterr().out
    assert code == 1
    _parse(name, text)
    assert file in text
    assert rule in text
    assert "Traceback" not in text


def test_the_mistakes_of_all_environments_are_in_one_report(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("dev", "prod"):
        path = project / f"environments/{name}.yaml"
        path.write_text(f"{path.read_text()}\nextra: 1\nanother: 2\n")

    code = main(["check", "--format", "json"], project)

    told = json.loads(capsys.readouterr().out)
    assert code == 1
    assert [one["environments"] for one in told["findings"]] == [["dev"]] * 2 + [["prod"]] * 2


def test_a_template_that_can_not_be_read_leaves_the_others_judged(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "bad.yaml").write_text("Resources: [\n")
    (project / "good.yaml").write_text("Resources:\n  T:\n    Type: AWS::SNS::Topic\n")
    words = ["guard", "--template", "bad.yaml", "--template", "good.yaml"]

    code = main([*words, "--format", "json"], project)
    told = json.loads(capsys.readouterr().out)
    main(words, project)
    human = capsys.readouterr()

    assert code == 1
    rules = {one["rule"]: one["place"]["file"] for one in told["findings"]}
    assert rules["RULES_FILE" if "RULES_FILE" in rules else "NOT_JUDGED"] == "bad.yaml"
    assert rules["NOTHING_TO_JUDGE"] == "good.yaml"
    assert "bad.yaml:2: this is not YAML" in human.err
    assert "good.yaml" in human.out


def test_a_report_without_a_mistake_says_that_settings_and_templates_are_right(
    checked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["lint", "dev", "--format", "sarif"], checked)

    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [run["tool"]["driver"]["name"] for run in runs] == ["settings", "render", "cfn-lint"]
    assert [run["results"] for run in runs] == [[], [], []]
    assert all(run["invocations"] == [{"executionSuccessful": True}] for run in runs)


def test_a_value_of_an_environment_variable_is_in_no_report(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = "        Variables:\n"
    edit(project, first, f'{first}          SECRET_TOKEN: "hunter2"\n')

    for name in ("human", *MACHINE):
        assert main(["guard", "dev", "--format", name], project) == 1
    told = capsys.readouterr()
    assert "FUNCTION_ENVIRONMENTS_HOLD_NO_SECRETS" in told.out
    assert "hunter2" not in told.out + told.err


def test_no_environment_at_all_is_a_finding_and_a_wrong_name_is_none(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["guard", "nope", "--format", "json"], project) == 2
    assert capsys.readouterr().out == ""
    for path in (project / "environments").glob("*.yaml"):
        path.unlink()

    assert main(["guard", "--format", "json"], project) == 1

    (complaint,) = json.loads(capsys.readouterr().out)["findings"]
    assert (complaint["rule"], complaint["place"]["file"]) == ("SETTINGS", "environments/")
