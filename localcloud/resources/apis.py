"""HTTP and WebSocket APIs and their parts, which all belong to an API."""

from __future__ import annotations

from typing import Any

from localcloud.resources.base import Account, Handler, Properties, Unsupported, pick, request


class Api(Handler):
    """AWS::ApiGatewayV2::Api; Ref is its id."""

    type = "AWS::ApiGatewayV2::Api"
    holds = frozenset(
        {
            "Name", "ProtocolType", "CorsConfiguration", "Description", "RouteSelectionExpression",
            "ApiKeySelectionExpression", "DisableExecuteApiEndpoint", "Version", "Tags",
        }
    )  # fmt: skip

    def create(self, account: Account, name: str, properties: Properties) -> str:
        client = account.client("apigatewayv2")
        for required in ("Name", "ProtocolType"):
            if required not in properties:
                raise Unsupported(f"{required} is missing (an imported Body isn't supported here)")
        return str(client.create_api(**request(client, "CreateApi", properties))["ApiId"])

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        client = account.client("apigatewayv2")
        changed = {key: new.get(key, "") for key in self.holds if old.get(key) != new.get(key)}
        changed.pop("Tags", None)
        if changed.get("CorsConfiguration") == "":
            client.delete_cors_configuration(ApiId=physical_id)
            del changed["CorsConfiguration"]
        client.update_api(ApiId=physical_id, **request(client, "UpdateApi", changed))
        _retag(account, _api_arn(account, physical_id), old, new)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("apigatewayv2").delete_api(ApiId=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        return pick(account.client("apigatewayv2").get_api(ApiId=physical_id), self.holds)

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        scheme = "wss" if properties["ProtocolType"] == "WEBSOCKET" else "https"
        return {
            "ApiId": physical_id,
            "ApiEndpoint": f"{scheme}://{physical_id}.execute-api.{account.region}.{account.suffix}",
            "ExecuteApiArn": account.arn("execute-api", physical_id),
        }


def _api_arn(account: Account, path: str) -> str:
    return f"arn:{account.partition}:apigateway:{account.region}::/apis/{path}"


def _retag(account: Account, arn: str, old: Properties, new: Properties) -> None:
    """Bring an API's or a stage's tags, which are a mapping here, from old to new."""
    client = account.client("apigatewayv2")
    before, after = old.get("Tags", {}), new.get("Tags", {})
    if gone := sorted(set(before) - set(after)):
        client.untag_resource(ResourceArn=arn, TagKeys=gone)
    if after and after != before:
        client.tag_resource(ResourceArn=arn, Tags=after)


class Part(Handler):
    """A part of an API: made, changed, read and deleted by its own id under the API's.

    `path` names the identifiers above its own; `identifier` is its own.
    """

    operation: str
    identifier: str
    path: tuple[str, ...] = ("ApiId",)

    def _place(self, properties: Properties) -> dict[str, str]:
        return {name: str(properties[name]) for name in self.path}

    def create(self, account: Account, name: str, properties: Properties) -> str:
        client = account.client("apigatewayv2")
        values = request(client, f"Create{self.type.rsplit(':', 1)[1]}", properties)
        return str(getattr(client, f"create_{self.operation}")(**values)[self.identifier])

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        client = account.client("apigatewayv2")
        changed = {key: new.get(key, "") for key in self.holds if old.get(key) != new.get(key)}
        values = request(client, f"Update{self.type.rsplit(':', 1)[1]}", changed)
        place = self._place(new) | {self.identifier: physical_id}
        getattr(client, f"update_{self.operation}")(**place, **values)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        delete = getattr(account.client("apigatewayv2"), f"delete_{self.operation}")
        delete(**self._place(properties), **{self.identifier: physical_id})

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        get = getattr(account.client("apigatewayv2"), f"get_{self.operation}")
        place = self._place(properties)
        answer: dict[str, Any] = get(**place, **{self.identifier: physical_id})
        return pick(answer, self.holds) | place

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {self.identifier: physical_id}


class Integration(Part):
    """AWS::ApiGatewayV2::Integration; Ref is its id."""

    type = "AWS::ApiGatewayV2::Integration"
    operation = "integration"
    identifier = "IntegrationId"
    holds = frozenset(
        {
            "ApiId", "IntegrationType", "IntegrationUri", "IntegrationMethod", "Description",
            "PayloadFormatVersion", "TimeoutInMillis", "ConnectionType", "PassthroughBehavior",
            "ContentHandlingStrategy", "CredentialsArn", "RequestTemplates",
            "TemplateSelectionExpression",
        }
    )  # fmt: skip


class Route(Part):
    """AWS::ApiGatewayV2::Route; Ref is its id."""

    type = "AWS::ApiGatewayV2::Route"
    operation = "route"
    identifier = "RouteId"
    holds = frozenset(
        {
            "ApiId", "RouteKey", "Target", "AuthorizationType", "OperationName", "ApiKeyRequired",
            "RouteResponseSelectionExpression", "ModelSelectionExpression",
        }
    )  # fmt: skip


class RouteResponse(Part):
    """AWS::ApiGatewayV2::RouteResponse; Ref is its id."""

    type = "AWS::ApiGatewayV2::RouteResponse"
    operation = "route_response"
    identifier = "RouteResponseId"
    path = ("ApiId", "RouteId")
    holds = frozenset({"ApiId", "RouteId", "RouteResponseKey", "ModelSelectionExpression"})


class Stage(Part):
    """AWS::ApiGatewayV2::Stage; Ref is its name."""

    type = "AWS::ApiGatewayV2::Stage"
    operation = "stage"
    identifier = "StageName"
    holds = frozenset(
        {
            "ApiId", "StageName", "AutoDeploy", "Description", "AccessLogSettings",
            "DefaultRouteSettings", "RouteSettings", "StageVariables", "Tags",
        }
    )  # fmt: skip

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        without = [{key: one[key] for key in one if key != "Tags"} for one in (old, new)]
        super().update(account, physical_id, *without)
        arn = _api_arn(account, f"{new['ApiId']}/stages/{physical_id}")
        _retag(account, arn, old, new)

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {}


HANDLERS = (Api(), Integration(), Route(), RouteResponse(), Stage())
