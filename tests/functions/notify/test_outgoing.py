import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.notify import outgoing as module
from functions.notify.outgoing import MAX_ANSWER_BYTES, Forbidden, NoAnswer, Outgoing, Request
from shared.addresses.web import is_public
from tests.functions.notify.receiver import (
    HOST,
    Behaviour,
    Certificates,
    answering,
    certificates,
    dripping,
    receiving,
    saying,
)

PUBLIC = "93.184.216.34"


def a_request(url: str, kind: str = "webhook") -> Request:
    return Request(url, b"{}", {"Content-Type": "application/json"}, kind, "tills", "f1")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def loopback_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a test's receiver stand for a public host; every other address is judged as ever."""
    monkeypatch.setattr(module, "is_public", lambda address: address == "127.0.0.1" or is_public(address))


def a_client(tls: Certificates, *addresses: str, limit: float = 10) -> Outgoing:
    return Outgoing(resolver=lambda host, port: addresses or ("127.0.0.1",), limit=limit, trust=tls.trust)


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1"),
            *("224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
            *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
            *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"),
            *("2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "not an address", ""),
            *("fec0::1", "192.88.99.1", "192.0.0.192", "3fff::1"),
        ],
    )
    def test_what_is_not_public_is_refused(self, address: str) -> None:
        assert not is_public(address)

    @pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
    def test_what_is_public_is_taken(self, address: str) -> None:
        assert is_public(address)

    @given(st.ip_addresses(v=4))
    def test_no_ipv4_address_gets_public_inside_an_ipv6_one(self, address: object) -> None:
        text = str(address)
        assert is_public(f"::ffff:{text}") == is_public(text)
        assert not is_public(f"64:ff9b::{text}")

    @pytest.mark.parametrize(
        "found", [["10.0.0.1"], [PUBLIC, "10.0.0.1"], [PUBLIC, "::ffff:169.254.169.254"], [PUBLIC, "64:ff9b::a00:1"]]
    )
    def test_one_private_address_among_those_of_a_name_is_enough(self, tls: Certificates, found: list[str]) -> None:
        with pytest.raises(Forbidden, match="public internet"):
            a_client(tls, *found).post(a_request(f"https://{HOST}/hook"))

    @pytest.mark.usefixtures("loopback_is_public")
    def test_a_name_is_resolved_once_so_it_cannot_change_between_check_and_connect(self, tls: Certificates) -> None:
        answers = iter([["127.0.0.1"], ["10.0.0.1"]])
        with receiving(answering("204 No Content"), tls.server) as receiver:
            client = Outgoing(resolver=lambda host, port: next(answers), trust=tls.trust)
            assert client.post(a_request(f"https://{HOST}:{receiver.port}/hook")).status == 204
            with pytest.raises(Forbidden):
                client.post(a_request(f"https://{HOST}:{receiver.port}/hook"))
        assert len(receiver.requests) == 1

    @pytest.mark.parametrize(
        "url",
        [
            *("http://hooks.example/", "ftp://hooks.example/", "//hooks.example/", "https:///x", "https://", ""),
            *("https://user@hooks.example/", "https://u:p@hooks.example/", "https://hooks.example/#x"),
            *("https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://[::1]/"),
            *("https://169.254.169.254/latest/meta-data/", "https://[64:ff9b::a9fe:a9fe]/", "https://[fe80::1%25x]/"),
            *("https://hooks.example:99999/", "https://hooks.example:x/", "https://hoöks.example/", "https://a b/"),
            *(
                "https://@hooks.example/",
                "https://:@hooks.example/",
                "https://hooks.example/\n",
                "https://hooks.example/\x7f",
            ),
        ],
    )
    def test_an_address_that_is_wrong_in_itself_is_refused_before_it_is_resolved(self, url: str) -> None:
        def resolver(host: str, port: int) -> list[str]:
            raise AssertionError("resolved")

        with pytest.raises(Forbidden):
            Outgoing(resolver=resolver).post(a_request(url))

    @pytest.mark.parametrize(
        ("kind", "host"),
        [
            ("slack", "hooks.slack.com.evil.example"),
            ("slack", "slack.com"),
            ("teams", "logic.azure.com.evil.example"),
            ("teams", "evillogic.azure.com"),
        ],
    )
    def test_slack_and_teams_are_only_what_they_say(self, tls: Certificates, kind: str, host: str) -> None:
        with pytest.raises(Forbidden, match="is another host"):
            a_client(tls, PUBLIC).post(a_request(f"https://{host}/services/x", kind))


