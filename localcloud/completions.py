"""What moto's services are completed with, here and nowhere else.

Each part says what moto 5.2.5 lacks; a moto that has it lets us remove the part.
docs/local-cloud.md lists the same for readers.
"""

from __future__ import annotations

import copy
import json
import secrets
import string
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import boto3
from moto import backends
from moto import settings as moto_settings
from moto.apigatewayv2 import urls as apis_urls
from moto.apigatewayv2.models import Stage
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.awslambda import models as lambda_models
from moto.cloudfront import models as cloudfront_models
from moto.cloudfront import urls as cloudfront_urls
from moto.cloudfront.exceptions import InvalidIfMatchVersion, NoSuchFunctionExists
from moto.cloudfront.responses import CloudFrontResponse
from moto.cloudwatch import urls as cloudwatch_urls
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend
from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.dynamodb import models as dynamodb_models
from moto.dynamodb import urls as dynamodb_urls
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Backup, RestoredPITTable, RestoredTable
from moto.dynamodb.responses import DynamoHandler
from moto.dynamodbstreams import urls as streams_urls
from moto.dynamodbstreams.responses import DynamoDBStreamsHandler
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.route53 import models as route53_models
from moto.route53.exceptions import ResourceRecordAlreadyExists
from moto.route53.models import Route53Backend
from moto.s3 import models as s3_models
from moto.sqs.models import Queue

from localcloud.cloudformation.api import CloudFormation
from localcloud.cloudformation.stacks import STACKS, Stacks
from localcloud.resources.base import session


def install() -> None:
    """Complete moto; a second time changes nothing."""
    setattr(AccountSpecificBackend, "get_session", own_session)  # noqa: B010 - a method of moto's
    Stacks.paths = {"/$": CloudFormation.dispatch}
    setattr(backends, "get_backend", backend)  # noqa: B010 - a function of moto's module
    _replace(apis_urls.url_paths, ApiGatewayV2Response.dispatch, Apis.dispatch)
    _replace(cloudfront_urls.url_paths, CloudFrontResponse.dispatch, Distributions.dispatch)
    _replace(cloudwatch_urls.url_paths, CloudWatchResponse.dispatch, Dashboards.dispatch)
    _replace(dynamodb_urls.url_paths, DynamoHandler.dispatch, Tables.dispatch)
    _replace(streams_urls.url_paths, DynamoDBStreamsHandler.dispatch, Streams.dispatch)
    cloudfront_urls.url_paths |= {
        "{0}/2020-05-31/function/(?P<function_name>[^/]+)/publish$": Distributions.dispatch,
        "{0}/2020-05-31/response-headers-policy$": Distributions.dispatch,
        "{0}/2020-05-31/response-headers-policy/(?P<id>[^/]+)$": Distributions.dispatch,
        "{0}/2020-05-31/response-headers-policy/(?P<id>[^/]+)/config$": Distributions.dispatch,
    }
    moto_settings.ACM_VALIDATION_WAIT = 0  # seconds: whoever requests a certificate proves its name
    setattr(s3_models.FakeBucket, "get_permission", _unconditional_permission)  # noqa: B010 - as below
    apis_urls.url_paths |= {"{0}/v2/tags/(?P<arn>.+)/stages/(?P<stage>[^/]+)$": Apis.dispatch}
    setattr(DynamoDBBackend, "tag_resource", tag_table)  # noqa: B010 - a method of moto's
    setattr(DynamoDBBackend, "delete_table", delete_table)  # noqa: B010 - as above
    setattr(dynamodb_models, "RestoredTable", Restored)  # noqa: B010 - a name of moto's module
    setattr(dynamodb_models, "RestoredPITTable", RestoredEarlier)  # noqa: B010 - as above
    setattr(lambda_models, "LambdaFunction", Function)  # noqa: B010 - a name of moto's module
    setattr(cloudfront_models, "DistributionConfig", Verbatim)  # noqa: B010 - as above
    setattr(route53_models, "create_route53_zone_id", zone_id)  # noqa: B010 - a function of its
    setattr(Route53Backend, "change_resource_record_sets", change_records)  # noqa: B010 - a method of moto's
    setattr(Queue, "lambda_event_source_mappings", property(_no_mappings, _keep_no_mappings))  # noqa: B010 - an attribute of moto's


