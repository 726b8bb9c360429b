"""A domain's name: Route 53's records, and ACM's certificates that such a record proves."""

from __future__ import annotations

from typing import Any

from localcloud.resources.base import Account, Handler, Properties, Unsupported, gone_tags, pick


class RecordSet(Handler):
    """AWS::Route53::RecordSet; Ref is its name."""

    type = "AWS::Route53::RecordSet"
    holds = frozenset(
        {"Name", "Type", "TTL", "ResourceRecords", "AliasTarget", "HostedZoneId", "HostedZoneName"}
    )
    unread = frozenset({"HostedZoneName"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        _change(account, properties, ("CREATE", properties))
        return str(properties["Name"])

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        if (old["Name"], old["Type"]) == (new["Name"], new["Type"]):
            _change(account, new, ("UPSERT", new))
        else:
            _change(account, new, ("DELETE", old), ("CREATE", new))

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        _change(account, properties, ("DELETE", properties))

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        zone = _zone(account, properties)
        found = _record(account, zone, properties["Name"], properties["Type"])
        records = [one["Value"] for one in found.get("ResourceRecords", [])]
        found |= {"Name": found["Name"].rstrip("."), "ResourceRecords": records}
        return {key: value for key, value in found.items() if value} | {"HostedZoneId": zone}


def _zone(account: Account, properties: Properties) -> str:
    if "HostedZoneId" in properties:
        return str(properties["HostedZoneId"])
    name = properties["HostedZoneName"]
    zones = account.client("route53").list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    return next(str(one["Id"]) for one in zones if one["Name"] == name).rsplit("/", 1)[1]


def _change(account: Account, properties: Properties, *steps: tuple[str, Properties]) -> None:
    changes = [{"Action": verb, "ResourceRecordSet": _wanted(one)} for verb, one in steps]
    account.client("route53").change_resource_record_sets(
        HostedZoneId=_zone(account, properties), ChangeBatch={"Changes": changes}
    )


def _wanted(properties: Properties) -> dict[str, Any]:
    record = pick(properties, {"Name", "Type", "AliasTarget"})
    record["Name"] = record["Name"].rstrip(".")
    if "AliasTarget" in record:
        record["AliasTarget"] = {"EvaluateTargetHealth": False, **record["AliasTarget"]}
    if "TTL" in properties:
        record["TTL"] = int(properties["TTL"])
    if records := properties.get("ResourceRecords"):
        record["ResourceRecords"] = [{"Value": value} for value in records]
    return record


def _record(account: Account, zone: str, name: str, kind: str) -> dict[str, Any]:
    """One record of a zone; StopIteration where it isn't there."""
    pages = account.client("route53").get_paginator("list_resource_record_sets")
    wanted = (name.rstrip("."), kind)
    found: dict[str, Any] = next(
        one
        for page in pages.paginate(HostedZoneId=zone)
        for one in page["ResourceRecordSets"]
        if (one["Name"].rstrip("."), one["Type"]) == wanted
    )
    return found


class Certificate(Handler):
    """AWS::CertificateManager::Certificate; Ref is its ARN.

    CloudFormation writes the record that proves the domain, and waits until ACM has seen it. The
    record stays when the certificate goes (…-coverage-roadmap/issues/837), as on AWS.
    """

    type = "AWS::CertificateManager::Certificate"
    holds = frozenset(
        {"DomainName", "SubjectAlternativeNames", "ValidationMethod", "DomainValidationOptions",
         "Tags"}
    )  # fmt: skip
    unread = frozenset({"ValidationMethod"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        zones = _zones(properties)
        named = {properties["DomainName"], *properties.get("SubjectAlternativeNames", [])}
        if properties.get("ValidationMethod") != "DNS" or not named <= zones.keys():
            raise Unsupported(
                "A certificate waits here until it times out: only DNS validation with a"
                " HostedZoneId for each name ends by itself"
            )
        client = account.client("acm")
        wanted = pick(properties, {"DomainName", "SubjectAlternativeNames", "Tags"})
        arn = str(client.request_certificate(ValidationMethod="DNS", **wanted)["CertificateArn"])
        for option in _options(account, arn):
            record = _proof(option, zones)
            _change(account, record, ("UPSERT", record))
        return arn

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        client = account.client("acm")
        if gone := gone_tags(old, new):
            tags = [{"Key": key} for key in gone]
            client.remove_tags_from_certificate(CertificateArn=physical_id, Tags=tags)
        if new.get("Tags"):
            client.add_tags_to_certificate(CertificateArn=physical_id, Tags=new["Tags"])

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("acm").delete_certificate(CertificateArn=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        client = account.client("acm")
        actual: Properties = client.describe_certificate(CertificateArn=physical_id)["Certificate"]
        zones = _zones(properties)
        proven = [
            {"DomainName": option["DomainName"], "HostedZoneId": zones[option["DomainName"]]}
            for option in actual["DomainValidationOptions"]
            if _is_there(account, _proof(option, zones))
        ]
        tags = client.list_tags_for_certificate(CertificateArn=physical_id)["Tags"]
        return actual | {"DomainValidationOptions": proven, "Tags": tags}

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {"CertificateArn": physical_id}


def _zones(properties: Properties) -> dict[str, str]:
    """The zone in which each name is proven."""
    options = properties.get("DomainValidationOptions", [])
    return {one["DomainName"]: one["HostedZoneId"] for one in options if "HostedZoneId" in one}


def _options(account: Account, arn: str) -> list[dict[str, Any]]:
    described = account.client("acm").describe_certificate(CertificateArn=arn)
    options: list[dict[str, Any]] = described["Certificate"]["DomainValidationOptions"]
    return options


def _proof(option: dict[str, Any], zones: dict[str, str]) -> Properties:
    """The record that proves a name, as RecordSet's properties."""
    record = option["ResourceRecord"]
    return {
        "HostedZoneId": zones[option["DomainName"]],
        "Name": record["Name"],
        "Type": record["Type"],
        "TTL": 300,
        "ResourceRecords": [record["Value"]],
    }


def _is_there(account: Account, record: Properties) -> bool:
    try:
        return bool(_record(account, record["HostedZoneId"], record["Name"], record["Type"]))
    except StopIteration:
        return False


HANDLERS = (RecordSet(), Certificate())
