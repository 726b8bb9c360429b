"""The functions' start: what they read, and how they refuse what they can't use."""

from __future__ import annotations

from functools import cache

import pytest
from botocore.session import Session

from qr_session import aws
from qr_session.environment import BadEnvironment, Environment
from tests.handlers.aws import ENVIRONMENT
from tests.handlers.functions import load

HTTP = ["SESSIONS_TABLE_NAME", "UPLOAD_BUCKET_NAME", "MAX_UPLOAD_BYTES", "MAX_UPLOADS_PER_SESSION"]
EVENTS = [
    "SESSIONS_TABLE_NAME",
    "UPLOAD_BUCKET_NAME",
    "WS_API_ENDPOINT",
    "ALLOWED_ORIGINS",
    "CONNECTION_INDEX_NAME",
]
NEEDED = [("http_api_handler", name) for name in HTTP]
NEEDED += [("websocket_event_handler", name) for name in EVENTS]


@pytest.mark.parametrize(("function", "name"), NEEDED)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_function_does_not_start_without_its_variables(
    function: str, name: str, value: str | None
) -> None:
    with pytest.raises(BadEnvironment, match=f"^{name} is not set$"):
        load(function, {name: value})


@pytest.mark.parametrize(
    ("function", "name", "value"),
    [
        ("http_api_handler", "SESSIONS_TABLE_NAME", "my table"),
        ("http_api_handler", "UPLOAD_BUCKET_NAME", "Bucket"),
        ("http_api_handler", "UPLOAD_BUCKET_NAME", "dotted.bucket"),
        ("http_api_handler", "MAX_UPLOAD_BYTES", "15 MiB"),
        ("http_api_handler", "MAX_UPLOAD_BYTES", "0"),
        ("http_api_handler", "MAX_UPLOAD_BYTES", "-1"),
        ("http_api_handler", "MAX_UPLOAD_BYTES", "1e6"),
        ("http_api_handler", "MAX_UPLOAD_BYTES", "\u0661"),
        ("http_api_handler", "MAX_UPLOADS_PER_SESSION", "101"),
        ("http_api_handler", "AWS_REGION", "somewhere"),
        ("websocket_event_handler", "WS_API_ENDPOINT", "https://"),
        ("websocket_event_handler", "WS_API_ENDPOINT", "ftp://host/dev"),
        ("websocket_event_handler", "WS_API_ENDPOINT", "host/dev?x"),
        ("websocket_event_handler", "ALLOWED_ORIGINS", "www.example.com"),
        ("websocket_event_handler", "ALLOWED_ORIGINS", "https://a.example,"),
        ("websocket_event_handler", "ALLOWED_ORIGINS", "https://a.example/path"),
        ("websocket_event_handler", "ALLOWED_ORIGINS", "*"),
        ("websocket_event_handler", "ALLOWED_ORIGINS", "https://*.a.example"),
        ("websocket_event_handler", "ALLOWED_ORIGINS", "https://a.example:port"),
        ("websocket_event_handler", "ALLOWED_ORIGINS", "https://user:word"),
        ("websocket_event_handler", "CONNECTION_INDEX_NAME", "x"),
    ],
)
def test_a_malformed_variable_is_named_and_its_value_is_not(
    function: str, name: str, value: str
) -> None:
    with pytest.raises(BadEnvironment, match=f"^{name} is not ") as refused:
        load(function, {name: value})

    assert len(value) < 2 or value not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "endpoint"),
    [
        ("host/dev", "https://host/dev"),
        ("https://host/dev", "https://host/dev"),
        ("wss://host/dev", "https://host/dev"),
        ("WSS://host/dev/", "https://host/dev"),
        ("http://127.0.0.1:8000/dev", "http://127.0.0.1:8000/dev"),
        ("ws://127.0.0.1:8000/dev", "http://127.0.0.1:8000/dev"),
        ("ws://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("127.0.0.1:8000/dev", "https://127.0.0.1:8000/dev"),
    ],
)
def test_the_push_endpoint_comes_with_any_scheme(value: str, endpoint: str) -> None:
    assert Environment({"WS_API_ENDPOINT": value}).push_endpoint() == endpoint


def test_the_push_endpoint_is_not_the_endpoint_of_everything() -> None:
    variables = {"WS_API_ENDPOINT": "host/dev", "AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}

    assert Environment(variables).push_endpoint() == "https://host/dev"


def test_the_push_endpoint_has_its_own_override() -> None:
    own = {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": "http://127.0.0.1:5001/dev"}

    assert Environment({"WS_API_ENDPOINT": "host/dev"} | own).push_endpoint() == own.popitem()[1]


@pytest.mark.parametrize(
    ("variables", "endpoint"),
    [
        ({}, ""),
        ({"AWS_ENDPOINT_URL": "http://all/"}, "http://all"),
        ({"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_S3": "http://s3"}, "http://s3"),
        ({"AWS_ENDPOINT_URL": "x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, ""),
    ],
)
def test_an_endpoint_is_the_service_s_or_everybody_s(
    variables: dict[str, str], endpoint: str
) -> None:
    assert Environment(variables).endpoint("S3") == endpoint


def test_origins_are_a_list_with_room_to_breathe() -> None:
    variables = {"ALLOWED_ORIGINS": " https://A.example , http://localhost:8080,http://[::1]:80"}

    assert Environment(variables).origins() == {
        "https://a.example",
        "http://localhost:8080",
        "http://[::1]:80",
    }


def test_the_region_may_come_by_its_other_name() -> None:
    assert Environment({"AWS_DEFAULT_REGION": "us-gov-west-1"}).region() == "us-gov-west-1"


@pytest.mark.parametrize(
    ("region", "suffix"),
    [
        ("eu-central-1", "amazonaws.com"),
        ("us-east-1", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
    ],
)
def test_a_region_s_hosts_end_as_its_partition_says(region: str, suffix: str) -> None:
    assert aws.dns_suffix(_session(), region) == suffix


@cache
def _session() -> Session:
    return aws.session_for("dynamodb")


def test_checksums_are_left_out_by_what_an_older_runtime_understands() -> None:
    client = load("websocket_event_handler").SERVICE.bucket._client

    given = vars(aws.s3_config(""))["_user_provided_options"]

    assert client.meta.config.response_checksum_validation == "when_required"
    assert set(given) == {
        "connect_timeout",
        "read_timeout",
        "retries",
        "s3",
        "signature_version",
    }


def test_the_function_signs_for_the_bucket_s_regional_host_with_its_session() -> None:
    service = load("http_api_handler", {"AWS_REGION": "us-east-1"}).SERVICE

    url = service.uploads.get_url("session-uploads/k", "t", 60)

    assert url.startswith("https://example-uploads.s3.us-east-1.amazonaws.com/session-uploads/k?")
    assert "X-Amz-Security-Token=example" in url


def test_all_endpoints_can_be_put_in_aws_s_place() -> None:
    here = {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}

    http = load("http_api_handler", here).SERVICE
    events = load("websocket_event_handler", here).SERVICE

    assert http.uploads.get_url("k", "t", 60).startswith("http://127.0.0.1:5000/example-uploads/k?")
    assert http.sessions.client.meta.endpoint_url == "http://127.0.0.1:5000"
    assert events.sessions.client.meta.endpoint_url == "http://127.0.0.1:5000"
    assert events.bucket._client.meta.endpoint_url == "http://127.0.0.1:5000"
    assert events.bucket._client.meta.config.s3["addressing_style"] == "path"
    assert events.pusher._client.meta.endpoint_url == f"https://{ENVIRONMENT['WS_API_ENDPOINT']}"
