"""The small parts: routes, throttles, filters, addresses, chaos, the log's secrets."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.application.addresses import Addresses, addresses
from localcloud.application.blueprint import Bucket, Throttle, Website
from localcloud.application.chaos import LIKELIHOODS, Chaos
from localcloud.application.compute.filters import check, matches
from localcloud.application.http_api import routes
from localcloud.application.http_api.throttles import Throttles
from localcloud.application.log import safe
from tests.localcloud.application.things import api, blueprint

# ---- routes


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("GET", "/a/1", "GET /a/{id}"),
        ("GET", "/a/b", "GET /a/b"),
        ("GET", "/a/1/c/d", "GET /a/{rest+}"),
        ("POST", "/a/1", "ANY /a/{id}"),
        ("GET", "/", None),
        ("GET", "/a", None),
        ("PUT", "/a/b/c", None),
    ],
)
def test_the_most_specific_route_takes_a_request(method: str, path: str, key: str | None) -> None:
    served = api("GET /a/{rest+}", "ANY /a/{id}", "GET /a/{id}", "GET /a/b")

    match = routes.find(served, method, path)

    assert (match and match.route.key) == key


def test_path_variables_are_decoded() -> None:
    match = routes.find(api("GET /a/{id}/{name}"), "GET", "/a/x%20y/z")

    assert match is not None
    assert match.parameters == {"id": "x y", "name": "z"}


def test_a_default_route_takes_what_no_other_does() -> None:
    match = routes.find(api("GET /a", "$default"), "DELETE", "/b")

    assert match is not None
    assert match.route.key == "$default"


# ---- throttles


def test_a_burst_passes_and_then_the_rate() -> None:
    now = [0.0]
    throttles = Throttles(api(throttle=Throttle(rate=2, burst=3)), lambda: now[0])

    at_once = [throttles.take("GET /") for _ in range(4)]
    now[0] = 1.0
    a_second_later = [throttles.take("GET /") for _ in range(3)]

    assert at_once == [True, True, True, False]
    assert a_second_later == [True, True, False]


def test_a_route_with_settings_of_its_own_has_its_own_tokens() -> None:
    own = {"GET /": Throttle(rate=1, burst=1)}
    throttles = Throttles(api(throttle=Throttle(rate=1, burst=2), route_throttles=own), lambda: 0.0)

    assert [throttles.take("GET /") for _ in range(2)] == [True, False]
    assert throttles.take("POST /")


def test_without_settings_everything_passes() -> None:
    throttles = Throttles(api(), lambda: 0.0)

    assert all(throttles.take("GET /") for _ in range(1000))


# ---- filters

RECORD = {"eventName": "MODIFY", "dynamodb": {"NewImage": {"status": {"S": "SCANNED"}}}}


@pytest.mark.parametrize(
    ("pattern", "hit"),
    [
        ({"eventName": ["MODIFY"]}, True),
        ({"eventName": ["INSERT", "REMOVE"]}, False),
        ({"dynamodb": {"NewImage": {"status": {"S": ["A", "SCANNED"]}}}}, True),
        ({"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"status": {"S": ["A"]}}}}, False),
        ({"dynamodb": {"OldImage": {"status": {"S": ["SCANNED"]}}}}, False),
        ({"dynamodb": {"OldImage": [{"exists": False}]}}, True),
        ({"eventName": [{"prefix": "MOD"}]}, True),
        ({"eventName": [{"anything-but": ["MODIFY"]}]}, False),
        ({}, True),
    ],
)
def test_a_record_passes_a_filter(pattern: dict[str, Any], hit: bool) -> None:
    assert check(pattern) == ""
    assert matches(pattern, RECORD) is hit


def test_an_operator_that_is_not_known_is_named() -> None:
    assert check({"a": {"b": [{"numeric": [">", 1]}]}}) == "the operator numeric"
    assert check({"a": "b"}) == "'b' outside a list"


# ---- addresses


def test_every_address_of_the_stack_becomes_one_of_this_machine() -> None:
    bucket = Bucket("UploadBucket", "up", ("up.s3.eu.example.com",), (), (), None)
    socket = api(logical_id="Socket", host="w1.example.com", selection=("action",))
    stack = blueprint(
        apis=(api(), socket),
        buckets={"up": bucket},
        website=Website("site", "index.html", None, ("http://site.example.com",)),
    )
    ports = {"HttpApi": 1, "Socket": 2, "s3": 3, "website": 4}

    mapped = addresses(stack, "10.0.0.1", ports).mapped

    assert mapped(f"https://{api().host}") == "http://10.0.0.1:1"
    assert mapped("wss://w1.example.com/dev") == "ws://10.0.0.1:2/dev"
    assert mapped("https://w1.example.com/dev") == "http://10.0.0.1:2/dev"
    assert mapped("connect-src up.s3.eu.example.com;") == "connect-src 10.0.0.1:3;"
    assert mapped('{"a":"http://site.example.com"}') == '{"a":"http://10.0.0.1:4"}'


def test_only_whole_names_are_addresses() -> None:
    mapped = Addresses({"up.example.com": "here:1"}).mapped

    for other in ("not-up.example.com", "up.example.com.evil.org", "x.up.example.com"):
        assert mapped(other) == other
    assert mapped("See up.example.com.") == "See here:1."


# ---- chaos


def test_the_same_seed_does_the_same() -> None:
    first, second = Chaos(7), Chaos(7)

    for kind in LIKELIHOODS:
        assert [first.strikes(kind) for _ in range(50)] == [second.strikes(kind) for _ in range(50)]
    assert [first.delay() for _ in range(20)] == [second.delay() for _ in range(20)]


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_each_kind_strikes_about_as_often_as_it_says(kind: str) -> None:
    chaos = Chaos(1)

    hits = sum(chaos.strikes(kind) for _ in range(2000))

    assert abs(hits / 2000 - LIKELIHOODS[kind]) < 0.05


def test_without_a_seed_nothing_goes_wrong() -> None:
    assert not any(Chaos(None).strikes(kind) for kind in LIKELIHOODS for _ in range(100))
    assert Chaos(None).delay() == 0


# ---- the log


@pytest.mark.parametrize(
    "secret",
    [
        "7d936790-496d-4289-a424-0e49cc069aee",
        "0f4c8d2be61a93750f4c8d2be61a9375",
        "Qm3x-0aZ_kP7sL2vT9bN4cR8yW1eH6uJ",
        "Bearer short",
        "http://h/b/k?X-Amz-Algorithm=A&X-Amz-Signature=ab12",
    ],
)
def test_nothing_that_could_be_used_stands_in_a_line(secret: str) -> None:
    line = safe(f"before {secret} after")

    assert secret not in line
    assert line.startswith("before ")
    assert line.endswith(" after")


@pytest.mark.parametrize(
    "plain",
    [
        "UpdateItem → ConditionalCheckFailedException",
        "ProvisionedThroughputExceededException",
        "POST /sessions/{sessionId}/uploads/{uploadId} → 201",
        "qr-upload-dev, 39 resources",
    ],
)
def test_what_helps_a_reader_stays(plain: str) -> None:
    assert safe(plain) == plain
