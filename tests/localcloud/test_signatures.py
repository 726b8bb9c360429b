"""Signatures: AWS's own example, botocore's, and everything that has to be refused."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localcloud.application.access.identities import Identities, Identity
from localcloud.signatures import Incoming, Refused, check
from tests.localcloud.application.things import REGION, function

HOST = "127.0.0.1:9000"
URL = f"http://{HOST}/uploads/session-uploads/a%20b/c"
SIGNED = {"content-length": "3", "content-type": "image/png", "if-none-match": "*"}


class Signed:
    """A presigned PUT and the identities that know its key."""

    def __init__(self, seconds: int = 300) -> None:
        self.identities = Identities()
        self.identity = self.identities.issue(function())
        request = AWSRequest("PUT", URL, SIGNED)
        S3SigV4QueryAuth(credentials(self.identity), "s3", REGION, seconds).add_auth(request)
        parts = urlsplit(str(request.url))
        self.path, self.query = parts.path, parts.query

    def check(
        self,
        *,
        method: str = "PUT",
        path: str = "",
        query: str = "",
        later: float = 0,
        **headers: str,
    ) -> Identity:
        sent = {"host": HOST, **SIGNED} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        request = Incoming(method, path or self.path, query or self.query, sent)
        now = datetime.now(UTC) + timedelta(seconds=later)
        return check(request, self.identities.find, ("s3", REGION), now)

    def refused(self, **changed: Any) -> Refused:
        with pytest.raises(Refused) as refused:
            self.check(**changed)
        return refused.value


def credentials(identity: Identity) -> Credentials:
    return Credentials(identity.access_key, identity.secret, identity.token)


@pytest.fixture
def signed() -> Signed:
    return Signed()


def test_awss_own_example_of_a_presigned_url_is_accepted() -> None:
    identities = Identities()
    known = Identity(
        function(), "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None
    )
    identities._known[known.access_key] = known
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    request = Incoming("GET", "/test.txt", query, {"host": "examplebucket.s3.amazonaws.com"})

    found = check(
        request, identities.find, ("s3", "us-east-1"), datetime(2013, 5, 24, 12, tzinfo=UTC)
    )

    assert found is known


def test_what_was_signed_is_accepted_with_a_header_that_browsers_add(signed: Signed) -> None:
    found = signed.check(cache_control="no-cache", origin="http://127.0.0.1:1")

    assert found is signed.identity


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "GET"},
        {"path": "/uploads/session-uploads/a%20b/d"},
        {"content_length": "4"},
        {"content_type": "image/jpeg"},
        {"if_none_match": ""},
        {"host": "elsewhere:9000"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_differs_from_what_was_signed_is_refused(
    signed: Signed, changed: dict[str, str]
) -> None:
    refused = signed.refused(**changed)

    assert (refused.status, refused.code) == (403, "SignatureDoesNotMatch")
    assert "StringToSign" in refused.more


def test_a_longer_life_than_was_signed_is_refused(signed: Signed) -> None:
    query = signed.query.replace("X-Amz-Expires=300", "X-Amz-Expires=3000")

    assert signed.refused(query=query).code == "SignatureDoesNotMatch"


def test_after_its_time_a_url_says_when_that_was(signed: Signed) -> None:
    refused = signed.refused(later=301)

    assert (refused.code, refused.message) == ("AccessDenied", "Request has expired")
    assert refused.more["X-Amz-Expires"] == "300"


def test_an_amz_header_that_was_not_signed_is_refused(signed: Signed) -> None:
    refused = signed.refused(x_amz_acl="public-read")

    assert refused.more == {"HeadersNotSigned": "x-amz-acl"}


def test_a_key_that_was_never_given_out_is_refused(signed: Signed) -> None:
    query = signed.query.replace(signed.identity.access_key, "ASIAUNKNOWN")

    assert signed.refused(query=query).code == "InvalidAccessKeyId"


def test_a_token_of_another_process_is_refused(signed: Signed) -> None:
    signed.identity.token = "another"

    assert signed.refused().code == "InvalidToken"


@pytest.mark.parametrize("missing", ["X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders"])
def test_an_incomplete_signature_is_a_bad_request(signed: Signed, missing: str) -> None:
    query = "&".join(part for part in signed.query.split("&") if not part.startswith(missing))

    refused = signed.refused(query=query)

    assert (refused.status, refused.code) == (400, "AuthorizationQueryParametersError")


def test_another_services_or_regions_signature_is_refused(signed: Signed) -> None:
    query = signed.query.replace("%2Fs3%2F", "%2Fsqs%2F")

    assert signed.refused(query=query).code == "AuthorizationQueryParametersError"


def test_no_signature_at_all_is_denied(signed: Signed) -> None:
    assert signed.refused(query="x=1").code == "AccessDenied"


@pytest.mark.parametrize("body", [b"", b"a message"])
def test_a_signature_in_the_header_covers_the_body(body: bytes) -> None:
    identities = Identities()
    identity = identities.issue(function())
    request = AWSRequest("POST", f"http://{HOST}/dev/@connections/a%3D", data=body)
    SigV4Auth(credentials(identity), "execute-api", REGION).add_auth(request)
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    headers |= {"host": HOST}

    def checked(sent: bytes) -> Identity:
        sha256 = hashlib.sha256(sent).hexdigest()
        incoming = Incoming("POST", "/dev/@connections/a%3D", "", headers, sha256)
        return check(incoming, identities.find, ("execute-api", REGION), datetime.now(UTC))

    assert checked(body) is identity
    with pytest.raises(Refused, match="does not match"):
        checked(body + b"!")
