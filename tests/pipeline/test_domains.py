"""Domain names before a deployment: what would hang or fail is known, and says how to mend it.

Route 53, ACM and CloudFront are scripted by their models; DNS is a server of the test's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.keys import Endpoint
from pipeline.connecting.name_servers import Broken, NameServers, Unanswered
from pipeline.deploying import domains, preflight
from pipeline.deploying.domain_checks import Checks, Own, Verdict
from pipeline.deploying.domains import Wanted
from pipeline.deploying.stacks import Stack
from pipeline.errors import Refused
from pipeline.rights import places
from pipeline.rights.policies import documents
from pipeline.stations import doctor
from tests.pipeline import name_server, scripted_aws
from tests.pipeline.name_server import ROOT
from tests.pipeline.scripted_aws import ACCOUNT, STACK_ID, Aws, Refusal, deployment

NAME, ZONE = "photos.example.com", "Z0EXAMPLE"
GIVEN = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1"
SERVERS = ["ns-1.awsdns-01.org.", "ns-2.awsdns-02.com."]
DELEGATED = {**ROOT, ("example.com.", "NS"): SERVERS, (f"{NAME}.", "TXT"): ['"here"']}
TEMPLATE = f"""\
Resources:
  Proof:
    Type: AWS::CertificateManager::Certificate
    Properties:
      DomainName: {NAME}
      DomainValidationOptions: [{{DomainName: {NAME}, HostedZoneId: {ZONE}}}]
  Address:
    Type: AWS::Route53::RecordSet
    Properties: {{Name: {NAME}., Type: A, HostedZoneId: {ZONE}}}
  Cdn:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Aliases: [{NAME}]
        ViewerCertificate: {{AcmCertificateArn: !Ref Proof}}
Outputs: {{}}
"""


@pytest.fixture
def aws(scripted: Aws) -> Aws:
    """An account whose zone is public and holds nothing of the name."""
    scripted.says("GetHostedZone", hosted_zone())
    scripted.says("ListResourceRecordSets", records(("example.com.", "SOA")))
    scripted.says("ListDistributions", distributions())
    return scripted


@pytest.fixture
def dns() -> Iterator[NameServers]:
    with name_server.serving(DELEGATED) as servers:
        yield servers


def hosted_zone(name: str = "example.com.", *, private: bool = False) -> dict[str, Any]:
    return {
        "HostedZone": {
            "Id": f"/hostedzone/{ZONE}",
            "Name": name,
            "CallerReference": "x",
            "Config": {"PrivateZone": private},
        },
        "DelegationSet": {"NameServers": [one.rstrip(".") for one in SERVERS]},
    }


def records(*found: tuple[str, str]) -> dict[str, Any]:
    sets = [{"Name": name, "Type": kind} for name, kind in found]
    return {"ResourceRecordSets": sets, "IsTruncated": False, "MaxItems": "20"}


def distributions(**aliases: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An answer of ListDistributions, by id; its other members are of no interest here."""
    found = [{**_distribution(key), "Aliases": names(name)} for key, name in aliases.items()]
    listed = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": len(found)}
    return lambda _: {"DistributionList": {**listed, "Items": found}}


def names(*found: str) -> dict[str, Any]:
    return {"Quantity": len(found), "Items": list(found)}


def _distribution(key: str) -> dict[str, Any]:
    behaviour = {"TargetOriginId": "a", "ViewerProtocolPolicy": "https-only"}
    return {
        "Id": key, "ARN": "arn", "Status": "Deployed", "DomainName": "d.cloudfront.net",
        "LastModifiedTime": datetime(2026, 1, 1, tzinfo=UTC), "Comment": "", "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [{"Id": "a", "DomainName": "b"}]},
        "DefaultCacheBehavior": behaviour, "CacheBehaviors": {"Quantity": 0},
        "CustomErrorResponses": {"Quantity": 0}, "PriceClass": "PriceClass_All",
        "ViewerCertificate": {}, "WebACLId": "", "HttpVersion": "http2", "IsIPV6Enabled": True,
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "Staging": False,
    }  # fmt: skip


