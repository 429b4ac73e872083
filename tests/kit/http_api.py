"""What API Gateway makes of a request, and a loopback server that hands real requests to a real handler."""

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.kit.samples import load_event

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

CONTEXT = SimpleNamespace(
    function_name="earshot-test",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:earshot-test",
    aws_request_id="52fdfc07-2182-454f-963f-5f0f9a621d72",
)


def http_event(
    method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | str | None = None
) -> dict[str, Any]:
    """A request in API Gateway's payload format 2.0. Bytes arrive base64-encoded, text as it is."""
    url = urlsplit(target)
    event: dict[str, Any] = load_event("samples/web/http_api.json")
    event["routeKey"] = event["requestContext"]["routeKey"] = f"{method} /f/{{link+}}"
    event["rawPath"] = unquote(url.path)
    event["pathParameters"] = {"link": event["rawPath"].partition("/")[2].partition("/")[2]}
    event["rawQueryString"] = url.query
    event["headers"] = {name.lower(): value for name, value in (headers or {}).items()}
    event["requestContext"]["http"] |= {"method": method, "path": event["rawPath"]}
    event["isBase64Encoded"] = isinstance(body, bytes)
    if url.query:
        query: dict[str, str] = {}
        event["queryStringParameters"] = query
        for name, value in parse_qsl(url.query, keep_blank_values=True):
            query[name] = f"{query[name]},{value}" if name in query else value
    if body is not None:
        event["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    return event


def body_of(response: Mapping[str, Any]) -> bytes:
    """The bytes that API Gateway would send."""
    body: str = response.get("body") or ""
    return base64.b64decode(body) if response.get("isBase64Encoded") else body.encode()


@contextmanager
def serve(handler: Handler) -> Iterator[str]:
    """Serve a handler on loopback, one request at a time as Lambda does; yields the base URL."""
    one_at_a_time = Lock()

    class Gateway(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            event = http_event(self.command, self.path, dict(self.headers), self.rfile.read(length) or None)
            with one_at_a_time:
                response = handler(event, CONTEXT)
            content = body_of(response)
            self.send_response(response["statusCode"])
            for name, value in response["headers"].items():
                self.send_header(name, value)
            for cookie in response.get("cookies", []):
                self.send_header("Set-Cookie", cookie)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_HEAD = do_GET  # noqa: N815  # names that http.server looks for

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
