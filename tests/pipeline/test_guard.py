from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.environment.fields import Aws, BaseSettings
from pipeline.errors import UserError
from pipeline.findings import Finding, Level, Place, Pointer
from pipeline.policy import crosschecks, engines
from pipeline.policy import guard as station
from pipeline.policy.guard import guard, pointer_of
from pipeline.verdict_cache import NO_CACHE

TODAY = date(2026, 11, 22)
SETTINGS = BaseSettings(
    name="dev",
    tier="development",
    project_name="shop",
    aws=Aws(account=None, region="eu-central-1", profile=None, service_role_arn=None),
    protected=False,
    deployment_bucket=None,
    tags={},
)

BOXES = """# Boxes stay shut.
# docs/policy.md
rule BOXES_ARE_SHUT when Resources.*[ Type == 'Box' ] !empty {
    Resources.*[ Type == 'Box' ].Lid == 'shut'
    <<
        The lid is open.
        Mend: Lid: shut.
    >>
    Resources.*[ Type == 'Box' ].Lock exists
    <<
        The box has no lock.
        Mend: Lock: a name.
    >>
}
"""
PASSED_FAILED_SKIPPED = """
- {name: a, expectations: {rules: {
    NAME: PASS
  }}}
- {name: b, expectations: {rules: {
    NAME: FAIL
  }}}
- {name: c, expectations: {rules: {
    NAME: SKIP
  }}}
"""
REQUIRED = f"""
development: []
production: []
optional: {{{", ".join(f"{rule.name}: no boxes" for rule in crosschecks.rules())}}}
"""
SHUT = {"Type": "Box", "Lid": "shut", "Lock": "brass"}
OPEN = {"Type": "Box", "Lid": "open", "Lock": "brass"}


