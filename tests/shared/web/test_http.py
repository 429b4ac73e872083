import base64
import gzip
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydynox.exceptions import ConnectionException

from shared.errors import InvalidInput, TooLarge, Unreadable
from shared.observe import logger
from shared.web import http
from shared.web.http import FORM, JSON, MAX_BYTES, PACKET, Request
from tests.kit.http_api import body_of, http_event


def request(
    method: str = "POST", headers: dict[str, str] | None = None, body: bytes | str | None = None, **event: Any
) -> Request:
    return Request(http_event(method, "/f/link", headers, body) | event)


def test_a_request_has_its_link_its_query_and_headers_by_lower_case_name() -> None:
    event = http_event("GET", "/f/abc.def?r=2&lang=ar") | {"headers": {"Accept-Language": "ar"}}
    asked = Request(event)
    assert (asked.link, asked.query, asked.raw_query) == ("abc.def", {"r": "2", "lang": "ar"}, "r=2&lang=ar")
    assert (asked.header("accept-language"), asked.header("accept")) == ("ar", "")


def test_what_a_gateway_leaves_out_is_empty() -> None:
    bare = Request({"requestContext": {"http": {"method": "GET"}}})
    assert (bare.link, bare.query, bare.raw_query, bare.cookies_named("a"), bare.body) == ("", {}, "", [], b"")


@pytest.mark.parametrize("body", ["été", "été".encode()])
def test_a_body_is_the_bytes_that_were_sent_however_they_are_wrapped(body: str | bytes) -> None:
    assert request(body=body).body == "été".encode()


@pytest.mark.parametrize(
    "event",
    [
        {"body": "not base64!", "isBase64Encoded": True},
        {"body": "\ud800"},
        {"body": "\ufffd", "headers": {"content-length": "1"}},  # one byte that was no text
    ],
)
def test_a_body_that_did_not_arrive_as_it_was_sent_is_unreadable(event: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        _ = request(**event).body


def test_a_replacement_character_that_was_sent_arrives() -> None:
    assert request(body="\ufffd", headers={"content-length": "3"}).body == "\ufffd".encode()


def test_a_body_may_be_64_kb() -> None:
    assert len(request(body=b"x" * MAX_BYTES).body) == MAX_BYTES
    with pytest.raises(TooLarge):
        _ = request(body=b"x" * (MAX_BYTES + 1)).body


@pytest.mark.parametrize(
    ("method", "headers", "reads_json"),
    [
        ("POST", {"content-type": JSON}, True),
        ("POST", {"content-type": f"{FORM}; charset=UTF-8", "accept": JSON}, False),
        ("POST", {}, True),
        ("GET", {"accept": JSON}, True),
        ("GET", {"accept": "text/html, application/json"}, False),
        ("GET", {}, False),
    ],
)
def test_forms_and_browsers_read_pages_and_all_others_json(
    method: str, headers: dict[str, str], reads_json: bool
) -> None:
    assert request(method, headers).reads_json is reads_json


@pytest.mark.parametrize("event", [{"cookies": ["a=1", "b=2=3", "a=4"]}, {"headers": {"cookie": "a=1; b=2=3; a=4"}}])
def test_all_cookies_of_one_name_are_read(event: dict[str, Any]) -> None:
    assert request(**event).cookies_named("a") == ["1", "4"]
    assert request(**event).cookies_named("b") == ["2=3"]
    assert request(**event).cookies_named("c") == []


def test_a_page_is_compressed_where_that_is_accepted_and_worth_it() -> None:
    accepting = request("GET", {"accept-encoding": "br, gzip"})
    long, short = "é" * PACKET, "é" * (PACKET // 2)
    compressed = http.page(accepting, 200, long, "default-src 'none'")
    assert compressed["headers"]["Content-Encoding"] == "gzip"
    assert gzip.decompress(body_of(compressed)).decode() == long
    for plain in (http.page(accepting, 200, short, ""), http.page(request("GET"), 200, long, "")):
        assert "Content-Encoding" not in plain["headers"]
        assert set(plain["body"]) == {"é"}


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [("*;q=0, gzip", True), ("gzip;q=0.1, *;q=0", True), ("br;q=0, *", True), ("*, gzip;q=0", False), ("*;q=0", False)],
)
def test_what_is_said_of_gzip_itself_wins_over_what_is_said_of_all(accepted: str, compressed: bool) -> None:
    response = http.page(request("GET", {"accept-encoding": accepted}), 200, "x" * 2 * PACKET, "")
    assert ("Content-Encoding" in response["headers"]) is compressed


def test_a_head_gets_what_a_get_gets_but_the_body() -> None:
    headers = {"accept-encoding": "gzip"}
    got, head = (http.page(request(method, headers), 200, "x" * 2 * PACKET, "") for method in ("GET", "HEAD"))
    assert (head["headers"], body_of(head)) == (got["headers"], b"")


def test_an_error_is_the_json_of_the_contract() -> None:
    response = http.refusal(request(), InvalidInput("rating is missing.", field="rating"))
    assert response["statusCode"] == 422
    assert response["headers"]["Content-Type"] == JSON
    error = {"code": "invalid", "message": "rating is missing.", "field": "rating"}
    assert json.loads(response["body"]) == {"error": error}


def test_nothing_is_kept_indexed_or_passed_on() -> None:
    asked = request()
    for response in (http.page(asked, 200, "", ""), http.answer(asked, 200, {}), http.redirect("/t/care", "a=1")):
        assert response["headers"]["Cache-Control"] == "no-store"
        assert response["headers"]["X-Robots-Tag"] == "noindex"
        assert response["headers"]["Referrer-Policy"] == "no-referrer"
        assert response["headers"]["X-Content-Type-Options"] == "nosniff"


def test_a_redirect_brings_its_cookie() -> None:
    response = http.redirect("/t/care", "session=1; HttpOnly")
    assert (response["statusCode"], response["headers"]["Location"]) == (303, "/t/care")
    assert response["cookies"] == ["session=1; HttpOnly"]


def test_base64_is_what_api_gateway_expects_of_bytes() -> None:
    response = http.page(request("GET", {"accept-encoding": "gzip"}), 200, "x" * 2 * PACKET, "")
    assert response["isBase64Encoded"] is True
    base64.b64decode(response["body"], validate=True)


def test_what_aws_failed_in_is_logged_by_its_code_and_never_by_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: dict[str, Any] = {}
    monkeypatch.setattr(logger, "error", lambda text, **more: logged.update(more))
    response: Any = {"Error": {"Code": "MessageRejected", "Message": "priya@fernleaf.example is not verified"}}
    assert http.outage(ClientError(response, "SendEmail")).status == 503
    assert logged == {"error": "ClientError", "reason": "MessageRejected"}
    assert http.outage(ConnectionException("no")).status == 503
    assert logged == {"error": "ConnectionException", "reason": None}
