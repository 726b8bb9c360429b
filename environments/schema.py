"""What an environment file of this application may say: every key, its meaning and its limits.

Nothing is inherited, so the difference between two files is the whole difference between two
environments. A key has a default only where files were written before there was the key. Values
that can't work together are refused here; what is wise is for rules/ to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from pipeline.environment import bucket_names
from pipeline.environment.fields import FOREIGN, BaseSettings, Bucket, Clash, Name, Section

# What CloudWatch Logs offers: RetentionInDays of AWS::Logs::LogGroup.
LogDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365,
    400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]  # fmt: skip

KMS_KEY = r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$"
WEB_ACL = r"^arn:aws:wafv2:us-east-1:[0-9]{12}:global/webacl/[A-Za-z0-9_-]{1,128}/[a-f0-9-]{36}$"
CERTIFICATE = r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$"
DOMAIN = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"
ZONE = r"^Z[A-Z0-9]{1,31}$"
EMAIL = r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}$"
KeyNumber = Annotated[int, Field(ge=1, le=9999)]
POLICY = r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]+$"

# Where S3 has no account-regional namespace (S3 user guide, "Namespaces for general purpose
# buckets"), and the partitions whose CloudFront gives a distribution no usable name of its own.
PLAIN_BUCKETS_ONLY = ("me-south-1", "me-central-1")
WITHOUT_CLOUDFRONT = ("cn-", "us-gov-", "us-iso", "eu-iso", "eusc-")
WAF_REGION = CERTIFICATE_REGION = "us-east-1"
API_PATH = "sessions"  # what the distribution passes to the HTTP API


class Waf(Section):
    """AWS WAF in front of the website."""

    enabled: bool
    """true: AWS's common rules and a rate limit stand before the website's distribution."""
    web_acl_arn: Annotated[str, Field(pattern=WEB_ACL), FOREIGN] | None
    """The ARN of a CLOUDFRONT web ACL in us-east-1; null in us-east-1: the stack makes one."""
    requests_in_five_minutes: Annotated[int, Field(ge=10, le=10_000)] = 10_000
    """What one address may ask in five minutes, 10 to 10000; a visit asks some sixty times, and a
    whole school may share an address. Read where the stack makes the web ACL."""
    sessions_in_five_minutes: Annotated[int, Field(ge=10, le=10_000)] = 300
    """How many sessions one address may make in five minutes, 10 to 10000."""


class OriginKey(Section):
    """The keys by which the functions know that a request came through the distribution."""

    send: KeyNumber = 1
    """The number of the key that the distribution shows. A number is one key for ever."""
    accept: Annotated[tuple[KeyNumber, ...], Field(min_length=1, max_length=3, strict=False)] = (1,)
    """The numbers of the keys that the functions take, up to three."""


class Domain(Section):
    """A name of your own for the website."""

    name: Annotated[str, Field(pattern=DOMAIN, max_length=64), FOREIGN]
    """The host's name alone, in lower case, other letters as xn--…: upload.example.com."""
    hosted_zone_id: Annotated[str, Field(pattern=ZONE), FOREIGN] | None
    """The public Route 53 zone that holds the name; null: you set the record elsewhere."""
    certificate_arn: Annotated[str, Field(pattern=CERTIFICATE), FOREIGN] | None
    """The ARN of an ACM certificate in us-east-1; null in us-east-1: the stack makes one."""


class Website(Section):
    """How the two pages reach the browser."""

    delivery: Literal["s3_website", "cloudfront"]
    """s3_website: public bucket, plain HTTP, cheap; cloudfront: private bucket, HTTPS, headers."""
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"]
    """Which of CloudFront's edges serve; read with delivery: cloudfront only."""
    origin_key: OriginKey = OriginKey()
    domain: Domain | None = None
    """null: CloudFront's own name."""
    waf: Waf


class Uploads(Section):
    """The private bucket for the images."""

    keep_days: Annotated[int, Field(ge=1, le=3650)]
    """S3 keeps whole days, 1 to 3650. Write the number of days an upload may live."""
    versioning: bool
    """true: deleted and overwritten images can be restored for a week."""
    max_bytes: Annotated[int, Field(ge=1, le=5 * 1024**3)]
    """The largest image in bytes; one PUT to S3 carries 5 GiB at most."""
    max_per_session: Annotated[int, Field(ge=1, le=100)]
    """Images per QR code, 1 to 100: one WebSocket message of 32 KiB lists them all."""
    kms_key_arn: Annotated[str, Field(pattern=KMS_KEY), FOREIGN] | None
    """The ARN (not the alias) of your KMS key in the same region; null: SSE-S3, free of charge."""


