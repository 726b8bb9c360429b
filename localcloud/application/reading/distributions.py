"""A stack's CloudFront distribution and its web ACL -> what the front of them serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from localcloud.application.blueprint import (
    Api,
    Behaviour,
    Distribution,
    ErrorPage,
    Origin,
    RateRule,
    Unservable,
)
from localcloud.application.edge import firewall
from localcloud.application.reading import delivered
from localcloud.resources.base import Account

# AWS's own policies, the same in every account ("Use managed origin request policies").
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
NOT_CACHED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
BLOCKED = 403
WINDOW_SECONDS = 300
READ_SECONDS = 30.0
METHODS = ("GET", "HEAD")
MANAGED_RULES = "AWS's managed rules of the web ACL: they block nothing"
FOREIGN_ACL = "the web ACL, which isn't the stack's: it blocks nothing"


class Reader:
    """One distribution; `hosts` are the names of the stack's buckets, by their hosts."""

    def __init__(
        self,
        account: Account,
        logical_id: str,
        physical_id: str,
        hosts: Mapping[str, str],
        apis: Iterable[Api],
    ) -> None:
        self._client = account.client("cloudfront")
        self._waf = account.client("wafv2")
        self._logical_id = logical_id
        self._buckets = hosts
        self._apis = {api.host: api.logical_id for api in apis}
        self._distribution = self._client.get_distribution(Id=physical_id)["Distribution"]
        self._config = self._distribution["DistributionConfig"]
        self.notes: list[str] = []

    def read(self) -> Distribution:
        """All of it; Unservable names what can't be."""
        origins = {one["Id"]: self._origin(one) for one in self._config["Origins"]["Items"]}
        listed = self._config.get("CacheBehaviors", {}).get("Items", [])
        default = self._config["DefaultCacheBehavior"] | {"PathPattern": "*"}
        return Distribution(
            logical_id=self._logical_id,
            id=self._distribution["Id"],
            domain=self._distribution["DomainName"],
            aliases=tuple(self._config.get("Aliases", {}).get("Items", [])),
            root=self._config.get("DefaultRootObject", ""),
            origins=origins,
            behaviours=tuple(self._behaviour(one, origins) for one in [*listed, default]),
            error_pages=dict(self._error_pages()),
            rules=tuple(self._rules()),
        )

    def _origin(self, config: Mapping[str, Any]) -> Origin:
        name = config["DomainName"]
        if name not in self._buckets and name not in self._apis:
            raise self._unservable(f"the origin {name}; it serves buckets and APIs of the stack")
        if config.get("OriginPath"):
            raise self._unservable(f"an OriginPath, {config['OriginPath']}")
        custom = config.get("CustomHeaders", {}).get("Items", [])
        return Origin(
            id=config["Id"],
            bucket=self._buckets.get(name),
            api=self._apis.get(name),
            headers={one["HeaderName"]: one["HeaderValue"] for one in custom},
            read_seconds=float(
                config.get("CustomOriginConfig", {}).get("OriginReadTimeout") or READ_SECONDS
            ),
        )

    def _behaviour(self, config: Mapping[str, Any], origins: Mapping[str, Origin]) -> Behaviour:
        pattern, origin = config["PathPattern"], origins[config["TargetOriginId"]]
        if origin.api is not None:
            self._check_api(pattern, config)
        if config.get("LambdaFunctionAssociations", {}).get("Items"):
            raise self._unservable(f"Lambda@Edge, at {pattern}")
        return Behaviour(
            pattern=pattern,
            origin=origin.id,
            methods=tuple(config.get("AllowedMethods", {}).get("Items", METHODS)),
            headers=delivered.headers(self._client, config),
            function=self._function(pattern, config),
        )

    def _check_api(self, pattern: str, config: Mapping[str, Any]) -> None:
        if config.get("CachePolicyId") != NOT_CACHED:
            raise self._unservable(f"a cache before an API, at {pattern}; it keeps nothing")
        if config.get("OriginRequestPolicyId") != ALL_BUT_HOST:
            raise self._unservable(
                f"other headers than those of AllViewerExceptHostHeader, at {pattern}"
            )

    def _function(self, pattern: str, config: Mapping[str, Any]) -> str | None:
        listed = config.get("FunctionAssociations", {}).get("Items", [])
        if other := [one for one in listed if one["EventType"] != "viewer-request"]:
            raise self._unservable(f"a function at {other[0]['EventType']}, at {pattern}")
        if not listed:
            return None
        name = listed[0]["FunctionARN"].rsplit("/", 1)[1]
        try:
            code: bytes = self._client.get_function(Name=name, Stage="LIVE")["FunctionCode"].read()
        except ClientError as error:
            raise self._unservable(f"the function {name}, which isn't published") from error
        return code.decode()

    def _error_pages(self) -> Iterator[tuple[int, ErrorPage]]:
        for item in self._config.get("CustomErrorResponses", {}).get("Items", []):
            if path := item.get("ResponsePagePath"):
                status = int(item.get("ResponseCode") or item["ErrorCode"])
                yield int(item["ErrorCode"]), ErrorPage(path, status)

    # ---- the firewall

    def _rules(self) -> Iterator[RateRule]:
        arn = self._config.get("WebACLId")
        if not arn:
            return
        name, identifier = arn.split("/")[-2:]
        try:
            acl = self._waf.get_web_acl(Name=name, Id=identifier, Scope="CLOUDFRONT")["WebACL"]
        except ClientError:
            self.notes.append(FOREIGN_ACL)
            return
        for rule in sorted(acl["Rules"], key=lambda one: int(one["Priority"])):
            if "ManagedRuleGroupStatement" in rule["Statement"]:
                self.notes.append(MANAGED_RULES)
            else:
                yield self._rate_rule(rule)

    def _rate_rule(self, rule: Mapping[str, Any]) -> RateRule:
        name, statement = rule["Name"], rule["Statement"].get("RateBasedStatement")
        if statement is None or "Block" not in rule.get("Action", {}):
            raise self._unservable(f"the web ACL's rule {name}; it has rates that block")
        if statement["AggregateKeyType"] != "IP":
            raise self._unservable(f"the rule {name} by {statement['AggregateKeyType']}")
        scope = statement.get("ScopeDownStatement")
        if unknown := firewall.not_judged(scope):
            raise self._unservable(f"the rule {name}, which looks at {unknown}")
        custom = rule["Action"]["Block"].get("CustomResponse", {})
        return RateRule(
            name=name,
            limit=int(statement["Limit"]),
            window_seconds=int(statement.get("EvaluationWindowSec", WINDOW_SECONDS)),
            scope=scope,
            status=int(custom.get("ResponseCode", BLOCKED)),
            headers={one["Name"]: one["Value"] for one in custom.get("ResponseHeaders", [])},
        )

    def _unservable(self, what: str) -> Unservable:
        return Unservable(self._logical_id, what)
