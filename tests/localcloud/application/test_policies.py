"""Policies: what allows, what denies, and what is refused before it could be guessed."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.application.access.identities import Identities
from localcloud.application.access.policies import not_judged, verdict
from localcloud.application.conditions import Conditions
from localcloud.application.log import Log
from localcloud.application.table_front import TableFront
from tests.localcloud.application.things import ACCOUNT, REGION, function

BUCKET = "arn:aws:s3:::uploads"
WRITE_ONCE = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:PutObject",
    "Resource": f"{BUCKET}/*",
    "Condition": {"Null": {"s3:if-none-match": "true"}},
}
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [BUCKET, f"{BUCKET}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": False}},
}
MAY_WRITE = {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": f"{BUCKET}/in/*"}


def judged(*statements: dict[str, Any], resource: str = "in/a", **context: str) -> str | None:
    given = {name.replace("__", ":").replace("_", "-"): value for name, value in context.items()}
    document = {"Statement": list(statements)}
    return verdict([document], "s3:PutObject", f"{BUCKET}/{resource}", given)


def test_only_what_is_allowed_is_allowed() -> None:
    assert judged(MAY_WRITE) == "allow"
    assert judged(MAY_WRITE, resource="out/a") is None
    assert judged() is None


def test_a_denial_beats_what_is_allowed() -> None:
    assert judged(MAY_WRITE, WRITE_ONCE) == "deny"
    assert judged(MAY_WRITE, WRITE_ONCE, s3__if_none_match="*") == "allow"


def test_tls_only_denies_plain_requests_and_no_others() -> None:
    assert judged(MAY_WRITE, TLS_ONLY, aws__SecureTransport="true") == "allow"
    assert judged(MAY_WRITE, TLS_ONLY, aws__SecureTransport="false") == "deny"


def test_actions_know_no_case_and_resources_do() -> None:
    assert judged({**MAY_WRITE, "Action": "S3:putobject"}) == "allow"
    assert judged({**MAY_WRITE, "Resource": f"{BUCKET}/IN/*"}) is None


def test_a_policy_for_somebody_else_says_nothing() -> None:
    other = {**MAY_WRITE, "Principal": {"Service": "cloudfront.amazonaws.com"}}

    assert judged(other) is None


@pytest.mark.parametrize(
    ("statement", "unknown"),
    [
        (TLS_ONLY, []),
        (WRITE_ONCE, []),
        ({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}, []),
        (
            {**MAY_WRITE, "Condition": {"IpAddress": {"aws:SourceIp": "::1"}}},
            ["the condition operator IpAddress"],
        ),
        (
            {**MAY_WRITE, "Condition": {"StringEquals": {"aws:SourceVpc": "x"}}},
            ["the condition key aws:sourcevpc"],
        ),
        ({**MAY_WRITE, "NotPrincipal": "*"}, ["the statement element NotPrincipal"]),
        ({**MAY_WRITE, "Principal": {"Service": "x"}, "Condition": {"X": {"y": "z"}}}, []),
    ],
)
def test_what_cannot_be_judged_is_named(statement: dict[str, Any], unknown: list[str]) -> None:
    assert not_judged({"Statement": statement}) == unknown


TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/sessions"
MAY_READ = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE}


@pytest.mark.parametrize(
    ("operation", "asked", "said"),
    [
        ("GetItem", {"TableName": "sessions"}, ""),
        ("GetItem", {"TableName": "others"}, "AccessDeniedException"),
        ("Query", {"TableName": "sessions", "IndexName": "i"}, "AccessDeniedException"),
        ("PutItem", {"TableName": "sessions"}, "AccessDeniedException"),
    ],
)
def test_a_function_is_held_to_its_role_at_the_table(
    operation: str, asked: dict[str, str], said: str
) -> None:
    lines: list[str] = []
    identity = Identities().issue(function(policies=({"Statement": MAY_READ},)))
    front = TableFront(Identities(), Conditions(Log(lines.append)))

    assert front.refuses(identity, operation, asked) == said
    assert [f"dynamodb:{operation} is denied" in line for line in lines] == [True] * bool(said)


def test_another_service_s_call_of_a_function_is_denied_and_an_operator_s_is_not() -> None:
    lines: list[str] = []
    identities, started = Identities(), list[str]()
    key = identities.issue(function()).access_key
    front = TableFront(identities, Conditions(Log(lines.append))).around(lambda *_: [b"AWS"])

    def call(access_key: str) -> bytes:
        scope = f"AWS4-HMAC-SHA256 Credential={access_key}/20260101/{REGION}/sqs/aws4_request"
        request: Any = {"HTTP_AUTHORIZATION": scope, "HTTP_X_AMZ_TARGET": "AmazonSQS.SendMessage"}
        return b"".join(front(request, lambda status, *_: started.append(status)))  # type: ignore[arg-type]  # WSGI's write() is nobody's

    assert b"AccessDenied" in call(key)
    assert call("AKIAOPERATOR") == b"AWS"
    assert started == ["403 Forbidden"]
    assert "sqs" in lines[0]
