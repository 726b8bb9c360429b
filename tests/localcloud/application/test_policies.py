"""Policies: what allows, what denies, and what is refused before it could be guessed."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.application.access.policies import not_judged, verdict

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
