"""The forms in which keys are handed out: each is found, and what only looks alike is none.

The examples are put together here, so that no scanner of repositories takes them for real ones.
"""

from __future__ import annotations

import pytest

from pipeline.policy import judging, rulebook
from tests.rules.cases import RULES

FILE = next(one for one in rulebook.read_all(RULES) if one.name == "general/secrets.guard")
HEX = "0123456789abcdef" * 4
LETTERS = "Ab3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zA" * 3

KEYS = {
    "AWS key id": "AKIA" + "IOSFODNN7EXAMPLE",
    "AWS temporary key id": "ASIA" + "IOSFODNN7EXAMPLE",
    "AWS bearer token's id": "ABIA" + "IOSFODNN7EXAMPLE",
    "AWS secret access key": "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "age key": "AGE-SECRET-" + "KEY-1QQQ",
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0.x",
    "password in an address": "postgres://user:" + "word@db/x",
    "password without a user": "redis://:" + "word@cache/0",
    "GitHub": "ghp_" + LETTERS[:36],
    "GitHub, fine-grained": "github_pat_" + LETTERS[:40],
    "GitLab": "glpat-" + LETTERS[:20],
    "npm": "npm_" + LETTERS[:36],
    "npm in .npmrc": "//registry/:_auth" + "Token=x",
    "PyPI": "pypi-Ag" + LETTERS[:60],
    "Docker Hub": "dckr_pat_" + LETTERS[:27],
    "Artifactory": "AKC" + LETTERS[:60],
    "Azure storage": "AccountName=x;AccountKey=" + LETTERS[:88],
    "Azure shared access": "https://x.blob/?sv=1&sig=" + LETTERS[:44],
    "Google API": "AIza" + LETTERS[:35],
    "Google OAuth": "GOCSPX-" + LETTERS[:28],
    "DigitalOcean": "dop_v1_" + HEX,
    "Vault": "hvs." + LETTERS[:24],
    "Terraform": LETTERS[:14] + ".atlasv1." + LETTERS,
    "Databricks": "dapi" + HEX[:32],
    "Slack": "xoxb-" + "1-2-x",
    "Slack webhook": "https://hooks.slack.com/services" + "/T/B/x",
    "Discord webhook": "https://discord.com/api/" + "webhooks/1/x",
    "Discord bot": "M" + LETTERS[:23] + "." + LETTERS[:6] + "." + LETTERS[:27],
    "Telegram": "123456789:AA" + LETTERS[:33],
    "Twilio": "SK" + HEX[:32],
    "SendGrid": "SG." + LETTERS[:22] + "." + LETTERS[:43],
    "Mailchimp": HEX[:32] + "-us12",
    "Mailgun": "key-" + HEX[:32],
    "Stripe": "sk_live_" + LETTERS[:24],
    "Stripe, restricted": "rk_live_" + LETTERS[:24],
    "Stripe webhook": "whsec_" + LETTERS[:32],
    "Square": "sq0atp-" + LETTERS[:22],
    "Shopify": "shpat_" + HEX[:32],
    "OpenAI": "sk-proj-" + LETTERS[:20] + "T3Blbk" + "FJ" + LETTERS[:20],
    "Anthropic": "sk-ant-" + "api03-x",
    "Hugging Face": "hf_" + LETTERS[:34],
}
NO_KEYS = {
    "a word": "correct horse",
    "a name": "qr-upload-sessions-dev",
    "an index": "wsConnectionId-index",
    "a size": "15728640",
    "an address": "https://d111111abcdef8.cloudfront.net",
    "an address with a port": "http://127.0.0.1:8080/path@x",
    "an ARN": "arn:aws:sqs:us-east-1:123456789012:queue",
    "a hash": HEX[:64],
    "a UUID": "0b1f7a3e-1c2d-4e5f-8a9b-0c1d2e3f4a5b",
    "a version": "2012-10-17",
    "a mode of operation": "sk-learn",
    "a region": "eu-central-1",
}


def statuses(values: dict[str, object]) -> dict[str, tuple[str, str]]:
    """For each value what is said of it in a function's variable, and in a parameter's default."""
    templates = {
        name: {
            "Parameters": {"Plain": {"Type": "String", "Default": value}},
            "Resources": {
                "F": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {"Environment": {"Variables": {"PLAIN": value}}},
                }
            },
        }
        for name, value in values.items()
    }
    said = {(v.template, v.rule): v.status for v in judging.judge(templates, [FILE]).verdicts}
    rules = ("FUNCTION_ENVIRONMENTS_HOLD_NO_SECRETS", "PARAMETERS_HOLD_NO_SECRETS")
    return {name: (said[name, rules[0]], said[name, rules[1]]) for name in values}


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[str, str]]:
    return statuses({**KEYS, **NO_KEYS})


@pytest.mark.parametrize("issuer", KEYS)
def test_a_key_is_found_whatever_it_is_called(
    issuer: str, found: dict[str, tuple[str, str]]
) -> None:
    assert found[issuer] == ("FAIL", "FAIL")


@pytest.mark.parametrize("value", NO_KEYS)
def test_what_only_looks_alike_is_no_key(value: str, found: dict[str, tuple[str, str]]) -> None:
    assert found[value] == ("PASS", "PASS")


def test_a_key_within_fn_sub_is_found() -> None:
    values: dict[str, object] = {name: {"Fn::Sub": f"x {key}"} for name, key in KEYS.items()}
    alone = ("AWS secret access key", "Mailchimp")  # told by where they begin or end

    said = statuses(values)

    assert {name for name in KEYS if said[name][0] != "FAIL"} <= set(alone)
