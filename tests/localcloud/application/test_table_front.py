"""What a function asks of DynamoDB: its role decides, chaos may throttle, the log tells."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.application.access.identities import Identities
from localcloud.application.chaos import Chaos
from localcloud.application.conditions import Conditions
from localcloud.application.table_front import TableFront
from tests.localcloud.application.things import ACCOUNT, REGION, Lines, function

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/sessions"


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
        front = TableFront(identities, conditions)
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
            "HTTP_AUTHORIZATION": f"AWS4 Credential={key or self.identity.access_key}/20260101",
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

    assert asking.ask("DeleteTable", key="local") == ("200 OK", "")

    assert asking.lines == []
