"""What CloudFormation answers to a request that it can't carry out."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class ValidationError(ServiceException):
    """The template or the request is wrong; nothing has been touched."""

    code = "ValidationError"


class AlreadyExists(ServiceException):
    """A stack of that name is there."""

    code = "AlreadyExistsException"


class ChangeSetNotFound(ServiceException):
    """No change set has that name or ARN."""

    code = "ChangeSetNotFound"


class InvalidChangeSetStatus(ServiceException):
    """The change set can't be executed, or not any more."""

    code = "InvalidChangeSetStatus"


class InsufficientCapabilities(ServiceException):
    """The template makes IAM resources and the request doesn't acknowledge it."""

    code = "InsufficientCapabilitiesException"


def no_stack(name: str) -> ValidationError:
    """The words by which the AWS CLI and most deployers know that a stack is absent."""
    return ValidationError(f"Stack with id {name} does not exist")
