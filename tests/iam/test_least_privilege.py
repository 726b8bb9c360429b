"""The roles grant exactly what the functions use, and the check notices every way to miss that."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.__main__ import main
from pipeline.findings import Pointer
from pipeline.iam import stack
from pipeline.iam.least_privilege import (
    GRANTED,
    JUDGED,
    NARROW,
    RECORDED,
    USED,
    least_privilege,
    target,
)
from pipeline.iam.recording import Entry
from pipeline.iam.resolving import References
from pipeline.iam.uses import uses
from pipeline.render import Rendered
from tests.iam.conftest import Changed

KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000"
HTTP, EVENTS = "HttpApiLambdaRole", "WebSocketEventLambdaRole"


def told(template: Changed, entries: list[Entry] | None = None) -> set[tuple[str, str]]:
    """Each flaw's rule and what its message begins with."""
    return {(flaw.rule, flaw.message.split(" ")[0]) for flaw in template.flaws(entries)}


def needed(template: Changed) -> set[str]:
    """The actions that are needed and not granted."""
    return {
        flaw.message.split(" needs ")[1].split(" ")[0]
        for flaw in template.flaws()
        if flaw.rule == GRANTED
    }


def every_grant(rendered: Rendered) -> list[tuple[Pointer, str]]:
    """Each action of each role's statement, with the place of its list."""
    return [
        (("Resources", role, "Properties", "Policies", p, "PolicyDocument", "Statement", s), action)
        for role in (HTTP, EVENTS)
        for p, one in enumerate(rendered.value["Resources"][role]["Properties"]["Policies"])
        for s, statement in enumerate(one["PolicyDocument"]["Statement"])
        for action in statement["Action"]
    ]


def at(value: Any, pointer: Pointer) -> Any:
    for step in pointer:
        value = value[step]
    return value


def test_every_environment_s_roles_fit_exactly(root: Path, stacks: dict[str, Rendered]) -> None:
    findings = least_privilege(list(stacks.values()), root)

    assert findings == []


def test_each_action_taken_away_is_missed(rendered: Rendered) -> None:
    grants = every_grant(rendered)
    missed = []

    for pointer, action in grants:
        one = Changed(rendered, copy.deepcopy(rendered.value))
        at(one.value, pointer)["Action"].remove(action)
        at(one.value, pointer)["Action"].append("sqs:PurgeQueue")
        missed.append(
            (needed(one), [flaw.message.split(" ")[0] for flaw in one.flaws() if flaw.rule == USED])
        )

    assert len(grants) == 22
    assert missed == [({action}, ["sqs:PurgeQueue"]) for _, action in grants]


@pytest.mark.parametrize(
    "action",
    ["dynamodb:Scan", "dynamodb:DeleteItem", "DYNAMODB:SCAN", "s3:PutObjectAcl", "kms:Decrypt"],
)
def test_an_action_too_many_is_found_at_its_line(template: Changed, action: str) -> None:
    template.statement(EVENTS, "Sessions")["Action"].append(action)

    (flaw,) = template.flaws()

    assert flaw.rule == USED
    assert flaw.pointer[-2:] == ("Action", 1)
    assert flaw.message.lower().startswith(action.lower())


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("dynamodb:*", "dynamodb:* grants"),
        ("dynamodb:*Item", "dynamodb:*Item grants"),
        ("DynamoDB:Update*", "DynamoDB:Update* grants"),
        ("*", "What is granted or used can't be judged: the service *"),
    ],
)
def test_a_wildcard_grants_what_nothing_uses(template: Changed, pattern: str, said: str) -> None:
    template.statement(EVENTS, "Sessions")["Action"] = pattern

    messages = [flaw.message for flaw in template.flaws()]

    assert len(messages) == 1
    assert messages[0].startswith(said)


