"""An address of your own, and the keys behind it: what can't work is refused at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.environment import settings
from pipeline.errors import UserError
from pipeline.render import render

ARN = "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
DOMAIN = "  domain: null "
KEY = "  origin_key: {send: 1, accept: [1]}"


def domain(name: str = "photos.example.com", zone: str = "Z0EXAMPLE", arn: str = "null") -> str:
    return f"  domain: {{name: {name}, hosted_zone_id: {zone}, certificate_arn: {arn}}}"


def write(project: Path, *edits: tuple[str, str], name: str = "prod") -> int:
    """Edit environments/prod.yaml; the line of the last edit."""
    path = project / "environments/prod.yaml"
    text = path.read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.unlink()
    path.with_name(f"{name}.yaml").write_text(text, encoding="utf-8")
    return text[: text.index(edits[-1][1])].count("\n") + 1 if edits else 0


def refused(project: Path, name: str = "prod") -> str:
    with pytest.raises(UserError) as raised:
        settings.load(name, project)
    return str(raised.value)


ELSEWHERE = ("  region: us-east-1", "  region: eu-central-1")
WITHOUT_WAF = ("    enabled: true\n    web_acl_arn", "    enabled: false\n    web_acl_arn")


@pytest.mark.parametrize(
    ("others", "old", "new", "key", "says"),
    [
        # a certificate that the stack can't make, or CloudFront can't take
        ([ELSEWHERE, WITHOUT_WAF], DOMAIN, domain(), "domain.certificate_arn", "write its ARN"),
        ([], DOMAIN, domain(arn=ARN.replace("us-east-1", "eu-west-1")), "domain.certificate_arn",
         "certificates of us-east-1 only"),
        ([], DOMAIN, domain(arn="abc"), "domain.certificate_arn", "ACM certificate"),
        ([], DOMAIN, domain(zone="null"), "domain.certificate_arn", "wait for hours"),
        # names that can't be one
        ([], DOMAIN, domain("example.com", "null", ARN), "domain.hosted_zone_id", "like www."),
        ([], DOMAIN, domain("'*.example.com'"), "domain.name", "upload.example.com"),
        ([], DOMAIN, domain("'https://photos.example.com'"), "domain.name", "host's name alone"),
        ([], DOMAIN, domain("Photos.example.com"), "domain.name", "lower case"),
        ([], DOMAIN, domain("photos.example.com."), "domain.name", "host's name alone"),
        ([], DOMAIN, domain("photos.example.com/x"), "domain.name", "host's name alone"),
        ([], DOMAIN, domain("localhost"), "domain.name", "host's name alone"),
        ([], DOMAIN, domain("192.168.5.4"), "domain.name", "host's name alone"),
        ([], DOMAIN, domain(f"{'a' * 60}.example.com"), "domain.name", "host's name alone"),
        ([], DOMAIN, domain(zone="example.com."), "domain.hosted_zone_id", "Route 53 zone"),
        # keys that would shut everybody out
        ([], KEY, "  origin_key: {send: 1, accept: []}", "origin_key.accept", "up to three"),
        ([], KEY, "  origin_key: {send: 2, accept: [1]}", "origin_key.accept", "not accepted"),
        ([], KEY, "  origin_key: {send: 1, accept: [2]}", "origin_key.accept", "after another"),
        ([], KEY, "  origin_key: {send: 1, accept: [1, 1]}", "origin_key.accept", "listed twice"),
        ([], KEY, "  origin_key: {send: 0, accept: [0]}", "origin_key.send", "number of the key"),
        ([], KEY, "  origin_key: {send: 1, accept: [1, 2, 3, 4]}", "origin_key.accept", "three"),
        ([], KEY, "  origin_key: {send: one, accept: [1]}", "origin_key.send", "number of the key"),
    ],
)  # fmt: skip
def test_what_can_not_work_is_refused_at_its_line_with_the_way_out(
    project: Path, others: list[tuple[str, str]], old: str, new: str, key: str, says: str
) -> None:
    line = write(project, *others, (old, new))

    (told,) = [one for one in refused(project).split("\n\n") if f"website.{key}" in one]

    assert told.startswith(f"environments/prod.yaml:{line}: ")
    assert says in told


def test_a_name_of_your_own_needs_cloudfront(project: Path) -> None:
    line = write(project, ("delivery: cloudfront  ", "delivery: s3_website  "), WITHOUT_WAF,
                 (DOMAIN, domain()))  # fmt: skip

    told = refused(project)

    assert f"environments/prod.yaml:{line}: website.domain.name" in told
    assert "delivery: cloudfront" in told


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_where_cloudfront_can_not_be_used_so_can_no_name(project: Path, region: str) -> None:
    write(project, ("  region: us-east-1", f"  region: {region}"), (DOMAIN, domain()))

    assert "website.delivery" in refused(project)


def test_an_environment_may_not_have_the_name_of_the_http_apis_path(project: Path) -> None:
    write(project, name="sessions")

    told = refused(project, "sessions")

    assert told.startswith("environments/sessions.yaml:")
    assert "/sessions" in told
    assert "Rename" in told


def test_a_sockets_path_is_case_sensitive_like_its_stage(project: Path) -> None:
    """An environment's name is lower case, so Sessions can't be one either."""
    write(project, name="Sessions")

    assert "Sessions" in refused(project, "Sessions")


@pytest.mark.parametrize(
    ("text", "made", "records"),
    [
        (domain(), True, True),
        (domain(arn=ARN), False, True),
        (domain(zone="null", arn=ARN), False, False),
        (domain("example.com", arn=ARN), False, True),
    ],
)
def test_a_name_that_can_work_has_its_certificate_and_its_records(
    project: Path, text: str, made: bool, records: bool
) -> None:
    write(project, (DOMAIN, text))

    template = render(settings.load("prod", project), project).value

    kinds = {one["Type"] for one in template["Resources"].values()}
    assert ("AWS::CertificateManager::Certificate" in kinds) is made
    assert ("AWS::Route53::RecordSet" in kinds) is records
    config = template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2025"
    assert config["ViewerCertificate"]["SslSupportMethod"] == "sni-only"
    assert "DistributionDomainName" in template["Outputs"]  # what a record by hand names


def test_every_use_of_the_address_is_the_same(project: Path) -> None:
    write(project, (DOMAIN, domain()))

    template = render(settings.load("prod", project), project).value

    resources, outputs = template["Resources"], template["Outputs"]
    told = resources["WebSocketEventLambda"]["Properties"]["Environment"]["Variables"]
    cors = resources["UploadBucket"]["Properties"]["CorsConfiguration"]["CorsRules"][0]
    address = "https://photos.example.com"
    assert told["ALLOWED_ORIGINS"] == address
    assert cors["AllowedOrigins"] == [address]
    assert outputs["WebsiteURL"]["Value"] == outputs["HttpApiUrl"]["Value"] == address


def test_an_older_file_without_the_new_keys_still_loads(project: Path) -> None:
    path = project / "environments/prod.yaml"
    new = ("origin_key:", "domain:", "requests_in_five_minutes:", "sessions_in_five_minutes:")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(one for one in lines if not one.strip().startswith(new)))

    loaded = settings.load("prod", project)

    assert loaded.settings.website.origin_key.accept == (1,)
    assert loaded.settings.website.domain is None
