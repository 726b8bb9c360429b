"""Whether a template's domain names can become what it says: before CloudFormation hangs on one.

A certificate waits for its validation for as long as 36 hours (its schema's timeout), and a record
or an alias that somebody else has fails after minutes. All of that can be known beforehand, by
Route 53, ACM, CloudFront and the public DNS; nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pipeline.connecting.name_servers import Broken, NameServers, Unanswered
from pipeline.deploying import domains
from pipeline.deploying.domains import Wanted
from pipeline.deploying.inventory import Held

if TYPE_CHECKING:
    from pipeline.connecting.clients import Clients

State = Literal["fine", "wrong", "unknown"]
EDGE = "us-east-1"  # where CloudFront takes certificates from
# ACM user guide, "(Optional) Configure a CAA record".
AMAZON = frozenset({"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"})
ADDRESSES = frozenset({"A", "AAAA", "CNAME"})
MANY = "20"  # records from a name on: more than it can have itself
NOTHING: Mapping[str, tuple[str, str]] = {}


@dataclass(frozen=True)
class Verdict:
    """What was found of one thing. `told`: what is fine, or what is wrong; `mend`: the way out."""

    thing: str
    state: State
    told: str
    mend: str = ""
    logical_id: str = ""


@dataclass(frozen=True)
class Own:
    """What the stack has already: its own records, and its distributions' ids by logical id."""

    records: frozenset[str] = frozenset()
    distributions: Mapping[str, str] = field(default_factory=dict)


def own(held: Iterable[Held]) -> Own:
    """The same, of a running stack's resources."""
    there = [one for one in held if not one.status.startswith("DELETE")]
    return Own(
        frozenset(one.logical_id for one in there if one.type == domains.RECORD),
        {one.logical_id: one.physical_id for one in there if one.type == domains.DISTRIBUTION},
    )


def of_region(template: dict[str, Any], region: str) -> Iterator[Verdict]:
    """A certificate is made where its stack is, and CloudFront takes those of one region."""
    for name in domains.own_certificates(template) if region != EDGE else []:
        yield About(f"region of {name}", name).wrong(
            f"it would be made in {region}, and CloudFront takes certificates of {EDGE} alone.",
            f"Deploy to {EDGE}, or name the ARN of a certificate that is there.",
        )


@dataclass(frozen=True)
class About:
    """Says something of one thing, for one resource."""

    thing: str
    logical_id: str

    def fine(self, told: str) -> Verdict:
        return Verdict(self.thing, "fine", told, "", self.logical_id)

    def wrong(self, told: str, mend: str) -> Verdict:
        return Verdict(self.thing, "wrong", told, mend, self.logical_id)

    def unknown(self, told: str, mend: str) -> Verdict:
        return Verdict(self.thing, "unknown", told, mend, self.logical_id)

    def unanswered(self, error: Unanswered) -> Verdict:
        mend = "Ask from a machine that has a name server."
        return self.unknown(f"no name server could be asked: {error}", mend)

    def refused(self, error: Any, telling: Mapping[str, tuple[str, str]] = NOTHING) -> Verdict:
        """What AWS's refusal proves: of some codes what `telling` says, of any other nothing."""
        code = error.response.get("Error", {}).get("Code", "")
        if code in telling:
            return self.wrong(*telling[code])
        told = f"AWS doesn't say ({error.operation_name}: {code})."
        return self.unknown(told, "Ask for that permission.")


