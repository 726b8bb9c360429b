"""CloudFront: distributions, their functions, origin access controls, headers policies."""

from __future__ import annotations

from typing import Any

from localcloud.resources.base import (
    Account,
    Handler,
    Properties,
    gone_tags,
    pick,
    plain,
    request,
    tag_list,
    tag_map,
)


class Distribution(Handler):
    """AWS::CloudFront::Distribution; Ref is its id."""

    type = "AWS::CloudFront::Distribution"
    holds = frozenset({"DistributionConfig", "Tags"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        client = account.client("cloudfront")
        config = _config(properties["DistributionConfig"], reference=name)
        tags = {"Items": properties.get("Tags", [])}
        values = request(
            client,
            "CreateDistributionWithTags",
            {"DistributionConfigWithTags": {"DistributionConfig": config, "Tags": tags}},
        )
        return str(client.create_distribution_with_tags(**values)["Distribution"]["Id"])

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        client = account.client("cloudfront")
        current = client.get_distribution_config(Id=physical_id)
        reference = current["DistributionConfig"]["CallerReference"]
        config = _config(new["DistributionConfig"], reference=reference)
        values = request(client, "UpdateDistribution", {"DistributionConfig": config})
        client.update_distribution(Id=physical_id, IfMatch=current["ETag"], **values)
        arn = _arn(account, physical_id)
        if gone := gone_tags(old, new):
            client.untag_resource(Resource=arn, TagKeys={"Items": gone})
        if new.get("Tags"):
            client.tag_resource(Resource=arn, Tags={"Items": new["Tags"]})

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        client = account.client("cloudfront")
        tag = client.get_distribution_config(Id=physical_id)["ETag"]
        client.delete_distribution(Id=physical_id, IfMatch=tag)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        client = account.client("cloudfront")
        config = client.get_distribution_config(Id=physical_id)["DistributionConfig"]
        tags = client.list_tags_for_resource(Resource=_arn(account, physical_id))["Tags"]["Items"]
        return {"DistributionConfig": _as_template(plain(config)), "Tags": tag_list(tag_map(tags))}

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        distribution = account.client("cloudfront").get_distribution(Id=physical_id)["Distribution"]
        return {"Id": physical_id, "DomainName": distribution["DomainName"]}


def _arn(account: Account, distribution: str) -> str:
    return account.arn("cloudfront", f"distribution/{distribution}", everywhere=True)


def _config(template: dict[str, Any], *, reference: str) -> dict[str, Any]:
    """CloudFormation's DistributionConfig under the API's names."""
    config = {"CallerReference": reference, "Comment": "", **template}
    if "IPV6Enabled" in config:
        config["IsIPV6Enabled"] = config.pop("IPV6Enabled")
    config["DefaultCacheBehavior"] = _behaviour(config["DefaultCacheBehavior"])
    if "CacheBehaviors" in config:
        config["CacheBehaviors"] = [_behaviour(one) for one in config["CacheBehaviors"]]
    config["Origins"] = [_origin(one) for one in config["Origins"]]
    if "Restrictions" in config:
        config["Restrictions"] = {"GeoRestriction": _geography(config["Restrictions"])}
    return config


def _behaviour(template: dict[str, Any]) -> dict[str, Any]:
    behaviour = dict(template)
    if "AllowedMethods" in behaviour or "CachedMethods" in behaviour:
        behaviour["AllowedMethods"] = {
            "Items": behaviour.get("AllowedMethods", ["HEAD", "GET"]),
            "CachedMethods": behaviour.pop("CachedMethods", ["HEAD", "GET"]),
        }
    return behaviour


def _origin(template: dict[str, Any]) -> dict[str, Any]:
    origin = dict(template)
    if "OriginCustomHeaders" in origin:
        origin["CustomHeaders"] = origin.pop("OriginCustomHeaders")
    if "CustomOriginConfig" in origin:
        ports = {"HTTPPort": 80, "HTTPSPort": 443}  # CloudFormation's defaults; the API has none
        origin["CustomOriginConfig"] = ports | origin["CustomOriginConfig"]
    if origin.get("S3OriginConfig") == {}:
        origin["S3OriginConfig"] = {"OriginAccessIdentity": ""}
    return origin


def _geography(restrictions: dict[str, Any]) -> dict[str, Any]:
    geography = dict(restrictions["GeoRestriction"])
    geography["Items"] = geography.pop("Locations", [])
    return geography


def _as_template(config: dict[str, Any]) -> dict[str, Any]:
    """The API's configuration, already without Quantity, under CloudFormation's names."""
    shaped = dict(config)
    shaped["IPV6Enabled"] = shaped.pop("IsIPV6Enabled", None)
    shaped["DefaultCacheBehavior"] = _behaviour_as_template(shaped["DefaultCacheBehavior"])
    behaviours = shaped.get("CacheBehaviors", [])
    shaped["CacheBehaviors"] = [_behaviour_as_template(one) for one in behaviours]
    for origin in shaped["Origins"]:
        origin["OriginCustomHeaders"] = origin.pop("CustomHeaders", [])
    return shaped


def _behaviour_as_template(behaviour: dict[str, Any]) -> dict[str, Any]:
    shaped = dict(behaviour)
    methods = shaped.get("AllowedMethods")
    if isinstance(methods, dict):
        shaped["AllowedMethods"] = methods["Items"]
        shaped["CachedMethods"] = methods.get("CachedMethods", [])
    return shaped


class Policy(Handler):
    """What a distribution refers to: one configuration under an id."""

    operation: str
    configuration: str

    def create(self, account: Account, name: str, properties: Properties) -> str:
        client = account.client("cloudfront")
        values = request(client, f"Create{self.type.rsplit(':', 1)[1]}", properties)
        answer = getattr(client, f"create_{self.operation}")(**values)
        return str(answer[self.type.rsplit(":", 1)[1]]["Id"])

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        client = account.client("cloudfront")
        values = request(client, f"Update{self.type.rsplit(':', 1)[1]}", new)
        tag = self._get(account, physical_id)["ETag"]
        getattr(client, f"update_{self.operation}")(Id=physical_id, IfMatch=tag, **values)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        tag = self._get(account, physical_id)["ETag"]
        delete = getattr(account.client("cloudfront"), f"delete_{self.operation}")
        delete(Id=physical_id, IfMatch=tag)

    def _get(self, account: Account, physical_id: str) -> dict[str, Any]:
        get = getattr(account.client("cloudfront"), f"get_{self.operation}")
        answer: dict[str, Any] = get(Id=physical_id)
        return answer

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        actual = self._get(account, physical_id)[self.type.rsplit(":", 1)[1]]
        return {key: _kept(value) for key, value in pick(actual, self.holds).items()}

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {"Id": physical_id}


def _kept(value: Any) -> Any:
    """Without Quantity, but with Items: these policies have them in templates too."""
    if isinstance(value, list):
        return [_kept(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _kept(item) for key, item in value.items() if key != "Quantity"}


class OriginAccessControl(Policy):
    """AWS::CloudFront::OriginAccessControl; Ref is its id."""

    type = "AWS::CloudFront::OriginAccessControl"
    operation = "origin_access_control"
    holds = frozenset({"OriginAccessControlConfig"})


class ResponseHeadersPolicy(Policy):
    """AWS::CloudFront::ResponseHeadersPolicy; Ref is its id."""

    type = "AWS::CloudFront::ResponseHeadersPolicy"
    operation = "response_headers_policy"
    holds = frozenset({"ResponseHeadersPolicyConfig"})


class EdgeFunction(Handler):
    """AWS::CloudFront::Function; Ref is its ARN. Distributions run what is published."""

    type = "AWS::CloudFront::Function"
    holds = frozenset({"Name", "FunctionConfig", "FunctionCode", "AutoPublish", "Tags"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        client = account.client("cloudfront")
        values = pick(properties, {"Name", "FunctionConfig", "FunctionCode"})
        if "Tags" in properties:
            values["Tags"] = {"Items": properties["Tags"]}
        answer = client.create_function(**request(client, "CreateFunction", values))
        _publish(client, properties, answer["ETag"])
        return str(answer["FunctionSummary"]["FunctionMetadata"]["FunctionARN"])

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        client = account.client("cloudfront")
        tag = client.describe_function(Name=new["Name"])["ETag"]
        values = pick(new, {"Name", "FunctionConfig", "FunctionCode"}) | {"IfMatch": tag}
        answer = client.update_function(**request(client, "UpdateFunction", values))
        _publish(client, new, answer["ETag"])
        if gone := gone_tags(old, new):
            client.untag_resource(Resource=physical_id, TagKeys={"Items": gone})
        if new.get("Tags"):
            client.tag_resource(Resource=physical_id, Tags={"Items": new["Tags"]})

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        client, name = account.client("cloudfront"), physical_id.rsplit("/", 1)[1]
        client.delete_function(Name=name, IfMatch=client.describe_function(Name=name)["ETag"])

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        client, name = account.client("cloudfront"), physical_id.rsplit("/", 1)[1]
        summary = client.describe_function(Name=name)["FunctionSummary"]
        code = client.get_function(Name=name)["FunctionCode"].read().decode()
        tags = client.list_tags_for_resource(Resource=physical_id)["Tags"]["Items"]
        published = client.list_functions(Stage="LIVE")["FunctionList"]
        live = [one["Name"] for one in published.get("Items", [])]
        return pick(summary, {"Name", "FunctionConfig"}) | {
            "FunctionCode": code,
            "AutoPublish": name in live,
            "Tags": tag_list(tag_map(tags)),
        }

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        stage = "LIVE" if properties.get("AutoPublish") else "DEVELOPMENT"
        names = ("FunctionARN", "FunctionMetadata.FunctionARN")
        return dict.fromkeys(names, physical_id) | {"Stage": stage}


def _publish(client: Any, properties: Properties, tag: str) -> None:
    if str(properties.get("AutoPublish", "")).lower() == "true":
        client.publish_function(Name=properties["Name"], IfMatch=tag)


HANDLERS = (Distribution(), EdgeFunction(), OriginAccessControl(), ResponseHeadersPolicy())
