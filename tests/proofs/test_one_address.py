"""Each way to set address, keys and firewall keeps every rule."""

from __future__ import annotations

from pathlib import Path

from pipeline import lint
from pipeline.environment import settings
from pipeline.findings import Finding, Level
from pipeline.policy import guard
from pipeline.render import render
from tests.templates.test_own_domain import ARN, DOMAIN, ELSEWHERE, KEY, domain, write

WEB_ACL = (
    "arn:aws:wafv2:us-east-1:123456789012:global/webacl/shared/01234567-89ab-cdef-0123-456789abcdef"
)
KEPT = {
    "made": [(DOMAIN, domain())],
    "given": [(DOMAIN, domain(arn=ARN))],
    "byhand": [(DOMAIN, domain(zone="null", arn=ARN))],
    "apex": [(DOMAIN, domain("example.com"))],
    "rotating": [(KEY, "  origin_key: {send: 2, accept: [1, 2]}")],
    "shared": [("web_acl_arn: null ", f"web_acl_arn: {WEB_ACL} ")],
    "away": [
        ELSEWHERE,
        (DOMAIN, domain(arn=ARN)),
        ("web_acl_arn: null ", f"web_acl_arn: {WEB_ACL} "),
    ],
}


def test_each_way_to_set_address_keys_and_firewall_keeps_every_rule(project: Path) -> None:
    source = (project / "environments/prod.yaml").read_text(encoding="utf-8")
    for name, edits in KEPT.items():
        write(project, *edits, name=name)
        (project / "environments/prod.yaml").write_text(source, encoding="utf-8")

    rendered = [render(settings.load(name, project), project) for name in KEPT]

    findings = [*lint.lint(rendered, project), *guard.guard(rendered, project)]
    told = [(one.environment, one.rule, one.message) for one in findings if is_wrong(one)]
    assert told == []


def is_wrong(finding: Finding) -> bool:
    return finding.level is not Level.INFO
