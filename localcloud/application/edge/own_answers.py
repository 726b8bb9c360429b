"""What CloudFront and its firewall answer by themselves: HTML for people, and never JSON."""

from __future__ import annotations

from html import escape

from aiohttp import web

from localcloud.application.blueprint import RateRule

METHOD = "This distribution is not configured to allow the HTTP request method that was used."
BODY = "Bad request: a GET or HEAD request must not have a body."
UNREACHABLE = "CloudFront wasn't able to connect to the origin."
LATE = "CloudFront connected to the origin, which did not answer in time."
FUNCTION = "The CloudFront function associated with the distribution is invalid or failed."


def html(status: int, why: str, x_cache: str = "Error from cloudfront") -> web.Response:
    """A page that says that the request could not be satisfied."""
    text = f"<!DOCTYPE html><title>ERROR</title><h1>{status} ERROR</h1><p>{escape(why)}</p>\n"
    headers = {"Server": "CloudFront", "X-Cache": x_cache}
    return web.Response(status=status, text=text, content_type="text/html", headers=headers)


def blocked(rule: RateRule) -> web.Response:
    """What a rule of the firewall says; without a response of its own it is 403."""
    answer = html(rule.status, "Request blocked.")
    answer.headers.update(rule.headers)
    return answer