def certificate(status: str = "ISSUED", *covered: str) -> dict[str, Any]:
    return {
        "Certificate": {
            "CertificateArn": GIVEN,
            "DomainName": (covered or (NAME,))[0],
            "SubjectAlternativeNames": list(covered or (NAME,)),
            "Status": status,
        }
    }


def judged(aws: Aws, dns: NameServers, *wanted: Wanted, own: Own | None = None) -> list[Verdict]:
    return list(Checks(aws.clients, own or Own(), dns).verdicts(wanted))


def the_wrong(verdicts: list[Verdict]) -> Verdict:
    (only,) = [one for one in verdicts if one.state != "fine"]
    assert only.state == "wrong"
    assert only.mend
    return only


PROOF = Wanted("certificate", "Proof", NAME, ZONE)
ADDRESS = Wanted("record", "Address", NAME, ZONE, "A")
ALIAS = Wanted("alias", "Cdn", NAME)
FOREIGN = Wanted("given certificate", "Cdn", NAME, more=GIVEN)


# Which names a template needs


def test_every_use_of_a_name_is_found(aws: Aws) -> None:
    template = scripted_aws.rendered(scripted_aws.loaded(), TEMPLATE).value

    assert domains.wanted(template, {}) == [PROOF, ADDRESS, ALIAS]
    assert domains.own_certificates(template) == ["Proof"]


def test_a_certificate_that_is_given_is_a_use_of_its_own() -> None:
    text = TEMPLATE.replace("!Ref Proof", GIVEN)

    template = scripted_aws.rendered(scripted_aws.loaded(), text).value

    assert FOREIGN in domains.wanted(template, {})
    assert domains.own_certificates(template) == []


# Zones and their delegation


def test_a_public_zone_that_is_delegated_and_free_names_are_fine(
    aws: Aws, dns: NameServers
) -> None:
    verdicts = judged(aws, dns, PROOF, ADDRESS, ALIAS)

    assert [one.state for one in verdicts] == ["fine"] * 5
    assert [one.thing for one in verdicts] == [
        f"hosted zone {ZONE}",
        "delegation of example.com",
        f"CAA of {NAME}",
        f"record {NAME} A",
        f"alias {NAME}",
    ]


def test_a_zone_that_is_not_there_is_wrong_and_one_that_may_not_be_read_is_unknown(
    aws: Aws, dns: NameServers
) -> None:
    aws.says("GetHostedZone", Refusal("NoSuchHostedZone", status=404))
    assert "no such zone" in judged(aws, dns, PROOF)[0].told

    aws.says("GetHostedZone", Refusal("AccessDenied", status=403))
    assert judged(aws, dns, PROOF)[0].state == "unknown"
    assert "GetHostedZone" in judged(aws, dns, PROOF)[0].told


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (hosted_zone(private=True), "is private"),
        (hosted_zone("example.org."), f"and {NAME} isn't in it"),
        (hosted_zone("hotos.example.com."), f"and {NAME} isn't in it"),
    ],
)
def test_a_zone_in_which_the_name_can_not_be_proved_is_wrong(
    aws: Aws, dns: NameServers, answer: dict[str, Any], told: str
) -> None:
    aws.says("GetHostedZone", answer)

    assert told in the_wrong(judged(aws, dns, PROOF)).told


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ({**ROOT}, "doesn't know it"),
        ({**ROOT, ("example.com.", "NS"): ["ns.elsewhere.example."]}, "asks other servers"),
        ({**ROOT, ("example.com.", "NS"): []}, "its parent names don't know it"),
    ],
)
def test_a_zone_that_the_world_does_not_ask_is_wrong(
    aws: Aws, records: dict[tuple[str, str], list[str]], told: str
) -> None:
    with name_server.serving(records) as dns:
        verdict = the_wrong(judged(aws, dns, PROOF))

    assert told in verdict.told
    assert "ns-1.awsdns-01.org" in verdict.mend


def test_without_a_name_server_nothing_is_promised(aws: Aws) -> None:
    states = {one.thing: one.state for one in judged(aws, name_server.silent(), PROOF)}

    assert states["delegation of example.com"] == "unknown"
    assert states[f"CAA of {NAME}"] == "unknown"


# Who may issue certificates


