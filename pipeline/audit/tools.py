"""Rendered templates -> remarks of checkov, of AWS's Control Tower rules and of parliament.

Each runs as its makers run it: checkov and the official cfn-guard as programs of their own,
parliament by its function. A tool that judged nothing has failed.
"""

from __future__ import annotations

import contextlib
import json
import platform
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import files
from pipeline.errors import UserError
from pipeline.findings import Pointer
from pipeline.iam.least_privilege import Template, target
from pipeline.iam.resolving import References, Unresolvable

CHECKOV, CONTROL_TOWER, PARLIAMENT = "checkov", "control-tower", "parliament"
PACKAGE = "node_modules/@cdklabs/cdk-validator-cfnguard"
SECONDS = 300

_SYSTEMS = {"Linux": "ubuntu", "Darwin": "macos"}
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_RULE = re.compile(r"^rule[ \t]+(\w+)", re.MULTILINE)
_POLICIES = ("AssumeRolePolicyDocument", "KeyPolicy", "PolicyDocument")


@dataclass(frozen=True)
class Remark:
    """What a tool has against one subject: a resource, or `resource/policy`."""

    tool: str
    rule: str
    subject: str
    environment: str
    message: str
    pointer: Pointer


def remarks(template: Template, root: Path) -> list[Remark]:
    """All three tools' remarks on one template, each rule and subject once."""
    said = [*checkov(template), *control_tower(template, root), *parliament(template)]
    return list({(one.tool, one.rule, one.subject): one for one in said}.values())


def checkov(template: Template) -> Iterator[Remark]:
    """checkov's failed checks; it looks nothing up and downloads nothing."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.json"
        file.write_bytes(files.as_json(written_out(template)))
        options = ["--framework", "cloudformation", "--output", "json", "--quiet", "--compact"]
        said = _output(
            [_beside_python("checkov"), "--file", str(file), "--skip-download", *options]
        )
    report = json.loads(said)
    _demand(CHECKOV, "summary" in report and not report["summary"]["parsing_errors"])
    _demand(CHECKOV, report["summary"]["passed"] > 0)
    for check in report["results"]["failed_checks"]:
        logical_id = check["resource"].rpartition(".")[2]
        yield _remark(CHECKOV, check["check_id"], logical_id, template, check["check_name"])


def control_tower(template: Template, root: Path) -> Iterator[Remark]:
    """What the rules of AWS Control Tower's proactive controls find, by the official cfn-guard."""
    package = root / PACKAGE
    controls = dict(_controls(package))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.json"
        file.write_bytes(files.as_json(written_out(template)))
        options = ["--structured", "--output-format", "json", "--show-summary", "none"]
        said = _output([str(_cfn_guard(package)), "validate", "--data", str(file), *options,
                        "--rules", str(package / "rules/control-tower/cfn-guard")])  # fmt: skip
    (report,) = json.loads(said)
    _demand(CONTROL_TOWER, len(report["compliant"]) > 0)
    for failed in report["not_compliant"]:
        rule = failed["Rule"]
        about = controls.get(rule["name"], (rule["name"], rule["name"]))
        for subject in sorted(_resources(rule, template.value)) or [""]:
            yield _remark(CONTROL_TOWER, about[0], subject, template, about[1])


