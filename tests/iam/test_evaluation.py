"""The evaluator beside what AWS's pages say of their own examples.

Each case names its page of the IAM user guide (docs.aws.amazon.com/IAM/latest/UserGuide/).
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.iam.conditions import NotUnderstood
from pipeline.iam.evaluation import allowed
from pipeline.iam.patterns import arn_matches, matches

ALLOWED, DENIED, SILENT = "allowed", "explicitly denied", "implicitly denied"
USER = "arn:aws:iam::111122223333:user/example"
BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket"
KEYS: dict[str, str | None] = {"aws:PrincipalTag/job-category": "iamuser-admin"}


def allow(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def on(condition: Any) -> dict[str, Any]:
    """A policy that allows everything where the condition holds."""
    return allow("*", "*", Condition=condition)


# reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay: reading, but no reports
READ_ONLY = [
    allow(["iam:Get*", "iam:List*"], "*"),
    deny("iam:*Report", "*"),
]
# reference_policies_evaluation-logic_policy-eval-basics: one folder is secret
LOGS = [
    allow(["s3:GetBucketLocation", "s3:ListAllMyBuckets"], "arn:aws:s3:::*"),
    allow("s3:*Object*", f"{BUCKET}-logs/*"),
    deny("s3:*", "arn:aws:s3:::*log*/secret/*"),
]
# reference_policies_elements_notresource: nothing but the Payroll folder
PAYROLL = [
    allow("s3:*", "*"),
    {"Effect": "Deny", "Action": "s3:*",
     "NotResource": ["arn:aws:s3:::HRBucket/Payroll", "arn:aws:s3:::HRBucket/Payroll/*"]},
]  # fmt: skip
# reference_policies_elements_notaction: everything but IAM; and nothing but IAM without MFA
ALL_BUT_IAM = [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]
WITHOUT_MFA = [
    allow("*", "*"),
    {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*",
     "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}},
]  # fmt: skip
MFA = "aws:MultiFactorAuthPresent"
# apigateway/latest/developerguide/apigateway-websocket-control-access-iam
API = "arn:aws:execute-api:us-east-1:111122223333:api-id"
WEBSOCKET = [
    allow(["execute-api:Invoke"], [f"{API}/prod/*"]),
    deny(["execute-api:Invoke"], [f"{API}/prod/secret"]),
    deny(["execute-api:ManageConnections"], [f"{API}/*"]),
]

STATEMENTS = [
    (READ_ONLY, "iam:GetUser", USER, {}, ALLOWED),
    (READ_ONLY, "iam:CreatePolicy", USER, {}, SILENT),
    (READ_ONLY, "iam:GetOrganizationsAccessReport", "*", {}, DENIED),
    (READ_ONLY, "iam:GenerateCredentialReport", "*", {}, DENIED),
    (READ_ONLY, "IAM:getuser", USER, {}, ALLOWED),
    (LOGS, "s3:PutObject", f"{BUCKET}-logs/2026.txt", {}, ALLOWED),
    (LOGS, "s3:PutObject", f"{BUCKET}-logs/secret/2026.txt", {}, DENIED),
    (LOGS, "s3:DeleteBucket", f"{BUCKET}-logs", {}, SILENT),
    (LOGS, "s3:GetObject", f"{BUCKET}-other/secret/x", {}, SILENT),
    (PAYROLL, "s3:GetObject", "arn:aws:s3:::HRBucket/Payroll/may", {}, ALLOWED),
    (PAYROLL, "s3:GetObject", "arn:aws:s3:::HRBucket/Payroll", {}, ALLOWED),
    (PAYROLL, "s3:GetObject", "arn:aws:s3:::HRBucket/People", {}, DENIED),
    (ALL_BUT_IAM, "s3:GetObject", f"{BUCKET}/x", {}, ALLOWED),
    (ALL_BUT_IAM, "iam:GetUser", USER, {}, SILENT),
    (WITHOUT_MFA, "s3:GetObject", f"{BUCKET}/x", {MFA: "false"}, DENIED),
    (WITHOUT_MFA, "s3:GetObject", f"{BUCKET}/x", {MFA: None}, DENIED),
    (WITHOUT_MFA, "s3:GetObject", f"{BUCKET}/x", {MFA: "true"}, ALLOWED),
    (WITHOUT_MFA, "iam:GetUser", USER, {MFA: "false"}, ALLOWED),
    (WEBSOCKET, "execute-api:Invoke", f"{API}/prod/hello", {}, ALLOWED),
    (WEBSOCKET, "execute-api:Invoke", f"{API}/prod/secret", {}, DENIED),
    (WEBSOCKET, "execute-api:Invoke", f"{API}/test/hello", {}, SILENT),
    (WEBSOCKET, "execute-api:ManageConnections", f"{API}/prod/POST/@connections/x", {}, DENIED),
    # reference_policies_elements_resource: one user, a path of users, a bucket's items
    ([allow("iam:*", f"{USER[:-7]}Bob")], "iam:GetUser", f"{USER[:-7]}Bob", {}, ALLOWED),
    ([allow("iam:*", f"{USER[:-7]}Bob")], "iam:GetUser", f"{USER[:-7]}bob", {}, SILENT),
    ([allow("iam:*", f"{USER[:-7]}accounting/*")], "iam:GetUser", USER, {}, SILENT),
    ([allow("s3:*", f"{BUCKET}/*")], "s3:GetObject", f"{BUCKET}/a/b", {}, ALLOWED),
    ([allow("s3:*", f"{BUCKET}/*")], "s3:ListBucket", BUCKET, {}, SILENT),
    ([allow("s3:GetObject", f"{BUCKET}/?")], "s3:GetObject", f"{BUCKET}/ab", {}, SILENT),
    ([allow("s3:GetObject", f"{BUCKET}/[a]")], "s3:GetObject", f"{BUCKET}/a", {}, SILENT),
]  # fmt: skip

# reference_policies_elements_condition_operators, by its own headings
CONDITIONS: list[tuple[Any, dict[str, str | None], bool]] = [
    ({"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}}, KEYS, True),
    ({"StringEquals": {"AWS:principaltag/JOB-category": "iamuser-admin"}}, KEYS, True),
    ({"StringEquals": {"aws:PrincipalTag/job-category": "IamUser-Admin"}}, KEYS, False),
    ({"StringEqualsIgnoreCase": {"aws:PrincipalTag/job-category": "IamUser-Admin"}}, KEYS, True),
    ({"StringEquals": {"aws:PrincipalTag/job-category": ["x", "iamuser-admin"]}}, KEYS, True),
    ({"StringNotEquals": {"aws:PrincipalTag/job-category": ["x", "iamuser-admin"]}}, KEYS, False),
    ({"StringNotEquals": {"aws:PrincipalTag/job-category": ["x", "y"]}}, KEYS, True),
    ({"StringEquals": {"a": "x"}}, {"a": None}, False),
    ({"StringNotEquals": {"a": "x"}}, {"a": None}, True),
    ({"StringNotLike": {"a": "x*"}}, {"a": None}, True),
    ({"ArnNotLike": {"a": "arn:aws:s3:::*"}}, {"a": None}, True),
    ({"StringLike": {"s3:prefix": ["", "home/", "home/me/"]}}, {"s3:prefix": "home/"}, True),
    ({"StringLike": {"s3:prefix": ["", "home/", "home/me/"]}}, {"s3:prefix": "home/you/"}, False),
    ({"StringLike": {"a": "t?.*"}}, {"a": "t1.micro"}, True),
    ({"StringEquals": {"a": "t?.*"}}, {"a": "t1.micro"}, False),
    ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "10"}, True),
    ({"NumericLessThanEquals": {"s3:max-keys": 10}}, {"s3:max-keys": "11"}, False),
    ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": None}, False),
    ({"NumericLessThan": {"a": "9"}}, {"a": "10"}, False),
    ({"NumericGreaterThan": {"a": "9"}}, {"a": "10"}, True),
    ({"NumericEquals": {"a": "10.0"}}, {"a": "10"}, True),
    ({"NumericNotEquals": {"a": "10"}}, {"a": "10.0"}, False),
    ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "false"}, True),
    ({"Bool": {"aws:SecureTransport": False}}, {"aws:SecureTransport": "false"}, True),
    ({"Bool": {"aws:SecureTransport": False}}, {"aws:SecureTransport": "true"}, False),
    ({"ArnEquals": {"a": "arn:aws:sns:*:111122223333:topic"}},
     {"a": "arn:aws:sns:eu-west-1:111122223333:topic"}, True),
    ({"ArnLike": {"a": "arn:aws:someservice:*:111122223333:finance/*"}},
     {"a": "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/x"}, False),
    ({"StringLike": {"a": "arn:aws:someservice:*:111122223333:finance/*"}},
     {"a": "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/x"}, True),
    ({"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*"]}}, {"ec2:InstanceType": None},
     True),
    ({"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*"]}},
     {"ec2:InstanceType": "m5.large"}, False),
    ({"StringNotEqualsIfExists": {"a": "x"}}, {"a": None}, True),
    ({"Null": {"aws:TokenIssueTime": "true"}}, {"aws:TokenIssueTime": None}, True),
    ({"Null": {"aws:TokenIssueTime": "true"}}, {"aws:TokenIssueTime": "2026"}, False),
    ({"Null": {"aws:TokenIssueTime": False}}, {"aws:TokenIssueTime": "2026"}, True),
    # reference_policies_condition-logic-multiple-context-keys-or-values: operators and keys AND
    ({"StringEquals": {"a": "x", "b": "y"}}, {"a": "x", "b": "y"}, True),
    ({"StringEquals": {"a": "x", "b": "y"}}, {"a": "x", "b": "z"}, False),
    ({"StringEquals": {"a": "x"}, "Bool": {"b": "true"}}, {"a": "x", "b": "false"}, False),
]  # fmt: skip

NOT_UNDERSTOOD = [
    on({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01"}}),
    on({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
    on({"ForAllValues:StringLike": {"dynamodb:Attributes": "x"}}),
    on({"StringMatches": {"a": "x"}}),
    on({"NullIfExists": {"a": "true"}}),
    on({"StringEquals": {"nothing:is-known-of-it": "x"}}),
    on({"StringEquals": {"a": "x", "nothing:is-known-of-it": "x"}}),
    on({"StringLike": {"a": "home/${aws:username}"}}),
    on({"StringEquals": {"a": {"Ref": "X"}}}),
    on({"StringEquals": {"a": []}}),
    on({"StringEquals": {}}),
    on({"ArnNotLike": {"a": "arn:aws:s3:::*"}}),
    on({"ArnLike": {"b": "*"}}),
    on({"NumericEquals": {"a": "1"}}),
    on(["StringEquals"]),
    allow("dynamodb:*", "arn:aws:dynamodb:us-east-2:111122223333:table/${aws:username}"),
    allow("s3:GetObject", {"Ref": "X"}),
    {"Effect": "Allow", "Action": "*", "NotAction": "iam:*", "Resource": "*"},
    {"Effect": "Allow", "Action": "*"},
    {"Effect": "allow", "Action": "*", "Resource": "*"},
    {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"},
    {"Effect": "Allow", "Action": "*", "Resources": "*"},
    "Allow",
]


def policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.mark.parametrize(("statements", "action", "resource", "context", "outcome"), STATEMENTS)
def test_statements_decide_as_the_user_guide_says(
    statements: list[Any], action: str, resource: str, context: Any, outcome: str
) -> None:
    decision = allowed(policy(*statements), action, resource, context)

    assert decision.outcome == outcome
    assert bool(decision) is (outcome == ALLOWED)
    assert (decision.because is None) is (outcome == SILENT)


@pytest.mark.parametrize(("condition", "context", "holds"), CONDITIONS)
def test_conditions_hold_as_the_user_guide_says(
    condition: Any, context: dict[str, str | None], holds: bool
) -> None:
    decision = allowed(policy(on(condition)), "s3:GetObject", f"{BUCKET}/x", {"b": None, **context})

    assert bool(decision) is holds


@pytest.mark.parametrize("statement", NOT_UNDERSTOOD)
def test_what_cannot_be_judged_is_an_error(statement: Any) -> None:
    with pytest.raises(NotUnderstood):
        allowed(policy(allow("*", "*"), statement), "s3:GetObject", BUCKET, {"a": "y", "b": BUCKET})


def test_a_statement_may_stand_alone_and_policies_add_up() -> None:
    reading = {"Statement": allow("s3:GetObject", f"{BUCKET}/*")}
    closing = policy(deny("s3:*", f"{BUCKET}/secret"))

    decisions = [
        allowed([reading, closing], "s3:GetObject", f"{BUCKET}/{key}", {})
        for key in ("a", "secret")
    ]

    assert [one.outcome for one in decisions] == [ALLOWED, DENIED]
    assert [one.because and one.because.where for one in decisions] == [(0, 0), (1, 0)]


def test_an_element_of_the_policy_that_is_unknown_is_an_error() -> None:
    with pytest.raises(NotUnderstood, match="Statements"):
        allowed(policy() | {"Statements": []}, "s3:GetObject", BUCKET, {})


TEXTS = st.text(alphabet="aB:/-*?[]$.\n", max_size=8)
ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "sqs:SendMessage"])
RESOURCES = st.sampled_from([BUCKET, f"{BUCKET}/a", f"{BUCKET}/b", "*"])
PATTERNS = st.sampled_from(["*", "s3:*", "s3:Get*", "sqs:SendMessage", "S3:GETOBJECT"])
RESOURCE_PATTERNS = st.sampled_from(["*", BUCKET, f"{BUCKET}/*", f"{BUCKET}/?", "arn:aws:sqs:*"])
STATEMENT = st.builds(
    lambda effect, action, resource: {"Effect": effect, "Action": action, "Resource": resource},
    st.sampled_from(["Allow", "Deny"]),
    st.lists(PATTERNS, min_size=1, max_size=2),
    st.lists(RESOURCE_PATTERNS, min_size=1, max_size=2),
)
POLICIES = st.lists(STATEMENT, max_size=5)


@given(POLICIES, ACTIONS, RESOURCES, st.randoms())
def test_the_order_of_statements_decides_nothing(
    statements: list[Any], action: str, resource: str, random: Any
) -> None:
    before = allowed(policy(*statements), action, resource, {})

    random.shuffle(statements)

    assert allowed(policy(*statements), action, resource, {}).outcome == before.outcome


@given(POLICIES, ACTIONS, RESOURCES, STATEMENT)
def test_a_deny_never_widens_and_an_allow_never_overrules_a_deny(
    statements: list[Any], action: str, resource: str, added: Any
) -> None:
    before = allowed(policy(*statements), action, resource, {})
    after = allowed(policy(*statements, added), action, resource, {})

    if added["Effect"] == "Deny":
        assert before or not after
    else:
        assert (before.outcome == DENIED) == (after.outcome == DENIED)
        assert after or not before


@given(ACTIONS, RESOURCES, STATEMENT)
def test_action_and_not_action_are_opposites(action: str, resource: str, one: Any) -> None:
    other = dict(one, Effect="Allow") | {"NotAction": one["Action"]}
    other.pop("Action")
    same = dict(one, Effect="Allow")

    outcomes = [bool(allowed(policy(each), action, resource, {})) for each in (same, other)]

    covered = any(matches(pattern, resource) for pattern in one["Resource"])
    assert sum(outcomes) == covered


@given(TEXTS)
def test_a_text_without_wildcards_matches_itself_alone(text: str) -> None:
    plain = text.replace("*", "x").replace("?", "y")

    assert matches(plain, plain)
    assert not matches(plain, plain + "z")
    assert matches("*", text)
    assert matches("?" * len(text), text)


@given(TEXTS, TEXTS, TEXTS)
def test_an_asterisk_stands_for_anything_between(start: str, middle: str, end: str) -> None:
    plain = [one.replace("*", "x").replace("?", "y") for one in (start, end)]

    assert matches("*".join(plain), middle.join(plain))


@given(st.lists(st.sampled_from(["aws", "s3", "*", "?", "x", ""]), min_size=5, max_size=8))
def test_an_arn_that_matches_matches_as_a_text_too(parts: list[str]) -> None:
    pattern, text = ":".join(["arn", *parts]), ":".join(["arn", *parts]).replace("*", "y")

    assert not arn_matches(pattern, text.replace("?", "z")) or matches(pattern, text)
