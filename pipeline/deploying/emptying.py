"""A bucket emptied: every version and every delete marker, until a listing shows none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipeline.errors import UserError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ErrorTypeDef, ObjectIdentifierTypeDef

PAGE = 1000  # what one DeleteObjects takes
PASSING = {"InternalError", "ServiceUnavailable", "SlowDown", "OperationAborted"}
TRIES = 5  # pages in a row of which nothing could be deleted


def count(s3: S3Client, name: str, account: str) -> str:
    """How much is in it, in words; nothing beyond the first page is counted."""
    page = first_page(s3, name, account)
    if page is None:
        return "gone already"
    return f"{PAGE:,} versions or more" if len(page) >= PAGE else f"{len(page):,} versions"


def empty(s3: S3Client, name: str, account: str, sleep: Callable[[float], None]) -> int:
    """Delete everything in it; how many versions that were. A bucket that is gone is empty.

    The listing restarts after each page, so that objects uploaded meanwhile are deleted too.
    """
    deleted = failed = 0
    while page := first_page(s3, name, account):
        errors = _delete(s3, name, account, page)
        deleted += len(page) - len(errors)
        failed = failed + 1 if len(errors) == len(page) else 0
        if errors:
            _check(errors, name, tries=failed)
            sleep(2**failed)
    return deleted


def delete_page(
    s3: S3Client,
    name: str,
    account: str,
    page: list[ObjectIdentifierTypeDef],
    sleep: Callable[[float], None],
) -> None:
    """Delete these versions; what S3 couldn't delete for the moment is asked for again."""
    failed = 0
    while page and (errors := _delete(s3, name, account, page)):
        failed = failed + 1 if len(errors) == len(page) else 0
        _check(errors, name, tries=failed)
        left = {(one.get("Key"), one.get("VersionId")) for one in errors}
        page = [one for one in page if (one["Key"], one.get("VersionId")) in left]
        sleep(2**failed)


def first_page(s3: S3Client, name: str, account: str) -> list[ObjectIdentifierTypeDef] | None:
    """Keys and versions of the first page; None if there is no such bucket."""
    try:
        answer = s3.list_object_versions(Bucket=name, MaxKeys=PAGE, ExpectedBucketOwner=account)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchBucket", "404"}:
            return None
        raise
    versions: list[Any] = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
    return [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in versions]


def _delete(
    s3: S3Client, name: str, account: str, page: list[ObjectIdentifierTypeDef]
) -> list[ErrorTypeDef]:
    answer = s3.delete_objects(
        Bucket=name,
        Delete={"Objects": page, "Quiet": True},
        ExpectedBucketOwner=account,
    )
    return answer.get("Errors", [])


def _check(errors: list[ErrorTypeDef], name: str, *, tries: int) -> None:
    """What will not pass by itself ends it."""
    lasting = [one for one in errors if one.get("Code") not in PASSING]
    if not lasting and tries < TRIES:
        return
    error = (lasting or errors)[0]
    code = error.get("Code", "")
    mend = (
        "Let whoever manages the account allow s3:DeleteObjectVersion; an object under a legal"
        " hold or in retention can't be deleted by anybody."
        if code == "AccessDenied"
        else "Run it again; what is deleted stays deleted."
    )
    raise UserError(
        f"S3 does not delete {len(errors):,} of {name}'s versions; the first is"
        f" {error.get('Key', '')}: {error.get('Message') or 'no reason given'} ({code})",
        mend=mend,
    )
