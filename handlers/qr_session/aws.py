"""What every client of ours shares: its configuration, and how AWS says no."""

from __future__ import annotations

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from botocore.session import Session

# A call and its three tries fit in the 30 s after which API Gateway gives up.
CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
)

FAULTS = (ClientError, BotoCoreError)


class Models(Loader):
    """botocore's service models, for the named services only.

    The default loader lists some 400 folders, twice a client, to learn what services there are.
    """

    def __init__(self, *services: str) -> None:
        super().__init__()
        self._services = list(services)

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's
        """The named services; a model that one of them lacks is still found missing."""
        return self._services


def session_for(*services: str) -> Session:
    """A botocore session that makes clients of these services."""
    session = Session()
    session.register_component("data_loader", Models(*services))
    # The first bytes of an object have no checksum. As an argument of Config, botocore before 1.36
    # would refuse to start with this; Lambda chooses the version.
    session.set_config_variable("response_checksum_validation", "when_required")
    return session


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
        )
    )
