"""The AWS endpoint is closed to web pages, to foreign host names and to whoever lacks the keys."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.request import urlopen

import botocore.session
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from localcloud import keys
from localcloud.keys import Endpoint, Keys
from tests.localcloud.driving import Driver

FORM = b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nindex.html\r\n--x--\r\n'
SERVICES = {  # an operation that needs nothing, and what AWS says to a key that it doesn't know
    ("s3", "list_buckets"): "InvalidAccessKeyId",
    ("sts", "get_caller_identity"): "InvalidClientTokenId",
    ("cloudformation", "describe_stacks"): "InvalidClientTokenId",
    ("dynamodb", "list_tables"): "UnrecognizedClientException",
    ("lambda", "list_functions"): "UnrecognizedClientException",
    ("apigatewayv2", "get_apis"): "UnrecognizedClientException",
}


class Answer(NamedTuple):
    """An answer as a browser would judge it."""

    status: int
    shared: list[str]
    body: bytes


def sent(
    endpoint: Endpoint,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """A request with exactly these headers."""
    connection = http.client.HTTPConnection(own_host(endpoint), timeout=60)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": own_host(endpoint), **(headers or {})}.items():
        connection.putheader(name, value)
    if body and "Content-Length" not in (headers or {}):
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    shared = [name for name, _ in answer.getheaders() if name.lower().startswith("access-control")]
    told = Answer(answer.status, shared, answer.read())
    connection.close()
    return told


def own_host(endpoint: Endpoint) -> str:
    return endpoint.url.removeprefix("http://")


def signed(
    endpoint: Endpoint, path: str, *, host: str = "", method: str = "GET", body: bytes = b""
) -> dict[str, str]:
    """The headers of a request to S3 that is signed with the keys of this run."""
    request = AWSRequest(method, f"http://{host or own_host(endpoint)}{path}", data=body)
    mine = Credentials(endpoint.keys.access_key, endpoint.keys.secret)
    S3SigV4Auth(mine, "s3", "us-east-1").add_auth(request)
    return {**request.headers, "Host": host or own_host(endpoint)}


def client(endpoint: Endpoint, service: str, with_keys: Keys) -> Any:
    return botocore.session.Session().create_client(
        service,
        region_name="us-east-1",
        endpoint_url=endpoint.url,
        aws_access_key_id=with_keys.access_key,
        aws_secret_access_key=with_keys.secret,
        config=Config(signature_version="s3v4") if service == "s3" else None,
    )


def test_what_is_signed_with_the_keys_of_this_run_is_answered(aws_here: Driver) -> None:
    answer = sent(aws_here.endpoint, "GET", "/", signed(aws_here.endpoint, "/"))

    assert (answer.status, answer.shared) == (200, [])
    assert b"<ListAllMyBucketsResult" in answer.body


def test_localhost_is_this_machine_too(aws_here: Driver) -> None:
    host = own_host(aws_here.endpoint).replace("127.0.0.1", "localhost")

    answer = sent(aws_here.endpoint, "GET", "/", signed(aws_here.endpoint, "/", host=host))

    assert answer.status == 200


@pytest.mark.parametrize(
    "origin", ["null", "http://evil.test", "https://evil.test", "http://127.0.0.1:1"]
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
def test_a_page_is_refused_even_if_it_had_the_keys(
    aws_here: Driver, origin: str, method: str
) -> None:
    headers = signed(aws_here.endpoint, "/", method=method) | {"Origin": origin}

    answer = sent(aws_here.endpoint, method, "/", headers)

    assert (answer.status, answer.shared) == (403, [])
    assert b"No page may speak to this endpoint" in answer.body


def test_a_preflight_grants_nothing(aws_here: Driver) -> None:
    asked = {"Origin": "http://evil.test", "Access-Control-Request-Method": "PUT"}

    answer = sent(aws_here.endpoint, "OPTIONS", "/uploads/key", asked)

    assert (answer.status, answer.shared) == (403, [])


@pytest.mark.parametrize("host", ["evil.test", "evil.test:{port}", "127.0.0.1", "0.0.0.0:{port}"])
def test_a_name_that_leads_here_by_rebinding_is_refused(aws_here: Driver, host: str) -> None:
    host = host.format(port=own_host(aws_here.endpoint).partition(":")[2])
    headers = signed(aws_here.endpoint, "/", host=host)

    answer = sent(aws_here.endpoint, "GET", "/", headers)

    assert (answer.status, answer.shared) == (421, [])
    assert b"isn&#x27;t this endpoint" in answer.body


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40))
def test_no_other_host_is_taken_for_this_one(driver: Driver, host: str) -> None:
    answer = sent(driver.endpoint, "GET", "/", {"Host": host})

    assert answer.status == 421


@pytest.mark.parametrize(
    ("method", "path", "kind", "body"),
    [
        ("GET", "/uploads?list-type=2", "", b""),
        ("POST", "/website", "multipart/form-data; boundary=x", FORM),
        ("POST", "/", "application/x-www-form-urlencoded", b"Action=UpdateStack&StackName=app"),
        ("POST", "/", "text/plain", b"{}"),
        ("GET", "/2015-03-31/functions", "", b""),
        ("POST", "/moto-api/reset", "", b""),
        ("GET", "/moto-api/data.json", "", b""),
    ],
)
def test_a_request_that_a_form_or_an_image_could_send_is_refused(
    aws_here: Driver, method: str, path: str, kind: str, body: bytes
) -> None:
    headers = {"Content-Type": kind} if kind else {}

    answer = sent(aws_here.endpoint, method, path, headers, body)

    assert answer.status == 403
    assert b"The keys of this run stand in the local cloud" in answer.body


@pytest.mark.parametrize(("service", "operation"), SERVICES)
def test_unknown_keys_are_told_in_the_services_own_words(
    aws_here: Driver, service: str, operation: str
) -> None:
    guessed = client(aws_here.endpoint, service, Keys("local", "local"))

    with pytest.raises(ClientError) as refused:
        getattr(guessed, operation)()

    assert refused.value.response["Error"]["Code"] == SERVICES[service, operation]
    assert "each run has new ones" in str(refused.value)


@pytest.mark.parametrize("service", ["s3", "sts", "dynamodb"])
def test_a_wrong_secret_is_refused(aws_here: Driver, service: str) -> None:
    (operation,) = [name for known, name in SERVICES if known == service]
    guessed = client(aws_here.endpoint, service, Keys(aws_here.endpoint.keys.access_key, "guess"))

    with pytest.raises(ClientError, match="Signature"):
        getattr(guessed, operation)()


def test_each_run_has_keys_of_its_own_and_they_end_with_it() -> None:
    first, second = keys.issue(), keys.issue()

    keys.revoke(first)

    assert first.access_key != second.access_key
    assert first.secret != second.secret
    assert (keys.find(first.access_key), keys.find(second.access_key)) == (None, second)
    keys.revoke(second)


def test_the_secret_stands_in_no_printed_object(aws_here: Driver) -> None:
    assert aws_here.endpoint.keys.secret not in f"{aws_here.endpoint!r} {aws_here.account!r}"


def test_a_body_other_than_the_signed_one_is_refused(aws_here: Driver) -> None:
    endpoint = aws_here.endpoint
    request = AWSRequest(
        "POST",
        f"{endpoint.url}/",
        data=b'{"Limit": 1}',
        headers={
            "X-Amz-Target": "DynamoDB_20120810.ListTables",
            "Content-Type": "application/x-amz-json-1.0",
        },
    )
    mine = Credentials(endpoint.keys.access_key, endpoint.keys.secret)
    SigV4Auth(mine, "dynamodb", "us-east-1").add_auth(request)
    headers = dict(request.headers)

    as_signed = sent(endpoint, "POST", "/", headers, b'{"Limit": 1}')
    changed = sent(endpoint, "POST", "/", headers, b'{"Limit": 2}')

    assert as_signed.status == 200
    assert (changed.status, json.loads(changed.body)["__type"]) == (
        403,
        "InvalidSignatureException",
    )


def test_a_presigned_address_is_answered_until_it_ends(aws_here: Driver) -> None:
    s3 = client(aws_here.endpoint, "s3", aws_here.endpoint.keys)
    s3.create_bucket(Bucket="things")
    s3.put_object(Bucket="things", Key="a b/c", Body=b"hello")
    asked = {"Bucket": "things", "Key": "a b/c"}

    with urlopen(s3.generate_presigned_url("get_object", asked), timeout=60) as answer:  # noqa: S310 - loopback
        assert answer.read() == b"hello"

    past = s3.generate_presigned_url("get_object", asked, ExpiresIn=0)
    refused = sent(aws_here.endpoint, "GET", past.removeprefix(aws_here.endpoint.url))
    assert refused.status == 400
