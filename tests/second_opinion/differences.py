"""Where the local cloud and ministack answer differently: who is right by AWS's documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.second_opinion import omissions
from tests.second_opinion.asked import Request

GUIDE = "https://docs.aws.amazon.com/apigateway/latest/developerguide"
SIGNED_HEADERS = "https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"
REQUEST_ORDER = (
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html"
)
HTTP_QUOTAS = f"{GUIDE}/http-api-quotas.html"
SOCKET_QUOTAS = f"{GUIDE}/apigateway-execution-service-websocket-limits-table.html"
LOCAL, MINISTACK, OPEN = "the local cloud", "ministack", "not said"


@dataclass(frozen=True)
class Verdict:
    """Who is right, why, and the page that says so."""

    right: str
    why: str
    source: str


VERDICTS = {
    "an unsigned x-amz-acl": Verdict(
        LOCAL, "each x-amz- header of a request has to be signed", SIGNED_HEADERS
    ),
    "an unsigned x-amz-meta-a": Verdict(
        LOCAL, "each x-amz- header of a request has to be signed", SIGNED_HEADERS
    ),
    "DELETE on it": Verdict(
        LOCAL, "who asks is settled before what they may do; both refuse", REQUEST_ORDER
    ),
    "a body above 10 MB": Verdict(
        LOCAL, "10 MB are the gateway's own limit, the function never sees more", HTTP_QUOTAS
    ),
    "a header of 12,000 bytes": Verdict(
        LOCAL, "request line and headers have 10,240 bytes together", HTTP_QUOTAS
    ),
    "a slash at the end": Verdict(
        OPEN,
        "whether a route matches with a slash at its end isn't described; the function refuses it"
        " where it sees it",
        f"{GUIDE}/http-api-develop-routes.html",
    ),
    "preflight of another site": Verdict(
        OPEN,
        "no page gets leave from either; the status of such an answer isn't described",
        f"{GUIDE}/http-api-cors.html",
    ),
    "a handshake at another stage": Verdict(
        LOCAL,
        "the stage is part of the address, and this one doesn't exist",
        f"{GUIDE}/apigateway-set-up-websocket-deployment.html",
    ),
    "an action called $connect": Verdict(
        OPEN,
        "whether a message can choose a predefined route isn't described; the page sends none",
        f"{GUIDE}/websocket-api-develop-routes.html",
    ),
    "a frame above 32 KiB": Verdict(LOCAL, "32 KB a frame, closed with 1009", SOCKET_QUOTAS),
    "a message above 128 KiB": Verdict(
        LOCAL, "32 KB a frame and 128 KB a message, closed with 1009", SOCKET_QUOTAS
    ),
    "a binary frame": Verdict(
        LOCAL,
        "without binary media types it is rejected and the connection closed with 1003",
        f"{GUIDE}/websocket-api-develop-binary-media-types.html",
    ),
}

Answers = Mapping[Request, str]


def differing(local: Answers, other: Answers) -> list[Request]:
    """The requests that the two answer differently, in the order in which they were asked."""
    return [request for request in local if local[request] != other[request]]


HEAD = """\
# A second opinion

Written by `nox -s second-opinion -- --write-page`; the same session says when it isn't current.

The local cloud was written beside the code that it judges. So both environments are deployed to
ministack {version} as well, an emulator by other hands,
with our own deployer: the smoke test goes through them, with and without ministack's enforcement
of signatures and IAM; dev is updated, changed by hand, rolled back and destroyed. It isn't AWS
either: where the two agree there is evidence, not proof. [Why](decisions/{decision}).

## The same requests to both

{asked} requests were sent to the local cloud and to ministack with `AUTH=true`; {alike} were
answered alike.

| service | asked | answered alike |
|---|---|---|
{services}

Where they differ:

| service | request | the local cloud | ministack | right by AWS's documentation |
|---|---|---|---|---|
{differences}

"not said": AWS's pages don't describe it, so nothing of ours may rest on it.

## What is left out on ministack

The product isn't bent for it: what our deployer sends is edited on the way, or the account is
changed by AWS's own API afterwards (`tests/second_opinion/omissions.py`). Each omission fails the
session once ministack no longer needs it.

| left out | what ministack lacks | what is done instead |
|---|---|---|
{omissions}

What can't be had from it at all: properties that it takes and drops without a word (time to live,
lifecycle rules, a stage's throttling, tags), the import of existing resources into a stack, the
limits of WebSocket frames, and whether an alarm would ring. The local cloud alone speaks for
these.
"""


def page(local: Answers, other: Answers, version: str) -> str:
    """docs/second-opinion.md"""
    differ = differing(local, other)
    return HEAD.format(
        version=version,
        decision="0202-a-second-opinion.md",
        asked=len(local),
        alike=len(local) - len(differ),
        services="\n".join(_services(local, differ)),
        differences="\n".join(_row(request, local, other) for request in differ),
        omissions="\n".join(
            f"| [{omission.name}]({omission.source}) | {omission.lacks} | {omission.instead} |"
            for omission in omissions.OMISSIONS
        ),
    )


def _services(local: Answers, differ: list[Request]) -> Iterator[str]:
    for service in dict.fromkeys(request.service for request in local):
        mine = [request for request in local if request.service == service]
        yield f"| {service} | {len(mine)} | {len([one for one in mine if one not in differ])} |"


def _row(request: Request, local: Answers, other: Answers) -> str:
    verdict = VERDICTS.get(request.title)
    told = f"{verdict.right}: [{verdict.why}]({verdict.source})" if verdict else "nobody has looked"
    cells = (request.service, request.title, local[request], other[request], told)
    return f"| {' | '.join(cells)} |"
