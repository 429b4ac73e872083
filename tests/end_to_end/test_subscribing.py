"""Teams subscribe without a deploy, on their page and from the command line, and what they subscribe to arrives."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import urllib3
from standardwebhooks import Webhook

from tests.end_to_end.world import World, eventually

EARSHOT = Path(__file__).parent.parent.parent / ".venv/bin/earshot"


class Receiver:
    """A team's own service on loopback. It answers with the `answers` first, then 204."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.url = ""

    def verified(self, secret: str) -> list[dict[str, Any]]:
        """What arrived, checked as any receiver does; raises for what was not signed with the secret."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.requests]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        yield receiver
        server.shutdown()
        thread.join()


class Page:
    """A team's page in a browser that keeps the cookie."""

    def __init__(self, world: World, email: str) -> None:
        self._base = world.description["base_url"]
        self._cookie = ""
        self._send("sign_in", {"email": email})
        mail = eventually(lambda: [left for left in world.outbox() if left["to"] == email])[-1]
        link = re.search(r"/t/([\w.-]+)", mail["text"])
        assert link
        self._send(link[1], {})

    def post(self, **form: str) -> str:
        """Press a button on the page of the tills."""
        return self._send("tills", form)

    def _send(self, link: str, form: dict[str, str]) -> str:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self._base, "Cookie": self._cookie}
        answer = urllib3.request(
            "POST", f"{self._base}/t/{link}", body=urlencode(form), headers=headers, redirect=False, timeout=30
        )
        assert answer.status < 400, answer.data.decode()
        if "Set-Cookie" in answer.headers:
            self._cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return answer.data.decode()


def test_a_team_subscribes_on_its_page_and_its_service_gets_signed_events_even_after_it_was_down(world: World) -> None:
    with receiving() as service:
        page = Page(world, "priya@fernleaf.example")
        route = {"id": "belts", "when": "words ~ belt and rating <= 2", "kind0": "webhook", "to0": service.url}
        assert "value=save" in page.post(action="rehearse", **route)
        secret = re.search(r"whsec_[\w+/=]+", page.post(action="save", rehearsed=route["when"], **route))
        assert secret

        page.post(action="test", id="belts")
        [test] = eventually(lambda: service.verified(secret[0]))
        assert (test["type"], test["data"]["route"]) == ("RouteTested", "belts")

        service.answers = [503]
        world.answer(world.link("checkout"), rating=4, comment="The belt is fine.")
        world.answer(world.link("checkout"), rating=1, comment="The BELT broke.")
        eventually(lambda: len(service.requests) == 3)
        _, first, again = service.verified(secret[0])
        assert first == again
        assert (first["type"], first["data"]["feedback"]["comment"]) == ("FeedbackCaptured", "The BELT broke.")
        ids = [headers["webhook-id"] for headers, _ in service.requests]
        assert ids[1] == ids[2] != ids[0]

        page.post(action="remove", id="belts")


def test_a_route_is_added_tested_and_removed_from_the_command_line(world: World, tmp_path: Path) -> None:
    (tmp_path / ".earshot").mkdir()
    (tmp_path / ".earshot/local.json").write_text(json.dumps(world.description))

    def earshot(*arguments: str) -> Any:
        command = [str(EARSHOT), "routes", *arguments]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return json.loads(ran.stdout) if "--json" in arguments else ran.stdout

    queue = world.stage.client("sqs")
    url = queue.create_queue(QueueName="billing")["QueueUrl"]
    arn = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    when = "mood = unhappy and reason in (price, refund)"
    targets = ("--to", f"sqs:{arn}", "--to", "slack:https://hooks.slack.com/x")
    added = earshot("add", "billing", "--when", when, *targets, "--json")
    queue.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(added["policies"][f"sqs:{arn}"])})

    assert earshot("test", "billing", "--json")["arrived"] is True
    id = world.answer(world.link("checkout"), rating=1, reasons=["price"], comment="Two prices.").body["id"]
    [card] = eventually(lambda: [left for left in world.left(id) if left["kind"] == "slack"])
    assert "Two prices." in card["text"]
    [message] = eventually(lambda: queue.receive_message(QueueUrl=url).get("Messages", []))
    assert json.loads(message["Body"])["detail"]["feedback"]["comment"] == "Two prices."
    earshot("rm", "billing")
    assert "billing" not in {route["id"] for route in earshot("list", "--json")}