@dataclass(frozen=True)
class Template:
    """A rendered template whose line 7 is about everything."""

    value: dict[str, Any]
    settings: BaseSettings = SETTINGS

    def places(self, pointer: Pointer) -> tuple[Place | None, Place | None]:
        return Place("templates/boxes.yaml.j2", 7), Place("environments/dev.yaml", len(pointer))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one rule, its cases and one environment."""
    (tmp_path / "rules/general/tests").mkdir(parents=True)
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/dev.yaml").write_text("tier: development\n")
    put(tmp_path, "boxes", BOXES, "BOXES_ARE_SHUT")
    (tmp_path / "rules/general/required.yaml").write_text(REQUIRED)
    return tmp_path


def put(root: Path, file: str, text: str, *rules: str) -> None:
    """A rules file, and cases for these rules of it."""
    (root / f"rules/general/{file}.guard").write_text(text)
    cases = "".join(PASSED_FAILED_SKIPPED.replace("NAME", rule) for rule in rules)
    (root / f"rules/general/tests/{file}_tests.yaml").write_text(cases)


def list_for_development(root: Path, *rules: str) -> None:
    listed = f"development: [{', '.join(rules)}]"
    (root / "rules/general/required.yaml").write_text(REQUIRED.replace("development: []", listed))


def waive(root: Path, **changes: str) -> None:
    waiver = {
        "rule": "BOXES_ARE_SHUT", "resource": "Crate", "environment": "dev",
        "reason": "it is empty", "expires": '"2026-11-22"',
    } | changes  # fmt: skip
    lines = "\n    ".join(f"{key}: {value}" for key, value in waiver.items())
    (root / "rules/waivers.yaml").write_text(f"waivers:\n  - {lines}\n")


def boxes(**resources: dict[str, Any]) -> Template:
    return Template({"Resources": resources})


def judge(template: Template, root: Path) -> list[Finding]:
    return guard([template], root, lambda: TODAY)


def test_a_case_may_stand_on_one_line(root: Path) -> None:
    path = root / "rules/general/tests/boxes_tests.yaml"
    path.write_text(path.read_text().replace("{\n    BOXES", "{BOXES").replace("\n  }}}", "}}}"))
    assert "{BOXES_ARE_SHUT: PASS}" in path.read_text()

    assert judge(boxes(Crate=SHUT), root) == []


def test_a_template_that_keeps_the_rules_has_no_finding(root: Path) -> None:
    assert judge(boxes(Crate=SHUT), root) == []


def test_a_finding_says_what_where_why_and_how_to_mend_it(root: Path) -> None:
    (finding,) = judge(boxes(Crate=OPEN, Chest=SHUT), root)

    assert finding == Finding(
        tool="guard",
        rule="BOXES_ARE_SHUT",
        level=Level.ERROR,
        message="The lid is open.",
        environment="dev",
        pointer=("Resources", "Crate", "Lid"),
        found='"open"',
        mend="Lid: shut.",
        place=Place("templates/boxes.yaml.j2", 7),
        value_place=Place("environments/dev.yaml", 3),
        why="Boxes stay shut. (docs/policy.md)",
    )


def test_clauses_that_fail_on_one_resource_are_one_finding(root: Path) -> None:
    (finding,) = judge(boxes(Crate={"Type": "Box", "Lid": "open"}), root)

    assert finding.message == "The lid is open."
    assert finding.notes == ("template: The box has no lock. Mend: Lock: a name.",)


def test_each_resource_has_a_finding_of_its_own(root: Path) -> None:
    findings = judge(boxes(Crate=OPEN, Chest=OPEN), root)

    assert sorted(finding.logical_id for finding in findings) == ["Chest", "Crate"]


def test_what_is_missing_is_named_at_its_parent(root: Path) -> None:
    (finding,) = judge(boxes(Crate={"Type": "Box", "Lid": "shut"}), root)

    assert finding.pointer == ("Resources", "Crate")
    assert finding.found == "no Lock"


def test_a_rule_that_skips_where_it_has_to_pass_is_a_finding(root: Path) -> None:
    (finding,) = judge(boxes(Ball={"Type": "Ball"}), root)

    assert finding.rule == "BOXES_ARE_SHUT"
    assert finding.level is Level.ERROR
    assert "SKIP" in finding.message
    assert finding.place == Place("rules/general/boxes.guard", 3)


def test_a_rule_for_production_may_skip_in_development(root: Path) -> None:
    put(
        root,
        "balls",
        "rule BALLS_ARE_ROUND when Balls exists {\n Balls == 1\n}\n",
        "BALLS_ARE_ROUND",
    )
    (root / "rules/general/required.yaml").write_text(
        REQUIRED.replace("production: []", "production: [BALLS_ARE_ROUND]")
    )
    production = SETTINGS.model_copy(update={"tier": "production"})

    in_development = judge(boxes(Crate=SHUT), root)
    in_production = judge(replace(boxes(Crate=SHUT), settings=production), root)

    assert in_development == []
    assert [finding.rule for finding in in_production] == ["BALLS_ARE_ROUND"]


def test_a_rule_that_is_listed_nowhere_has_to_pass_everywhere(root: Path) -> None:
    put(
        root,
        "balls",
        "rule BALLS_ARE_ROUND when Balls exists {\n Balls == 1\n}\n",
        "BALLS_ARE_ROUND",
    )
    production = SETTINGS.model_copy(update={"name": "prod", "tier": "production"})
    templates = [boxes(Crate=SHUT), replace(boxes(Crate=SHUT), settings=production)]

    findings = guard(templates, root, lambda: TODAY)

    assert [(finding.rule, finding.environment) for finding in findings] == [
        ("BALLS_ARE_ROUND", "dev"),
        ("BALLS_ARE_ROUND", "prod"),
    ]
    assert "rules/general/required.yaml" in findings[0].mend


def test_without_exceptions_every_rule_has_to_pass(root: Path) -> None:
    (root / "rules/general/required.yaml").unlink()

    findings = judge(boxes(Crate=SHUT), root)

    assert {finding.rule for finding in findings} == {rule.name for rule in crosschecks.rules()}


def test_what_a_check_only_notes_is_told_and_fails_nothing(root: Path) -> None:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.11"}}
    rule = "FUNCTIONS_RUN_MAINTAINED_RUNTIMES"

    def found(day: date) -> list[tuple[Level, str]]:
        findings = guard([boxes(Crate=SHUT, F=function)], root, lambda: day)
        return [(one.level, one.found) for one in findings if one.rule == rule]

    assert found(date(2027, 7, 1)) == [(Level.INFO, '"python3.11"')]
    assert found(date(2027, 9, 1)) == [(Level.ERROR, '"python3.11"')]


def test_a_rule_that_fails_is_a_finding_where_it_is_not_required_too(root: Path) -> None:
    put(
        root,
        "balls",
        "rule BALLS_ARE_ROUND when Balls exists {\n Balls == 1\n}\n",
        "BALLS_ARE_ROUND",
    )
    (root / "rules/general/required.yaml").write_text(
        REQUIRED.replace("optional: {", "optional: {BALLS_ARE_ROUND: there may be none, ")
    )

    (finding,) = judge(Template({"Resources": {"Crate": SHUT}, "Balls": 2}), root)

    assert (finding.rule, finding.pointer, finding.found) == ("BALLS_ARE_ROUND", ("Balls",), "2")
    assert finding.message == "Balls is not as BALLS_ARE_ROUND asks."


def test_a_plain_value_where_a_rule_looks_deeper_is_told_as_that(root: Path) -> None:
    put(
        root,
        "balls",
        "rule BALLS_ARE_ROUND {\n Balls { Shape.Round == true <<It is square.>> }\n}\n",
        "BALLS_ARE_ROUND",
    )
    (root / "rules/general/required.yaml").write_text(
        REQUIRED.replace("everywhere: [", "everywhere: [BALLS_ARE_ROUND, ")
    )

    (finding,) = judge(Template({"Resources": {"Crate": SHUT}, "Balls": "round"}), root)

    assert finding.pointer == ("Balls",)
    assert finding.message.startswith("Balls is a plain value, and BALLS_ARE_ROUND looks for Shape")


def test_no_finding_holds_the_engines_own_words(root: Path) -> None:
    put(
        root,
        "balls",
        "rule BALLS_ARE_ROUND {\n Balls.Shape { Round == true }\n Balls.Size == 1\n}\n",
        "BALLS_ARE_ROUND",
    )
    (root / "rules/general/required.yaml").write_text(
        REQUIRED.replace("everywhere: [", "everywhere: [BALLS_ARE_ROUND, ")
    )

    (finding,) = judge(Template({"Resources": {"Crate": SHUT}, "Balls": {"Size": 2}}), root)

    told = " ".join([finding.message, finding.mend, *finding.notes])
    assert "Clause" not in told
    assert "EQUALS" not in told
    assert "--explain BALLS_ARE_ROUND" in told


def test_two_environments_are_judged_apart(root: Path) -> None:
    staging = SETTINGS.model_copy(update={"name": "staging"})
    templates = [boxes(Crate=OPEN), replace(boxes(Crate=SHUT), settings=staging)]

    findings = guard(templates, root, lambda: TODAY)

    assert [finding.environment for finding in findings] == ["dev"]


# ---- values that may be secrets


NOTHING = """# A rule that fails on everything.
# docs/policy.md
rule NOTHING_IS_RIGHT when Resources exists {
    Resources.*.Properties.QUERY == 'right'
    <<Wrong. Mend: right.>>
}
"""


@pytest.mark.parametrize(
    ("query", "properties"),
    [
        ("Environment.Variables.COLOUR", {"Environment": {"Variables": {"COLOUR": "hunter2"}}}),
        ("Environment.Variables.*", {"Environment": {"Variables": {"COLOUR": "hunter2"}}}),
        ("Environment.Variables", {"Environment": {"Variables": {"COLOUR": "hunter2"}}}),
        ("Environment", {"Environment": {"Variables": {"COLOUR": "hunter2"}}}),
        ("Nothing.Here", {"Environment": {"Variables": {"COLOUR": "hunter2"}}}),
        ("StageVariables.a", {"StageVariables": {"a": "hunter2"}}),
        ("MasterUserPassword", {"MasterUserPassword": "hunter2"}),
        ("Users[*].apiKey", {"Users": [{"apiKey": "hunter2"}]}),
        ("Users", {"Users": [{"Token": "hunter2"}]}),
    ],
)
def test_what_may_be_a_secret_is_never_shown(
    query: str, properties: dict[str, Any], root: Path
) -> None:
    put(root, "nothing", NOTHING.replace("QUERY", query), "NOTHING_IS_RIGHT")
    template = boxes(Crate=SHUT, F={"Type": "F", "Properties": properties})

    findings = judge(template, root)

    assert "NOTHING_IS_RIGHT" in {finding.rule for finding in findings}
    assert "hunter2" not in repr(findings)


def test_a_long_value_is_cut(root: Path) -> None:
    (finding,) = judge(boxes(Crate={**OPEN, "Lid": "o" * 500}), root)

    assert len(finding.found) == station.FOUND_CHARACTERS
    assert finding.found.endswith("…")


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("", ()),
        ("/Resources/A/Tags/1", ("Resources", "A", "Tags", 1)),
        ("/Resources/A/Paths/a/b", ("Resources", "A", "Paths", "a/b")),
        ("/Resources/A/Paths/a/c", ("Resources", "A", "Paths", "a", "c")),
        ("/Resources/Gone/X", ("Resources",)),
    ],
)
def test_keys_with_slashes_are_looked_up(path: str, pointer: Pointer) -> None:
    template = {"Resources": {"A": {"Tags": ["x", "y"], "Paths": {"a/b": 1, "a": {"c": 2}}}}}

    assert pointer_of(path, template) == pointer


# ---- waivers


def test_a_waived_finding_stays_visible_and_lets_the_station_pass(root: Path) -> None:
    waive(root)

    (finding,) = judge(boxes(Crate=OPEN), root)

    assert finding.level is Level.INFO
    assert finding.waived == "Waived until 2026-11-22: it is empty"


def test_a_waiver_excuses_one_resource_only(root: Path) -> None:
    waive(root)

    findings = judge(boxes(Crate=OPEN, Chest=OPEN), root)

    levels = {finding.logical_id: finding.level for finding in findings}
    assert levels == {"Crate": Level.INFO, "Chest": Level.ERROR}


def test_an_expired_waiver_excuses_nothing(root: Path) -> None:
    waive(root, expires='"2026-11-21"')

    findings = judge(boxes(Crate=OPEN), root)

    assert [(one.rule, one.level) for one in findings] == [
        ("BOXES_ARE_SHUT", Level.ERROR),
        ("WAIVER", Level.ERROR),
    ]
    assert "expired on 2026-11-21" in findings[1].message
    assert findings[1].place == Place("rules/waivers.yaml", 2)


def test_a_waiver_that_nothing_needs_is_a_finding(root: Path) -> None:
    waive(root)

    (finding,) = judge(boxes(Crate=SHUT), root)

    assert (finding.rule, finding.level) == ("WAIVER", Level.ERROR)
    assert "unused" in finding.message


def test_a_waiver_of_an_environment_that_is_not_judged_waits(root: Path) -> None:
    (root / "environments/prod.yaml").write_text("tier: production\n")
    waive(root, environment="prod")

    assert judge(boxes(Crate=SHUT), root) == []


@pytest.mark.parametrize(
    "change",
    [
        {"reason": ""},
        {"reason": '" "'},
        {"expires": '"soon"'},
        {"expires": "20300101"},
        {"environment": "moon"},
        {"why": "because"},
    ],
)
def test_a_waiver_that_says_too_little_is_refused(change: dict[str, str], root: Path) -> None:
    waive(root, **change)

    with pytest.raises(UserError, match=r"rules/waivers\.yaml:[23456]"):
        judge(boxes(Crate=OPEN), root)


# ---- rules files that can't be used


def test_a_syntax_error_is_named_with_its_line_and_the_others_are_judged(root: Path) -> None:
    put(root, "bad", "rule BAD_RULE {\n    A exists\n    B(\n}\n", "BAD_RULE")

    findings = judge(boxes(Crate=OPEN), root)

    assert [finding.rule for finding in findings] == ["RULES_FILE", "BOXES_ARE_SHUT"]
    assert findings[0].place is not None
    assert findings[0].place.file == "rules/general/bad.guard"
    assert findings[0].place.line in {3, 4}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rule BAD_RULE {\n    OTHER_RULE\n}\nrule OTHER_RULE {\n    BAD_RULE\n}\n", "crashed"),
        (
            "let x = Resources[ keys != 'A' ][ Type == 'T' ]\nrule BAD_RULE { %x exists }\n",
            "panicked",
        ),
        ("rule BAD_RULE when %gone !empty {\n    A exists\n}\n", "gone"),
    ],
    ids=["a cycle ends the engine", "the engine panics", "a variable that isn't there"],
)
def test_a_file_that_breaks_the_engine_is_named_and_the_others_are_judged(
    text: str, said: str, root: Path
) -> None:
    rules = ["BAD_RULE"] + ["OTHER_RULE"] * ("OTHER_RULE" in text)
    put(root, "bad", text, *rules)

    findings = judge(boxes(Crate=OPEN), root)

    assert [finding.rule for finding in findings] == ["RULES_FILE", "BOXES_ARE_SHUT"]
    assert "rules/general/bad.guard" in findings[0].message
    assert said in findings[0].message


def test_what_a_stack_lacks_is_told_with_the_line_that_demands_it(root: Path) -> None:
    list_for_development(root, "BOXES_ARE_SHUT")
    put(root, "balls", BOXES.replace("BOXES_ARE_SHUT", "BALLS_ARE_ROUND"), "BALLS_ARE_ROUND")

    findings = {one.rule: one.mend for one in judge(boxes(), root)}

    assert "take the rule from rules/general/required.yaml:2" in findings["BOXES_ARE_SHUT"]
    assert "list the rule in rules/general/required.yaml" in findings["BALLS_ARE_ROUND"]


Program = Callable[[str], object]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Puts a shell's script in the engine's place."""
    path = tmp_path / "engine"

    def put(script: str) -> None:
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(path))

    return put


