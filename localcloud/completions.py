"""What moto's services are completed with, here and nowhere else.

Each function says what moto lacks and what would let us remove it.
"""

from __future__ import annotations

from moto.cloudformation import urls as cloudformation_urls

from localcloud.cloudformation.api import CloudFormation


def install() -> None:
    """Complete moto, once or again."""
    _own_cloudformation()


def _own_cloudformation() -> None:
    """Our CloudFormation answers in the place of moto's.

    moto's turns an unknown type into a warning, a failing resource into a 500, and leaves no
    outputs after a change set. docs/decisions/0200 says when this could go.
    """
    cloudformation_urls.url_paths["{0}/$"] = CloudFormation.dispatch