@pytest.mark.parametrize(
    ("role", "sid", "wider"),
    [
        (HTTP, "Uploads", {"Fn::Sub": "${UploadBucket.Arn}/*"}),
        (HTTP, "Uploads", {"Fn::Sub": "${UploadBucket.Arn}*"}),
        (HTTP, "Uploads", "arn:aws:s3:::*"),
        (HTTP, "Uploads", "*"),
        (HTTP, "Sessions", {"Fn::Sub": "${SessionsTable.Arn}*"}),
        (HTTP, "Sessions", {"Fn::Join": ["", [{"Fn::GetAtt": ["SessionsTable", "Arn"]}, "*"]]}),
        (HTTP, "OwnLogGroup", "*"),
        (EVENTS, "SessionsByConnection", {"Fn::Sub": "${SessionsTable.Arn}/index/*"}),
        (EVENTS, "SessionsStream", {"Fn::Sub": "${SessionsTable.Arn}/stream/*"}),
        (EVENTS, "Failures", "arn:aws:sqs:*:*:*"),
        (EVENTS, "PostToConnections", {"Fn::Sub": "arn:aws:execute-api:*:*:${WebSocketApi}/*"}),
        (EVENTS, "PostToConnections", "arn:aws:execute-api:*:*:*/*/POST/@connections/*"),
    ],
)
def test_a_resource_that_is_too_wide_is_found_at_its_line(
    template: Changed, role: str, sid: str, wider: Any
) -> None:
    template.statement(role, sid)["Resource"] = wider

    found = template.flaws()

    assert found
    assert {flaw.rule for flaw in found} == {NARROW}
    assert {flaw.pointer[-1] for flaw in found} == {"Resource"}


def test_a_second_resource_that_nothing_uses_is_found(template: Changed) -> None:
    statement = template.statement(HTTP, "Sessions")
    statement["Resource"] = [
        statement["Resource"],
        {"Fn::Sub": "${SessionsTable.Arn}/index/wsConnectionId-index"},
    ]

    found = template.flaws()

    assert {(flaw.rule, flaw.pointer[-2:]) for flaw in found} == {(USED, ("Resource", 1))}
    assert len(found) == 3


@pytest.mark.parametrize("element", ["Action", "Resource"])
def test_everything_but_something_is_no_grant_that_can_be_shown_to_be_used(
    template: Changed, element: str
) -> None:
    statement = template.statement(EVENTS, "Failures")
    statement[f"Not{element}"] = "iam:*" if element == "Action" else "arn:aws:s3:::x"
    statement.pop(element)

    assert {(flaw.rule, flaw.pointer[-1]) for flaw in template.flaws()} == {(USED, f"Not{element}")}


@pytest.mark.parametrize(
    ("logical_id", "properties", "unused"),
    [
        ("HttpApiLambda", ["LoggingConfig"], {"logs:CreateLogStream", "logs:PutLogEvents"}),
        ("HttpApiLambda", ["TracingConfig"], {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}),
        ("WebSocketEventInvokeConfig", ["DestinationConfig"], {"sqs:SendMessage"}),
        ("WebSocketEventInvokeConfig", None, {"sqs:SendMessage"}),
        ("SessionsStream", None, {"dynamodb:DescribeStream", "dynamodb:GetRecords",
                                  "dynamodb:GetShardIterator", "dynamodb:ListStreams"}),
    ],
)  # fmt: skip
def test_a_grant_for_lambda_itself_ends_with_the_property_that_needs_it(
    template: Changed, logical_id: str, properties: list[str] | None, unused: set[str]
) -> None:
    if properties is None:
        template.value["Resources"].pop(logical_id)
    else:
        for name in properties:
            template.properties(logical_id).pop(name)

    assert told(template) == {(USED, action) for action in unused}


def test_passing_traces_on_needs_no_grant(template: Changed) -> None:
    template.properties("HttpApiLambda")["TracingConfig"]["Mode"] = "PassThrough"

    assert told(template) == {
        (USED, "xray:PutTraceSegments"),
        (USED, "xray:PutTelemetryRecords"),
    }


def test_another_queue_needs_another_grant(template: Changed) -> None:
    template.value["Resources"]["Other"] = {"Type": "AWS::SQS::Queue"}
    destination = {"Fn::GetAtt": ["Other", "Arn"]}
    template.properties("WebSocketEventInvokeConfig")["DestinationConfig"] = {
        "OnFailure": {"Destination": destination}
    }

    assert told(template) == {(GRANTED, "WebSocketEventLambda"), (USED, "sqs:SendMessage")}


