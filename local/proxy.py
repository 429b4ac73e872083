"""The HTTP API at the root of a loopback address: MiniStack knows it by a Host name that nothing resolves."""

import http.client
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from local.serving import Server

MAX_BODY = 10 * 1024 * 1024  # of an HTTP API
TIMEOUT_SECONDS = 30
# They belong to one connection, not to the message.
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


class Proxy(Server):
    """Hands every request on to MiniStack at `endpoint`, once `api_url` is known."""

    api_url: str

    def __init__(self, port: int, endpoint: str) -> None:
        super().__init__(port, _Handler)
        self.endpoint = endpoint


class _Handler(BaseHTTPRequestHandler):
    """One connection of a browser."""

    server: Proxy
    protocol_version = "HTTP/1.1"

    def _forward(self) -> None:
        body = self._body()
        if body is None:
            return
        address = urlsplit(self.server.endpoint)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", urlsplit(self.server.api_url).netloc)
            for name, value in self.headers.items():
                if name.lower() not in HOP_BY_HOP | {"host", "content-length"}:
                    connection.putheader(name, value)
            if body or self.command == "POST":
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self._refuse(502, "The local stage is stopping, or its MiniStack has ended.")
            return
        finally:
            connection.close()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        if length is not None and answer.status not in (204, 304):
            self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _forward

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self._refuse(411, "Send a Content-Length.")
        elif int(length) > MAX_BODY:
            self._refuse(413, "An HTTP API takes up to 10 MB.")
        else:
            return self.rfile.read(int(length))
        return None

    def _refuse(self, status: int, message: str) -> None:
        self.close_connection = True
        content = f'{{"message": "{message}"}}'.encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Write no access log: paths hold signed links."""
