"""The smoke test sees what is wrong with a stack: each fault ends it at the step that it is about.

The faults are put into the stack's services as a person could do it by hand, in production's
template, which has all parts; the local cloud then reads the stack again.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.smoke import __main__ as command
from tests.smoke import steps
from tests.smoke.__main__ import account, smoke
from tests.smoke.local import local_client, local_cloud
from tests.smoke.rights import RIGHTS, Right, take_away

ENVIRONMENT = "prod"
OTHER = "dev"  # whose API has another address than its pages
PATIENCE = 60.0  # for what is there
IN_VAIN = 4.0  # for what comes within a second where nothing is broken
READ_AGAIN = "read again"


@dataclass
class Stack:
    """The running stack, with what a person with its account's keys can change."""

    name: str
    ready: dict[str, Any]
    log: Path
    client: Callable[[str], Any] = field(init=False)

    def __post_init__(self) -> None:
        self.client = local_client(self.ready)

    @property
    def outputs(self) -> dict[str, str]:
        outputs: dict[str, str] = self.ready["outputs"]
        return outputs

    def physical(self, logical_id: str) -> str:
        answer = self.client("cloudformation").describe_stack_resource(
            StackName=f"qr-upload-{self.name}", LogicalResourceId=logical_id
        )
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])

    def read_again(self) -> None:
        """Let the local cloud serve the stack as it is now."""
        before = self.log.read_text().count(READ_AGAIN)
        os.kill(self.ready["process"], signal.SIGUSR1)
        end = time.monotonic() + PATIENCE
        while self.log.read_text().count(READ_AGAIN) == before:
            assert time.monotonic() < end, self.log.read_text()[-2000:]
            time.sleep(0.05)

    async def smoke(self) -> int:
        seen = account(self.name, self.outputs, self.client, self.ready["addresses"])
        async with aiohttp.ClientSession() as http:
            return await smoke(self.outputs, seen, http, PATIENCE)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with _served(ENVIRONMENT, tmp_path_factory.mktemp("stack") / "log") as stack:
        yield stack


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with _served(OTHER, tmp_path_factory.mktemp("other") / "log") as stack:
        yield stack


@contextmanager
def _served(name: str, log: Path) -> Iterator[Stack]:
    with log.open("w") as stream, local_cloud(name, told=stream) as ready:
        yield Stack(name, ready, log)


# ---- the faults, each with what takes it back

Undo = Callable[[], object]


def cors_of_the_api(stack: Stack, **changed: Any) -> Undo:
    """One part of the API's CORS configuration is another."""
    apis, api = stack.client("apigatewayv2"), stack.physical("HttpApi")
    was = apis.get_api(ApiId=api)["CorsConfiguration"]
    apis.update_api(ApiId=api, CorsConfiguration=was | changed)
    return lambda: apis.update_api(ApiId=api, CorsConfiguration=was)


def api_of_any_page(stack: Stack) -> Undo:
    """The API lets the pages of others read it, though its own need no permission."""
    apis, api = stack.client("apigatewayv2"), stack.physical("HttpApi")
    apis.update_api(ApiId=api, CorsConfiguration={"AllowOrigins": ["*"], "AllowMethods": ["GET"]})
    return lambda: apis.delete_cors_configuration(ApiId=api)


def variable_without(stack: Stack, function: str, name: str) -> Undo:
    """A function isn't told something."""
    functions, physical = stack.client("lambda"), stack.physical(function)
    was = functions.get_function_configuration(FunctionName=physical)["Environment"]["Variables"]

    def put(variables: dict[str, str]) -> None:
        functions.update_function_configuration(
            FunctionName=physical, Environment={"Variables": variables}
        )

    put({key: value for key, value in was.items() if key != name})
    assert name in was
    return lambda: put(was)


