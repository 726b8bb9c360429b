"""The website as publishing leaves it, served on a free port of this machine."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WEBSITE = Path(__file__).resolve().parents[2] / "website"
_KEY = re.compile(r"\$\{(\w+)\}")


def published(outputs: Mapping[str, str], folder: Path) -> Path:
    """A copy of the website with a stack's outputs in place of their keys."""
    shutil.copytree(WEBSITE, folder)
    for path in [*folder.glob("*.html"), folder / "config.json"]:
        path.write_text(_KEY.sub(lambda key: outputs[key[1]], path.read_text("utf-8")), "utf-8")
    return folder


class _Website(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # a visit asks for some twenty files, by a few connections

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Show the desktop page for what isn't there, as the deployed website does."""
        index = Path(self.directory) / "index.html"
        if code != HTTPStatus.NOT_FOUND or not index.is_file():
            super().send_error(code, message, explain)
            return
        page = index.read_bytes()
        self.send_response(code)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address under which a folder is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Website, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
