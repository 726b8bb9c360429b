"""An AWS error for what this endpoint hasn't got, in the place of moto's page of HTML."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CODE = "NotImplemented"
STATUS = "501 Not Implemented"


def answered(application: WSGIApplication) -> WSGIApplication:
    """The application, with an error that SDKs can read where moto only raises."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return application(environ, start_response)
        except NotImplementedError as error:
            kind, body = _body(environ, f"This endpoint hasn't got it: {error}")
            headers = [
                ("Content-Type", kind),
                ("Content-Length", str(len(body))),
                ("x-amzn-errortype", CODE),
            ]
            start_response(STATUS, headers)
            return [body]

    return answer


def _body(environ: WSGIEnvironment, message: str) -> tuple[str, bytes]:
    """XML for those who speak query or S3's XML, JSON for the others."""
    asked = str(environ.get("CONTENT_TYPE", ""))
    if "HTTP_X_AMZ_TARGET" in environ or "json" in asked:
        return "application/json", json.dumps({"__type": CODE, "message": message}).encode()
    text = f"<Code>{CODE}</Code><Message>{escape(message)}</Message>"
    return "text/xml", f"<ErrorResponse><Error>{text}</Error></ErrorResponse>".encode()
