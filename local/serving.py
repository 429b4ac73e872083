"""A small HTTP server on loopback, in threads of this process."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local.errors import LocalStageError


class Server(ThreadingHTTPServer):
    """Holds its port of 127.0.0.1 from the moment it is made; raises `LocalStageError` when that is taken."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True  # a port that was just left is free

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        """Listen on `port`; 0 is any that is free."""
        try:
            super().__init__(("127.0.0.1", port), handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise LocalStageError(
                f"Port {port} cannot be used ({reason}). Choose another: make run PORT=8100"
            ) from None

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"http://127.0.0.1:{self.server_port}"

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Answer in the background until the end of the `with`."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            self.server_close()
            thread.join()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a client that closed its connection."""
