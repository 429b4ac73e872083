import gzip
import http.client
from collections.abc import Iterator

import pytest
import urllib3

from local.proxy import Proxy
from tests.local.upstream import Upstream, upstream

PAGE = gzip.compress(b"<p>page</p>")


@pytest.fixture
def api() -> Iterator[Upstream]:
    with upstream(201, PAGE, content_type="text/html", content_encoding="gzip") as server:
        yield server


@pytest.fixture
def proxy(api: Upstream) -> Iterator[Proxy]:
    server = Proxy(0, api.url)
    server.api_url = "http://abcd1234.execute-api.localhost:4566"
    with server.serving():
        yield server


def test_a_request_goes_on_as_it_is_under_the_name_by_which_ministack_knows_the_api(
    proxy: Proxy, api: Upstream
) -> None:
    headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip", "X-Twilio-Signature": "s="}
    urllib3.request("POST", f"{proxy.url}/f/a%2Fb?r=1&x=%20", body=b'{"rating":1}', headers=headers, retries=False)
    [asked] = api.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/f/a%2Fb?r=1&x=%20", b'{"rating":1}')
    assert asked.headers["Host"] == "abcd1234.execute-api.localhost:4566"
    assert headers.items() <= asked.headers.items()


def test_the_answer_comes_back_as_it_is(proxy: Proxy) -> None:
    answer = urllib3.request("GET", f"{proxy.url}/f/x", retries=False, decode_content=False)
    assert (answer.status, answer.data) == (201, PAGE)
    assert answer.headers["Content-Encoding"] == "gzip"


def test_a_head_request_gets_headers_only_and_the_connection_goes_on(proxy: Proxy) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.server_port, timeout=30)
    for method, length in (("HEAD", 0), ("GET", len(PAGE))):
        connection.request(method, "/f/x")
        answer = connection.getresponse()
        assert answer.status == 201
        assert len(answer.read()) == length
    connection.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Transfer-Encoding": "chunked"}, 411), ({"Content-Length": "-1"}, 411), ({"Content-Length": "99999999"}, 413)],
)
def test_a_body_that_an_http_api_would_not_take_is_refused(
    proxy: Proxy, api: Upstream, headers: dict[str, str], status: int
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.server_port, timeout=30)
    connection.putrequest("POST", "/f/x")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == status
    connection.close()
    assert api.asked == []


def test_without_ministack_the_answer_says_so() -> None:
    server = Proxy(0, "http://127.0.0.1:1")
    server.api_url = "http://abcd1234.execute-api.localhost:1"
    with server.serving():
        answer = urllib3.request("GET", f"{server.url}/f/x", retries=False)
    assert answer.status == 502
    assert "stopping" in answer.json()["message"]