def behaviours(stack: Stack, *left_out: str) -> Undo:
    """The distribution has no behaviour for some paths."""
    client, physical = stack.client("cloudfront"), stack.physical("Distribution")
    was = client.get_distribution_config(Id=physical)["DistributionConfig"]

    def put(config: dict[str, Any]) -> None:
        tag = client.get_distribution_config(Id=physical)["ETag"]
        client.update_distribution(Id=physical, IfMatch=tag, DistributionConfig=config)

    kept = [one for one in was["CacheBehaviors"]["Items"] if one["PathPattern"] not in left_out]
    assert len(kept) < len(was["CacheBehaviors"]["Items"])
    put(was | {"CacheBehaviors": {"Quantity": len(kept), "Items": kept}})
    return lambda: put(was)


def cors_of_the_bucket(stack: Stack, **changed: Any) -> Undo:
    """One part of the bucket's CORS rule is another."""
    s3, bucket = stack.client("s3"), stack.outputs["UploadBucketName"]
    [was] = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]

    def put(rule: dict[str, Any]) -> None:
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})

    put(was | changed)
    return lambda: put(was)


def notification_prefix(stack: Stack) -> Undo:
    """The bucket tells only of objects that nobody writes."""
    s3, bucket = stack.client("s3"), stack.outputs["UploadBucketName"]
    [was] = s3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"]

    def put(one: dict[str, Any]) -> None:
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [one]}
        )

    rules = [{"Name": "prefix", "Value": "nothing/"}]
    put(was | {"Filter": {"Key": {"FilterRules": rules}}})
    return lambda: put(was)


def variable_of(stack: Stack, function: str, name: str, value: str) -> Undo:
    """A function is told something else."""
    functions, physical = stack.client("lambda"), stack.physical(function)
    was = functions.get_function_configuration(FunctionName=physical)["Environment"]["Variables"]

    def put(variables: dict[str, str]) -> None:
        functions.update_function_configuration(
            FunctionName=physical, Environment={"Variables": variables}
        )

    assert name in was
    put(was | {name: value})
    return lambda: put(was)


def file_of_the_website(stack: Stack, key: str, replaced: tuple[str, str] | None = None) -> Undo:
    """A file wasn't published, or holds something else."""
    s3, bucket = stack.client("s3"), stack.outputs["WebsiteBucketName"]
    published = s3.get_object(Bucket=bucket, Key=key)
    body, kind = published["Body"].read(), published["ContentType"]
    s3.delete_object(Bucket=bucket, Key=key)
    if replaced:
        changed = body.decode().replace(*replaced).encode()
        assert changed != body
        s3.put_object(Bucket=bucket, Key=key, Body=changed, ContentType=kind)
    return lambda: s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind)


