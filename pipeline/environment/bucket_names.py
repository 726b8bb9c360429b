"""Which bucket names S3 takes.

"General purpose bucket naming rules" in the S3 user guide has the reserved beginnings and endings.
Our names hold no dots: a certificate for *.s3.amazonaws.com doesn't cover them.
"""

from __future__ import annotations

PATTERN = r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$"
MOST = 63
ANY_ACCOUNT = "0" * 12  # as long as any, where the account isn't known yet

_RESERVED_BEGINNINGS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDINGS = ("-s3alias", "--ol-s3", "--x-s3", "--table-s3")


def refusal(name: str) -> str:
    """Why S3 would refuse the name, in a sentence; empty if it wouldn't."""
    for reserved in _RESERVED_BEGINNINGS:
        if name.startswith(reserved):
            return f"S3 refuses bucket names that begin with {reserved}."
    for reserved in _RESERVED_ENDINGS:
        if name.endswith(reserved):
            return f"S3 refuses bucket names that end with {reserved}."
    return ""
