"""An AWS error for what this endpoint hasn't got, in the place of moto's page of HTML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from localcloud import refusals
from localcloud.signatures import Refused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def answered(application: WSGIApplication) -> WSGIApplication:
    """The application, with an error that SDKs can read where moto only raises."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return application(environ, start_response)
        except NotImplementedError as error:
            refused = Refused("NotImplemented", f"This endpoint doesn't support it: {error}", 501)
            return refusals.answered(environ, start_response, refused)

    return answer