@pytest.mark.usefixtures("loopback_is_public")
class TestExchange:
    def test_the_request_is_made_to_the_address_for_the_name(self, tls: Certificates) -> None:
        with receiving(answering("200 OK", "X-Fine: yes", body=b"thanks"), tls.server) as receiver:
            answer = a_client(tls).post(a_request(f"https://{HOST}:{receiver.port}/hook?a=b"))
        assert (answer.status, answer.headers["X-Fine"], answer.body) == (200, "yes", b"thanks")
        head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /hook?a=b HTTP/1.1\r\n")
        assert f"Host: {HOST}:{receiver.port}".encode() in head
        assert body == b"{}"

    def test_a_certificate_for_another_name_is_not_trusted(self, tls: Certificates) -> None:
        with receiving(answering("200 OK"), tls.server) as receiver, pytest.raises(NoAnswer, match="certificate"):
            a_client(tls).post(a_request(f"https://other.example:{receiver.port}/"))
        assert receiver.requests == []

    @pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
    def test_redirects_are_not_followed(self, tls: Certificates, status: str) -> None:
        with receiving(answering(status, "Location: http://169.254.169.254/"), tls.server) as receiver:
            assert a_client(tls).post(a_request(f"https://{HOST}:{receiver.port}/")).status == int(status[:3])
        assert len(receiver.requests) == 1

    def test_of_a_long_answer_only_the_beginning_is_read(self, tls: Certificates) -> None:
        with receiving(answering("200 OK", body=b"x" * 10_000_000), tls.server) as receiver:
            assert len(a_client(tls).post(a_request(f"https://{HOST}:{receiver.port}/")).body) == MAX_ANSWER_BYTES

    @pytest.mark.parametrize(
        "behave",
        [
            saying(b""),
            saying(b"\x00\xff garbage \r\n\r\n"),
            saying(b"HTTP/1.1 9999999999 OK\r\n\r\n"),
            saying(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n"),
        ],
        ids=["nothing", "garbage", "bad-status", "too-many-headers"],
    )
    def test_hanging_up_and_garbage_are_no_answer(self, tls: Certificates, behave: Behaviour) -> None:
        with receiving(behave, tls.server) as receiver, pytest.raises(NoAnswer, match="hung up"):
            a_client(tls).post(a_request(f"https://{HOST}:{receiver.port}/"))

    def test_a_header_now_and_then_does_not_keep_us(self, tls: Certificates) -> None:
        with receiving(dripping(b"HTTP/1.1 200 OK\r\nX-A: b\r\n", every=0.05), tls.server) as receiver:
            began = time.monotonic()
            with pytest.raises(NoAnswer, match="too long"):
                a_client(tls, limit=0.7).post(a_request(f"https://{HOST}:{receiver.port}/"))
        assert time.monotonic() - began < 20  # all of it would take a minute

    def test_a_body_that_comes_by_the_byte_does_not_keep_us_from_its_status(self, tls: Certificates) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"

        def behave(connection: socket.socket) -> None:
            connection.sendall(head)
            dripping(b"x", every=0.05)(connection)

        with receiving(behave, tls.server) as receiver:
            began = time.monotonic()
            answer = a_client(tls, limit=5).post(a_request(f"https://{HOST}:{receiver.port}/"))
        assert answer.status == 200
        assert 0 < len(answer.body) < 1000
        assert time.monotonic() - began < 20

    def test_a_handshake_that_never_ends_does_not_keep_us(self, tls: Certificates) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            with pytest.raises(NoAnswer, match="too long"):
                a_client(tls, limit=0.3).post(a_request(f"https://{HOST}:{port}/"))

    def test_a_resolver_that_never_answers_does_not_keep_us(self, tls: Certificates) -> None:
        released = threading.Event()

        def resolver(host: str, port: int) -> list[str]:
            released.wait(10)
            return []

        try:
            with pytest.raises(NoAnswer, match="in time"):
                Outgoing(resolver=resolver, limit=0.2, trust=tls.trust).post(a_request(f"https://{HOST}/"))
        finally:
            released.set()

    def test_another_address_of_the_name_is_tried_when_one_takes_no_connection(
        self, tls: Certificates, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "is_public", lambda address: True)
        with receiving(answering("200 OK"), tls.server) as receiver:
            answer = a_client(tls, "127.0.0.2", "127.0.0.1").post(a_request(f"https://{HOST}:{receiver.port}/"))
        assert answer.status == 200

    def test_proxies_of_the_environment_are_not_used(self, tls: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        with receiving(answering("200 OK"), tls.server) as receiver:
            assert a_client(tls).post(a_request(f"https://{HOST}:{receiver.port}/")).status == 200

    def test_a_name_that_does_not_exist_is_no_answer(self, tls: Certificates) -> None:
        def resolver(host: str, port: int) -> list[str]:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")

        with pytest.raises(NoAnswer, match="no address"):
            Outgoing(resolver=resolver, trust=tls.trust).post(a_request(f"https://{HOST}/"))


class TestLocalStage:
    @pytest.mark.parametrize("target", ["https://orders.example/hook", "http://127.0.0.1:9/hook"])
    def test_everything_goes_to_the_outbox_which_knows_the_target(self, target: str) -> None:
        with receiving(answering("200 OK")) as outbox:
            Outgoing(f"http://127.0.0.1:{outbox.port}/outbox").post(a_request(target))
        head, _, body = outbox.requests[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /outbox HTTP/1.1")
        assert f"X-Earshot-Target: {target}".encode() in head
        assert b"X-Earshot-Kind: webhook" in head
        assert b"X-Earshot-Team: tills" in head
        assert b"X-Earshot-Feedback: f1" in head
        assert body == b"{}"

    @pytest.mark.parametrize("target", ["http://10.0.0.1/", "https://169.254.169.254/", "http://orders.example/"])
    def test_only_loopback_is_allowed_more_than_on_aws(self, target: str) -> None:
        with pytest.raises(Forbidden):
            Outgoing("http://127.0.0.1:9/").post(a_request(target))

    def test_a_certificate_is_demanded_where_there_is_no_outbox(self) -> None:
        with pytest.raises(Forbidden):
            Outgoing("").post(a_request("http://127.0.0.1:9/"))
