"""The APIs of a stack as API Gateway knows them -> what the gateway serves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from localcloud.application.blueprint import Api, Cors, Route, Throttle, Unservable
from localcloud.resources.base import Account

LONGEST = {"HTTP": 30.0, "WEBSOCKET": 29.0}  # API Gateway's own limit on an integration
SELECTION = re.compile(r"\$request\.body\.([A-Za-z0-9_.]+)")
# Both forms of a function in an integration: its ARN, or the one that invokes it.
FUNCTION = re.compile(r":function:([A-Za-z0-9_-]+)(?:/invocations)?$")


def apis(account: Account, ids: Mapping[str, str], responses: Iterable[str]) -> Iterator[Api]:
    """Every API of the stack; HTTP APIs first. `responses` are the stack's route responses."""
    client = account.client("apigatewayv2")
    described = [(name, client.get_api(ApiId=id_)) for name, id_ in ids.items()]
    for logical_id, api in sorted(described, key=lambda one: str(one[1]["ProtocolType"])):
        yield _api(client, logical_id, api, responses)


def _api(client: Any, logical_id: str, api: Mapping[str, Any], responses: Iterable[str]) -> Api:
    stage = _stage(client, logical_id, api["ApiId"])
    settings = stage.get("RouteSettings", {})
    websocket = api["ProtocolType"] == "WEBSOCKET"
    return Api(
        logical_id=logical_id,
        id=api["ApiId"],
        host=api["ApiEndpoint"].split("//")[1],
        stage=stage["StageName"],
        routes=tuple(_routes(client, logical_id, api, responses)),
        throttle=_throttle(stage.get("DefaultRouteSettings", {})),
        route_throttles={key: _throttle(value) for key, value in settings.items()},
        cors=_cors(api.get("CorsConfiguration")),
        selection=_selection(logical_id, api) if websocket else (),
    )


def _stage(client: Any, logical_id: str, api_id: str) -> dict[str, Any]:
    stages: list[dict[str, Any]] = client.get_stages(ApiId=api_id)["Items"]
    if len(stages) != 1:
        raise Unservable(logical_id, f"an API with {len(stages)} stages; it serves one")
    return stages[0]


def _selection(logical_id: str, api: Mapping[str, Any]) -> tuple[str, ...]:
    expression = api["RouteSelectionExpression"]
    match = SELECTION.fullmatch(expression)
    if match is None:
        raise Unservable(logical_id, f"the route selection {expression}; it reads $request.body.…")
    return tuple(match[1].split("."))


def _throttle(settings: Mapping[str, Any]) -> Throttle:
    return Throttle(settings.get("ThrottlingRateLimit"), settings.get("ThrottlingBurstLimit"))


def _cors(configuration: Mapping[str, Any] | None) -> Cors | None:
    if not configuration:
        return None
    return Cors(
        origins=_texts(configuration.get("AllowOrigins")),
        methods=_texts(configuration.get("AllowMethods")),
        headers=_texts(configuration.get("AllowHeaders")),
        exposed=_texts(configuration.get("ExposeHeaders")),
        max_age=configuration.get("MaxAge"),
        credentials=configuration.get("AllowCredentials", False),
    )


def _texts(values: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(values or ())


def _routes(
    client: Any, logical_id: str, api: Mapping[str, Any], responses: Iterable[str]
) -> Iterator[Route]:
    integrations = {
        one["IntegrationId"]: one for one in client.get_integrations(ApiId=api["ApiId"])["Items"]
    }
    for route in client.get_routes(ApiId=api["ApiId"])["Items"]:
        named = f"{logical_id} {route['RouteKey']}"
        if route.get("AuthorizationType", "NONE") != "NONE" or route.get("ApiKeyRequired"):
            raise Unservable(named, "a route with an authorizer or an API key")
        integration = integrations[route["Target"].removeprefix("integrations/")]
        yield Route(
            key=route["RouteKey"],
            function=_function(named, integration, api["ProtocolType"]),
            timeout_seconds=_timeout(integration, api["ProtocolType"]),
            answers=_answers(client, api, route, responses),
        )


def _function(named: str, integration: Mapping[str, Any], protocol: str) -> str:
    version = integration.get("PayloadFormatVersion")
    if integration["IntegrationType"] != "AWS_PROXY":
        raise Unservable(named, f"an integration of type {integration['IntegrationType']}")
    if protocol == "HTTP" and version != "2.0":
        raise Unservable(named, f"the payload format {version}; it speaks 2.0")
    match = FUNCTION.search(integration["IntegrationUri"])
    if match is None:
        raise Unservable(named, f"the integration {integration['IntegrationUri']}")
    return match[1]


def _timeout(integration: Mapping[str, Any], protocol: str) -> float:
    given = integration.get("TimeoutInMillis")
    return min(given / 1000 if given else LONGEST[protocol], LONGEST[protocol])


def _answers(
    client: Any, api: Mapping[str, Any], route: Mapping[str, Any], responses: Iterable[str]
) -> bool:
    """A WebSocket route answers only with a route response and the expression that selects it."""
    if api["ProtocolType"] == "HTTP":
        return True
    if route.get("RouteResponseSelectionExpression") != "$default":
        return False
    place = {"ApiId": api["ApiId"], "RouteId": route["RouteId"]}
    return any(_has_response(client, place, one) for one in responses)


def _has_response(client: Any, place: Mapping[str, str], response: str) -> bool:
    """One by one: moto 5.2.5 lists no route responses."""
    try:
        client.get_route_response(**place, RouteResponseId=response)
    except client.exceptions.NotFoundException:
        return False
    return True