class Sessions(Section):
    """The table of upload sessions."""

    point_in_time_recovery: bool
    """true: the table can be restored to any second of the last 35 days."""
    deletion_protection: bool
    """true: nobody deletes the table before switching this off."""


class Function(Section):
    """One Lambda function."""

    memory_mb: Annotated[int, Field(ge=128, le=10240)]
    """128 to 10240 MB; the share of CPU grows with it."""
    timeout_seconds: Annotated[int, Field(ge=1, le=900)]
    """1 to 900 seconds; API Gateway itself stops waiting after 30 (HTTP) or 29 (WebSocket)."""
    reserved_concurrency: Annotated[int, Field(ge=1)] | None
    """Executions set aside for this function, and its ceiling; null: the account's common pool."""


class Functions(Section):
    """What both functions share, and each function's size."""

    runtime: Literal["python3.11", "python3.12", "python3.13", "python3.14"]
    """Lambda's name of the Python version that the handlers run on."""
    architecture: Literal["arm64", "x86_64"]
    """arm64 costs a fifth less; x86_64 where a region lacks it. The handlers run on both."""
    tracing: bool
    """true: X-Ray traces a sample of the invocations."""
    permissions_boundary_arn: Annotated[str, Field(pattern=POLICY), FOREIGN] | None
    """The ARN of a managed policy that bounds what both functions' roles may be given, or null."""
    http_api: Function
    websocket_event: Function


class Logs(Section):
    """CloudWatch log groups."""

    keep_days: LogDays
    """CloudWatch Logs keeps 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 or more set numbers
    of days (400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)."""


class Throttling(Section):
    """What each API accepts before it answers 429."""

    burst: Annotated[int, Field(ge=1, le=5000)]
    """Requests at once, 1 to 5000 (the account's own limit)."""
    rate: Annotated[int, Field(ge=1, le=10000)]
    """Requests per second in the long run, 1 to 10000 (the account's own limit)."""


class Api(Section):
    """Both API Gateway APIs."""

    throttling: Throttling
    access_logs: bool
    """true: one line a request of the HTTP API, with its route (a path holds the session's id)."""
    websocket_access_logs: bool
    """true needs API Gateway's account-wide CloudWatch role (docs/api-gateway-setup.md)."""


class Alarms(Section):
    """Who is told when something fails."""

    enabled: bool
    """true: alarms on errors, delays and throttling, and a topic that they notify."""
    email: Annotated[str, Field(pattern=EMAIL, max_length=254), FOREIGN] | None
    """One address, which AWS asks to confirm, or null: subscribe to the topic yourself."""
    dashboard: bool
    """true: one CloudWatch dashboard for the whole stack."""
    rollback_minutes: Annotated[int, Field(ge=1, le=180)] | None
    """1 to 180 minutes after an update during which an alarm on errors takes it back, or null: none
    does."""


class Settings(BaseSettings):
    """One environment of the QR upload application."""

    bucket_names: Literal["account_regional", "plain"]
    """account_regional: names that only your account can have; plain: the specification's exact
    names, which are world-wide and may be taken."""
    website: Website
    uploads: Uploads
    sessions: Sessions
    functions: Annotated[Functions, Field(alias="lambda")]
    logs: Logs
    api: Api
    live_status: bool
    """true: the desktop sees the phone arrive at once; false: at its next poll."""
    alarms: Alarms

    def clashes(self) -> Iterator[Clash]:
        yield from super().clashes()
        for check in _CHECKS:
            yield from check(self)

    def names(self) -> Iterator[Name]:
        yield from super().names()
        project, name, region = self.project_name, self.name, self.aws.region
        account = self.aws.account or bucket_names.ANY_ACCOUNT
        suffix = f"-{account}-{region}-an" if self.bucket_names == "account_regional" else ""
        yield Bucket("website bucket", f"{project}-website-{name}{suffix}")
        yield Bucket("upload bucket", f"{project}-uploads-{name}{suffix}")
        yield Name("WebSocket function", f"{project}-websocket-event-{name}", 64)
        yield Name("origin access control", f"{project}-website-{name}-{region}", 64)
        yield Name("pages function", f"{project}-pages-{name}-{region}", 64)


def _bucket_namespace(settings: Settings) -> Iterator[Clash]:
    if settings.aws.region not in PLAIN_BUCKETS_ONLY:
        return
    region = settings.aws.region
    if settings.bucket_names == "account_regional":
        why = f"S3 has no account-regional names in {region}. Write plain."
        yield Clash("bucket_names", settings.bucket_names, why)
    if settings.deployment_bucket is None:
        why = f"S3 has no account-regional names in {region}: give the bucket a name."
        yield Clash("deployment_bucket", None, why)