@dataclass(frozen=True)
class Checks:
    """Who is asked, and what is the stack's own."""

    aws: Clients
    own: Own = field(default_factory=Own)
    dns: NameServers = field(default_factory=NameServers)

    def verdicts(self, wanted: Sequence[Wanted]) -> Iterator[Verdict]:
        """All that can be said of these names."""
        for zone in dict.fromkeys(one.zone for one in wanted if one.zone):
            yield from self._zone(zone, [one for one in wanted if one.zone == zone])
        named = {one.name: one for one in wanted if one.use == "certificate"}
        if not self.aws.elsewhere:
            yield from map(self._authorities, named.values())
        judges = {
            "record": self._record,
            "alias": self._alias,
            "given certificate": self._certificate,
        }
        for one in wanted:
            if one.use in judges and (one.zone or one.use != "record"):
                yield judges[one.use](one)

    # ---- zones

    def _zone(self, zone: str, users: Sequence[Wanted]) -> Iterator[Verdict]:
        about = About(f"hosted zone {zone}", users[0].logical_id)
        public = "Write a public zone's id: `aws route53 list-hosted-zones`."
        try:
            answer = self.aws.other("route53").get_hosted_zone(Id=zone)
        except _refusals(self.aws) as error:
            absent = ("there is no such zone in the account.", public)
            yield about.refused(error, {"NoSuchHostedZone": absent})
            return
        name = _plain(answer["HostedZone"]["Name"])
        strange = [one for one in users if not _within(one.name, name)]
        if answer["HostedZone"].get("Config", {}).get("PrivateZone"):
            yield about.wrong(f"{name} is private: no certificate can be validated in it.", public)
        elif strange:
            told = f"it is the zone of {name}, and {strange[0].name} isn't in it."
            mend = f"Write the id of the zone that {strange[0].name} is in."
            yield About(about.thing, strange[0].logical_id).wrong(told, mend)
        else:
            yield about.fine(f"{name}, public")
            if not self.aws.elsewhere:  # nobody outside knows the zones of another endpoint
                servers = answer.get("DelegationSet", {}).get("NameServers", [])
                yield self._delegation(name, {_plain(one) for one in servers}, about.logical_id)

    def _delegation(self, name: str, own: set[str], logical_id: str) -> Verdict:
        """The world has to ask the zone's own name servers."""
        about = About(f"delegation of {name}", logical_id)
        mend = f"Where {name} is registered, name these servers: {', '.join(sorted(own))}."
        try:
            known = {_plain(server) for server in self.dns.records(name, "NS")}
        except Unanswered as error:
            return about.unanswered(error)
        except Broken:
            return about.wrong("the servers that its parent names don't know it.", mend)
        if not known:
            return about.wrong("the public DNS doesn't know it.", mend)
        if not own & known:
            others = ", ".join(sorted(known))
            return about.wrong(f"the public DNS asks other servers: {others}.", mend)
        return about.fine(f"{len(own & known)} of the zone's name servers are asked")

    # ---- who may issue certificates

    def _authorities(self, one: Wanted) -> Verdict:
        """RFC 8659: the nearest set of CAA records on the way up to the root decides."""
        about = About(f"CAA of {one.name}", one.logical_id)
        try:
            at, records = self._nearest(one.name.removeprefix("*."))
        except Unanswered as error:
            return about.unanswered(error)
        except Broken:
            told = "its name servers don't answer, so nobody may issue a certificate."
            return about.wrong(told, "See that its name servers know it.")
        allowed = _issuers(records, wildcard=one.name.startswith("*."))
        if allowed is None:
            return about.fine("anybody may issue a certificate")
        if AMAZON & allowed:
            return about.fine(f"{at} allows Amazon")
        others = ", ".join(sorted(allowed - {""})) or "nobody"
        mend = f'Add to the zone: {at} CAA 0 issue "amazon.com".'
        return about.wrong(f"{at} allows {others} to issue certificates, and not Amazon.", mend)

    def _nearest(self, name: str) -> tuple[str, tuple[str, ...]]:
        labels = name.split(".")
        for at in range(len(labels)):
            above = ".".join(labels[at:])
            if records := self.dns.records(above, "CAA"):
                return above, records
        return name, ()

    # ---- records and aliases

    def _record(self, one: Wanted) -> Verdict:
        """CloudFormation creates a record and never takes one over."""
        about = About(f"record {one.name} {one.more}", one.logical_id)
        if one.logical_id in self.own.records:
            return about.fine("the stack's own")
        try:
            answer = self.aws.other("route53").list_resource_record_sets(
                HostedZoneId=one.zone, StartRecordName=one.name, MaxItems=MANY
            )
        except _refusals(self.aws) as error:
            absent = ("its hosted zone isn't there.", "Write the id of the name's public zone.")
            return about.refused(error, {"NoSuchHostedZone": absent})
        there = {
            str(record["Type"])
            for record in answer["ResourceRecordSets"]
            if _plain(record["Name"]) == one.name
        }
        if strangers := sorted(kind for kind in there & ADDRESSES if _collide(kind, one.more)):
            told = f"the zone has {one.name} already: {', '.join(strangers)}."
            return about.wrong(told, "Delete it if nothing uses it, or choose another name.")
        return about.fine("the name is free")

    def _alias(self, one: Wanted) -> Verdict:
        """An alias belongs to one distribution in all of AWS."""
        about = About(f"alias {one.name}", one.logical_id)
        mine = self.own.distributions.get(one.logical_id, "")
        try:
            holder = self._holder(one.name, mine) or (mine and self._stranger(one.name, mine))
        except _refusals(self.aws) as error:
            return about.refused(error)
        if holder and holder != mine:
            mend = "Take it from there first, or choose another name."
            return about.wrong(f"{holder} has it already.", mend)
        whose = "other distribution" if mine else "distribution of this account"
        return about.fine(f"no {whose} has it")

    def _holder(self, name: str, mine: str) -> str:
        """The distribution of this account that has an alias."""
        pages = self.aws.other("cloudfront").get_paginator("list_distributions").paginate()
        for page in pages:
            for found in page["DistributionList"].get("Items", []):
                if name in map(_plain, found.get("Aliases", {}).get("Items", [])):
                    return mine if found["Id"] == mine else f"the distribution {found['Id']}"
        return ""

    def _stranger(self, name: str, mine: str) -> str:
        """That of another account, which CloudFront tells to who has a distribution of its own
        with a certificate for the name; to anybody else it says no.
        """
        cloudfront = self.aws.other("cloudfront")
        try:
            answer = cloudfront.list_conflicting_aliases(DistributionId=mine, Alias=name)
        except _refusals(self.aws):
            return ""
        others = (
            other
            for other in answer["ConflictingAliasesList"].get("Items", [])
            if _plain(other["Alias"]) == name and not _is_masked(mine, other["DistributionId"])
        )
        return next((f"a distribution of account {one['AccountId']}" for one in others), "")

    # ---- a certificate that isn't the stack's

    def _certificate(self, one: Wanted) -> Verdict:
        about = About(f"certificate of {one.name}", one.logical_id)
        region = (one.more.split(":") + [""] * 4)[3]
        if region != EDGE:
            told = (
                f"{one.more} is of {region or 'no region'}; CloudFront takes those of {EDGE} alone."
            )
            return about.wrong(told, f"Request or import one in {EDGE}.")
        try:
            acm = self.aws.other("acm", region_name=EDGE)
            found = acm.describe_certificate(CertificateArn=one.more)["Certificate"]
        except _refusals(self.aws) as error:
            mend = f"See which there are: `aws acm list-certificates --region {EDGE}`."
            absent = (f"this account has no {one.more}.", mend)
            return about.refused(error, {"ResourceNotFoundException": absent})
        covered = [found.get("DomainName", ""), *found.get("SubjectAlternativeNames", [])]
        if found.get("Status") != "ISSUED":
            told = f"{one.more} has the status {found.get('Status')}, not ISSUED."
            return about.wrong(told, "Finish its validation, or name another one.")
        if not any(_covers(_plain(name), one.name) for name in covered):
            told = f"{one.more} covers {', '.join(dict.fromkeys(covered))}, and not {one.name}."
            return about.wrong(told, "Name one that does.")
        return about.fine("issued, and covers it")


