"""Firefox for selenium without geckodriver: WebDriver's commands over its Marionette port.

Debian 12 has no geckodriver, which does this and little else. Where there is one,
`selenium.webdriver.Firefox` can take this module's place.
"""

from __future__ import annotations

import json
import socket
from typing import Any

from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.command import Command
from selenium.webdriver.remote.remote_connection import RemoteConnection

NAMES = {
    Command.CLICK_ELEMENT: "WebDriver:ElementClick",
    Command.CLOSE: "WebDriver:CloseWindow",
    Command.FIND_ELEMENT: "WebDriver:FindElement",
    Command.GET: "WebDriver:Navigate",
    Command.GET_CURRENT_URL: "WebDriver:GetCurrentURL",
    Command.GET_WINDOW_RECT: "WebDriver:GetWindowRect",
    Command.NEW_SESSION: "WebDriver:NewSession",
    Command.NEW_WINDOW: "WebDriver:NewWindow",
    Command.QUIT: "Marionette:Quit",
    Command.REFRESH: "WebDriver:Refresh",
    Command.SCREENSHOT: "WebDriver:TakeScreenshot",
    Command.SEND_KEYS_TO_ELEMENT: "WebDriver:ElementSendKeys",
    Command.SET_WINDOW_RECT: "WebDriver:SetWindowRect",
    Command.SWITCH_TO_FRAME: "WebDriver:SwitchToFrame",
    Command.SWITCH_TO_WINDOW: "WebDriver:SwitchToWindow",
    Command.W3C_ACTIONS: "WebDriver:PerformActions",
    Command.W3C_EXECUTE_SCRIPT: "WebDriver:ExecuteScript",
    Command.W3C_GET_CURRENT_WINDOW_HANDLE: "WebDriver:GetWindowHandle",
    Command.W3C_GET_WINDOW_HANDLES: "WebDriver:GetWindowHandles",
}


class Marionette(RemoteConnection):
    """One connection to a running Firefox, which takes one session at a time."""

    def __init__(self, port: int) -> None:
        address = f"http://127.0.0.1:{port}"
        super().__init__(client_config=ClientConfig(remote_server_addr=address))
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._answers = self._socket.makefile("rb")
        self._count = 0
        self._read()  # Firefox introduces itself

    def execute(self, command: str, params: dict[str, Any]) -> dict[str, Any]:
        """Selenium's command and its answer, in the shape of an HTTP driver's."""
        error, value = self._ask(NAMES[command], _parameters(command, dict(params)))
        if error:
            return {"status": error["error"], "value": error}
        alone = isinstance(value, dict) and value.keys() == {"value"}
        return {"value": value["value"] if alone else value}

    def close(self) -> None:
        """Hang up; Firefox goes on unless it was told to quit."""
        self._answers.close()
        self._socket.close()

    def _ask(self, name: str, parameters: dict[str, Any]) -> tuple[Any, Any]:
        self._count += 1
        message = json.dumps([0, self._count, name, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, number, error, value = self._read()
        assert number == self._count
        return error, value

    def _read(self) -> Any:
        """One message: its length in digits, a colon, JSON."""
        digits = b""
        while (character := self._answers.read(1)) != b":":
            if not character:
                raise ConnectionError("Firefox has ended.")
            digits += character
        return json.loads(self._answers.read(int(digits)))


def _parameters(command: str, params: dict[str, Any]) -> dict[str, Any]:
    """What Marionette wants to know where it differs from WebDriver."""
    params.pop("sessionId", None)
    if command == Command.NEW_SESSION:
        return dict(params["capabilities"]["alwaysMatch"])
    if command == Command.QUIT:
        return {"flags": ["eForceQuit"]}
    if command == Command.SCREENSHOT:
        return {"full": False}
    if command == Command.SWITCH_TO_FRAME and isinstance(params["id"], dict):
        return {"element": next(iter(params["id"].values()))}
    return params
