"""Shows the report page on this machine alone: it reloads itself when it is written anew."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from ingest.errors import ConfigError

ADDRESS = "127.0.0.1"
_POLL_SECONDS = 0.1

_NO_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>No page yet</title>'
    "<p>There is no report page yet: it is written when a batch has been applied.</p></html>"
)
_RELOAD = """setInterval(async () => {
  try {
    const now = (await fetch("/", {method: "HEAD", cache: "no-store"})).headers.get("ETag");
    if (now && now !== '%s') location.reload();
  } catch { /* The watch has ended: what is shown stays. */ }
}, 1000);"""


@contextmanager
def served(page: Path, port: int) -> Iterator[str]:
    """Serve a page meanwhile, and nothing else; gives its address.

    Args:
        page: The HTML file, which need not be there yet.
        port: Port on 127.0.0.1; 0 chooses a free one.

    Raises:
        ConfigError: The port cannot be had.
    """
    try:
        server = _Server(page, port)
    except OSError as error:
        raise ConfigError(
            f"The page cannot be served on port {port}: {error.strerror}. Name another one with"
            " --port; 0 chooses a free one."
        ) from None
    thread = Thread(target=server.serve_forever, args=[_POLL_SECONDS], daemon=True)
    thread.start()
    try:
        yield f"http://{ADDRESS}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def reloading(html: str, tag: str) -> str:
    """The page as it is served: with a script of a few lines, which its policy then allows.

    The file itself stays without a network.

    Args:
        html: The page as it was written.
        tag: Identifies this state of it.
    """
    script = _RELOAD % tag
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    policy = f"connect-src 'self'; script-src 'sha256-{digest}' "
    head, _, rest = html.partition("script-src ")
    body, _, end = rest.rpartition("</body>")
    return f"{head}{policy}{body}<script>{script}</script></body>{end}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, page: Path, port: int) -> None:
        self.page = page
        super().__init__((ADDRESS, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader who goes away is nobody's error."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "ecomm"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with the page."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer with what identifies the page's state."""
        self._answer(with_body=False)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal belongs to the watch."""

    def _answer(self, *, with_body: bool) -> None:
        # Another site's name may lead here too, and must not read the page by it.
        hosts = {f"{name}:{self.server.server_port}" for name in (ADDRESS, "localhost")}
        if self.headers.get("Host") not in hosts:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return
        if self.path != "/":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            found = self.server.page.stat()
            tag = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
            html = self.server.page.read_text(encoding="utf-8") if with_body else ""
        except FileNotFoundError:
            self._send(_NO_PAGE, {"Refresh": "2"}, with_body=with_body)
            return
        self._send(reloading(html, tag) if html else "", {"ETag": tag}, with_body=with_body)

    def _send(self, html: str, headers: dict[str, str], *, with_body: bool) -> None:
        content = html.encode("utf-8")
        self.send_response(HTTPStatus.OK)
        common = {
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        for name, value in (common | headers).items():
            self.send_header(name, value)
        if with_body:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content)
