"""The presigned URLs, checked as S3 checks them: by computing the signature again."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

from qr_session.uploads import PresignedUploads, bucket_url

KEY = "session-uploads/3f1c7a52-9d0e-4b6a-8c11-2f7e5d90aa01/0123456789abcdef0123456789abcdef"
SECRET = "example-secret-key"
TOKEN = "example+session/token=="


def _uploads(
    region: str = "eu-central-1", token: str | None = None, **where: str
) -> PresignedUploads:
    credentials = Credentials("AKIAEXAMPLE", SECRET, token)
    url = bucket_url("example-uploads", region, "amazonaws.com", where.get("endpoint", ""))
    return PresignedUploads(lambda: credentials, region, url)


def _signature(method: str, url: str, headers: dict[str, str]) -> str:
    """The signature that S3 computes for a request with these headers."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    signed = query["X-Amz-SignedHeaders"].split(";")
    have = {"host": parts.netloc, **headers}
    canonical = "\n".join(
        [
            method,
            parts.path,
            "&".join(
                f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}"
                for k, v in sorted(query.items())
                if k != "X-Amz-Signature"
            ),
            *(f"{name}:{have[name]}" for name in signed),
            "",
            ";".join(signed),
            "UNSIGNED-PAYLOAD",
        ]
    )
    key_id, *scope = query["X-Amz-Credential"].split("/")
    assert key_id == "AKIAEXAMPLE"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], "/".join(scope), hashed])
    key = f"AWS4{SECRET}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_a_put_is_signed_as_s3_computes_it(region: str, token: str | None) -> None:
    url = _uploads(region, token).put_url(KEY, "image/jpeg", 1024, 300)

    sent = {"content-length": "1024", "content-type": "image/jpeg", "if-none-match": "*"}
    query = _query(url)
    assert query["X-Amz-Signature"] == _signature("PUT", url, sent)
    assert query["X-Amz-SignedHeaders"] == "content-length;content-type;host;if-none-match"
    assert query["X-Amz-Expires"] == "300"
    assert query.get("X-Amz-Security-Token") == token
    assert query["X-Amz-Credential"].split("/")[2:] == [region, "s3", "aws4_request"]
    assert urlsplit(url)[:3] == ("https", f"example-uploads.s3.{region}.amazonaws.com", f"/{KEY}")


@pytest.mark.parametrize(
    "change", [{"content-length": "1025"}, {"content-type": "image/png"}, {"if-none-match": '"x"'}]
)
def test_another_size_type_or_overwriting_has_another_signature(change: dict[str, str]) -> None:
    url = _uploads().put_url(KEY, "image/jpeg", 1024, 300)

    sent = {"content-length": "1024", "content-type": "image/jpeg", "if-none-match": "*"}

    assert _query(url)["X-Amz-Signature"] != _signature("PUT", url, sent | change)


@pytest.mark.parametrize("token", [None, TOKEN])
def test_a_get_forces_what_the_browser_makes_of_it(token: str | None) -> None:
    url = _uploads(token=token).get_url(KEY, "image/heic", 60)

    query = _query(url)
    assert query["X-Amz-Signature"] == _signature("GET", url, {})
    assert query["X-Amz-SignedHeaders"] == "host"
    assert query["X-Amz-Expires"] == "60"
    assert query["response-content-type"] == "image/heic"
    assert query["response-content-disposition"] == "attachment"
    assert query["response-cache-control"] == "private, no-store"


def test_an_endpoint_in_s3_s_place_gets_the_bucket_in_the_path() -> None:
    uploads = _uploads(endpoint="http://127.0.0.1:5000")

    url = uploads.put_url(KEY, "image/jpeg", 1024, 300)

    assert url.startswith(f"http://127.0.0.1:5000/example-uploads/{KEY}?")
    sent = {"content-length": "1024", "content-type": "image/jpeg", "if-none-match": "*"}
    assert _query(url)["X-Amz-Signature"] == _signature("PUT", url, sent)


def test_the_suffix_is_the_partition_s() -> None:
    url = bucket_url("example-uploads", "cn-north-1", "amazonaws.com.cn", "")

    assert url == "https://example-uploads.s3.cn-north-1.amazonaws.com.cn"


def test_nothing_is_signed_without_credentials() -> None:
    def nobody() -> Any:
        return None

    with pytest.raises(NoCredentialsError):
        PresignedUploads(nobody, "eu-central-1", "https://x").get_url(KEY, "image/gif", 60)