def headers_policy(stack: Stack) -> Undo:
    """The distribution no longer says that a page can't be framed."""
    client, policy = stack.client("cloudfront"), stack.physical("WebsiteHeaders")
    was = client.get_response_headers_policy(Id=policy)
    config = was["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]
    security = dict(config["SecurityHeadersConfig"])
    del security["ContentSecurityPolicy"]

    def put(value: dict[str, Any]) -> None:
        tag = client.get_response_headers_policy(Id=policy)["ETag"]
        client.update_response_headers_policy(
            Id=policy, IfMatch=tag, ResponseHeadersPolicyConfig=value
        )

    put(config | {"SecurityHeadersConfig": security})
    return lambda: put(config)


def alarm(stack: Stack) -> Undo:
    """Somebody deleted an alarm."""
    client, name = stack.client("cloudwatch"), stack.physical("FailureQueueAlarm")
    [was] = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    client.delete_alarms(AlarmNames=[name])
    given = set(client.meta.service_model.operation_model("PutMetricAlarm").input_shape.members)
    return lambda: client.put_metric_alarm(**{k: v for k, v in was.items() if k in given})


def alarm_without_action(stack: Stack) -> Undo:
    """Somebody muted an alarm."""
    client, name = stack.client("cloudwatch"), stack.physical("HttpApiErrorsAlarm")
    client.disable_alarm_actions(AlarmNames=[name])
    return lambda: client.enable_alarm_actions(AlarmNames=[name])


def stream_mapping(stack: Stack) -> Undo:
    """The function is told of no change of the table."""
    client = stack.client("lambda")
    [mapping] = client.list_event_source_mappings()["EventSourceMappings"]
    was = mapping["FilterCriteria"]
    nothing = {"Filters": [{"Pattern": json.dumps({"eventName": ["NOTHING"]})}]}
    client.update_event_source_mapping(UUID=mapping["UUID"], FilterCriteria=nothing)
    return lambda: client.update_event_source_mapping(UUID=mapping["UUID"], FilterCriteria=was)


def right(stack: Stack, missing: Right) -> Undo:
    """A role's policies without one action."""
    return take_away(stack.client("iam"), stack.physical(missing.role), missing.action)


NOWHERE = "https://nothing.execute-api.us-east-1.amazonaws.com/prod"

FAULTS: dict[str, tuple[Callable[[Stack], Undo], Callable[..., Any]]] = {
    "a page isn't published": (
        lambda stack: file_of_the_website(stack, "phone.html"),
        steps.pages_answer,
    ),
    "a module isn't published": (
        lambda stack: file_of_the_website(stack, "phone.js"),
        steps.pages_answer,
    ),
    "config.json names another API": (
        lambda stack: file_of_the_website(stack, "config.json", ("http://", "https://")),
        steps.addresses_are_its_own,
    ),
    "a page doesn't let itself speak to the bucket": (
        lambda stack: file_of_the_website(
            stack, "phone.html", (stack.outputs["UploadBucketHost"], "")
        ),
        steps.addresses_are_its_own,
    ),
    "a security header is missing": (headers_policy, steps.pages_are_protected),
    "the API lets any page read it": (api_of_any_page, steps.api_may_be_called),
    "the distribution sends the API's paths to the pages": (
        lambda stack: behaviours(stack, "/sessions", "/sessions/*"),
        steps.api_may_be_called,
    ),
    "the distribution doesn't know the socket's path": (
        lambda stack: behaviours(stack, f"/{ENVIRONMENT}"),
        steps.socket_refuses_others,
    ),
    "the functions accept another key": (
        lambda stack: variable_of(stack, "HttpApiLambda", "ORIGIN_KEYS", "x" * 48),
        steps.api_may_be_called,
    ),
    "the API's function asks for no key": (
        lambda stack: variable_without(stack, "HttpApiLambda", "ORIGIN_KEYS"),
        steps.nobody_goes_around,
    ),
    "the socket's function asks for no key": (
        lambda stack: variable_without(stack, "WebSocketEventLambda", "ORIGIN_KEYS"),
        steps.nobody_goes_around,
    ),
    "CORS at the bucket: methods": (
        lambda stack: cors_of_the_bucket(stack, AllowedMethods=["GET"]),
        steps.bucket_may_be_used,
    ),
    "CORS at the bucket: headers": (
        lambda stack: cors_of_the_bucket(stack, AllowedHeaders=["x-nothing"]),
        steps.bucket_may_be_used,
    ),
    "CORS at the bucket: any origin": (
        lambda stack: cors_of_the_bucket(stack, AllowedOrigins=["*"]),
        steps.bucket_may_be_used,
    ),
    "the bucket's notification has another prefix": (notification_prefix, steps.event_settles_it),
    "pushes go to another endpoint": (
        lambda stack: variable_of(stack, "WebSocketEventLambda", "WS_API_ENDPOINT", NOWHERE),
        steps.desktop_sees_the_phone,
    ),
    "the socket takes any origin": (
        lambda stack: variable_of(
            stack, "WebSocketEventLambda", "ALLOWED_ORIGINS", steps.ELSEWHERE
        ),
        steps.socket_refuses_others,
    ),
    "another table": (
        lambda stack: variable_of(stack, "HttpApiLambda", "SESSIONS_TABLE_NAME", "nothing"),
        steps.session_is_made,
    ),
    "the stream's filter lets nothing through": (stream_mapping, steps.desktop_sees_the_phone),
    "an alarm is gone": (alarm, steps.alarms_are_there),
    "an alarm is mute": (alarm_without_action, steps.alarms_are_there),
}
OTHERS: dict[str, tuple[Callable[[Stack], Undo], Callable[..., Any]]] = {
    "CORS at the API: methods": (
        lambda stack: cors_of_the_api(stack, AllowMethods=["GET"]),
        steps.api_may_be_called,
    ),
    "CORS at the API: headers": (
        lambda stack: cors_of_the_api(stack, AllowHeaders=["x-nothing"]),
        steps.api_may_be_called,
    ),
    "CORS at the API: any origin": (
        lambda stack: cors_of_the_api(stack, AllowOrigins=["*"]),
        steps.api_may_be_called,
    ),
    "CORS at the API: ETag unreadable": (
        lambda stack: cors_of_the_api(stack, ExposeHeaders=["x-nothing"]),
        steps.api_may_be_called,
    ),
}
FAULTS |= {str(missing): (partial(right, missing=missing), missing.step) for missing in RIGHTS}


@contextmanager
def broken(stack: Stack, fault: Callable[[Stack], Undo]) -> Iterator[None]:
    undo = fault(stack)
    try:
        stack.read_again()
        yield
    finally:
        undo()
        stack.read_again()


@pytest.mark.parametrize("which", ["stack", "other"])
def test_a_whole_stack_passes_every_step(
    request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str], which: str
) -> None:
    failed = asyncio.run(request.getfixturevalue(which).smoke())

    told = capfd.readouterr()
    assert (failed, told.err) == (0, "")
    assert all(f"  ok      {step.title}" in told.out for step in steps.STEPS)


