"""The rights of the functions' roles: each taken away, and the step that fails then."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.smoke import steps
from tests.smoke.steps import Act

NOTHING = "s3:ListAllMyBuckets"  # a statement has to have an action, and nobody calls this one


@dataclass(frozen=True)
class Right:
    """An action of a role; without it the smoke test ends at the step."""

    role: str
    action: str
    step: Act

    def __str__(self) -> str:
        return f"{self.role} without {self.action}"


RIGHTS = (
    Right("HttpApiLambdaRole", "dynamodb:PutItem", steps.session_is_made),
    Right("HttpApiLambdaRole", "dynamodb:GetItem", steps.session_is_made),
    Right("HttpApiLambdaRole", "dynamodb:UpdateItem", steps.phone_claims),
    Right("HttpApiLambdaRole", "s3:PutObject", steps.image_is_taken_once),
    Right("HttpApiLambdaRole", "s3:GetObject", steps.image_is_fetched),
    Right("WebSocketEventLambdaRole", "dynamodb:UpdateItem", steps.desktop_subscribes),
    Right("WebSocketEventLambdaRole", "s3:GetObject", steps.event_settles_it),
    Right(
        "WebSocketEventLambdaRole", "execute-api:ManageConnections", steps.desktop_sees_the_phone
    ),
    Right("WebSocketEventLambdaRole", "dynamodb:Query", steps.connection_is_forgotten),
)


def take_away(iam: Any, role: str, action: str) -> Callable[[], object]:
    """Write a role's policies without one action; what is returned writes them as they were."""
    policies = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    }

    def put(documents: dict[str, Any]) -> None:
        for name, document in documents.items():
            text = json.dumps(document)
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)

    without = {name: _without(document, action) for name, document in policies.items()}
    if without == policies:
        raise LookupError(f"{role} hasn't {action}")
    put(without)
    return lambda: put(policies)


def _without(document: dict[str, Any], action: str) -> dict[str, Any]:
    kept = []
    for statement in document["Statement"]:
        listed = statement["Action"]
        actions = [listed] if isinstance(listed, str) else listed
        left = [one for one in actions if one != action]
        kept.append(statement | {"Action": left or [NOTHING]})
    return document | {"Statement": kept}