def _cloudfront(settings: Settings) -> Iterator[Clash]:
    website = settings.website
    if website.delivery == "cloudfront" and settings.aws.region.startswith(WITHOUT_CLOUDFRONT):
        why = (
            f"{settings.aws.region} is in a partition without CloudFront addresses of its own"
            " (China demands your own domain and certificate, GovCloud has no CloudFront)."
            " Write s3_website."
        )
        yield Clash("website.delivery", website.delivery, why)


def _one_address(settings: Settings) -> Iterator[Clash]:
    if settings.website.delivery == "cloudfront" and settings.name == API_PATH:
        why = (
            f"An environment called {API_PATH} would have its sockets at the HTTP API's own"
            f" address, /{API_PATH}. Rename its file."
        )
        yield Clash("website.delivery", settings.website.delivery, why)


def _origin_key(settings: Settings) -> Iterator[Clash]:
    send, accept = settings.website.origin_key.send, settings.website.origin_key.accept
    if send not in accept:
        why = (
            f"The functions would refuse whatever the distribution brings: key {send} is sent and"
            " not accepted. Accept it too; a key is retired after another one is sent."
        )
        yield Clash("website.origin_key.accept", accept, why)
    if len(set(accept)) < len(accept):
        yield Clash("website.origin_key.accept", accept, "A key is listed twice.")


def _domain(settings: Settings) -> Iterator[Clash]:
    domain, region = settings.website.domain, settings.aws.region
    if domain is None:
        return
    if settings.website.delivery != "cloudfront":
        why = (
            "S3's website has no HTTPS and no name but its bucket's. Write null, or delivery:"
            " cloudfront."
        )
        yield Clash("website.domain.name", domain.name, why)
        return
    arn = domain.certificate_arn
    if arn is not None and arn.split(":")[3] != CERTIFICATE_REGION:
        why = f"CloudFront takes certificates of {CERTIFICATE_REGION} only. Request one there."
        yield Clash("website.domain.certificate_arn", arn, why)
    if arn is None and region != CERTIFICATE_REGION:
        why = (
            f"A certificate for CloudFront lives in {CERTIFICATE_REGION} and this stack in"
            f" {region}. Request one there and write its ARN, or deploy to {CERTIFICATE_REGION}."
        )
        yield Clash("website.domain.certificate_arn", None, why)
    elif arn is None and domain.hosted_zone_id is None:
        why = (
            "Without the name's zone nobody can prove to ACM that it is yours, and the deployment"
            " would wait for hours. Write the zone's id, or the ARN of a certificate."
        )
        yield Clash("website.domain.certificate_arn", None, why)
    if domain.hosted_zone_id is None and domain.name.count(".") == 1:
        why = (
            "A zone's own name can't be a CNAME; only Route 53's alias stands there. Write the"
            " zone's id, or a name below it, like www."
        )
        yield Clash("website.domain.hosted_zone_id", None, why)


def _waf(settings: Settings) -> Iterator[Clash]:
    waf, region = settings.website.waf, settings.aws.region
    if not waf.enabled:
        return
    if settings.website.delivery != "cloudfront":
        why = "AWS WAF can't stand before an S3 website. Write false, or delivery: cloudfront."
        yield Clash("website.waf.enabled", waf.enabled, why)
    elif waf.web_acl_arn is None and region != WAF_REGION:
        why = (
            f"A web ACL for CloudFront lives in {WAF_REGION} and this stack in {region}."
            f" Make one there and write its ARN, or deploy to {WAF_REGION}."
        )
        yield Clash("website.waf.web_acl_arn", None, why)


def _kms_key(settings: Settings) -> Iterator[Clash]:
    arn, region = settings.uploads.kms_key_arn, settings.aws.region
    if arn is not None and arn.split(":")[3] != region:
        yield Clash("uploads.kms_key_arn", arn, f"A bucket in {region} needs a key in {region}.")


def _alarms(settings: Settings) -> Iterator[Clash]:
    alarms = settings.alarms
    if alarms.rollback_minutes is not None and not alarms.enabled:
        why = "Without alarms nothing can roll an update back. Write null, or alarms.enabled: true."
        yield Clash("alarms.rollback_minutes", alarms.rollback_minutes, why)


_CHECKS = (
    _bucket_namespace,
    _cloudfront,
    _one_address,
    _origin_key,
    _domain,
    _waf,
    _kms_key,
    _alarms,
)