@pytest.mark.skipif(sys.platform == "win32", reason="an engine gets its task otherwise there")
def test_an_engine_that_waited_finds_what_one_that_begins_now_finds(root: Path) -> None:
    expected = judge(boxes(Crate=OPEN), root)

    for dies in (False, True):
        engines.stand_by()
        try:
            (engine,) = engines._at_hand
            if dies and engine._process:
                engine._process.kill()
                engine._process.wait()
            assert judge(boxes(Crate=OPEN), root) == expected
            assert engines._at_hand == []
        finally:
            engines.dismiss()


def test_an_engine_that_takes_too_long_is_stopped(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Program
) -> None:
    stuck = tmp_path / "stuck"
    program(f"""echo '{{"ready": []}}'; printf '{{"verd'; touch {stuck}; exec sleep 60""")
    looks = iter([0.0])

    def clock() -> float:
        """When the answer is awaited, the time is over, and the engine is stuck by then."""
        if (began := next(looks, None)) is not None:
            return began
        while not stuck.exists():
            time.sleep(0.01)
        return 1e9

    monkeypatch.setattr(engines, "time", SimpleNamespace(monotonic=clock))

    (finding,) = judge(boxes(Crate=SHUT), root)

    assert "rules/general/boxes.guard: the engine took over 120 seconds" in finding.message


