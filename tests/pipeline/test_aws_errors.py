"""Trouble with AWS: each kind says what is wrong and what to do, within seconds."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from pipeline.connecting import clients
from pipeline.connecting.aws_errors import Details, passes, refusal
from pipeline.deploying import hints, watching
from pipeline.environment.fields import Aws
from pipeline.errors import Refused, UserError

AWS = Aws(account=None, region="eu-central-1", profile=None, service_role_arn=None)


def identity(aws: Aws = AWS) -> None:
    """The first call of every station."""
    with clients.spoken(aws):
        clients.connect(aws).sts.get_caller_identity()


@pytest.mark.parametrize(
    ("code", "message", "says"),
    [
        ("ExpiredToken", "The security token included in the request is expired", "expired"),
        ("ExpiredTokenException", "", "expired"),
        ("InvalidClientTokenId", "The security token is invalid.", "does not accept"),
        ("SignatureDoesNotMatch", "Signature expired: 2026…", "time wrong"),
        ("SignatureDoesNotMatch", "The signature does not match.", "does not accept"),
        ("RequestTimeTooSkewed", "The difference is too large.", "time wrong"),
        ("Throttling", "Rate exceeded", "too busy"),
        (
            "NotImplemented",
            "It isn't supported here",
            "this endpoint has no CreateChangeSet",
        ),
        ("ValidationError", "Parameters: [X] must have values", "Parameters: .X. must have values"),
        ("LimitExceededException", "Limit for stacks exceeded", "Limit for stacks"),
    ],
)
def test_each_refusal_of_aws_is_told_apart(code: str, message: str, says: str) -> None:
    error = refusal(Details("CreateChangeSet", code, message), AWS, "Sign in.")

    with pytest.raises(UserError, match=says):
        raise error
    assert error.mend


@pytest.mark.parametrize(
    ("code", "status", "later"),
    [("InternalFailure", 500, True), ("503", 503, True), ("NotImplemented", 501, False)],
)
def test_what_an_endpoint_lacks_isnt_asked_for_again(code: str, status: int, later: bool) -> None:
    assert passes(Details("DetectStackDrift", code, "", status)) is later


@pytest.mark.parametrize(
    ("operation", "message", "action"),
    [
        (
            "CreateChangeSet",
            "x is not authorized to perform: cloudformation:CreateStack on resource: arn:x because",
            "cloudformation:CreateStack is missing on arn:x",
        ),
        ("DescribeStacks", "Access denied", "cloudformation:DescribeStacks"),
        ("HeadObject", "Forbidden", "s3:GetObject"),
        ("PutBucketEncryption", "Access Denied", "s3:PutEncryptionConfiguration"),
        ("GetCallerIdentity", "", "sts:GetCallerIdentity"),
    ],
)
def test_a_missing_permission_is_named(operation: str, message: str, action: str) -> None:
    error = refusal(Details(operation, "AccessDenied", message, 403), AWS, "Sign in.")

    assert isinstance(error, Refused)
    assert action in error.what


def test_no_credentials_say_how_to_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(UserError, match="no usable AWS credentials") as caught:
        identity()

    assert "aws configure" in caught.value.mend


def test_half_of_the_credentials_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(UserError, match="no usable AWS credentials"):
        identity()


def test_a_profile_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match="no profile work"):
        identity(AWS.model_copy(update={"profile": "work"}))


def test_a_broken_aws_configuration_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[default\nregion")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    with pytest.raises(UserError, match="configuration can't be used"):
        identity()


def test_a_region_that_does_not_exist_gets_the_nearest_that_does() -> None:
    with pytest.raises(UserError, match="no region eu-centrl-1") as caught:
        identity(AWS.model_copy(update={"region": "eu-centrl-1"}))

    assert caught.value.mend == "Did you mean eu-central-1?"


def test_an_endpoint_where_nobody_listens_is_named_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
        started = time.monotonic()

        with pytest.raises(UserError, match="AWS doesn't answer"):
            identity()

    assert time.monotonic() - started < 10


def test_an_endpoint_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(clients.FIRST, "read_timeout", 0.2)
    monkeypatch.setitem(clients.FIRST, "attempts", 1)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{mute.getsockname()[1]}")

        with pytest.raises(UserError, match="AWS doesn't answer"):
            identity()


def test_something_else_at_the_endpoint_is_told_from_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(clients.FIRST, "attempts", 1)
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        threading.Thread(target=_answer_no, args=[proxy], daemon=True).start()

        with pytest.raises(UserError, match="not AWS"):
            identity()


def _answer_no(proxy: socket.socket) -> None:
    connection, _ = proxy.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


def test_the_first_call_gives_up_within_ten_seconds_or_so() -> None:
    one = clients.FIRST

    assert (one["connect_timeout"] + 1) * one["attempts"] <= 10
    assert one["read_timeout"] * one["attempts"] <= 10


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    from botocore.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError), clients.spoken(AWS):
        clients.connect(AWS).cloudformation.create_change_set()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("things already exists in stack arn:aws:x", "Something of that name"),
        (
            "One or more of the CNAMEs you provided are already associated with a different one",
            "as an alias",
        ),
        (
            "[Tried to create resource record set [name='a.b.', type='A'] but it already exists]",
            "The hosted zone has that record",
        ),
        ("WAFFeatureNotIncludedInPricingPlanException", "flat-rate plan"),
        ("Resource handler returned message: Access Denied", "lacks a permission"),
        (
            "User: x is not authorized to perform: iam:CreateRole on resource: y",
            "lacks iam:CreateRole",
        ),
        ("cannot update a stack when a custom-named resource requires replacing", "another name"),
        ("decreases account's UnreservedConcurrentExecution below its minimum", "Lambda quota"),
        ("Error occurred while GetObject. S3 Error Code: NoSuchKey.", "run it again"),
        ("The bucket you tried to delete is not empty", "every version"),
        ("Rate exceeded", "Deploy again"),
    ],
)
def test_known_reasons_get_a_hint(reason: str, says: str) -> None:
    assert says in hints.hint(reason)


@pytest.mark.parametrize(
    "reason",
    [
        "Access Denied (Service: S3, Status Code: 403)",
        "API: s3:PutBucketPolicy Access Denied",
        "User: x is not authorized to perform: s3:PutBucketPolicy on resource: y",
    ],
)
def test_a_refused_bucket_policy_has_two_possible_causes(reason: str) -> None:
    told = hints.hint(reason, "AWS::S3::BucketPolicy")

    assert "lacks s3:PutBucketPolicy" in told
    assert "Block Public Access" in told
    assert "Block Public Access" not in hints.hint(reason, "AWS::S3::Bucket")


def test_a_public_policy_that_the_account_blocks_is_told_as_such() -> None:
    reason = "s3:PutBucketPolicy: public policies are prevented by the BlockPublicPolicy setting"

    assert "through CloudFront" in hints.hint(reason, "AWS::S3::BucketPolicy")
    assert "lacks" not in hints.hint(reason, "AWS::S3::BucketPolicy")


def test_an_unknown_reason_gets_none() -> None:
    assert hints.hint("The moon is in the wrong house") == ""


def test_an_interruption_has_the_exit_code_of_one() -> None:
    assert watching.Interrupted("x", mend="y").exit_code == 130
