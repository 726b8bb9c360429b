"""What every client of ours shares: its configuration, and how AWS says no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from botocore.session import Session

# API Gateway gives up after 30 s and Lambda after 60 s: three tries fit well inside.
CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
)

FAULTS = (ClientError, BotoCoreError)


def code(error: BaseException) -> str:
    """AWS's error code, or the exception's class: safe to log, unlike the text."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "ClientError"))
    return type(error).__name__


def dns_suffix(session: Session, region: str) -> str:
    """What the region's hosts end in, from the tables that botocore has read for its client."""
    partition = session.get_partition_for_region(region)
    known = session.get_component("data_loader").load_data("partitions")["partitions"]
    return next(str(one["outputs"]["dnsSuffix"]) for one in known if one["id"] == partition)


def s3_config(endpoint: str) -> Config:
    """How the bucket is reached: its regional virtual host, or path style at an endpoint's."""
    return CONFIG.merge(
        Config(
            signature_version="s3v4",
            s3={
                "addressing_style": "path" if endpoint else "virtual",
                "us_east_1_regional_endpoint": "regional",
            },
            response_checksum_validation="when_required",
        )
    )