_ZONE_ID = route53_models.create_route53_zone_id


def zone_id(**about: Any) -> str:
    """A hosted zone's id, which begins with a Z on AWS."""
    return f"Z{_ZONE_ID(**about)}"[:32]


_CHANGE_RECORDS = Route53Backend.change_resource_record_sets


def change_records(backend: Route53Backend, zone_id: str, changes: list[dict[str, Any]]) -> None:
    """Records are created and deleted, and created again.

    moto asks the journal of all changes whether a record is there, so that one which was deleted
    can't be created again, and one with other values can be created twice.
    """
    zone = backend.get_hosted_zone(zone_id)
    there = {_of_record(vars(one)) for one in zone.rrsets}
    for change in changes:
        record = change["ResourceRecordSet"]
        if change["Action"] == "DELETE":
            there.discard(_of_record(record))
        elif change["Action"] == "CREATE" and _of_record(record) in there:
            raise ResourceRecordAlreadyExists(name=record["Name"], _type=record["Type"])
    _CHANGE_RECORDS(backend, zone_id, changes)
    kept: list[dict[str, Any]] = []
    for change in zone.rr_changes:
        if change["Action"] != "DELETE":
            kept.append(change)
            continue
        gone = _of_record(change["ResourceRecordSet"])
        kept = [one for one in kept if _of_record(one["ResourceRecordSet"]) != gone]
    zone.rr_changes[:] = kept


def _of_record(record: Mapping[str, Any]) -> tuple[str, ...]:
    """What tells a record from others; moto's own objects have these in other words."""
    name = record.get("Name") or record["name"]
    kind = record.get("Type") or record["type"]
    key = record.get("SetIdentifier") or record.get("set_identifier") or ""
    return name.strip(".").lower(), kind, key


def _replace(paths: dict[str, Any], old: Any, new: Any) -> None:
    for path, handler in paths.items():
        if handler == old:
            paths[path] = new


# ---- The person's profile: moto asks boto3 for its regions with the session of whoever runs it,
# which fails when AWS_PROFILE names a profile that isn't there. Until moto doesn't.


@lru_cache(maxsize=1)
def own_session() -> boto3.Session:
    """A session that reads nothing of the person's."""
    return boto3.Session(botocore_session=session())


# ---- CloudFormation
# Ours answers in the place of moto's, which turns an unknown type into a warning and a failing
# resource into a 500, and leaves no outputs after a change set. docs/decisions/0200 says when
# moto's could come back. Importing moto's also costs 0.9 s, for EC2's lists of machines.

_moto_backend = backends.get_backend


def backend(name: Any) -> Any:
    """The service's state: ours for CloudFormation, moto's for every other."""
    return STACKS if name == "cloudformation" else _moto_backend(name)


# ---- S3: moto takes a Deny for granted whatever its Condition says, so that a bucket that is
# TLS-only or write-once answers 403 to everybody. Conditions are judged in front of it or not at
# all. Until IAMPolicyStatement.is_action_permitted skips a statement whose condition isn't met.