def test_a_mapping_s_failure_destination_is_a_use(template: Changed) -> None:
    template.value["Resources"].pop("WebSocketEventInvokeConfig")
    template.properties("SessionsStream")["DestinationConfig"] = {
        "OnFailure": {"Destination": {"Fn::GetAtt": ["FailureQueue", "Arn"]}}
    }

    assert template.flaws() == []


def test_a_dead_letter_queue_is_a_use(template: Changed) -> None:
    template.value["Resources"].pop("WebSocketEventInvokeConfig")
    template.properties("WebSocketEventLambda")["DeadLetterConfig"] = {
        "TargetArn": {"Fn::GetAtt": ["FailureQueue", "Arn"]}
    }

    assert template.flaws() == []


def test_a_function_that_reads_a_queue_needs_the_queue(template: Changed) -> None:
    queue = {"Fn::GetAtt": ["FailureQueue", "Arn"]}
    template.value["Resources"]["Reader"] = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {"FunctionName": {"Ref": "WebSocketEventLambda"}, "EventSourceArn": queue},
    }

    assert needed(template) == {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}


@pytest.mark.parametrize(
    ("settings", "gone"),
    [({"live_status": False}, "StreamAccess"), ({"lambda": {"tracing": False}}, "TracingAccess")],
)
def test_settings_that_need_less_grant_less(
    with_settings: Callable[..., Changed], settings: dict[str, Any], gone: str
) -> None:
    template = with_settings(**settings)

    assert template.flaws() == []
    assert gone not in str(template.value)


def test_a_bucket_with_a_key_needs_the_key(with_settings: Callable[..., Changed]) -> None:
    template = with_settings(uploads={"kms_key_arn": KEY})

    assert template.flaws() == []
    template.properties("UploadBucket").pop("BucketEncryption")
    assert told(template) == {(USED, "kms:GenerateDataKey"), (USED, "kms:Decrypt")}


def test_plain_names_and_china_fit_too(with_settings: Callable[..., Changed]) -> None:
    aws = {
        "account": "210987654321",
        "region": "cn-north-1",
        "profile": None,
        "service_role_arn": None,
    }
    template = with_settings(bucket_names="plain", aws=aws)

    assert template.flaws() == []


def test_a_denial_in_the_role_is_found_where_it_stands(template: Changed) -> None:
    document = template.properties(HTTP)["Policies"][0]["PolicyDocument"]
    document["Statement"].append({"Effect": "Deny", "Action": "dynamodb:Put*", "Resource": "*"})

    (flaw,) = template.flaws()

    assert flaw.rule == GRANTED
    assert "explicitly denied" in flaw.message
    assert flaw.pointer[-2:] == ("Statement", 1)


def test_a_denial_by_the_bucket_is_found_where_it_stands(
    template: Changed, entries: list[Entry]
) -> None:
    overwriting = [
        replace(one, context={**one.context, "s3:if-none-match": None})
        if one.operation == "PutObject"
        else one
        for one in entries
    ]

    (flaw,) = template.flaws(overwriting)

    assert flaw.rule == GRANTED
    assert flaw.pointer[1:] == (
        "UploadBucketPolicy",
        "Properties",
        "PolicyDocument",
        "Statement",
        1,
    )


def test_a_call_over_plain_http_is_denied(template: Changed, entries: list[Entry]) -> None:
    plain = [
        replace(one, context={**one.context, "aws:SecureTransport": "false"}) for one in entries
    ]

    found = template.flaws(plain)

    assert {flaw.pointer[1] for flaw in found} == {"UploadBucketPolicy"}
    assert len(found) == 3


def test_a_new_call_of_the_code_needs_a_grant(template: Changed, entries: list[Entry]) -> None:
    deletion = replace(entries[0], operation="DeleteItem")

    (flaw,) = template.flaws([*entries, deletion])

    assert flaw.rule == GRANTED
    assert "dynamodb:DeleteItem" in flaw.message
    assert flaw.pointer == ("Resources", HTTP, "Properties", "Policies")