@pytest.mark.parametrize(
    ("said", "fine"),
    [
        ({NAME: ['0 issue "amazon.com"']}, True),
        ({"example.com": ['0 issue "amazontrust.com; policy=ev"']}, True),
        ({NAME: ['0 issue "awstrust.com"'], "example.com": ['0 issue ";"']}, True),
        ({"example.com": ['0 iodef "mailto:me@example.com"']}, True),
        ({"example.com": ['0 issuewild ";"']}, True),
        ({"com": ['0 issue "letsencrypt.org"']}, False),
        ({"example.com": ['0 issue ";"']}, False),
        ({NAME: ['0 issue "letsencrypt.org"'], "example.com": ['0 issue "amazon.com"']}, False),
    ],
)
def test_the_nearest_caa_records_decide_whether_amazon_may(
    aws: Aws, said: dict[str, list[str]], fine: bool
) -> None:
    zone = {**DELEGATED, **{(f"{name}.", "CAA"): records for name, records in said.items()}}

    with name_server.serving(zone) as dns:
        verdicts = judged(aws, dns, PROOF)

    (caa,) = [one for one in verdicts if one.thing.startswith("CAA")]
    assert caa.state == ("fine" if fine else "wrong")
    assert fine or 'CAA 0 issue "amazon.com"' in caa.mend


def test_of_a_wildcard_its_own_records_decide(aws: Aws) -> None:
    wild = Wanted("certificate", "Proof", f"*.{NAME}", ZONE)
    zone = {**DELEGATED, (f"{NAME}.", "CAA"): ['0 issue "amazon.com"', '0 issuewild ";"']}

    with name_server.serving(zone) as dns:
        assert "allows nobody" in the_wrong(judged(aws, dns, wild)).told


# Records


@pytest.mark.parametrize(
    ("found", "fine"),
    [
        ([(f"{NAME}.", "A")], False),
        ([(f"{NAME}.", "CNAME")], False),
        ([(f"{NAME}.", "AAAA")], True),
        ([(f"{NAME}.", "TXT")], True),
        ([(f"x.{NAME}.", "A")], True),
    ],
)
def test_a_record_that_is_there_is_wrong_unless_both_can_be(
    aws: Aws, dns: NameServers, found: list[tuple[str, str]], fine: bool
) -> None:
    aws.says("ListResourceRecordSets", records(*found))

    verdicts = judged(aws, dns, ADDRESS)

    assert verdicts[-1].state == ("fine" if fine else "wrong")
    assert aws.sent("ListResourceRecordSets")["StartRecordName"] == NAME


def test_the_stacks_own_record_is_no_stranger(aws: Aws, dns: NameServers) -> None:
    aws.says("ListResourceRecordSets", records((f"{NAME}.", "A")))

    assert judged(aws, dns, ADDRESS, own=Own(frozenset({"Address"})))[-1].told == "the stack's own"


def test_a_record_of_a_zone_that_is_not_there_lacks_no_right(aws: Aws, dns: NameServers) -> None:
    aws.says("GetHostedZone", Refusal("NoSuchHostedZone", "no", 404))
    aws.says("ListResourceRecordSets", Refusal("NoSuchHostedZone", "no", 404))

    assert [one.state for one in judged(aws, dns, ADDRESS)] == ["wrong", "wrong"]


# Aliases


def test_an_alias_of_another_distribution_is_wrong(aws: Aws, dns: NameServers) -> None:
    aws.says("ListDistributions", distributions(E1=NAME))

    assert "the distribution E1" in the_wrong(judged(aws, dns, ALIAS)).told


def test_an_alias_of_the_stacks_own_distribution_is_fine(aws: Aws, dns: NameServers) -> None:
    aws.says("ListDistributions", distributions(E1=NAME))

    (verdict,) = judged(aws, dns, ALIAS, own=Own(distributions={"Cdn": "E1"}))

    assert verdict.state == "fine"


