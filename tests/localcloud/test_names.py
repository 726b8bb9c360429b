"""A domain of one's own: records in a zone, and the certificate that one of them proves."""

from __future__ import annotations

from typing import Any

from tests.localcloud.cases import att, ref, resource
from tests.localcloud.driving import DOMAIN, Driver, resources

WWW = f"www.{DOMAIN}"
CLOUDFRONT = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d111111abcdef8.cloudfront.net"}


def alias(zone: str, kind: str = "A", name: str = WWW) -> dict[str, Any]:
    target = {"AliasTarget": CLOUDFRONT}
    return resource("AWS::Route53::RecordSet", HostedZoneId=zone, Name=name, Type=kind, **target)


def certificate(**more: Any) -> dict[str, Any]:
    return resource("AWS::CertificateManager::Certificate", DomainName=WWW, **more)


def dns(zone: str) -> dict[str, Any]:
    options = [{"DomainName": WWW, "HostedZoneId": zone}]
    return {"ValidationMethod": "DNS", "DomainValidationOptions": options}


def records(aws_here: Driver, zone: str) -> set[tuple[str, str]]:
    listed = aws_here("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {
        (one["Name"].rstrip("."), one["Type"]) for one in listed if one["Type"] not in {"NS", "SOA"}
    }


def why(aws_here: Driver) -> str:
    failed = next(one for one in aws_here.history() if one["ResourceStatus"] == "CREATE_FAILED")
    return str(failed["ResourceStatusReason"])


def test_both_addresses_of_a_name_are_aliases(aws_here: Driver) -> None:
    zone = aws_here.make_zone()

    aws_here.deploy(resources(Four=alias(zone), Six=alias(zone, "AAAA")))

    assert records(aws_here, zone) == {(WWW, "A"), (WWW, "AAAA")}
    assert aws_here.read_back().differences == ()
    assert aws_here.physical_ids()["Four"] == WWW
    aws_here.stacks.delete_stack(StackName="app")
    assert records(aws_here, zone) == set()


def test_a_record_that_gets_another_name_leaves_none_behind(aws_here: Driver) -> None:
    zone = aws_here.make_zone()
    aws_here.deploy(resources(It=alias(zone)))

    aws_here.deploy(resources(It=alias(zone, name=f"app.{DOMAIN}")))

    assert records(aws_here, zone) == {(f"app.{DOMAIN}", "A")}


def test_a_name_that_is_given_up_can_be_taken_again(aws_here: Driver) -> None:
    zone = aws_here.make_zone()
    both = resources(Four=alias(zone), Six=alias(zone, "AAAA"))
    aws_here.deploy(both)
    elsewhere = {"name": f"app.{DOMAIN}"}
    aws_here.deploy(resources(Four=alias(zone, **elsewhere), Six=alias(zone, "AAAA", **elsewhere)))

    aws_here.deploy(both)

    assert aws_here.stack()["StackStatus"] == "UPDATE_COMPLETE"
    assert records(aws_here, zone) == {(WWW, "A"), (WWW, "AAAA")}


def test_a_record_of_somebody_else_is_not_taken_over(aws_here: Driver) -> None:
    zone = aws_here.make_zone()
    address = {"Name": WWW, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    aws_here("route53").change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": address}]},
    )

    aws_here.deploy(resources(It=alias(zone)))

    assert "already exists" in why(aws_here)


def test_a_name_outside_its_zone_fails(aws_here: Driver) -> None:
    aws_here.deploy(resources(It=alias(aws_here.make_zone(), name="www.example.org")))

    assert "is not permitted in zone" in why(aws_here)


def test_a_zone_that_isn_t_there_fails(aws_here: Driver) -> None:
    aws_here.deploy(resources(It=alias("Z00000000000000000000")))

    assert "NoSuchHostedZone" in why(aws_here)


def test_a_certificate_is_proven_by_a_record_that_stays(aws_here: Driver) -> None:
    zone = aws_here.make_zone()

    stack = aws_here.deploy(
        {
            **resources(It=certificate(**dns(zone))),
            "Outputs": {
                "Arn": {"Value": ref("It")},
                "Same": {"Value": att("It", "CertificateArn")},
            },
        }
    )

    arn = aws_here.physical_ids()["It"]
    described = aws_here("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    assert {one["OutputValue"] for one in stack["Outputs"]} == {arn}
    assert described["Status"] == "ISSUED"
    ((name, kind),) = records(aws_here, zone)
    assert (name.endswith(f".{WWW}"), kind) == (True, "CNAME")
    aws_here.stacks.delete_stack(StackName="app")
    assert len(records(aws_here, zone)) == 1


def test_a_certificate_that_nothing_proves_fails_instead_of_waiting(aws_here: Driver) -> None:
    aws_here.deploy(resources(It=certificate(ValidationMethod="DNS")))

    assert "waits here until it times out" in why(aws_here)