def test_a_function_without_a_recording_has_no_proof(
    template: Changed, entries: list[Entry]
) -> None:
    less = [one for one in entries if one.function != "http_api_handler"]

    found = template.flaws(less)

    assert found[0].rule == RECORDED
    assert found[0].pointer == ("Resources", "HttpApiLambda", "Properties")


def test_a_recording_of_code_that_nothing_runs_is_out_of_date(
    template: Changed, entries: list[Entry]
) -> None:
    (flaw,) = template.flaws([*entries, replace(entries[0], function="gone")])

    assert (flaw.rule, flaw.pointer) == (RECORDED, ())


def test_without_any_recording_nothing_passes(template: Changed) -> None:
    assert {flaw.rule for flaw in template.flaws([])} == {RECORDED}


def _managed(template: Changed) -> None:
    template.properties(HTTP)["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]


def _beside(template: Changed) -> None:
    template.value["Resources"]["More"] = {"Type": "AWS::IAM::Policy", "Properties": {}}


def _imported(template: Changed) -> None:
    template.statement(HTTP, "Sessions")["Resource"] = {"Fn::ImportValue": "x"}


def _operator(template: Changed) -> None:
    template.statement(HTTP, "Sessions")["Condition"] = {"IpAddress": {"aws:SourceIp": "::1"}}


def _unknown_key(template: Changed) -> None:
    template.statement(HTTP, "Sessions")["Condition"] = {"StringEquals": {"aws:X": "y"}}


def _foreign_role(template: Changed) -> None:
    template.properties("HttpApiLambda")["Role"] = "arn:aws:iam::123456789012:role/other"


def _no_variable(template: Changed) -> None:
    template.properties("HttpApiLambda")["Environment"]["Variables"].pop("SESSIONS_TABLE_NAME")


def _no_such_action(template: Changed) -> None:
    template.statement(HTTP, "Sessions")["Action"].append("dynamodb:ReadItem")


def _unknown_attribute(template: Changed) -> None:
    template.statement(HTTP, "Sessions")["Resource"] = {"Fn::GetAtt": ["HttpApi", "NoSuchThing"]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_managed, "managed policy"),
        (_beside, "AWS::IAM::Policy"),
        (_imported, "Fn::ImportValue"),
        (_operator, "IpAddress"),
        (_unknown_key, "aws:X"),
        (_foreign_role, "role"),
        (_no_variable, "SESSIONS_TABLE_NAME"),
        (_no_such_action, "dynamodb:ReadItem"),
        (_unknown_attribute, "HttpApi.NoSuchThing"),
    ],
)
def test_what_cannot_be_judged_never_passes(
    template: Changed, change: Callable[[Changed], None], said: str
) -> None:
    change(template)

    (flaw,) = template.flaws()

    assert flaw.rule == JUDGED
    assert said in flaw.message


def test_a_finding_names_the_jinja_line(root: Path, template: Changed) -> None:
    template.statement(HTTP, "Uploads")["Action"][1] = "s3:PutObjectAcl"

    missing, unused = least_privilege([template], root)

    assert (missing.rule, unused.rule) == (GRANTED, USED)
    assert missing.environment == unused.environment == template.settings.name
    assert unused.place
    text = (root / unused.place.file).read_text().splitlines()
    assert text[unused.place.line - 1].strip() == "- s3:GetObject"


def test_uses_and_grants_are_counted(rendered: Rendered, entries: list[Entry]) -> None:
    found = stack.read(rendered.value, References(rendered.value, target(rendered)))

    made = uses(found, entries)

    assert len(made) == len(every_grant(rendered)) == 22
    assert sum(use.is_a_call for use in made) == 9


def test_the_guard_station_stops_at_a_grant_too_many(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    role = project / "templates/parts/http_api_role.yaml.j2"
    line = "                  - dynamodb:GetItem\n"
    text = role.read_text().replace(line, line + line.replace("Get", "Delete"))
    role.write_text(text)
    number = text.splitlines().index("                  - dynamodb:DeleteItem") + 1

    code = main(["guard", "dev"], project)

    said = capsys.readouterr().out
    assert code == 1
    assert "GRANTS_ARE_USED" in said
    assert f"templates/parts/http_api_role.yaml.j2:{number}" in said
