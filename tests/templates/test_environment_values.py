"""Values of an environment file that can't work together: each is refused at its own key."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from environments.schema import LogDays
from pipeline.environment import settings
from pipeline.errors import UserError

ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/site/01234567-89ab-cdef-0123-456789abcdef"
CLOUDFRONT = {"website.delivery": "cloudfront"}
WAF = {**CLOUDFRONT, "website.waf.enabled": True}


@pytest.mark.parametrize(
    ("changes", "key", "says"),
    [
        ({"project_name": "a" * 30}, "project_name", "Shorten it by 5."),
        ({"project_name": "a" * 60, "bucket_names": "plain"}, "project_name", "Shorten it by"),
        ({"project_name": "sthree"}, "project_name", "begin with sthree-."),
        ({"project_name": "amzn-s3-demo"}, "project_name", "begin with amzn-s3-demo-."),
        ({"project_name": "xn--qr"}, "project_name", "begin with xn--."),
        ({"project_name": "sthree", "deployment_bucket": "code"}, "project_name", "website bucket"),
        ({"deployment_bucket": "xn--code"}, "deployment_bucket", "begin with xn--."),
        ({"deployment_bucket": "sthree-configurator"}, "deployment_bucket", "sthree-"),
        ({"deployment_bucket": "code-s3alias"}, "deployment_bucket", "end with -s3alias."),
        ({"deployment_bucket": "code--ol-s3"}, "deployment_bucket", "end with --ol-s3."),
        ({"deployment_bucket": "code--use1-az4--x-s3"}, "deployment_bucket", "--x-s3."),
        ({"deployment_bucket": "code--table-s3"}, "deployment_bucket", "--table-s3."),
        ({"deployment_bucket": "code.mrap"}, "deployment_bucket", "3 to 63"),
        ({"deployment_bucket": "192.168.5.4"}, "deployment_bucket", "3 to 63"),
        ({"deployment_bucket": "Has-Capitals"}, "deployment_bucket", "3 to 63"),
        ({"deployment_bucket": "has.dots"}, "deployment_bucket", "3 to 63"),
        ({"aws.region": "me-south-1"}, "bucket_names", "Write plain."),
        ({"aws.region": "me-central-1"}, "deployment_bucket", "give the bucket a name"),
        ({**CLOUDFRONT, "aws.region": "cn-north-1"}, "website.delivery", "Write s3_website."),
        ({**CLOUDFRONT, "aws.region": "us-gov-west-1"}, "website.delivery", "GovCloud"),
        ({**CLOUDFRONT, "aws.region": "eusc-de-east-1"}, "website.delivery", "s3_website"),
        ({**WAF, "aws.region": "eu-central-1"}, "website.waf.web_acl_arn", "us-east-1"),
        ({"website.waf.enabled": True}, "website.waf.enabled", "delivery: cloudfront"),
        ({**WAF, "website.waf.web_acl_arn": ACL.replace("us-east-1", "eu-west-1")},
         "website.waf.web_acl_arn", "CLOUDFRONT web ACL in us-east-1"),
        ({**WAF, "website.waf.web_acl_arn": ACL.replace("global", "regional")},
         "website.waf.web_acl_arn", "CLOUDFRONT"),
        ({"uploads.kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/abc"},
         "uploads.kms_key_arn", "needs a key in us-east-1"),
        ({"uploads.kms_key_arn": "alias/uploads"}, "uploads.kms_key_arn", "not the alias"),
        ({"uploads.max_per_session": 101}, "uploads.max_per_session", "32 KiB"),
        ({"uploads.max_bytes": 0}, "uploads.max_bytes", "5 GiB"),
        ({"uploads.keep_days": 3651}, "uploads.keep_days", "1 to 3650"),
        ({"logs.keep_days": 10}, "logs.keep_days", "CloudWatch Logs keeps"),
        ({"lambda.runtime": "python3.9"}, "lambda.runtime", "Lambda's name"),
        ({"lambda.architecture": "arm"}, "lambda.architecture", "x86_64"),
        ({"lambda.http_api.memory_mb": 64}, "lambda.http_api.memory_mb", "128 to 10240"),
        ({"lambda.websocket_event.timeout_seconds": 901},
         "lambda.websocket_event.timeout_seconds", "1 to 900"),
        ({"lambda.http_api.reserved_concurrency": 0},
         "lambda.http_api.reserved_concurrency", "common pool"),
        ({"api.throttling.burst": 5001}, "api.throttling.burst", "account's own limit"),
        ({"api.throttling.rate": 0}, "api.throttling.rate", "account's own limit"),
        ({"alarms.email": "nobody"}, "alarms.email", "One address"),
        ({"alarms.email": "me@example"}, "alarms.email", "One address"),
        ({"alarms.rollback_minutes": 10}, "alarms.rollback_minutes", "nothing can roll"),
        ({"alarms.rollback_minutes": 181}, "alarms.rollback_minutes", "1 to 180 minutes"),
        ({"website.price_class": "PriceClass_300"}, "website.price_class", "cloudfront only"),
        ({"live_status": "yes"}, "live_status", "sees the phone"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_work_is_refused_at_its_key(
    changed: Any, changes: dict[str, Any], key: str, says: str
) -> None:
    with pytest.raises(UserError) as raised:
        changed("dev", changes)

    told = str(raised.value).split("\n\n")
    assert any(f" {key} " in one and says in one for one in told), "\n".join(told)


@pytest.mark.parametrize(
    "region", ["ap-southeast-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"]
)
def test_the_project_fits_every_region_with_its_own_bucket_names(changed: Any, region: str) -> None:
    rendered = changed("dev", {"aws.region": region})

    assert rendered.settings.aws.region == region


def test_a_web_acl_elsewhere_is_used_and_none_is_made(changed: Any) -> None:
    rendered = changed("prod", {"aws.region": "eu-central-1", "website.waf.web_acl_arn": ACL}).value

    config = rendered["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    assert config["WebACLId"] == ACL
    assert "WebsiteWebAcl" not in rendered["Resources"]


def test_log_retention_is_what_cloudwatch_offers() -> None:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::Logs::LogGroup").schema

    assert list(get_args(LogDays)) == schema["properties"]["RetentionInDays"]["enum"]


def test_an_environment_may_not_end_a_bucket_name_as_s3_forbids(project: Path) -> None:
    dev = (project / "environments/dev.yaml").read_text()
    plain = dev.replace("bucket_names: account_regional", "bucket_names: plain")
    (project / "environments/s3alias.yaml").write_text(plain)

    with pytest.raises(
        UserError, match=r"s3alias\.yaml:6: .*called qr-upload-website-s3alias\. S3"
    ):
        settings.load("s3alias", project)


def test_a_reserved_beginning_is_told_once(changed: Any) -> None:
    with pytest.raises(UserError) as raised:
        changed("dev", {"project_name": "sthree"})

    assert len(raised.value.each) == 1


def test_several_mistakes_are_told_at_once(changed: Any) -> None:
    with pytest.raises(UserError) as raised:
        changed("dev", {"aws.region": "me-south-1", "project_name": "a" * 40})

    assert len(str(raised.value).split("\n\n")) == 3