def test_a_distribution_without_an_alias_has_none(endpoint: Endpoint, dns: NameServers) -> None:
    """An endpoint of this machine says nothing of what isn't set; AWS says that there are none."""
    scripted_aws.empty(endpoint)
    aws = scripted_aws.connected(endpoint)
    aws.clients.other("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "x",
            "Comment": "",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "a",
                        "DomainName": "b.example.com",
                        "CustomOriginConfig": {
                            "HTTPPort": 80,
                            "HTTPSPort": 443,
                            "OriginProtocolPolicy": "https-only",
                        },
                    }
                ],
            },
            "DefaultCacheBehavior": {"TargetOriginId": "a", "ViewerProtocolPolicy": "https-only"},
        }
    )

    (verdict,) = judged(aws, dns, ALIAS)

    assert verdict.state == "fine"


def conflicts(account: str, distribution: str) -> dict[str, Any]:
    item = {"Alias": NAME, "DistributionId": distribution, "AccountId": account}
    return {"ConflictingAliasesList": {"MaxItems": 100, "Quantity": 1, "Items": [item]}}


def test_a_strangers_alias_is_found_once_there_is_a_distribution_to_ask_with(
    aws: Aws, dns: NameServers
) -> None:
    aws.says("ListConflictingAliases", conflicts("******9999", "*******ZZZZ"))

    told = the_wrong(judged(aws, dns, ALIAS, own=Own(distributions={"Cdn": "E1ABCD"}))).told

    assert "account ******9999" in told
    assert aws.sent("ListConflictingAliases") == {"DistributionId": "E1ABCD", "Alias": NAME}


@pytest.mark.parametrize(
    "answer",
    [conflicts("******9012", "**ABCD"), Refusal("AccessDenied", "no certificate", 403)],
)
def test_our_own_alias_or_no_certificate_to_ask_with_is_no_strangers(
    aws: Aws, dns: NameServers, answer: Any
) -> None:
    aws.says("ListConflictingAliases", answer)

    (verdict,) = judged(aws, dns, ALIAS, own=Own(distributions={"Cdn": "E1ABCD"}))

    assert verdict.state == "fine"


# A certificate by its ARN


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (certificate("PENDING_VALIDATION"), "PENDING_VALIDATION, not ISSUED"),
        (certificate("ISSUED", "other.example.com"), f"and not {NAME}"),
        (certificate("ISSUED", "*.com"), f"and not {NAME}"),
        (Refusal("ResourceNotFoundException", status=400), "this account has no"),
    ],
)
def test_a_certificate_that_can_not_serve_is_wrong(
    aws: Aws, dns: NameServers, answer: Any, told: str
) -> None:
    aws.says("DescribeCertificate", answer)

    assert told in the_wrong(judged(aws, dns, FOREIGN)).told


@pytest.mark.parametrize("covered", [NAME, "*.example.com"])
def test_an_issued_certificate_that_covers_the_name_is_fine(
    aws: Aws, dns: NameServers, covered: str
) -> None:
    aws.says("DescribeCertificate", certificate("ISSUED", covered))

    assert [one.state for one in judged(aws, dns, FOREIGN)] == ["fine"]


def test_a_certificate_of_another_region_is_wrong_without_asking(
    aws: Aws, dns: NameServers
) -> None:
    other = Wanted("given certificate", "Cdn", NAME, more=GIVEN.replace("us-east-1", "eu-west-1"))

    assert "us-east-1 alone" in the_wrong(judged(aws, dns, other)).told
    assert aws.operations == []


# Before a deployment


def test_a_first_deployment_is_refused_at_the_resources_line(aws: Aws, dns: NameServers) -> None:
    aws.says("ListResourceRecordSets", records((f"{NAME}.", "CNAME")))
    aws.says("ListDistributions", distributions(E1=NAME))

    with pytest.raises(Refused, match=f"the zone has {NAME} already") as caught:
        preflight.check_names(deployment(aws, text=TEMPLATE), "CREATE", None, dns)

    assert caught.value.where == "templates/main.yaml.j2:7"
    assert f"alias {NAME}: the distribution E1 has it already." in caught.value.mend


def test_a_certificate_is_not_made_outside_of_cloudfronts_region(
    aws: Aws, dns: NameServers
) -> None:
    aws_elsewhere = {**scripted_aws.loaded().settings.aws.model_dump(), "region": "eu-central-1"}
    elsewhere = scripted_aws.loaded(aws=aws_elsewhere)

    with pytest.raises(Refused, match="would be made in eu-central-1"):
        preflight.check_names(deployment(aws, elsewhere, TEMPLATE), "CREATE", None, dns)