def test_an_engine_that_does_not_start_is_an_error_about_the_engine(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "false")

    with pytest.raises(UserError, match="cfn-guard-rs: the Guard engine can't be started"):
        judge(boxes(Crate=SHUT), root)


def test_what_the_engine_says_as_it_fails_to_start_is_told(root: Path, program: Program) -> None:
    program("echo 'Traceback:' >&2; echo 'ImportError: libgcc_s.so.1: no such file' >&2; exit 1")

    with pytest.raises(UserError, match=r"can't be started. It says: ImportError: libgcc_s"):
        judge(boxes(Crate=SHUT), root)


def test_without_a_temporary_folder_the_engine_says_so(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    with pytest.raises(UserError, match=r"gone: the Guard engine works with temporary files: No "):
        judge(boxes(Crate=SHUT), root)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Writing more fails, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_without_room_for_the_engines_work_is_told(root: Path) -> None:
    with files_of_at_most(10), pytest.raises(UserError, match="Is there room on the disk"):
        judge(boxes(Crate=SHUT), root)


def test_a_disk_without_room_for_the_engines_answer_is_no_fault_of_a_rule(
    root: Path, tmp_path: Path, program: Program
) -> None:
    command = [sys.executable, "-m", "pipeline.policy.engine"]
    with (tmp_path / "answer").open("wb") as output, files_of_at_most(10):
        task = '{"jobs": []}'
        ended = subprocess.run(command, input=task, text=True, stdout=output, check=False)

    program(f"echo '{{\"ready\": []}}'; exit {ended.returncode}")
    with pytest.raises(UserError, match="Is there room on the disk"):
        judge(boxes(Crate=OPEN), root)


def test_no_engine_outlives_who_asked_it(root: Path, tmp_path: Path, program: Program) -> None:
    process = tmp_path / "process"
    program(f"echo $$ > {process}; exec sleep 60")

    with station.begun([boxes(Crate=SHUT)], root, lambda: TODAY, NO_CACHE):
        while not process.exists() or not process.read_text():
            time.sleep(0.01)

    with pytest.raises(ProcessLookupError):
        os.kill(int(process.read_text()), 0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}])
