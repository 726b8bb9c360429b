"""A template -> the domain names that it needs: for certificates, records and aliases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.deploying.adoption import text
from pipeline.policy.references import of_type, prop, referred

CERTIFICATE = "AWS::CertificateManager::Certificate"
RECORD, RECORDS = "AWS::Route53::RecordSet", "AWS::Route53::RecordSetGroup"
DISTRIBUTION = "AWS::CloudFront::Distribution"
Use = Literal["certificate", "record", "alias", "given certificate"]


@dataclass(frozen=True)
class Wanted:
    """One use of a name by a resource. `zone`: the hosted zone that it is in, as an id; `more`: a
    record's type, or the ARN of a certificate that isn't the stack's.
    """

    use: Use
    logical_id: str
    name: str
    zone: str = ""
    more: str = ""


def wanted(template: dict[str, Any], known: dict[str, str]) -> list[Wanted]:
    """Every use; `known`: what references to parameters and the account give."""
    return [
        *_of_certificates(template, known),
        *_of_records(template, known),
        *_of_distributions(template, known),
    ]


def own_certificates(template: dict[str, Any]) -> list[str]:
    """The stack's certificates that its distributions use."""
    made = of_type(template, CERTIFICATE)
    used = [
        _viewer(one).get("AcmCertificateArn") for one in of_type(template, DISTRIBUTION).values()
    ]
    return [name for name in referred(used) if name in made]


def _of_certificates(template: dict[str, Any], known: dict[str, str]) -> Iterator[Wanted]:
    for logical_id, certificate in of_type(template, CERTIFICATE).items():
        options = prop(certificate, "DomainValidationOptions") or []
        zones = {
            _name(one.get("DomainName"), known): text(one.get("HostedZoneId"), known)
            for one in options
        }
        names = [
            prop(certificate, "DomainName"),
            *(prop(certificate, "SubjectAlternativeNames") or []),
        ]
        for name in dict.fromkeys(_name(one, known) for one in names):
            if name:
                yield Wanted("certificate", logical_id, name, zones.get(name, ""))


def _of_records(template: dict[str, Any], known: dict[str, str]) -> Iterator[Wanted]:
    for logical_id, record in of_type(template, RECORD).items():
        yield from _record(logical_id, record.get("Properties") or {}, {}, known)
    for logical_id, group in of_type(template, RECORDS).items():
        for one in prop(group, "RecordSets") or []:
            yield from _record(logical_id, one, group.get("Properties") or {}, known)


def _record(
    logical_id: str, own: Mapping[str, Any], group: Mapping[str, Any], known: dict[str, str]
) -> Iterator[Wanted]:
    name = _name(own.get("Name"), known)
    zone = text(own.get("HostedZoneId") or group.get("HostedZoneId"), known)
    if name:
        yield Wanted("record", logical_id, name, zone, text(own.get("Type"), known))


def _of_distributions(template: dict[str, Any], known: dict[str, str]) -> Iterator[Wanted]:
    for logical_id, distribution in of_type(template, DISTRIBUTION).items():
        given = text(_viewer(distribution).get("AcmCertificateArn"), known)
        config = prop(distribution, "DistributionConfig") or {}
        for alias in config.get("Aliases") or []:
            name = _name(alias, known)
            if name:
                yield Wanted("alias", logical_id, name)
            if name and given:
                yield Wanted("given certificate", logical_id, name, more=given)


def _viewer(distribution: dict[str, Any]) -> Mapping[str, Any]:
    config = prop(distribution, "DistributionConfig") or {}
    viewer: Mapping[str, Any] = config.get("ViewerCertificate") or {}
    return viewer


def _name(value: Any, known: dict[str, str]) -> str:
    """A domain name as DNS compares it."""
    return text(value, known).rstrip(".").lower()