def test_of_what_is_deployed_already_nobody_is_asked(aws: Aws, dns: NameServers) -> None:
    aws.says("GetTemplate", {"TemplateBody": TEMPLATE})

    stack = Stack(STACK_ID, "UPDATE_COMPLETE")
    preflight.check_names(deployment(aws, text=TEMPLATE), "UPDATE", stack, dns)

    assert aws.operations == ["GetTemplate"]


def test_a_name_that_changes_is_asked_about(aws: Aws, dns: NameServers) -> None:
    aws.says("GetTemplate", {"TemplateBody": TEMPLATE.replace(NAME, "old.example.com")})
    aws.says("ListStackResources", {"StackResourceSummaries": []})
    aws.says("ListResourceRecordSets", records((f"{NAME}.", "A")))

    with pytest.raises(Refused, match="already"):
        preflight.check_names(
            deployment(aws, text=TEMPLATE), "UPDATE", Stack(STACK_ID, "UPDATE_COMPLETE"), dns
        )


def test_what_could_not_be_asked_is_said_and_stops_nothing(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    preflight.check_names(deployment(aws, text=TEMPLATE), "CREATE", None, name_server.silent())

    assert "no name server could be asked" in capsys.readouterr().err


def test_a_stack_without_names_asks_nobody(scripted: Aws) -> None:
    preflight.check_names(deployment(scripted), "CREATE", None)

    assert scripted.operations == []


# doctor


def test_doctor_says_each_thing_and_what_is_missing(aws: Aws, dns: NameServers) -> None:
    aws.says("DescribeStacks", Refusal("ValidationError", "Stack x does not exist"))
    aws.says("GetHostedZone", hosted_zone(private=True))
    of = deployment(aws, text=TEMPLATE)

    answers = list(doctor.of_names(of.target, of.rendered, dns))

    text = "\n".join(line for answer in answers for line in doctor.lines(answer))
    assert f"no  hosted zone {ZONE}" in text
    assert "for deploy: example.com is private" in text
    assert f"ok  alias {NAME}" in text
    assert [one.is_missing for one in answers].count(True) == 1


# The public DNS


def test_a_name_without_records_and_a_name_that_is_not_there_have_none(dns: NameServers) -> None:
    assert dns.records(NAME, "A") == ()
    assert dns.records("nowhere.example.net", "A") == ()


def test_a_resolver_that_is_ill_is_not_the_names_fault() -> None:
    ill: dict[tuple[str, str], list[str]] = {(".", "NS"): [], ("example.com.", "NS"): []}

    with name_server.serving(ill) as dns, pytest.raises(Unanswered):
        dns.records("example.com", "NS")
    with name_server.serving({**ROOT, ("example.com.", "NS"): []}) as dns, pytest.raises(Broken):
        dns.records("example.com", "NS")


# Rights


def test_who_deploys_names_may_look_at_just_these_zones() -> None:
    of = places.of(scripted_aws.rendered(scripted_aws.loaded(), TEMPLATE), ACCOUNT)

    granted = {
        action: one["Resource"]
        for policy in documents(of, "deploy")
        for one in policy.document["Statement"]
        for action in one["Action"]
    }

    zone = f"arn:aws:route53:::hostedzone/{ZONE}"
    assert zone in granted["route53:GetHostedZone"]
    assert zone in granted["route53:ChangeResourceRecordSets"]
    assert "arn:aws:route53:::hostedzone/*" not in granted["route53:ChangeResourceRecordSets"]
    assert granted["cloudfront:ListConflictingAliases"]


def test_who_deploys_no_names_needs_no_right_on_zones() -> None:
    text = "Resources: {Q: {Type: 'AWS::SQS::Queue'}}\nOutputs: {}\n"
    of = places.of(scripted_aws.rendered(scripted_aws.loaded(), text), ACCOUNT)

    actions = {
        action
        for policy in documents(of, "deploy")
        for one in policy.document["Statement"]
        for action in one["Action"]
    }

    assert not [one for one in actions if one.startswith(("route53:", "acm:"))]
    assert "cloudfront:ListDistributions" not in actions