def _refusals(aws: Clients) -> Any:
    """The errors of a service that answered, and said no."""
    return aws.sts.exceptions.ClientError


def _plain(name: str) -> str:
    return name.rstrip(".").lower()


def _within(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")


def _is_masked(own: str, masked: str) -> bool:
    """CloudFront shows the end of an id and stars before it."""
    return own.endswith(masked.lstrip("*"))


def _covers(pattern: str, name: str) -> bool:
    """A wildcard of a certificate stands for one label."""
    return pattern == name or (
        pattern.startswith("*.") and name.partition(".")[2] == pattern.removeprefix("*.")
    )


def _collide(there: str, wanted: str) -> bool:
    """A name has one record of a type, and a CNAME nothing beside it (RFC 1034)."""
    return there == wanted or "CNAME" in {there, wanted}


def _issuers(records: Sequence[str], *, wildcard: bool) -> set[str] | None:
    """Who may issue, by CAA records in their text form: `0 issue "amazon.com"`; None: everybody."""
    said: dict[str, set[str]] = {}
    for record in records:
        _, tag, value = record.split(" ", 2)
        said.setdefault(tag.lower(), set()).add(value.strip('"').partition(";")[0].strip().lower())
    if wildcard and "issuewild" in said:
        return said["issuewild"]
    return said.get("issue")