def _controls(package: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """Rule -> its control's identifier and what AWS calls it."""
    for file in sorted((package / "rules/control-tower/cfn-guard").rglob("*.guard")):
        metadata = next(
            (package / "rules/control-tower/metadata").rglob(f"{file.stem}.metadata.json")
        )
        about = json.loads(metadata.read_text(encoding="utf-8"))
        for name in _RULE.findall(file.read_text(encoding="utf-8")):
            yield name, (about["Id"], about["DisplayName"])


def _cfn_guard(package: Path) -> Path:
    machine = platform.machine().lower()
    folder = f"{_SYSTEMS.get(platform.system(), '?')}/{_MACHINES.get(machine, machine)}"
    program = package / "bin" / folder / "cfn-guard"
    if not program.is_file():
        raise UserError(
            "the official cfn-guard isn't there, or not for this machine.",
            where=str(program),
            mend="`npm ci` brings it; `nox -s audit` runs that by itself.",
        )
    return program


def _resources(value: Any, template: Mapping[str, Any]) -> set[str]:
    """The resources that a report's paths lie in."""
    if isinstance(value, list):
        return {name for one in value for name in _resources(one, template)}
    if not isinstance(value, dict):
        return set()
    resources = {name for one in value.values() for name in _resources(one, template)}
    steps = str(value.get("path", "")).split("/")
    if steps[:2] == ["", "Resources"] and len(steps) > 2 and steps[2] in template["Resources"]:
        resources.add(steps[2])
    return resources


def parliament(template: Template) -> Iterator[Remark]:
    """What parliament has against the policies: of roles and of resources, and trust policies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it uses pkg_resources, which warns
        from parliament import analyze_policy_string, enhance_finding
    references = References(template.value, target(template))
    policies = list(_policies(template.value))
    _demand(PARLIAMENT, bool(policies))
    for name, pointer, document in policies:
        text = json.dumps(references.resolve(document))
        for finding in map(enhance_finding, analyze_policy_string(text).findings):
            for rule in _parliament_rules(finding):
                subject = f"{pointer[1]}/{name}"
                yield _remark(PARLIAMENT, rule, subject, template, finding.title, pointer)


def written_out(template: Template) -> dict[str, Any]:
    """The template with the texts that will be deployed in the place of each Fn::Sub, and with
    its policies as IAM keeps them: names and ARNs instead of references, "false" for false.

    The tools read these as texts or not at all; what can't be known before stays as it is.
    """
    references = References(template.value, target(template))
    result: dict[str, Any] = _written_out(template.value, references, in_policy=False)
    return result


def _written_out(value: Any, references: References, *, in_policy: bool) -> Any:
    if isinstance(value, list):
        return [_written_out(one, references, in_policy=in_policy) for one in value]
    if isinstance(value, bool):
        return str(value).lower() if in_policy else value
    if not isinstance(value, dict):
        return value
    if "Fn::Sub" in value or (in_policy and value.keys() & {"Ref", "Fn::GetAtt"}):
        with contextlib.suppress(Unresolvable):
            return references.resolve(value)
        return value
    return {
        key: _written_out(item, references, in_policy=in_policy or key in _POLICIES)
        for key, item in value.items()
    }


def _parliament_rules(finding: Any) -> list[str]:
    """One for each action that a finding names, so that a decision on one covers no other."""
    detail = finding.detail if isinstance(finding.detail, list) else []
    actions = [one["action"] for one in detail if isinstance(one, dict) and "action" in one]
    return [f"{finding.issue} {action}" for action in actions] or [finding.issue]


def _policies(template: Mapping[str, Any]) -> Iterator[tuple[str, Pointer, Any]]:
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        at: Pointer = ("Resources", logical_id, "Properties")
        for key in _POLICIES:
            if key in properties:
                yield key, (*at, key), properties[key]
        if resource["Type"] == "AWS::IAM::Role":
            for number, policy in enumerate(properties.get("Policies", [])):
                pointer = (*at, "Policies", number, "PolicyDocument")
                yield policy["PolicyName"], pointer, policy["PolicyDocument"]


def _remark(
    tool: str, rule: str, subject: str, template: Template, message: str, pointer: Pointer = ()
) -> Remark:
    where = pointer or (("Resources", subject) if subject else ())
    return Remark(tool, rule, subject, template.settings.name, message, where)


def _beside_python(program: str) -> str:
    """A program of this environment, whether or not the environment is on the PATH."""
    return str(Path(sys.executable).with_name(program))


def _output(command: Sequence[str]) -> str:
    """What the tool prints; its exit status only says that it found something."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except FileNotFoundError:
        raise UserError(
            "it isn't installed here.",
            where=Path(command[0]).name,
            mend="`nox -s audit` installs what it needs from requirements-audit.lock.",
        ) from None
    if not done.stdout.strip():
        raise UserError(
            f"it said nothing: {done.stderr.strip()[-300:]}",
            where=Path(command[0]).name,
            mend="Run it by hand on build/<env>/template.json.",
        )
    return done.stdout


def _demand(tool: str, judged: bool) -> None:  # noqa: FBT001 - the one thing that it is about
    if not judged:
        raise UserError(
            "it judged nothing, so its silence says nothing.",
            where=tool,
            mend="Run it by hand on build/<env>/template.json.",
        )
