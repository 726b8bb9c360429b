"""A CloudFront distribution's security headers, as its response headers policy has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def headers(client: Any, behaviour: Mapping[str, Any]) -> dict[str, str]:
    """What a behaviour adds to each answer; nothing without a policy."""
    policy = behaviour.get("ResponseHeadersPolicyId")
    if not policy:
        return {}
    answer = client.get_response_headers_policy(Id=policy)["ResponseHeadersPolicy"]
    return dict(_security(answer["ResponseHeadersPolicyConfig"].get("SecurityHeadersConfig", {})))


def _security(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "StrictTransportSecurity" in config:
        yield "Strict-Transport-Security", _transport(config["StrictTransportSecurity"])
    if "ContentTypeOptions" in config:
        yield "X-Content-Type-Options", "nosniff"
    for kind, name, header in (
        ("ReferrerPolicy", "ReferrerPolicy", "Referrer-Policy"),
        ("FrameOptions", "FrameOption", "X-Frame-Options"),
        ("ContentSecurityPolicy", "ContentSecurityPolicy", "Content-Security-Policy"),
    ):
        if kind in config:
            yield header, config[kind][name]


def _transport(config: Mapping[str, Any]) -> str:
    said = [f"max-age={config['AccessControlMaxAgeSec']}"]
    said += ["includeSubDomains"] if config.get("IncludeSubdomains") else []
    return "; ".join(said + (["preload"] if config.get("Preload") else []))