def test_a_template_that_is_not_json_is_refused(value: object, root: Path) -> None:
    with pytest.raises(UserError, match="dev: the template isn't JSON"):
        judge(boxes(Crate={**SHUT, "Weight": value}), root)


Break = Callable[[Path], object]


def _remove_rules(root: Path) -> None:
    (root / "rules/general/boxes.guard").unlink()


def _a_folder(root: Path) -> None:
    (root / "rules/general/folder.guard").mkdir()


def _latin_1(root: Path) -> None:
    (root / "rules/general/latin.guard").write_bytes(b"# caf\xe9\n")


def _only_a_comment(root: Path) -> None:
    (root / "rules/general/empty.guard").write_text("# rule COMMENTED_OUT {\n# }\n")


def _without_a_skip(root: Path) -> None:
    path = root / "rules/general/tests/boxes_tests.yaml"
    path.write_text(path.read_text().replace("SKIP", "PASS"))


def _without_cases(root: Path) -> None:
    (root / "rules/general/tests/boxes_tests.yaml").unlink()


def _twice(root: Path) -> None:
    put(root, "again", BOXES, "BOXES_ARE_SHUT")


def _listed_without_a_rule(root: Path) -> None:
    list_for_development(root, "GONE_RULE")


def _several_listed_without_a_rule(root: Path) -> None:
    list_for_development(root, "GONE_RULE", "OTHER_RULE")