@pytest.fixture
def in_vain(monkeypatch: pytest.MonkeyPatch) -> Callable[[steps.Act], None]:
    """Lets a step be over soon if it awaits what never comes; the others keep their patience."""

    def expect(act: steps.Act) -> None:
        async def hurried(visit: steps.Visit) -> str | None:
            visit.waits(IN_VAIN)
            return await act(visit)

        taken = [replace(one, act=hurried) if one.act is act else one for one in steps.STEPS]
        monkeypatch.setattr(command, "STEPS", taken)

    return expect


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_stack_fails_at_the_step_that_is_about_it(
    stack: Stack,
    capfd: pytest.CaptureFixture[str],
    in_vain: Callable[[steps.Act], None],
    name: str,
) -> None:
    fault, act = FAULTS[name]
    in_vain(act)
    _check(stack, capfd, fault, act)


@pytest.mark.parametrize("name", OTHERS)
def test_so_does_one_whose_api_has_an_address_of_its_own(
    other: Stack,
    capfd: pytest.CaptureFixture[str],
    in_vain: Callable[[steps.Act], None],
    name: str,
) -> None:
    fault, act = OTHERS[name]
    in_vain(act)
    _check(other, capfd, fault, act)


def _check(
    stack: Stack,
    capfd: pytest.CaptureFixture[str],
    fault: Callable[[Stack], Undo],
    act: Callable[..., Any],
) -> None:
    numbers = [number for number, step in enumerate(steps.STEPS) if step.act is act]
    [number] = numbers

    with broken(stack, fault):
        failed = asyncio.run(stack.smoke())

    told = capfd.readouterr()
    step, passed = steps.STEPS[number], steps.STEPS[:number]
    lines = told.err.splitlines()
    assert failed == 1
    assert lines[0] == f"  FAILED  {step.title}"
    assert lines[1].startswith("          awaited  ")
    assert lines[2].startswith("          got      ")
    assert lines[3] == f'          read     docs/operations.md, "{step.entry}"'
    assert [line for line in told.out.splitlines() if "this test made" in line]
    assert told.out.count("  ok      ") == len(passed) + 1


def test_each_step_but_those_of_the_code_alone_is_failed_by_a_fault() -> None:
    noticed = {act for _, act in FAULTS.values()}

    alone = {step.act for step in steps.STEPS} - noticed

    assert alone == {  # nothing that is deployed beside the code decides these
        steps.wrong_files_get_no_address,
        steps.bucket_refuses_what_was_not_signed,
        steps.desktop_hears_of_it,
        steps.cancelled_and_heard,
        steps.nothing_works_late,
    }