def _unconditional_permission(bucket: s3_models.FakeBucket, action: str, resource: str) -> Any:
    """What a bucket's policy says of an action without looking at the request."""
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(bucket.policy)
    statements = policy["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    plain = [one for one in listed if "Condition" not in one]
    judged = IAMPolicy(json.dumps({**policy, "Statement": plain}))
    return judged.is_action_permitted(action, resource)


# ---- DynamoDB: moto's TagResource keeps the old value beside the new one. Until it replaces it.

_add_tags = DynamoDBBackend.tag_resource


def tag_table(backend: DynamoDBBackend, arn: str, tags: dict[str, str]) -> None:
    """Tag a table, in the place of tags of the same keys."""
    backend.untag_resource(arn, list(tags))
    _add_tags(backend, arn, tags)


# ---- DynamoDB: moto's server answers every request in a thread of its own, and nothing keeps them
# apart. Two updates of an item may read the same number, a condition may hold for both, a reader
# may see half of a write. DynamoDB carries out each write as a whole, one after the other. Until
# moto does.

_one_at_a_time = threading.Lock()


class Tables(DynamoHandler):
    """DynamoDB's answers, each as of one moment."""

    def call_action(self) -> TYPE_RESPONSE:
        """Begin when the one before is done."""
        with _one_at_a_time:
            answer: TYPE_RESPONSE = super().call_action()
            return answer


class Streams(DynamoDBStreamsHandler):
    """The same for the tables' streams."""

    def call_action(self) -> TYPE_RESPONSE:
        """Begin when the one before is done."""
        with _one_at_a_time:
            return super().call_action()


# ---- SQS: within SendMessage moto receives the messages for the mapped functions, starts these in
# Docker, and counts a receipt against the redrive policy. Whoever runs functions here reads the
# queue (localcloud/application/compute/queues.py). Until moto leaves that to a reader.


def _no_mappings(_: Queue) -> dict[str, Any]:
    """What a queue knows of functions."""
    return {}


def _keep_no_mappings(_: Queue, value: dict[str, Any]) -> None:
    """moto's queues set the attribute when they are made."""


# ---- DynamoDB: moto makes no backup of a table with point-in-time recovery when it is deleted, and
# a restored one has no billing mode. Until it does both.

_delete_table = DynamoDBBackend.delete_table


def delete_table(backend: DynamoDBBackend, name: str) -> Any:
    """Delete a table; DynamoDB keeps what point-in-time recovery held, as a system backup."""
    table = backend.get_table(name)
    recovery = table.continuous_backups["PointInTimeRecoveryDescription"]
    gone = _delete_table(backend, name)
    if recovery["PointInTimeRecoveryStatus"] == "ENABLED":
        backup = Backup(
            backend.account_id,
            backend.region_name,
            f"{table.name}$DeletedTableBackup",
            table,
            type_="SYSTEM",
        )
        backend.backups[backup.arn] = backup
    return gone


class Restored(RestoredTable):
    """A table from a backup, which pays as the table did that the backup was made of."""

    def __init__(self, name: str, account_id: str, region: str, backup: Backup) -> None:
        super().__init__(name, account_id, region, backup)
        self.billing_mode = backup.table.billing_mode


class RestoredEarlier(RestoredPITTable):
    """A table as another one was, which pays as that one does."""

    def __init__(self, name: str, account_id: str, region: str, source: Any) -> None:
        super().__init__(name, account_id, region, source)
        self.billing_mode = source.billing_mode


# ---- Lambda: moto keeps no LoggingConfig and no DeadLetterConfig, and UpdateFunctionConfiguration
# drops five settings; a second PutFunctionEventInvokeConfig changes nothing. Until moto's
# LambdaFunction has them in get_configuration and update_configuration, and one invoke config.

_KEPT = ("LoggingConfig", "DeadLetterConfig")


class _Latest(list[Any]):
    """A list of one: the appended part replaces the former one."""

    def append(self, item: Any) -> None:
        self[:] = [item]


class Function(lambda_models.LambdaFunction):
    """A function that remembers every setting that it is given."""

    def __init__(
        self, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1
    ) -> None:
        super().__init__(account_id, spec, region, version)
        self.event_invoke_config = _Latest()
        self.kept: dict[str, Any] = {name: spec[name] for name in _KEPT if spec.get(name)}

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - moto's own signature
        default = {"LogFormat": "Text", "LogGroup": self.logs_group_name}
        logging = default | self.kept.get("LoggingConfig", {})
        configuration: dict[str, Any] = super().get_configuration(on_create)
        return configuration | self.kept | {"LoggingConfig": logging}

    def _invoke_lambda(self, event: str | None = None) -> tuple[str, bool, str]:  # noqa: ARG002 - moto's own signature
        """No function runs here; moto would start Docker for an S3 event or a stream too."""
        why = f"{self.function_name} isn't run by this endpoint, which only keeps it"
        return json.dumps({"errorType": "NotRun", "errorMessage": why}), True, ""

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        self.kept |= {name: config_updates[name] for name in _KEPT if name in config_updates}
        if "TracingConfig" in config_updates:
            self.tracing_config = config_updates["TracingConfig"]
        if "KMSKeyArn" in config_updates:
            self.kms_key_arn = config_updates["KMSKeyArn"]
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        super().update_configuration(config_updates)
        return self.get_configuration()


# ---- API Gateway: moto has no UpdateStage and no tags of a stage after its creation. Until
# ApiGatewayV2Response has update_stage, and tag_resource finds stages.


class Apis(ApiGatewayV2Response):
    """API Gateway's answers with the one that is missing."""

    def update_stage(self) -> TYPE_RESPONSE:
        """Change what the request names and keep the rest."""
        api_id, name = self.path.split("/")[-3], unquote(self.path.split("/")[-1])
        api = self.apigatewayv2_backend.get_api(api_id)
        old = api.get_stage(name)
        changed = Stage(api, {**old.config, **json.loads(self.body), "stageName": name})
        changed.created = old.created
        api.stages[name] = changed
        return 200, {}, json.dumps(changed.to_json())

    def _tagged_stage(self) -> Stage | None:
        """The stage whose ARN stands in the path; none if it is another resource's."""
        parts = unquote(self.path).split("/")
        if "stages" not in parts:
            return None
        return self.apigatewayv2_backend.get_stage(parts[-3], parts[-1])

    def tag_resource(self) -> TYPE_RESPONSE:
        """Tag a stage too."""
        stage = self._tagged_stage()
        if stage is None:
            return super().tag_resource()
        stage.tags |= json.loads(self.body).get("tags", {})
        return 201, {}, "{}"

    def untag_resource(self) -> TYPE_RESPONSE:
        """Untag a stage too."""
        stage = self._tagged_stage()
        if stage is None:
            return super().untag_resource()
        for key in self.querystring.get("tagKeys") or []:
            stage.tags.pop(key, None)
        return 200, {}, "{}"

    def get_tags(self) -> TYPE_RESPONSE:
        """The tags of a stage too."""
        stage = self._tagged_stage()
        return super().get_tags() if stage is None else (200, {}, json.dumps({"tags": stage.tags}))


# ---- CloudWatch: moto drops a dashboard's tags. Until put_dashboard and tag_resource take them.


class Dashboards(CloudWatchResponse):
    """CloudWatch's answers with tags of dashboards."""

    def put_dashboard(self) -> ActionResult:
        """Keep the tags beside the dashboard."""
        answer = super().put_dashboard()
        if tags := self._get_param("Tags"):
            name = self._get_param("DashboardName")
            self.cloudwatch_backend.tagger.tag_resource(self._arn(name), tags)
        return answer

    def _arn(self, name: str) -> str:
        return f"arn:{self.partition}:cloudwatch::{self.current_account}:dashboard/{name}"

    def tag_resource(self) -> ActionResult:
        """Tag a dashboard too, not only an alarm or a rule."""
        arn = self._get_param("ResourceARN")
        if ":dashboard/" not in arn:
            return super().tag_resource()
        self.cloudwatch_backend.tagger.tag_resource(arn, self._get_param("Tags"))
        return EmptyResult()


# ---- CloudFront: moto keeps only some of a distribution's configuration (no origin access
# control, no error responses, its own default behaviours) and has no response headers policies.
# Until DistributionConfig gives back what it was given, and CloudFrontResponse has them. Its
# functions are never changed nor published: until UpdateFunction and PublishFunction are there.

_Checked = cloudfront_models.DistributionConfig


class Verbatim(dict[str, Any]):
    """A distribution's configuration as it was sent, after moto's own checks."""

    def __init__(self, config: dict[str, Any]) -> None:
        _Checked(copy.deepcopy(config))
        super().__init__(config)
        self.caller_reference = config["CallerReference"]

    def __getattr__(self, name: str) -> Any:
        """The fields that DistributionSummary shows."""
        if name in cloudfront_models.DISTRIBUTION_CONFIG_FIELDS:
            return self.get(name)
        raise AttributeError(name)


@dataclass
class HeadersPolicy:
    """One response headers policy."""

    config: dict[str, Any]
    id: str = field(default_factory=lambda: _identifier())
    tag: str = field(default_factory=lambda: _identifier())
    changed: datetime = field(default_factory=lambda: datetime.now(UTC))

    def shown(self) -> dict[str, Any]:
        """The policy and its version, as the API's answers have them."""
        policy = {
            "Id": self.id,
            "LastModifiedTime": self.changed,
            "ResponseHeadersPolicyConfig": self.config,
        }
        return {"ResponseHeadersPolicy": policy, "ETag": self.tag}


def _identifier() -> str:
    letters = string.ascii_uppercase + string.digits
    return "E" + "".join(secrets.choice(letters) for _ in range(13))


class HeadersPolicies(BaseBackend):
    """The response headers policies of one account."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.held: dict[str, HeadersPolicy] = {}


HEADERS_POLICIES: BackendDict[HeadersPolicies] = BackendDict(
    HeadersPolicies,
    "cloudfront",
    use_boto3_regions=False,
    additional_regions=["aws", "aws-cn", "aws-us-gov"],
)


class NoSuchPolicy(ServiceException):
    """No response headers policy has that id."""

    code = "NoSuchResponseHeadersPolicy"
    message = "The response headers policy does not exist."


class PolicyExists(ServiceException):
    """A response headers policy of that name is there."""

    code = "ResponseHeadersPolicyAlreadyExists"
    message = "A response headers policy with this name already exists."


class Distributions(CloudFrontResponse):
    """CloudFront's answers with response headers policies."""

    @property
    def _policies(self) -> dict[str, HeadersPolicy]:
        held: dict[str, HeadersPolicy] = HEADERS_POLICIES[self.current_account][self.partition].held
        return held

    def _policy(self) -> HeadersPolicy:
        policy = self._policies.get(self._get_param("Id"))
        if policy is None:
            raise NoSuchPolicy
        return policy

    def create_response_headers_policy(self) -> ActionResult:
        """Keep a policy under a new id."""
        config = self._get_param("ResponseHeadersPolicyConfig")
        if any(one.config["Name"] == config["Name"] for one in self._policies.values()):
            raise PolicyExists
        policy = HeadersPolicy(config)
        self._policies[policy.id] = policy
        return ActionResult(policy.shown())

    def get_response_headers_policy(self) -> ActionResult:
        """One policy."""
        return ActionResult(self._policy().shown())

    def update_response_headers_policy(self) -> ActionResult:
        """A policy's new configuration, under a new version."""
        policy = self._policy()
        policy.config = self._get_param("ResponseHeadersPolicyConfig")
        policy.tag, policy.changed = _identifier(), datetime.now(UTC)
        return ActionResult(policy.shown())

    def delete_response_headers_policy(self) -> ActionResult:
        """Forget a policy."""
        del self._policies[self._policy().id]
        return EmptyResult()

    def update_function(self) -> ActionResult:
        """A function's new code and configuration, in its stage DEVELOPMENT."""
        function = self._function()
        function.config = self._get_param("FunctionConfig")
        function.code = self._get_param("FunctionCode")
        function.etag, function.last_modified_time = _identifier(), datetime.now(UTC)
        return ActionResult({"FunctionSummary": function.function_summary, "ETag": function.etag})

    def publish_function(self) -> ActionResult:
        """Copy a function's stage DEVELOPMENT to LIVE, which distributions run."""
        function = self._function()
        live = copy.copy(function)
        live.stage, live.status = "LIVE", "UNASSOCIATED"
        function.live = live
        return ActionResult({"FunctionSummary": live.function_summary})

    def _function(self) -> Any:
        function = self.backend.describe_function(self._get_param("Name"))
        if self._get_param("IfMatch") != function.etag:
            raise InvalidIfMatchVersion
        return function

    def describe_function(self) -> ActionResult:
        """A function in the stage that is asked for."""
        function = self._in_stage(self.backend.describe_function(self._get_param("Name")))
        return ActionResult({"FunctionSummary": function.function_summary, "ETag": function.etag})

    def get_function(self) -> ActionResult:
        """A function's code in the stage that is asked for."""
        function = self._in_stage(self.backend.describe_function(self._get_param("Name")))
        kind = "application/octet-stream"
        answer = {"FunctionCode": function.code, "ETag": function.etag, "ContentType": kind}
        return ActionResult(answer)

    def list_functions(self) -> ActionResult:
        """The functions; of the stage LIVE those that are published."""
        live = self._get_param("Stage") == "LIVE"
        all_of_them = self.backend.functions.values()
        held = [one for one in all_of_them if not live or hasattr(one, "live")]
        summaries = [self._in_stage(one).function_summary for one in held]
        counted = {"MaxItems": 100, "Quantity": len(summaries), "Items": summaries}
        return ActionResult({"FunctionList": counted})

    def _in_stage(self, function: Any) -> Any:
        if self._get_param("Stage") != "LIVE":
            return function
        if not hasattr(function, "live"):
            raise NoSuchFunctionExists(function.name)
        return function.live