def _a_stray(root: Path) -> None:
    (root / "rules/general/boxes.guard").rename(root / "rules/boxes.guard")


def _not_a_list(root: Path) -> None:
    (root / "rules/general/required.yaml").write_text(
        REQUIRED.replace("development: []", "development: x")
    )


def _another_tier(root: Path) -> None:
    (root / "rules/general/required.yaml").write_text(REQUIRED + "staging: []\n")


def _small_letters(root: Path) -> None:
    put(root, "small", "rule balls_are_round {\n Balls exists\n}\n", "balls_are_round")


def _in_changesets(root: Path, name: str, text: str) -> None:
    folder = root / "rules/changesets"
    (folder / "tests").mkdir(parents=True)
    rules = BOXES.replace("BOXES_ARE_SHUT", "NOTHING_GOES")
    (folder / "stays.guard").write_text(rules)
    (folder / "tests/stays_tests.yaml").write_text(
        PASSED_FAILED_SKIPPED.replace("NAME", "NOTHING_GOES")
    )
    (folder / name).write_text(text)


def _empty_in_changesets(root: Path) -> None:
    _in_changesets(root, "empty.guard", "# nothing")


def _no_cases_in_changesets(root: Path) -> None:
    _in_changesets(root, "more.guard", "rule MORE_STAYS {\n A exists\n}\n")


def _a_broken_waiver_of_changesets(root: Path) -> None:
    _in_changesets(root, "waivers.yaml", "waivers: [{rule: NOTHING_GOES}]\n")


def test_a_rule_of_change_sets_that_the_engine_refuses_is_told_before_a_deployment(
    root: Path,
) -> None:
    _in_changesets(root, "stays.guard", "rule NOTHING_GOES {\n A ==\n}\n")

    (finding,) = judge(boxes(Crate=SHUT), root)

    assert finding.rule == "RULES_FILE"
    assert "rules/changesets/stays.guard" in finding.message


