"""What a function asks of AWS: its role decides, chaos may throttle, the log tells."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from localcloud.application.access.identities import Identities
from localcloud.application.chaos import Chaos
from localcloud.application.conditions import Conditions
from localcloud.application.services_front import ServicesFront
from tests.localcloud.application.things import ACCOUNT, REGION, Lines, function

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/sessions"


def scope(key: str, service: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential={key}/20260101/{REGION}/{service}/aws4_request"


class Asking:
    """A function whose role has these statements, and DynamoDB behind the front."""

    def __init__(self, *allowed: tuple[str, str], chaos: Chaos | None = None) -> None:
        statements = [
            {"Effect": "Allow", "Action": action, "Resource": resource}
            for action, resource in allowed
        ]
        identities = Identities()
        self.identity = identities.issue(function(policies=({"Statement": statements},)))
        self.identity.trace = 5
        self.lines = Lines()
        conditions = Conditions(self.lines.log, chaos=chaos or Chaos(None))
        front = ServicesFront(identities, conditions)
        self.application = front.around(self._dynamodb)
        self.reached: list[dict[str, Any]] = []

    def _dynamodb(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        self.reached.append(json.loads(environ["wsgi.input"].read()))
        if self.reached[-1].get("fail"):
            start("400 Bad Request", [])
            return [b'{"__type": "com.amazonaws#ConditionalCheckFailedException"}']
        start("200 OK", [])
        return [b"{}"]

    def ask(self, operation: str, key: str = "", **body: Any) -> tuple[str, str]:
        """Status and error type of one call."""
        data = json.dumps({"TableName": "sessions", **body}).encode()
        environ: WSGIEnvironment = {
            "HTTP_AUTHORIZATION": scope(key or self.identity.access_key, "dynamodb"),
            "HTTP_X_AMZ_TARGET": f"DynamoDB_20120810.{operation}",
            "CONTENT_LENGTH": str(len(data)),
            "wsgi.input": io.BytesIO(data),
        }
        seen: list[str] = []

        def start(status: str, *_: Any) -> Any:
            seen.append(status)

        answer = b"".join(self.application(environ, start))
        kind = json.loads(answer).get("__type", "").rpartition("#")[2]
        return seen[0], kind


def test_what_the_role_allows_is_answered_and_told() -> None:
    asking = Asking(("dynamodb:GetItem", TABLE))

    assert asking.ask("GetItem", Key={"a": 1}) == ("200 OK", "")

    assert asking.reached == [{"TableName": "sessions", "Key": {"a": 1}}]
    assert "table        #5  GetItem → done" in asking.lines[0]


@pytest.mark.parametrize(
    ("operation", "body"),
    [("PutItem", {}), ("Scan", {}), ("GetItem", {"TableName": "other"}), ("Query", {})],
)
def test_what_the_role_does_not_allow_is_denied(operation: str, body: dict[str, str]) -> None:
    asking = Asking(("dynamodb:GetItem", TABLE), ("dynamodb:Query", f"{TABLE}/index/by"))

    assert asking.ask(operation, **body) == ("400 Bad Request", "AccessDeniedException")

    assert asking.reached == []
    assert asking.lines.saying(f"dynamodb:{operation} is denied to Answerer's role")


def test_an_index_is_a_resource_of_its_own() -> None:
    asking = Asking(("dynamodb:Query", f"{TABLE}/index/by"))

    assert asking.ask("Query", IndexName="by")[0] == "200 OK"


def test_an_error_of_dynamodb_is_told_by_its_name() -> None:
    asking = Asking(("dynamodb:UpdateItem", TABLE))

    asking.ask("UpdateItem", fail=True)

    assert asking.lines.saying("UpdateItem → ConditionalCheckFailedException")


def test_chaos_throttles() -> None:
    class Always(Chaos):
        def strikes(self, kind: str) -> bool:
            return kind == "table throttles"

    asking = Asking(("dynamodb:GetItem", TABLE), chaos=Always(1))

    assert asking.ask("GetItem")[1] == "ProvisionedThroughputExceededException"


def test_the_deployer_and_the_operator_pass_unseen() -> None:
    asking = Asking()

    assert asking.ask("DeleteTable", key="LOCAL") == ("200 OK", "")

    assert asking.lines == []


QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:news"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"


class Calling:
    """A function with these rights and boto3's clients, and AWS behind the front."""

    def __init__(self, *allowed: tuple[str, str]) -> None:
        statements = [
            {"Effect": "Allow", "Action": action, "Resource": resource}
            for action, resource in allowed
        ]
        self.lines, identities = Lines(), Identities()
        self.identity = identities.issue(function(policies=({"Statement": statements},)))
        self.application = ServicesFront(identities, Conditions(self.lines.log)).around(_aws)

    def client(self, service: str) -> Any:
        session = boto3.Session(self.identity.access_key, self.identity.secret, region_name=REGION)
        client: Any = session.client(service, endpoint_url="http://127.0.0.1:1")  # type: ignore[call-overload]
        client.meta.events.register_first("before-send.*.*", self._answer)
        return client

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        body = request.body or b""
        body = body if isinstance(body, bytes) else body.encode()
        headers = {name: _text(value) for name, value in request.headers.items()}
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": unquote(urlsplit(request.url).path),
            "HTTP_AUTHORIZATION": headers["Authorization"],
            "CONTENT_TYPE": headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        if "X-Amz-Target" in headers:
            environ["HTTP_X_AMZ_TARGET"] = headers["X-Amz-Target"]
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            started.extend((int(status[:3]), dict(headers)))

        answer = b"".join(self.application(environ, start))
        return AWSResponse(request.url, started[0], started[1], Raw(answer))


class Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _aws(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", str(environ["CONTENT_TYPE"]))])
    form = "form-urlencoded" in str(environ["CONTENT_TYPE"])
    return [b"<R><PublishResult/></R>" if form else b"{}"]


def send(client: Any) -> None:
    client.send_message(QueueUrl=f"http://127.0.0.1:1/{ACCOUNT}/jobs", MessageBody="tea")


def send_several(client: Any) -> None:
    entry = {"Id": "1", "MessageBody": "tea"}
    client.send_message_batch(QueueUrl=f"http://127.0.0.1:1/{ACCOUNT}/jobs", Entries=[entry])


def publish(client: Any) -> None:
    client.publish(TopicArn=TOPIC, Message="tea")


def put_event(client: Any) -> None:
    client.put_events(Entries=[{"Source": "a", "DetailType": "b", "Detail": "{}"}])


def invoke(client: Any) -> None:
    client.invoke(FunctionName="other")


OTHER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:other"
CALLS = [
    ("sqs", send, "sqs:SendMessage", QUEUE, "AccessDenied"),
    ("sqs", send_several, "sqs:SendMessage", QUEUE, "AccessDenied"),
    ("sns", publish, "sns:Publish", TOPIC, "AuthorizationError"),
    ("events", put_event, "events:PutEvents", BUS, "AccessDeniedException"),
    ("lambda", invoke, "lambda:InvokeFunction", OTHER, "AccessDeniedException"),
]


@pytest.mark.parametrize(("service", "call", "action", "arn", "code"), CALLS)
def test_a_call_to_any_service_passes_where_the_role_allows_it(
    service: str, call: Callable[[Any], None], action: str, arn: str, code: str
) -> None:
    calling = Calling((action, arn))

    call(calling.client(service))

    assert calling.lines.saying(" → done")
    assert not calling.lines.saying("denied")


@pytest.mark.parametrize(("service", "call", "action", "arn", "code"), CALLS)
def test_a_call_that_the_role_does_not_allow_is_denied_in_awss_words(
    service: str, call: Callable[[Any], None], action: str, arn: str, code: str
) -> None:
    calling = Calling((action, f"{arn}-other"))

    with pytest.raises(ClientError) as denied:
        call(calling.client(service))

    error = denied.value.response["Error"]
    assert error["Code"] == code
    assert error["Message"] == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/answerer-role/answerer is not authorized to"
        f" perform: {action} on resource: {arn} because no identity-based policy allows the"
        f" {action} action"
    )
    assert calling.lines.saying(f"{action} is denied to Answerer's role")


def test_a_service_that_nobody_can_judge_is_refused_and_told() -> None:
    calling = Calling(("*", "*"))

    with pytest.raises(ClientError) as refused:
        calling.client("swf").describe_domain(name="a")

    assert "the local cloud can't judge this call" in refused.value.response["Error"]["Message"]


def test_a_batch_needs_the_right_on_each_of_its_tables() -> None:
    asking = Asking(("dynamodb:BatchWriteItem", TABLE))

    assert asking.ask("BatchWriteItem", RequestItems={"sessions": []})[0] == "200 OK"
    denied = asking.ask("BatchWriteItem", RequestItems={"sessions": [], "others": []})
    assert denied == ("400 Bad Request", "AccessDeniedException")
