"""What a signed URL lets its holder do, and how calls are told apart and merged."""

from __future__ import annotations

import botocore.session
import pytest

from pipeline.iam.recorder import Recorder, _about, _caller, _presigned

URL = "https://b.s3.eu-central-1.amazonaws.com/a/b%20c"


@pytest.mark.parametrize(
    ("method", "query", "headers", "operation"),
    [
        ("PUT", "", {}, "PutObject"),
        ("PUT", "?acl", {}, "PutObjectAcl"),
        ("PUT", "?partNumber=1&uploadId=x", {}, "UploadPart"),
        ("PUT", "", {"x-amz-copy-source": "y"}, "CopyObject"),
        ("GET", "?response-content-type=t", {}, "GetObject"),
        ("GET", "?tagging", {}, "GetObjectTagging"),
        ("HEAD", "", {}, "HeadObject"),
        ("DELETE", "", {}, "DeleteObject"),
    ],
)
def test_a_url_is_signed_for_one_operation(
    method: str, query: str, headers: dict[str, str], operation: str
) -> None:
    model, about = _presigned(method, URL + query, headers)

    assert model.name == operation
    assert about == {"Bucket": "b", "Key": "a/b c"}


def test_a_path_at_an_endpoint_names_the_bucket_too() -> None:
    _, about = _presigned("GET", "https://s3.example.com/b/a/c", {})

    assert about == {"Bucket": "b", "Key": "a/c"}


def test_what_is_made_up_at_run_time_becomes_an_asterisk() -> None:
    recorder = Recorder()

    for key in ("photos/1/a", "photos/2/b", "photos/2/c"):
        about = {"BucketName": "${BUCKET}", "ObjectName": key}
        recorder.add("f", "called", "s3", "GetObject", about, URL, {})

    (entry,) = recorder.entries()
    assert entry.about == {"BucketName": "${BUCKET}", "ObjectName": "photos/*"}


def test_a_queue_is_recorded_by_the_variable_that_tells_its_address() -> None:
    address = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"
    model = botocore.session.Session().get_service_model("sqs").operation_model("SendMessage")
    told = {"OTHER": "tea", "JOBS_URL": address}

    about = _about(model, {"QueueUrl": address, "MessageBody": "x"}, "https://sqs", told)

    assert about == {"QueueUrl": "${JOBS_URL}"}


def test_a_stand_in_for_aws_is_not_recorded() -> None:
    recorder = Recorder()

    recorder.add("f", "called", "s3", "GetObject", {}, "http://127.0.0.1:1/", {})

    assert recorder.entries() == []


def test_what_a_test_calls_itself_is_nobody_s() -> None:
    assert _caller() is None