def test_the_rules_of_change_sets_say_nothing_of_a_template(root: Path) -> None:
    _in_changesets(root, "waivers.yaml", "waivers: []\n")

    assert "NOTHING_GOES" not in {one.rule for one in judge(boxes(Crate=OPEN), root)}


@pytest.mark.parametrize(
    ("breaking", "where", "what"),
    [
        (_empty_in_changesets, "rules/changesets/empty.guard: ", "holds no rule"),
        (_no_cases_in_changesets, "rules/changesets/more.guard:1: ", "no case that ends in PASS"),
        (_a_broken_waiver_of_changesets, "rules/changesets/waivers.yaml:1: ", "a waiver"),
        (_remove_rules, "rules/general: ", "no rule here"),
        (_only_a_comment, "rules/general/empty.guard: ", "holds no rule"),
        (_a_folder, "rules/general/folder.guard: ", "can't be read"),
        (_latin_1, "rules/general/latin.guard: ", "byte 5 is not UTF-8"),
        (_without_a_skip, "rules/general/boxes.guard:3: ", "no case that ends in SKIP"),
        (
            _without_cases,
            "rules/general/boxes.guard:3: ",
            "no case that ends in PASS or FAIL or SKIP",
        ),
        (_twice, "rules/general/again.guard:3: ", "general/boxes.guard:3"),
        (_listed_without_a_rule, "rules/general/required.yaml:2: ", "GONE_RULE isn't a rule"),
        (
            _several_listed_without_a_rule,
            "rules/general/required.yaml:2: ",
            "GONE_RULE, OTHER_RULE (line 2) aren't rules",
        ),
        (_a_stray, "rules/boxes.guard: ", "no station judges"),
        (_not_a_list, "rules/general/required.yaml:2: ", "development isn't a part of this file"),
        (_another_tier, "rules/general/required.yaml:5: ", "staging isn't a part of this file"),
        (_small_letters, "rules/general/small.guard:1: ", "upper snake case"),
    ],
)
def test_rules_that_would_stay_silent_are_an_error(
    breaking: Break, where: str, what: str, root: Path
) -> None:
    breaking(root)

    with pytest.raises(UserError) as caught:
        judge(boxes(Crate=SHUT), root)

    assert str(caught.value).startswith(where)
    assert what in str(caught.value)
    assert caught.value.mend


def test_the_child_imports_nothing_but_the_engine() -> None:
    program = (
        "import sys; before = set(sys.modules); import pipeline.policy.engine;"
        " print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        cwd=Path(station.__file__).parents[2],
    )  # fmt: skip

    for heavy in ("pydantic", "jinja2", "cfnlint", "yaml", "boto3"):
        assert heavy not in done.stdout


SHELVES = """# A shelf holds something that is new.
# docs/policy.md
rule SHELVES_HOLD_SOMETHING_NEW when Resources.*[ Type == 'Shelf' ] !empty {
    Resources.*[ Type == 'Shelf' ] {
        Books[
            New == true
            Pages <= 90
        ] !empty
        <<
            No book is new and short.
            Mend: a new book of up to 90 pages.
        >>
    }
}
"""


@pytest.mark.parametrize(
    ("books", "path", "found"),
    [
        ([{"New": False, "Pages": 9000}, {"New": True, "Pages": 91}], ("Books", 1, "Pages"), "91"),
        ([{"New": False, "Pages": 9000}], ("Books", 0), ""),
        ([{"New": True, "Pages": 91}, {"New": True, "Pages": 92}], ("Books",), ""),
        ([], ("Books",), ""),
    ],
    ids=["one that all but fits", "one that fits in nothing", "two alike", "none"],
)
def test_a_list_without_what_is_wanted_is_named_as_closely_as_can_be(
    root: Path, books: list[Any], path: Pointer, found: str
) -> None:
    put(root, "shelves", SHELVES, "SHELVES_HOLD_SOMETHING_NEW")
    good = {"Type": "Shelf", "Books": [{"New": True, "Pages": 1}]}

    findings = judge(boxes(A=SHUT, B=good, C={"Type": "Shelf", "Books": books}), root)

    assert [(one.pointer, one.found) for one in findings] == [(("Resources", "C", *path), found)]
