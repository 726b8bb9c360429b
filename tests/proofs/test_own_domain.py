"""Production under a name of your own, the whole way onto the endpoint of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from boto3 import Session

from localcloud.keys import Endpoint
from pipeline.__main__ import main
from pipeline.deploying import events
from tests.pipeline import scripted_aws

NAME = "photos.example.com"
DEPLOY = ["deploy", "prod", "--confirm", "prod"]
REFUSED = 3


@pytest.fixture
def aws(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Session:
    """An empty account."""
    scripted_aws.empty(endpoint)
    for name, value in endpoint.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(events, "POLL_SECONDS", 0.05)
    return Session(region_name="us-east-1")


@pytest.fixture
def zone(aws: Session) -> str:
    """The zone of the name, by its id."""
    made = aws.client("route53").create_hosted_zone(Name="example.com", CallerReference="a")
    return str(made["HostedZone"]["Id"]).rsplit("/", 1)[1]


def edit(project: Path, **values: str) -> None:
    path = project / "environments/prod.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    for key, value in values.items():
        (at,) = [n for n, line in enumerate(lines) if line.startswith(f"  {key}:")]
        lines[at] = f"  {key}: {value}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def domain(zone: str) -> str:
    return f"{{name: {NAME}, hosted_zone_id: {zone}, certificate_arn: null}}"


def records(aws: Session, zone: str) -> dict[str, Any]:
    found = aws.client("route53").list_resource_record_sets(HostedZoneId=zone)
    return {
        one["Type"]: one for one in found["ResourceRecordSets"] if one["Name"].rstrip(".") == NAME
    }


def test_a_name_of_your_own_is_made_kept_and_moved(
    aws: Session, zone: str, checked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(checked, account='"123456789012"', domain=domain(zone))

    assert main(DEPLOY, checked) == 0

    assert f"WebSocketUrl             wss://{NAME}/prod" in capsys.readouterr().out
    made = records(aws, zone)
    assert made.keys() == {"A", "AAAA"}
    assert made["A"]["AliasTarget"]["HostedZoneId"] == "Z2FDTNDATAQYW2"
    (listed,) = aws.client("cloudfront").list_distributions()["DistributionList"]["Items"]
    assert listed["Aliases"]["Items"] == [NAME]

    # again: its own records and its own alias are no strangers
    assert main(DEPLOY, checked) == 0
    assert "Nothing to change" in capsys.readouterr().err

    # without the name: its records go
    edit(checked, domain="null")
    assert main(DEPLOY, checked) == 0
    assert records(aws, zone) == {}


def test_a_zone_that_is_not_there_or_a_record_that_is_stops_it_before_anything_is_made(
    aws: Session, zone: str, checked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(checked, account='"123456789012"', domain=domain("Z0NOWHERE"))

    assert main(DEPLOY, checked) == REFUSED
    assert "there is no such zone in the account" in capsys.readouterr().err

    change = {
        "Action": "CREATE",
        "ResourceRecordSet": {
            "Name": NAME, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "x.example"}],
        },
    }  # fmt: skip
    aws.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [change]}
    )
    edit(checked, domain=domain(zone))
    assert main(DEPLOY, checked) == REFUSED
    said = capsys.readouterr().err
    assert f"the zone has {NAME} already: CNAME" in said
    assert "templates/parts/delivery.yaml.j2:" in said
    assert aws.client("cloudformation").list_stacks()["StackSummaries"] == []
    assert aws.client("s3").list_buckets()["Buckets"] == []
